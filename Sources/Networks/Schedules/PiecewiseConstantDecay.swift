import Core

/// values[k] for the first k with i <= boundaries[k], the last value beyond.
struct PiecewiseConstantDecay: Schedule {
    static let entry = Entry<any Schedule>(
        "PiecewiseConstantDecay", doc: "one value up to each boundary",
        parameters: [
            ParameterSpec(
                "boundaries", .any("an array of rising numbers"), default: nil, "last updates of the values, rising"),
            ParameterSpec(
                "values", .any("an array of numbers >= 0, one more than boundaries"), default: nil,
                "learning rates, one more than boundaries"),
        ]
    ) { (parameters) throws(ApusError) in
        let boundaries = try numbers("boundaries", parameters)
        let values = try numbers("values", parameters)
        guard zip(boundaries, boundaries.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw .parameter("boundaries", of: parameters.kind, mustBe: "rising", got: parameters["boundaries"].text)
        }
        guard values.count == boundaries.count + 1, values.allSatisfy({ $0 >= 0 }) else {
            throw .parameter(
                "values", of: parameters.kind, mustBe: "\(boundaries.count + 1) numbers >= 0, one more than boundaries",
                got: parameters["values"].text)
        }
        return PiecewiseConstantDecay(parameters: parameters, boundaries: boundaries, values: values)
    }
    let parameters: Parameters
    let boundaries: [Double]
    let values: [Double]

    private static func numbers(_ name: String, _ parameters: Parameters) throws(ApusError) -> [Double] {
        guard let items = parameters[name].arrayValue else {
            throw .parameter(name, of: parameters.kind, mustBe: "an array of numbers", got: parameters[name].text)
        }
        var numbers: [Double] = []
        for item in items {
            guard let number = item.doubleValue, number.isFinite else {
                throw .parameter(name, of: parameters.kind, mustBe: "an array of finite numbers", got: item.text)
            }
            numbers.append(number)
        }
        return numbers
    }

    func rate(at iteration: Double) -> Double {
        for (boundary, value) in zip(boundaries, values) where iteration <= boundary { return value }
        return values.last ?? 0
    }
}
