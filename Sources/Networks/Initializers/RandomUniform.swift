import Core

/// Uniform between two bounds.
struct RandomUniform: Initializer {
    static let entry = Entry<any Initializer>(
        "RandomUniform", aliases: ["uniform"], doc: "uniform on [minval, maxval)",
        parameters: [
            ParameterSpec("minval", .real(from: -.infinity, to: .infinity), default: -0.05, "lower bound"),
            ParameterSpec("maxval", .real(from: -.infinity, to: .infinity), default: 0.05, "upper bound"),
            InitializerCatalog.seed,
        ]
    ) { (parameters) throws(ApusError) in
        guard parameters.real("minval") <= parameters.real("maxval") else {
            throw .parameter(
                "maxval", of: "RandomUniform", mustBe: "at least minval (\(parameters.real("minval")))",
                got: parameters["maxval"].text)
        }
        return RandomUniform(parameters: parameters)
    }
    let parameters: Parameters

    func fill(_ out: UnsafeMutablePointer<Float>, shape: Shape, random: Philox) {
        RandomUniform.fill(
            out, count: shape.count, from: parameters.real("minval"), to: parameters.real("maxval"), random: random)
    }

    static func fill(_ out: UnsafeMutablePointer<Float>, count: Int, from: Double, to: Double, random: Philox) {
        for index in 0..<count { out[index] = Float(from + (to - from) * random.uniform(UInt64(index))) }
    }
}
