import Core

/// The outputs of a forward and a backward layer as one; with `reverses`, the second one's steps come last to first.
/// Without a mode, one input with its steps turned.
final class BidirectionalMerge: Layer {
    enum Mode: String { case concat, sum, mul, ave }

    let parameters = Parameters(kind: "BidirectionalMerge")
    private let mode: Mode?
    private let reverses: Bool
    /// Elements handled as one slice.
    private static let chunk = 1 << 14

    init(_ mode: Mode?, reverses: Bool) {
        self.mode = mode
        self.reverses = reverses
    }

    var inputCount: ClosedRange<Int> { mode == nil ? 1...1 : 2...2 }

    func shape(_ a: Shape, _ b: Shape) throws(ApusError) -> Shape {
        if mode == .concat {
            let (sum, overflow) = a.last.addingReportingOverflow(b.last)
            guard !overflow else { throw .limit("Bidirectional: its output is too large.") }
            return a.dropLast.rank == 0 ? Shape(sum) : Shape(a[0], sum)
        }
        guard a.last == b.last else {
            throw .shape("Bidirectional cannot merge \(a.last) and \(b.last) units by \(mode?.rawValue ?? "").")
        }
        return a
    }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        inputs.count == 2 ? [try shape(inputs[0], inputs[1])] : inputs
    }

    /// Calls `body(place of the first, place of the second)` for each step, in slices.
    private func each(_ step: LayerStep, _ context: Context, _ body: (_ first: Int, _ second: Int) -> Void) {
        let steps = step.outputShape.rank > 1 ? step.outputShape[0] : 1
        context.parallel(over: step.rows, by: BidirectionalMerge.chunk / max(step.outputCount, 1)) { rows in
            for row in rows {
                for time in 0..<steps { body(row * steps + time, row * steps + (reverses ? steps - 1 - time : time)) }
            }
        }
    }

    func forward(_ step: LayerStep, in context: Context) {
        let (y, width) = (step.output, step.outputShape.last)
        let a = step.inputs[0]
        guard let mode else {
            each(step, context) { (y + $0 * width).update(from: a + $1 * width, count: width) }
            return
        }
        let b = step.inputs[1]
        let (left, right) = (step.inputShapes[0].last, step.inputShapes[1].last)
        each(step, context) { first, second in
            let (out, a, b) = (y + first * width, a + first * left, b + second * right)
            switch mode {
            case .concat:
                out.update(from: a, count: left)
                (out + left).update(from: b, count: right)
            case .sum: context.kernels.add(a, b, out, Int64(width))
            case .mul: context.kernels.multiply(a, b, out, Int64(width))
            case .ave:
                context.kernels.add(a, b, out, Int64(width))
                context.kernels.scale(0.5, out, Int64(width))
            }
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient else { return }
        let width = step.outputShape.last
        let da = step.inputGradients[0]
        guard let mode else {
            if let da { each(step, context) { (da + $1 * width).update(from: dy + $0 * width, count: width) } }
            return
        }
        let db = step.inputGradients[1]
        let (left, right) = (step.inputShapes[0].last, step.inputShapes[1].last)
        each(step, context) { first, second in
            let dy = dy + first * width
            let (da, db) = (da.map { $0 + first * left }, db.map { $0 + second * right })
            switch mode {
            case .concat:
                da?.update(from: dy, count: left)
                db?.update(from: dy + left, count: right)
            case .sum, .ave:
                da?.update(from: dy, count: left)
                db?.update(from: dy, count: right)
                if mode == .ave {
                    if let da { context.kernels.scale(0.5, da, Int64(left)) }
                    if let db { context.kernels.scale(0.5, db, Int64(right)) }
                }
            case .mul:
                if let da { context.kernels.multiply(dy, step.inputs[1] + second * right, da, Int64(left)) }
                if let db { context.kernels.multiply(dy, step.inputs[0] + first * left, db, Int64(right)) }
            }
        }
    }
}
