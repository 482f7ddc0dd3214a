import CVector
import Core

/// Two or more inputs, repeated along axes of extent 1 where needed, as one, element by element: what Subtract, Multiply,
/// Average, Maximum and Minimum are.
final class Merging: Layer {
    enum Form: Sendable { case difference, product, mean, largest, smallest }

    static func entry(_ kind: String, _ form: Form, _ doc: String) -> Entry<any Layer> {
        Entry(kind, doc: doc) { Merging(parameters: $0, form) }
    }

    let parameters: Parameters
    private let form: Form
    /// Elements handled as one slice.
    private static let chunk = 1 << 14

    init(parameters: Parameters, _ form: Form) {
        self.parameters = parameters
        self.form = form
    }

    var inputCount: ClosedRange<Int> { form == .difference ? 2...2 : 2...Int.max }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        [try Broadcast.shape(inputs, of: parameters.kind)]
    }

    func outputMasks(_ masks: [Shape?], inputs: [Shape], outputs: [Shape]) -> [OutputMask] {
        Broadcast.outputMask(masks, outputs: outputs)
    }

    /// In each lane room for a row of gradients on its way through the factors.
    func workspace(_ call: LayerCall) -> Int { cappedProduct(call.lanes, (call.output.count + 15) / 16 * 16) }

    /// Calls `body` for runs of neighbouring elements of an output row: offsets in it and in the input's row, and length.
    private func eachRun(
        _ shape: Shape, _ output: Shape, _ body: (_ output: Int, _ input: Int, _ count: Int) -> Void
    ) {
        if shape == output {
            body(0, 0, output.count)
        } else {
            let map = BroadcastMap(from: shape, to: output)
            map.forEachRun { body($0, $1, map.run) }
        }
    }

    private func slices(_ step: LayerStep) -> (count: Int, share: Int) {
        let share = max(1, Merging.chunk / max(1, step.outputCount))
        return ((step.rows + share - 1) / share, share)
    }

    func forward(_ step: LayerStep, in context: Context) {
        let count = step.outputCount
        let (slices, share) = slices(step)
        context.parallel(slices) { slice in
            for row in slice * share..<min(step.rows, (slice + 1) * share) {
                let y = step.output + row * count
                for (place, values) in step.inputs.enumerated() {
                    let shape = step.inputShapes[place]
                    let x = values + row * shape.count
                    eachRun(shape, step.outputShape) { to, from, length in
                        combine(y + to, x + from, length, isFirst: place == 0)
                    }
                }
                if form == .mean { context.kernels.scale(1 / Float(step.inputs.count), y, Int64(count)) }
            }
        }
        Broadcast.writeMask(step, maskCount: step.maskCount)
    }

    private func combine(
        _ y: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ count: Int, isFirst: Bool
    ) {
        if isFirst {
            y.update(from: x, count: count)
            return
        }
        switch form {
        case .difference: for index in 0..<count { y[index] -= x[index] }
        case .product: for index in 0..<count { y[index] *= x[index] }
        case .mean: for index in 0..<count { y[index] += x[index] }
        // A NaN on either side stays.
        case .largest: for index in 0..<count where !(x[index] <= y[index]) && y[index] == y[index] { y[index] = x[index] }
        case .smallest: for index in 0..<count where !(x[index] >= y[index]) && y[index] == y[index] { y[index] = x[index] }
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient else { return }
        let count = step.outputCount
        let stride = (count + 15) / 16 * 16
        let (slices, share) = slices(step)
        context.parallel(slices, lanes: step.lanes) { slice, lane in
            let part = step.workspace + lane * stride
            for row in slice * share..<min(step.rows, (slice + 1) * share) {
                for (place, target) in step.inputGradients.enumerated() {
                    guard let target else { continue }
                    let shape = step.inputShapes[place]
                    let dx = target + row * shape.count
                    part.update(from: dy + row * count, count: count)
                    weigh(part, step, row, place)
                    dx.update(repeating: 0, count: shape.count)
                    eachRun(shape, step.outputShape) { from, to, length in
                        for index in 0..<length { dx[to + index] += part[from + index] }
                    }
                }
            }
        }
    }

    /// Turns the gradient by a row of the output into that by the row of one input, not yet summed over repetitions.
    private func weigh(_ part: UnsafeMutablePointer<Float>, _ step: LayerStep, _ row: Int, _ place: Int) {
        let count = step.outputCount
        switch form {
        case .difference:
            if place == 1 { for index in 0..<count { part[index] = -part[index] } }
        case .mean:
            let share = 1 / Float(step.inputs.count)
            for index in 0..<count { part[index] *= share }
        case .product:
            for (other, values) in step.inputs.enumerated() where other != place {
                let shape = step.inputShapes[other]
                let x = values + row * shape.count
                eachRun(shape, step.outputShape) { to, from, length in
                    for index in 0..<length { part[to + index] *= x[from + index] }
                }
            }
        case .largest, .smallest:
            // Equal inputs share.
            let y = step.output + row * count
            let own = step.inputShapes[place]
            let mine = step.inputs[place] + row * own.count
            eachRun(own, step.outputShape) { to, from, length in
                for index in 0..<length where mine[from + index] != y[to + index] { part[to + index] = 0 }
            }
            for index in 0..<count where part[index] != 0 {
                var equals: Float = 0
                for (other, values) in step.inputs.enumerated() {
                    let shape = step.inputShapes[other]
                    let element = shape == step.outputShape ? index : Merging.source(index, shape, step.outputShape)
                    if (values + row * shape.count)[element] == y[index] { equals += 1 }
                }
                if equals > 1 { part[index] /= equals }
            }
        }
    }

    /// Where an element of an output row comes from in a row that is repeated.
    private static func source(_ index: Int, _ shape: Shape, _ output: Shape) -> Int {
        var (rest, place, step) = (index, 0, 1)
        var axis = output.rank - 1
        while axis >= 0 {
            let own = axis - output.rank + shape.rank
            let coordinate = rest % output[axis]
            if own >= 0 {
                if shape[own] > 1 { place += coordinate * step }
                step *= shape[own]
            }
            rest /= output[axis]
            axis -= 1
        }
        return place
    }
}
