import Core

/// A part of each axis cut off, or zeros set around it: what Cropping1D, Cropping2D, ZeroPadding1D and ZeroPadding2D are.
final class Framing: Layer {
    let parameters: Parameters
    /// Elements that each axis gains (below 0: loses) before its first and after its last.
    private let margins: [(before: Int, after: Int)]
    private let name: String
    private let sign: Int

    /// - Parameter name: of the parameter, which is one number, one for each axis, or two for each axis.
    init(_ parameters: Parameters, _ name: String, rank: Int, crops: Bool) throws(ApusError) {
        self.parameters = parameters
        self.name = name
        sign = crops ? -1 : 1
        func whole(_ value: JSON) -> Int? {
            guard let number = value.integerValue, number >= 0, number <= Int(Int32.max) else { return nil }
            return number
        }
        let given = parameters[name]
        var margins: [(before: Int, after: Int)] = []
        if let one = whole(given) {
            margins = Array(repeating: (one, one), count: rank)
        } else if let list = given.arrayValue {
            // One axis: its two sides. Two axes: each of them, one number or two.
            let sides = rank == 1 && list.allSatisfy { whole($0) != nil } && list.count == 2 ? [given] : list
            for side in sides {
                let pair = side.arrayValue ?? [side, side]
                guard pair.count == 2, let before = whole(pair[0]), let after = whole(pair[1]) else { continue }
                margins.append((before, after))
            }
        }
        guard margins.count == rank else {
            throw .parameter(
                name, of: parameters.kind,
                mustBe: rank == 1
                    ? "a whole number >= 0, or an array of two" : "a whole number >= 0, or an array of two (or of two pairs)",
                got: given.text)
        }
        self.margins = margins
    }

    static func spec(_ name: String, _ standard: JSON, _ rank: Int, _ doc: String) -> ParameterSpec {
        ParameterSpec(
            name,
            .any(
                rank == 1 ? "a whole number >= 0, or an array of two" : "a whole number >= 0, an array of two, or of two pairs"),
            default: standard, doc)
    }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        let input = inputs.first ?? Shape()
        guard input.rank == margins.count + 1 else {
            throw .shape("\(parameters.kind) needs rows of \(margins.count + 1) axes, got \(input).")
        }
        var shape = input
        for (index, margin) in margins.enumerated() where input[index] != Shape.unknown {
            shape[index] = input[index] + sign * (margin.before + margin.after)
            guard shape[index] > 0 else {
                throw .shape("\(parameters.kind) leaves nothing of axis \(index + 1) of rows of shape \(input).")
            }
        }
        return [shape]
    }

    /// Copies lines between the large and the small array; `body` gets offsets in each and the length.
    private func eachLine(_ large: Shape, _ small: Shape, _ body: (_ large: Int, _ small: Int, _ count: Int) -> Void) {
        let channels = large.last
        let two = margins.count > 1
        let (wide, narrow) = two ? (large[1], small[1]) : (large[0], small[0])
        let (above, left) = two ? (margins[0].before, margins[1].before) : (0, margins[0].before)
        for row in 0..<(two ? small[0] : 1) {
            body(((row + above) * wide + left) * channels, row * narrow * channels, narrow * channels)
        }
    }

    /// From input to output, or back: what lies outside of the source becomes 0.
    private func move(
        _ step: LayerStep, _ from: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>, back: Bool, in context: Context
    ) {
        let (input, output) = (step.inputShape, step.outputShape)
        let (large, small) = sign > 0 ? (output, input) : (input, output)
        let growing = (sign > 0) != back
        let (fromCount, toCount) = back ? (step.outputCount, step.inputCount) : (step.inputCount, step.outputCount)
        context.parallel(over: step.rows, by: max(1, (1 << 14) / max(1, large.count))) { rows in
            for row in rows {
                let (x, y) = (from + row * fromCount, to + row * toCount)
                if growing { y.update(repeating: 0, count: toCount) }
                eachLine(large, small) { outer, inner, count in
                    if growing {
                        (y + outer).update(from: x + inner, count: count)
                    } else {
                        (y + inner).update(from: x + outer, count: count)
                    }
                }
            }
        }
    }

    func forward(_ step: LayerStep, in context: Context) {
        move(step, step.input, step.output, back: false, in: context)
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient, let dx = step.inputGradient else { return }
        move(step, dy, dx, back: true, in: context)
    }

    var config: [(key: String, value: JSON)] {
        let pairs = margins.map { ConvolutionParameters.list([$0.before, $0.after]) }
        if margins.count == 1 { return [(key: name, value: pairs[0])] }
        return [(key: name, value: .array(pairs)), (key: "data_format", value: "channels_last")]
    }
}
