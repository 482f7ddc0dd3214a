import Core

/// Initializer, regularizer and constraint of one weight, as Keras's layers have them: the parameters
/// `kernel_initializer`, `kernel_regularizer` and `kernel_constraint` of a kernel.
package struct WeightSettings: Sendable {
    package let name: String
    package let initializer: any Initializer
    package let regularizer: (any Regularizer)?
    package let constraint: (any WeightConstraint)?

    /// The three parameters of a weight.
    package static func specs(_ name: String, initializer: JSON) -> [ParameterSpec] {
        [
            ParameterSpec(
                name + "_initializer", .object("an initializer"), default: initializer, "of the \(spoken(name))"),
            ParameterSpec(
                name + "_regularizer", .object("a regularizer, or null"), default: .null,
                "penalty on the \(spoken(name)) in training"),
            ParameterSpec(
                name + "_constraint", .object("a constraint, or null"), default: .null,
                "what the \(spoken(name)) must be after each update"),
        ]
    }

    private static func spoken(_ name: String) -> String { String(name.map { $0 == "_" ? " " : $0 }) }

    /// From checked parameters that have those of `specs`. Throws what the catalogs throw.
    package init(_ name: String, _ parameters: Parameters) throws(ApusError) {
        self.name = name
        initializer = try InitializerCatalog.family.make(parameters[name + "_initializer"], lenient: true)
        regularizer = try RegularizerCatalog.make(parameters[name + "_regularizer"], lenient: parameters.isLenient)
        constraint = try ConstraintCatalog.make(parameters[name + "_constraint"], lenient: parameters.isLenient)
    }

    /// The weight, of that shape.
    package func spec(_ shape: Shape, named weight: String? = nil) -> WeightSpec {
        WeightSpec(weight ?? name, shape, initializer, regularizer: regularizer, constraint: constraint)
    }

    /// For a layer's configuration.
    package var config: [(key: String, value: JSON)] {
        [
            (key: name + "_initializer", value: initializer.config),
            (key: name + "_regularizer", value: regularizer?.config ?? .null),
            (key: name + "_constraint", value: constraint?.config ?? .null),
        ]
    }
}
