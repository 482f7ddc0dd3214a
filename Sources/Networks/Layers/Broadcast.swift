import Core

/// Inputs of equal or extensible shapes, as the merging layers take them: NumPy's rules on the axes of a row.
enum Broadcast {
    /// The common shape of some rows. Throws `shape`, with the layer's kind, for rows that have none.
    static func shape(_ inputs: [Shape], of kind: String) throws(ApusError) -> Shape {
        var result = Shape()
        for input in inputs {
            var merged = Shape()
            let rank = max(result.rank, input.rank)
            for axis in 0..<rank {
                let a = axis >= rank - result.rank ? result[axis - rank + result.rank] : 1
                let b = axis >= rank - input.rank ? input[axis - rank + input.rank] : 1
                guard a == b || a == 1 || b == 1 || a < 0 || b < 0 else {
                    let shapes = inputs.map(\.description).joined(separator: ", ")
                    throw .shape("\(kind) needs inputs of one shape, or with extents of 1 to repeat, got \(shapes).")
                }
                // Of an extent that is not known yet, one above 1 says what it must be.
                merged.append(a == b || b == 1 ? a : a == 1 ? b : max(a, b))
            }
            result = merged
        }
        return result
    }

    /// The mask of a merging layer: a step counts if it counts in any input; none if an input has no mask.
    static func outputMask(_ masks: [Shape?], outputs: [Shape]) -> [OutputMask] {
        let shapes = masks.compactMap { $0 }
        guard shapes.count == masks.count, let first = shapes.first, shapes.allSatisfy({ $0 == first }) else {
            return [.none]
        }
        return [.own(first)]
    }

    /// Writes the mask that `outputMask` announced.
    static func writeMask(_ step: LayerStep, maskCount: Int) {
        guard let out = step.outputMasks[0] else { return }
        for index in 0..<(step.rows * maskCount) {
            var counts: Float = 0
            for mask in step.masks { counts = max(counts, mask?[index] ?? 1) }
            out[index] = counts
        }
    }
}

/// Where the elements of an output row come from in a row of an input that is repeated along some axes: runs of
/// neighbouring elements.
struct BroadcastMap {
    /// Elements of one run.
    let run: Int
    private let outer: Shape
    private let inputSteps: Shape

    init(from input: Shape, to output: Shape) {
        var aligned = Shape()
        for _ in 0..<max(0, output.rank - input.rank) { aligned.append(1) }
        for axis in 0..<input.rank { aligned.append(input[axis]) }
        var run = 1
        var axis = output.rank
        while axis > 0, aligned[axis - 1] == output[axis - 1] {
            run *= output[axis - 1]
            axis -= 1
        }
        var outer = Shape()
        var steps = Shape()
        var step = input.count
        for index in 0..<axis {
            step /= max(aligned[index], 1)
            outer.append(output[index])
            steps.append(aligned[index] == 1 ? 0 : step)
        }
        (self.run, self.outer, inputSteps) = (run, outer, steps)
    }

    /// Calls `body` with the offsets of each run in an output row and in the input's row.
    @inline(__always)
    func forEachRun(_ body: (_ output: Int, _ input: Int) -> Void) {
        for number in 0..<outer.count {
            var rest = number
            var input = 0
            var axis = outer.rank - 1
            while axis >= 0 {
                input += rest % outer[axis] * inputSteps[axis]
                rest /= outer[axis]
                axis -= 1
            }
            body(number * run, input)
        }
    }
}
