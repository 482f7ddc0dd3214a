import Core

/// Normal with a mean and a standard deviation.
struct RandomNormal: Initializer {
    static let entry = Entry<any Initializer>(
        "RandomNormal", aliases: ["normal"], doc: "normal(mean, stddev)", parameters: specs
    ) { RandomNormal(parameters: $0) }

    static let specs = [
        ParameterSpec("mean", .real(from: -.infinity, to: .infinity), default: 0.0, "mean"),
        ParameterSpec("stddev", .real(from: 0, to: .infinity), default: 0.05, "standard deviation, >= 0"),
        InitializerCatalog.seed,
    ]
    let parameters: Parameters

    func fill(_ out: UnsafeMutablePointer<Float>, shape: Shape, random: Philox) {
        let mean = parameters.real("mean")
        let deviation = parameters.real("stddev")
        for index in 0..<shape.count { out[index] = Float(mean + deviation * random.normal(UInt64(index))) }
    }
}
