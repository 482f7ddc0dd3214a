import Core
import Networks
import Testing

struct GraphTests {
    @Test func theFirstLayerMustBeAnInput() throws {
        let builder = NetworkBuilder(name: "n", allocator: Allocator())
        #expect(throws: ApusError.self) { try builder.add("Dense", given: [(key: "units", value: 3)], inputs: nil) }
        #expect(builder.count == 0)
    }

    @Test func namesAreUniqueAndMadeLikeKeras() throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network([4], [("Dense", "units=3"), ("dense", "units=2"), ("Dense", "units=1 name=last")], in: context)
        #expect(model.graph.slots.map(\.path) == ["dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias", "last/kernel", "last/bias"])
        #expect(throws: ApusError.self) {
            try Fixtures.network([4], [("Dense", "units=3 name=a"), ("Dense", "units=3 name=a")], in: context)
        }
    }

    /// Two outputs from a shared trunk: gradients meet there.
    @Test func gradientsOfBranchesAddUp() throws {
        let context = try Fixtures.context()
        let builder = NetworkBuilder(name: "n", allocator: context.allocator)
        try builder.add("Input", given: [(key: "shape", value: [3])], inputs: nil)
        let trunk = try builder.add("Dense", given: [(key: "units", value: 4), (key: "activation", value: "tanh")], inputs: nil)
        let left = try builder.add("Dense", given: [(key: "units", value: 2), (key: "name", value: "left")], inputs: [trunk])
        let right = try builder.add("Dense", given: [(key: "units", value: 1), (key: "name", value: "right")], inputs: [trunk])
        let model = try NetworkModel(initializing: builder.graph(outputs: [left, right]), in: context)
        let x = try Fixtures.normals([6, 3], seed: 1, in: context)
        let first = try Fixtures.normals([6, 2], seed: 2, in: context)
        let second = try Fixtures.normals([6, 1], seed: 3, in: context)
        let zeroFirst = try Fixtures.tensor(Array(repeating: 0, count: 12), [6, 2], in: context)
        let zeroSecond = try Fixtures.tensor(Array(repeating: 0, count: 6), [6, 1], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        func gradients(_ a: Tensor, _ b: Tensor) throws -> ([Float], [Float]) {
            trainer.zeroGradients()
            try trainer.runForward(Fixtures.dataset(x), training: false, in: context)
            try trainer.backward(outputGradients: [a.view, b.view], wantsInputGradients: true, in: context)
            return (try trainer.gradient("dense/kernel").floatArray, try trainer.inputGradient(0).floatArray)
        }
        let both = try gradients(first, second)
        let one = try gradients(first, zeroSecond)
        let two = try gradients(zeroFirst, second)
        #expect(largestError(both.0, zip(one.0, two.0).map(+)) <= roundingOfSums)
        #expect(largestError(both.1, zip(one.1, two.1).map(+)) <= roundingOfSums)

        let config = KerasConfig.write(model.graph)
        let again = try KerasConfig.read(config, in: context)
        #expect(!again.isSequential && again.outputs.count == 2)
        #expect(KerasConfig.write(again) == config)
    }

    @Test(arguments: [
        "{}", "{\"class_name\": \"Sequential\", \"config\": {}}",
        "{\"class_name\": \"Sequential\", \"config\": {\"layers\": [{\"class_name\": \"Lambda\", \"config\": {\"name\": \"l\"}}]}}",
        "{\"class_name\": \"Functional\", \"config\": {\"layers\": [{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 2}, \"inbound_nodes\": [[[\"d\", 0, 0, {}]]]}], \"input_layers\": [], \"output_layers\": [[\"d\", 0, 0]]}}",
        "{\"class_name\": \"Sequential\", \"config\": {\"layers\": [{\"class_name\": \"InputLayer\", \"config\": {\"name\": \"i\", \"batch_shape\": [null, -4]}}]}}",
        "{\"class_name\": \"Sequential\", \"config\": {\"layers\": [{\"class_name\": \"InputLayer\", \"config\": {\"name\": \"i\", \"batch_shape\": [null, 4]}}, {\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 1e300}}]}}",
    ])
    func contradictoryConfigurationsAreRefused(_ text: String) throws {
        let context = try Fixtures.context()
        let json = try JSONParser.parse(text)
        #expect(throws: ApusError.self) { try KerasConfig.read(json, in: context) }
    }

    /// What a file says of regularizers and constraints that are not known is kept for the next file, and training with it
    /// is refused.
    @Test func unknownRegularizersAreKeptAndNotTrained() throws {
        let context = try Fixtures.context()
        let text = #"""
            {"class_name": "Sequential", "config": {"name": "s", "layers": [
              {"class_name": "InputLayer", "config": {"name": "i", "batch_shape": [null, 4]}},
              {"class_name": "Dense", "config": {"name": "d", "units": 2, "kernel_regularizer":
                {"module": "keras.regularizers", "class_name": "L7", "config": {"l7": 0.01}, "registered_name": null}}}]}}
            """#
        let graph = try KerasConfig.read(JSONParser.parse(text), in: context)
        let dense = try #require(KerasConfig.write(graph)["config"]?["layers"]?.arrayValue?[1]["config"])
        #expect(dense["kernel_regularizer"] == ["class_name": "L7", "config": ["l7": 0.01]])
        #expect(dense["bias_regularizer"] == .null)
        let model = try NetworkModel(initializing: graph, in: context)
        #expect(throws: ApusError.self) { try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context) }
    }
}
