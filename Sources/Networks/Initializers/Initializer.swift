import Core

/// Fills a fresh weight.
package protocol Initializer: Sendable {
    /// Keras's class name and its parameters, for files.
    var parameters: Parameters { get }
    /// Throws `shape` for a weight that it cannot fill. Those that take any shape have nothing to say.
    func check(_ shape: Shape) throws(ApusError)
    /// Fills `count` values of a weight of the given shape from one random stream.
    func fill(_ out: UnsafeMutablePointer<Float>, shape: Shape, random: Philox)
}

extension Initializer {
    package func check(_ shape: Shape) throws(ApusError) {}

    /// As Keras writes it: the plain name when all parameters are at their defaults, else an object.
    package var config: JSON {
        let entry = try? InitializerCatalog.family.entry(parameters.kind)
        let isDefault = parameters.values.allSatisfy { item in
            entry?.parameters.first { $0.name == item.key }?.standard == item.value
        }
        if isDefault, InitializerCatalog.plainNames.contains(parameters.kind) {
            return .string(snakeCase(parameters.kind))
        }
        return ["class_name": .string(parameters.kind), "config": parameters.json]
    }
}

/// Every initializer, one line each.
package enum InitializerCatalog {
    package static let family = Family<any Initializer>(
        "initializer",
        [
            Zeros.entry, Ones.entry, ConstantInitializer.entry, RandomNormal.entry, TruncatedNormal.entry,
            RandomUniform.entry, VarianceScaling.entry, VarianceScaling.glorotUniform, VarianceScaling.glorotNormal,
            VarianceScaling.heUniform, VarianceScaling.heNormal, VarianceScaling.lecunUniform,
            VarianceScaling.lecunNormal, Orthogonal.entry, Identity.entry,
        ])

    /// Those that every version of Keras accepts as bare text.
    static let plainNames = ["Zeros", "Ones", "GlorotUniform", "Orthogonal"]

    package static let seed = ParameterSpec(
        "seed", .any("a whole number, an object or null"), default: .null,
        "kept for Keras; Apus draws from the context's seed")
}

/// fan_in and fan_out of a weight: rank 1: both its length; 2: its sides; above: receptive field times the last two.
package func fans(_ shape: Shape) -> (input: Double, output: Double) {
    switch shape.rank {
    case 0: return (1, 1)
    case 1: return (Double(shape[0]), Double(shape[0]))
    default:
        var field = 1.0
        for index in 0..<(shape.rank - 2) { field *= Double(shape[index]) }
        return (field * Double(shape[shape.rank - 2]), field * Double(shape[shape.rank - 1]))
    }
}
