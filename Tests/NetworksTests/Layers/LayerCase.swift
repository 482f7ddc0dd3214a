import Core
import Networks
import Testing

/// One way to try a layer: what every law of `LayerLawTests` is held against.
struct LayerCase: Sendable, CustomTestStringConvertible {
    let kind: String
    /// Shapes of one row of each input.
    let inputs: [[Int]]
    var parameters = ""
    /// The inputs come through Masking, with some steps of zeros.
    var masked = false
    /// The forward pass is one of training, which must not be random.
    var training = false
    /// Inputs are whole numbers below this, which have no gradient.
    var classes: Int? = nil
    /// What the outputs may differ by from the reference, beside 1 or their size.
    var rounding = roundingOfSums
    /// Whether an output row depends on its input rows alone.
    var rowsAreIndependent = true
    /// What the layer computes, in double precision: all elements of each output.
    let reference: @Sendable (LayerReference) -> [[Double]]

    var testDescription: String { "\(kind) \(inputs) \(parameters)\(masked ? " masked" : "")\(training ? " training" : "")" }
}

/// What a reference computes from, all in row-major order.
struct LayerReference {
    let rows: Int
    /// Shapes of one row.
    let shapes: [[Int]]
    var inputs: [[Double]]
    var weights: [[Double]]
    /// One value for each row and step of each input; nil without masks.
    let masks: [[Double]]?

    /// Elements of one row of an input.
    func count(_ input: Int = 0) -> Int { shapes[input].reduce(1, *) }

    /// A function of each element of the first input.
    func map(_ function: (Double) -> Double) -> [[Double]] { [inputs[0].map(function)] }
}

/// A layer of a case in a network, with data.
struct LayerRun {
    let item: LayerCase
    let context: Context
    let model: NetworkModel
    let rows: Int
    let x: [Tensor]

    init(_ item: LayerCase, rows: Int = 5, in context: Context) throws {
        self.item = item
        self.context = context
        self.rows = rows
        let builder = NetworkBuilder(name: "test", allocator: context.allocator)
        var nodes: [Int] = []
        for shape in item.inputs {
            nodes.append(
                try builder.add("InputLayer", given: [(key: "shape", value: .array(shape.map { .integer($0) }))], inputs: nil))
        }
        if item.masked { nodes = try nodes.map { try builder.add("Masking", given: [], inputs: [$0]) } }
        let first = try builder.add(item.kind, given: ParameterText.parse(item.parameters, for: item.kind), inputs: nodes)
        let graph = try builder.graph(outputs: Array(first..<first + builder.outputs(of: first)))
        let model = try NetworkModel(initializing: graph, in: context)
        // Weights that show mistakes: zeros and ones would hide some.
        for (number, slot) in graph.slots.enumerated() {
            let values = try Fixtures.normals(slot.shape.extents, seed: UInt64(100 + number), in: context)
            for index in 0..<values.count {
                values.floats[index] = slot.name.hasSuffix("variance") ? 0.5 + abs(values.floats[index]) : 0.5 * values.floats[index]
            }
            try model.set(slot.path, to: values.view, in: context)
        }
        self.model = model
        x = try item.inputs.enumerated().map { place, shape in
            if let classes = item.classes {
                let labels = try Fixtures.labels([rows] + shape, classes: classes, seed: UInt64(3 + place), in: context)
                let tensor = try Tensor(.float32, Shape([rows] + shape), in: context.allocator)
                for index in 0..<tensor.count { tensor.floats[index] = Float(labels.int64s[index]) }
                return tensor
            }
            let tensor = try Fixtures.normals([rows] + shape, seed: UInt64(3 + place), in: context)
            if item.masked {
                let width = shape.last ?? 1
                for position in 0..<(tensor.count / width) where position % 3 == 1 + place % 2 {
                    for index in 0..<width { tensor.floats[position * width + index] = 0 }
                }
            }
            return tensor
        }
    }

    var data: Dataset {
        get throws { try Dataset(inputs: x.map(\.view), targets: [], sampleWeight: nil) }
    }

    func trainer(_ parameters: String = "loss=mse optimizer=sgd") throws -> Trainer {
        try Fixtures.trainer(model, parameters, in: context)
    }

    /// The outputs of a pass.
    func outputs(_ trainer: Trainer) throws -> [[Float]] {
        try trainer.runForward(data, training: item.training, in: context)
        return try model.graph.outputs.indices.map { try trainer.output($0).floatArray }
    }

    /// One gradient for each output.
    func cotangents() throws -> [Tensor] {
        try model.graph.outputs.indices.map { index in
            try Fixtures.normals([rows] + model.graph.outputShape(index).extents, seed: UInt64(40 + index), in: context)
        }
    }

    /// What the reference says of the same numbers.
    var reference: LayerReference {
        let masks = x.map { tensor in
            let width = tensor.shape.rank > 1 ? tensor.shape.last : 1
            return (0..<(tensor.count / width)).map { position in
                (0..<width).contains { tensor.floats[position * width + $0] != 0 } ? 1.0 : 0.0
            }
        }
        let weights = model.weights
        return LayerReference(
            rows: rows, shapes: item.inputs, inputs: x.map { $0.floatArray.map(Double.init) },
            weights: model.graph.slots.map { NetworkModel.view($0, in: weights).floatArray.map(Double.init) },
            masks: item.masked ? masks : nil)
    }
}
