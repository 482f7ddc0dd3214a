import Core

/// A penalty on the size of a weight or of a layer's output, which training adds to the loss.
package protocol Regularizer: Sendable {
    /// Parameters; `kind` is Keras's class name.
    var parameters: Parameters { get }
    /// Throws `shape` for a weight that it cannot be put on.
    func check(_ shape: Shape) throws(ApusError)
    /// The penalty on an array of that shape.
    func penalty(_ values: UnsafePointer<Float>, _ shape: Shape) -> Double
    /// Adds `scale` times the penalty's gradient.
    func addGradient(
        _ values: UnsafePointer<Float>, _ shape: Shape, scale: Float, to gradient: UnsafeMutablePointer<Float>)
}

extension Regularizer {
    package func check(_ shape: Shape) throws(ApusError) {}

    /// As Keras writes it.
    package var config: JSON { ["class_name": .string(parameters.kind), "config": parameters.json] }
}

/// Every regularizer, one line each.
package enum RegularizerCatalog {
    package static let family = Family<any Regularizer>(
        "regularizer",
        [
            L1.entry,
            L2.entry,
            L1L2.entry,
            OrthogonalRegularizer.entry,
        ])

    /// From a layer's parameter: null for none.
    package static func make(_ json: JSON, lenient: Bool = false) throws(ApusError) -> (any Regularizer)? {
        json.isNull ? nil : try family.make(json, lenient: lenient)
    }

    /// The parameter of a layer whose output may be penalised.
    static let activity = ParameterSpec(
        "activity_regularizer", .nullable(.object("a regularizer, or null")), default: .null,
        "penalty on the output, divided by the rows of the batch")

    static func factor(_ name: String, default standard: Double, _ doc: String) -> ParameterSpec {
        ParameterSpec(name, .real(from: -.infinity, to: .infinity), default: .number(standard), doc)
    }
}
