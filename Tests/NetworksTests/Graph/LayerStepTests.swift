import Core
import Networks
import Testing

/// What plans promise to layers beyond what the layers of the catalog use, on a layer made for it: outputs x + s and 3 x,
/// where s is the sum of the rows that came before, kept from batch to batch; 0.5 sum x^2 is added to the loss.
private final class Probe: Layer {
    let parameters = Parameters(kind: "Probe")

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] { [inputs[0], inputs[0]] }
    func state(_ inputs: [Shape]) -> Int { inputs[0].count }
    func workspace(_ call: LayerCall) -> Int { cappedProduct(call.lanes, 16) }

    func forward(_ step: LayerStep, in context: Context) {
        step.loss = 0
        guard let state = step.state else { return }
        context.parallel(step.rows, lanes: step.lanes) { row, lane in
            let own = step.workspace + lane * 16
            for index in 0..<step.inputCount {
                let place = row * step.inputCount + index
                own[0] = step.input[place]
                step.outputs[0][place] = own[0] + state[place]
                step.outputs[1][place] = 3 * own[0]
                state[place] += own[0]
            }
        }
        if step.wantsLoss {
            for place in 0..<step.rows * step.inputCount { step.loss += 0.5 * Double(step.input[place] * step.input[place]) }
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dx = step.inputGradient else { return }
        for place in 0..<step.rows * step.inputCount {
            dx[place] = step.outputGradients[0][place] + 3 * step.outputGradients[1][place] + step.input[place]
        }
    }
}

struct LayerStepTests {
    private static func model(_ outputs: [Int], in context: Context) throws -> NetworkModel {
        let builder = NetworkBuilder(name: "n", allocator: context.allocator)
        try builder.add("Input", given: [(key: "shape", value: [2])], inputs: nil)
        let first = try builder.add(GraphLayer(name: "probe", isTrainable: true, layer: Probe()), inputs: nil)
        #expect(first == 1 && builder.count == 3 && builder.outputs(of: 2) == 2)
        return try NetworkModel(initializing: builder.graph(outputs: outputs), in: context)
    }

    @Test func outputsHaveConsecutiveNumbers() throws {
        let context = try Fixtures.context(threads: 3)
        let trainer = try Fixtures.trainer(Self.model([2, 1], in: context), "loss=mse optimizer=sgd", in: context)
        let x = try Fixtures.tensor([1, 2, 3, 4], [2, 2], in: context)
        try trainer.runForward(Fixtures.dataset(x), training: true, in: context)
        #expect(try trainer.output(0).floatArray == [3, 6, 9, 12])
        #expect(try trainer.output(1).floatArray == [1, 2, 3, 4])
        try trainer.backward(outputGradients: [x.view, x.view], wantsInputGradients: true, in: context)
        #expect(try trainer.inputGradient(0).floatArray == [5, 10, 15, 20])
    }

    /// The gradient of an output that nothing uses is zero, whatever was there before.
    @Test func anOutputThatNothingUsesHasNoGradient() throws {
        let context = try Fixtures.context()
        let trainer = try Fixtures.trainer(Self.model([1], in: context), "loss=mse optimizer=sgd", in: context)
        let x = try Fixtures.tensor([1, 2, 3, 4], [2, 2], in: context)
        for _ in 0..<2 {
            try trainer.runForward(Fixtures.dataset(x), training: true, in: context)
            try trainer.backward(outputGradients: [x.view], wantsInputGradients: true, in: context)
            #expect(try trainer.inputGradient(0).floatArray == [2, 4, 6, 8])
        }
    }

    @Test func statesLastUntilTheyAreReset() throws {
        let context = try Fixtures.context()
        let model = try Self.model([1], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        let x = try Fixtures.tensor([1, 2, 3, 4], [2, 2], in: context)
        for expected in [[1, 2, 3, 4], [2, 4, 6, 8], [3, 6, 9, 12]] as [[Float]] {
            try trainer.runForward(Fixtures.dataset(x), training: false, in: context)
            #expect(try trainer.output(0).floatArray == expected)
        }
        trainer.resetStates()
        try trainer.runForward(Fixtures.dataset(x), training: false, in: context)
        #expect(try trainer.output(0).floatArray == [1, 2, 3, 4])

        let session = try Session(model, maximumRows: 2, in: context)
        let out = try Tensor(.float32, Shape(2, 2), in: context.allocator)
        func run() throws -> [Float] {
            try session.load(x.view, 0)
            session.run(rows: 2, in: context)
            try session.store(0, into: out.view)
            return out.floatArray
        }
        #expect(try run() == [1, 2, 3, 4])
        #expect(try run() == [2, 4, 6, 8])
        session.resetStates()
        #expect(try run() == [1, 2, 3, 4])
    }

    @Test func termsOfLayersAreAddedToTheLoss() throws {
        let context = try Fixtures.context()
        let trainer = try Fixtures.trainer(Self.model([1], in: context), "loss=mse optimizer=sgd", in: context)
        let x = try Fixtures.tensor([1, 2, 3, 4], [2, 2], in: context)
        try trainer.runForward(Fixtures.dataset(x), training: true, in: context)
        let targets = try Dataset(inputs: [], targets: [x.view], sampleWeight: nil)
        #expect(try trainer.loss(targets, in: context) == 15)
    }
}
