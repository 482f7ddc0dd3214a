import Core

/// The sum of its inputs, which may be repeated along axes of extent 1.
final class Add: Layer {
    static let entry = Entry<any Layer>("Add", doc: "sum of two or more inputs") { Add(parameters: $0) }

    let parameters: Parameters
    /// Elements handled as one slice.
    private static let chunk = 1 << 15

    init(parameters: Parameters) { self.parameters = parameters }

    var inputCount: ClosedRange<Int> { 2...Int.max }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] { [try Broadcast.shape(inputs, of: "Add")] }

    func outputMasks(_ masks: [Shape?], inputs: [Shape], outputs: [Shape]) -> [OutputMask] {
        Broadcast.outputMask(masks, outputs: outputs)
    }

    func forward(_ step: LayerStep, in context: Context) {
        let count = step.outputCount
        context.parallel(over: step.rows, by: Add.chunk / max(count, 1)) { rows in
            for (place, x) in step.inputs.enumerated() {
                let shape = step.inputShapes[place]
                let out = step.output + rows.lowerBound * count
                if shape == step.outputShape {
                    let x = x + rows.lowerBound * count
                    if place == 0 {
                        out.update(from: x, count: rows.count * count)
                    } else {
                        context.kernels.add(out, x, out, Int64(rows.count * count))
                    }
                    continue
                }
                let map = BroadcastMap(from: shape, to: step.outputShape)
                for row in rows {
                    map.forEachRun { output, input in
                        let (to, from) = (step.output + row * count + output, x + row * shape.count + input)
                        for index in 0..<map.run { to[index] = (place == 0 ? 0 : to[index]) + from[index] }
                    }
                }
            }
        }
        Broadcast.writeMask(step, maskCount: step.maskCount)
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient else { return }
        let count = step.outputCount
        for (place, dx) in step.inputGradients.enumerated() {
            guard let dx else { continue }
            let shape = step.inputShapes[place]
            let inner = shape.count
            let map = BroadcastMap(from: shape, to: step.outputShape)
            context.parallel(over: step.rows, by: Add.chunk / max(count, 1)) { rows in
                if inner == count {
                    (dx + rows.lowerBound * count).update(from: dy + rows.lowerBound * count, count: rows.count * count)
                    return
                }
                for row in rows {
                    (dx + row * inner).update(repeating: 0, count: inner)
                    map.forEachRun { output, input in
                        let (to, from) = (dx + row * inner + input, dy + row * count + output)
                        for index in 0..<map.run { to[index] += from[index] }
                    }
                }
            }
        }
    }
}
