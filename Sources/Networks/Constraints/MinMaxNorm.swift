import Core

/// Lengths drawn into [min_value, max_value]: w (rate clip(|w|, min, max) + (1 - rate) |w|) / (epsilon + |w|).
struct MinMaxNorm: WeightConstraint {
    static let entry = Entry<any WeightConstraint>(
        "MinMaxNorm", doc: "lengths between min_value and max_value",
        parameters: [
            ParameterSpec("min_value", .real(from: 0, to: .infinity), default: 0.0, "the least length, >= 0"),
            ParameterSpec("max_value", .real(from: 0, to: .infinity), default: 1.0, "the greatest length, >= 0"),
            ParameterSpec("rate", .real(from: 0, to: 1), default: 1.0, "how far each update goes, in [0, 1]"),
            WeightNorms.axis,
        ]
    ) { (parameters) throws(ApusError) in
        MinMaxNorm(
            parameters: parameters, norms: try WeightNorms(parameters), smallest: Float(parameters.real("min_value")),
            largest: Float(parameters.real("max_value")), rate: Float(parameters.real("rate")))
    }
    let parameters: Parameters
    let norms: WeightNorms
    let smallest: Float
    let largest: Float
    let rate: Float

    func check(_ shape: Shape) throws(ApusError) { try norms.check(shape, parameters.kind) }

    func apply(_ weight: UnsafeMutablePointer<Float>, _ shape: Shape) {
        norms.scale(weight, shape) { norm in
            let wanted = rate * min(max(norm, smallest), largest) + (1 - rate) * norm
            return wanted / (WeightNorms.epsilon + norm)
        }
    }
}
