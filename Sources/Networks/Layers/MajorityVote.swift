import Core

/// Each input votes for one class, and the output is the share of the votes that each class has: what an ensemble of
/// classifiers decides by majority.
///
/// An input of several columns votes for that of its largest element, the first of equal ones. One of a single column
/// votes for the second of two classes if it is above `threshold`; the output is that class's share. Equal shares are
/// therefore a decision for the lower class, both for the largest element of several columns and for a share above one
/// half. A place where an input holds a NaN has no vote: its output is NaN.
///
/// It is a step function: no gradient passes.
final class MajorityVote: Layer {
    static let entry = Entry<any Layer>(
        "MajorityVote", doc: "the share of the inputs' votes that each class has; Keras has no such layer",
        parameters: [
            ParameterSpec(
                "weights", .any("null, or an array of numbers >= 0, not all of them 0"), default: .null,
                "what the vote of each input counts; null for 1 each"),
            ParameterSpec(
                "threshold", .real(from: -.infinity, to: .infinity), default: 0.5,
                "an input of one column votes for the second class above it"),
        ]
    ) { (parameters) throws(ApusError) in
        MajorityVote(
            parameters: parameters,
            weights: try Shares.read(parameters["weights"], "weights", of: parameters.kind)?.map { Float($0) })
    }

    let parameters: Parameters
    private let weights: [Float]?
    private let threshold: Double
    /// Elements handled as one slice.
    private static let chunk = 1 << 14

    init(parameters: Parameters, weights: [Float]?) {
        self.parameters = parameters
        self.weights = weights
        threshold = parameters.real("threshold")
    }

    var inputCount: ClosedRange<Int> { 1...Int.max }
    var passesMask: Bool { true }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        let first = inputs.first ?? Shape()
        for (number, input) in inputs.enumerated() where !input.admits(first) && !first.admits(input) {
            throw .shape("MajorityVote needs inputs of one shape, input 0 has \(first), input \(number) has \(input).")
        }
        if let weights, weights.count != inputs.count {
            throw .shape("MajorityVote has \(weights.count) weights, but \(inputs.count) inputs.")
        }
        return [first]
    }

    func forward(_ step: LayerStep, in context: Context) {
        let width = max(1, step.outputShape.last)
        let places = step.rows * step.outputCount / width
        let total = weights?.reduce(0) { $0 + Double($1) } ?? Double(step.inputs.count)
        context.parallel(over: places, by: max(1, MajorityVote.chunk / width)) { range in
            for place in range {
                let y = step.output + place * width
                y.update(repeating: 0, count: width)
                var isCounted = true
                for number in step.inputs.indices {
                    let x = step.inputs[number] + place * width
                    var choice = 0
                    for index in 0..<width {
                        if x[index].isNaN { isCounted = false }
                        if x[index] > x[choice] { choice = index }
                    }
                    if width == 1, !(Double(x[0]) > threshold) { continue }
                    y[choice] += weights?[number] ?? 1
                }
                for index in 0..<width { y[index] = isCounted ? Float(Double(y[index]) / total) : .nan }
            }
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        for target in step.inputGradients { target?.update(repeating: 0, count: step.rows * step.outputCount) }
    }
}

/// What several things count beside each other.
enum Shares {
    /// Numbers >= 0, finite as float32, with a sum above 0; nil for null. Throws `invalidArgument`.
    static func read(_ json: JSON, _ name: String, of kind: String) throws(ApusError) -> [Double]? {
        if json.isNull { return nil }
        let listed = json.arrayValue ?? []
        let values = listed.compactMap(\.doubleValue)
        let sum = values.reduce(0, +)
        guard values.count == listed.count, values.allSatisfy({ $0 >= 0 && Float($0).isFinite }), Float(sum) > 0,
            Float(sum).isFinite
        else {
            throw .parameter(
                name, of: kind, mustBe: "null, or an array of finite numbers >= 0, not all of them 0", got: json.text)
        }
        return values
    }
}
