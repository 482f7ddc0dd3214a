import Core
import Networks
import Testing

/// Models within models, and layers called more than once.
struct NestedModelTests {
    private static func config(_ text: String) throws -> JSON { try JSONParser.parse(text) }

    /// A network from one that is used twice, and the same by hand.
    @Test func aModelCalledTwiceSharesItsWeights() throws {
        let context = try Fixtures.context()
        let tower = try Fixtures.network(
            [3], [("Dense", "units=4 activation=tanh"), ("BatchNormalization", ""), ("Dense", "units=2")], in: context)
        let builder = NetworkBuilder(name: "pair", allocator: context.allocator)
        let left = try builder.add("Input", given: [(key: "shape", value: [3]), (key: "name", value: "left")], inputs: nil)
        let right = try builder.add("Input", given: [(key: "shape", value: [3]), (key: "name", value: "right")], inputs: nil)
        let first = try builder.add(tower, given: [(key: "name", value: "tower")], inputs: [left])
        let second = try builder.callAgain(first, inputs: [right])
        try builder.add("Add", given: [], inputs: [first, second])
        let model = try NetworkModel(initializing: builder.graph(), in: context)
        #expect(
            model.graph.slots.map(\.path) == [
                "tower/dense/kernel", "tower/dense/bias", "tower/batch_normalization/gamma",
                "tower/batch_normalization/beta", "tower/batch_normalization/moving_mean",
                "tower/batch_normalization/moving_variance", "tower/dense_1/kernel", "tower/dense_1/bias",
            ])
        // Keras's legacy order: what trains, then what does not.
        #expect(
            NetworkModel.layout(model.graph).layers.first { $0.layer == "tower" }?.weights.map(\.name).suffix(3) == [
                "dense_1/bias", "batch_normalization/moving_mean", "batch_normalization/moving_variance",
            ])
        // The weights are those of the tower.
        for slot in tower.graph.slots {
            let own = NetworkModel.view(try model.graph.slot("tower/" + slot.path), in: model.weights).floatArray
            #expect(own == NetworkModel.view(slot, in: tower.weights).floatArray)
        }
        let (a, b) = (try Fixtures.normals([5, 3], seed: 1, in: context), try Fixtures.normals([5, 3], seed: 2, in: context))
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        try trainer.runForward(Dataset(inputs: [a.view, b.view], targets: [], sampleWeight: nil), training: false, in: context)
        let sum = try trainer.output(0).floatArray
        let own = try Fixtures.trainer(tower, "loss=mse optimizer=sgd", in: context)
        let cotangent = try Fixtures.normals([5, 2], seed: 3, in: context)
        var (parts, gradient): ([[Float]], [Float]) = ([], [])
        for x in [a, b] {
            try own.runForward(Fixtures.dataset(x), training: false, in: context)
            parts.append(try own.output(0).floatArray)
            try own.backward(outputGradients: [cotangent.view], wantsInputGradients: false, in: context)
            gradient = try own.gradient("dense/kernel").floatArray
        }
        #expect(largestError(sum, zip(parts[0], parts[1]).map(+)) <= roundingOfSums)
        try trainer.backward(outputGradients: [cotangent.view], wantsInputGradients: true, in: context)
        #expect(largestError(try trainer.gradient("tower/dense/kernel").floatArray, gradient) <= roundingOfSums)

        // Both calls move the averages, one after the other.
        try trainer.runForward(Dataset(inputs: [a.view, b.view], targets: [], sampleWeight: nil), training: true, in: context)
        let mean = try trainer.weight("tower/batch_normalization/moving_mean").floatArray
        for x in [a, b] { try own.runForward(Fixtures.dataset(x), training: true, in: context) }
        #expect(largestError(mean, try own.weight("batch_normalization/moving_mean").floatArray) <= roundingOfSums)

        let config = KerasConfig.write(model.graph)
        let again = try KerasConfig.read(JSONParser.parse(config.text), in: context)
        #expect(KerasConfig.write(again) == config)
        #expect(again.slots.map(\.path) == model.graph.slots.map(\.path))
        let record = try trainer.record(in: context)
        let copy = try NetworkModel(record: record, graph: again, in: context)
        #expect(copy.weights.array == trainer.weights.array)
    }

    @Test func aFrozenModelFreezesWhatIsInIt() throws {
        let context = try Fixtures.context()
        let inner = try Fixtures.network([2], [("BatchNormalization", ""), ("Dense", "units=2")], in: context)
        let builder = NetworkBuilder(name: "n", allocator: context.allocator)
        try builder.add("Input", given: [(key: "shape", value: [2])], inputs: nil)
        try builder.add(inner, given: [(key: "trainable", value: false)], inputs: nil)
        try builder.add("Dense", given: [(key: "units", value: 1)], inputs: nil)
        let model = try NetworkModel(initializing: builder.graph(), in: context)
        #expect(model.graph.isSequential)
        #expect(model.graph.slots.filter(\.isTrainable).map(\.path) == ["dense/kernel", "dense/bias"])
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        let before = trainer.weights.array
        let x = try Fixtures.normals([6, 2], seed: 1, in: context)
        try trainer.runForward(Fixtures.dataset(x), training: true, in: context)
        #expect(trainer.weights.array == before)
        // Gradients go through it to the input.
        let cotangent = try Fixtures.normals([6, 1], seed: 1, in: context)
        try trainer.backward(outputGradients: [cotangent.view], wantsInputGradients: true, in: context)
        #expect(try trainer.inputGradient(0).floatArray.contains { $0 != 0 })
    }

    @Test func aModelOfManyCallsWithinManyIsRefused() throws {
        let context = try Fixtures.context()
        var model = try Fixtures.network([1], [("Dense", "units=1")], in: context)
        do throws(ApusError) {
            for _ in 0..<40 {
                let builder = NetworkBuilder(name: "n", allocator: context.allocator)
                try builder.add("Input", given: [(key: "shape", value: [1])], inputs: nil)
                let first = try builder.add(model, given: [], inputs: nil)
                _ = try builder.callAgain(first, inputs: [first])
                model = try NetworkModel(initializing: builder.graph(), in: context)
            }
            Issue.record("2^40 calls were taken")
        } catch { #expect(error.code == .limit, "\(error.message)") }
    }

    @Test func inputsOfANestedModelAreNamed() throws {
        let context = try Fixtures.context()
        let inner = try Fixtures.network([2], [("Dense", "units=2")], in: context)
        let builder = NetworkBuilder(name: "n", allocator: context.allocator)
        try builder.add("Input", given: [(key: "shape", value: [3])], inputs: nil)
        do throws(ApusError) {
            _ = try builder.add(inner, given: [(key: "name", value: "inner")], inputs: nil)
            Issue.record("(3,) was taken for (2,)")
        } catch {
            #expect(error.message.contains("layer 'inner'") && error.message.contains("(2,)") && error.message.contains("(3,)"))
        }
    }
}
