import Core

/// The axes of a row in another order.
final class Permute: Layer {
    static let entry = Entry<any Layer>(
        "Permute", doc: "the axes of a row in another order",
        parameters: [
            ParameterSpec("dims", .integers(1...Shape.maximumRank), default: nil, "axis i becomes axis dims[i], counted from 1")
        ]
    ) { (parameters) throws(ApusError) in
        let dims = parameters.integers("dims").compactMap { $0 }
        guard !dims.isEmpty, dims.count < Shape.maximumRank, dims.sorted() == Array(1...dims.count) else {
            throw .parameter(
                "dims", of: "Permute", mustBe: "the numbers from 1 to the row's axes, each once", got: parameters["dims"].text)
        }
        return Permute(parameters: parameters, dims: dims)
    }

    let parameters: Parameters
    private let dims: [Int]

    init(parameters: Parameters, dims: [Int]) {
        self.parameters = parameters
        self.dims = dims
    }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        guard let input = inputs.first, input.rank == dims.count else {
            throw .shape("Permute with dims \(dims) needs rows of \(dims.count) axes, got \(inputs.first ?? Shape()).")
        }
        return [Shape(dims.map { input[$0 - 1] })]
    }

    /// Calls `body` with the number of each element of an output row and of the input's.
    private func eachElement(_ step: LayerStep, _ body: (_ output: Int, _ input: Int) -> Void) {
        let (input, output) = (step.inputShape, step.outputShape)
        var steps = input
        var stride = 1
        var axis = input.rank - 1
        while axis >= 0 {
            steps[axis] = stride
            stride *= input[axis]
            axis -= 1
        }
        var advance = output
        for index in 0..<output.rank { advance[index] = steps[dims[index] - 1] }
        var position = Shape()
        for _ in 0..<output.rank { position.append(0) }
        var from = 0
        for number in 0..<step.outputCount {
            body(number, from)
            var axis = output.rank - 1
            while axis >= 0 {
                position[axis] += 1
                from += advance[axis]
                if position[axis] < output[axis] { break }
                from -= advance[axis] * output[axis]
                position[axis] = 0
                axis -= 1
            }
        }
    }

    func forward(_ step: LayerStep, in context: Context) {
        let count = step.outputCount
        context.parallel(over: step.rows, by: max(1, (1 << 14) / max(1, count))) { rows in
            for row in rows {
                let (x, y) = (step.input + row * count, step.output + row * count)
                eachElement(step) { y[$0] = x[$1] }
            }
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient, let dx = step.inputGradient else { return }
        let count = step.outputCount
        context.parallel(over: step.rows, by: max(1, (1 << 14) / max(1, count))) { rows in
            for row in rows {
                let (gradient, out) = (dy + row * count, dx + row * count)
                eachElement(step) { out[$1] = gradient[$0] }
            }
        }
    }
}
