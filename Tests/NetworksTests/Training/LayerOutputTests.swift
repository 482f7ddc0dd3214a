import Core
import Networks
import Testing

/// What layers gave, by their names.
struct LayerOutputTests {
    @Test func everyLayerOfAChainCanBeSeen() throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network(
            [2], [("Dense", "units=3 kernel_initializer=ones"), ("ReLU", "name=bend"), ("Dense", "units=1")], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        let x = try Fixtures.tensor([1, 2, -3, 1], [2, 2], in: context)
        defer { withExtendedLifetime(x) {} }
        try trainer.runForward(Fixtures.dataset(x), training: false, in: context)
        let input = model.graph.layer(of: model.graph.inputs[0]).name
        #expect(try trainer.layerOutput(input, call: 0, output: 0).floatArray == [1, 2, -3, 1])
        #expect(try trainer.layerOutput("dense", call: 0, output: 0).floatArray == [3, 3, 3, -2, -2, -2])
        #expect(try trainer.layerOutput("bend", call: 0, output: 0).floatArray == [3, 3, 3, 0, 0, 0])
        let last = try trainer.layerOutput("dense_1", call: 0, output: 0)
        #expect(try last.floatArray == trainer.output(0).floatArray && last.shape == Shape(2, 1))
    }

    @Test func sharedLayersAndThoseWithinOthersHaveTheirPlaces() throws {
        let context = try Fixtures.context()
        let inner = try Fixtures.network([2], [("Dense", "units=2 kernel_initializer=ones name=d")], in: context)
        let builder = NetworkBuilder(name: "n", allocator: context.allocator)
        let a = try builder.add("Input", given: [(key: "shape", value: [2])], inputs: nil)
        let shared = try builder.add(inner, given: [(key: "name", value: "encoder")], inputs: [a])
        let again = try builder.callAgain(shared, inputs: [shared])
        let rows = try builder.add("Reshape", given: [(key: "target_shape", value: [2, 1])], inputs: [again])
        try builder.add(
            "TimeDistributed", given: ParameterText.parse("layer=Flatten name=steps", for: "TimeDistributed"), inputs: [rows])
        let model = try NetworkModel(initializing: builder.graph(), in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        let x = try Fixtures.tensor([1, 2], [1, 2], in: context)
        defer { withExtendedLifetime(x) {} }
        try trainer.runForward(Fixtures.dataset(x), training: true, in: context)
        #expect(try trainer.layerOutput("encoder/d", call: 0, output: 0).floatArray == [3, 3])
        #expect(try trainer.layerOutput("encoder", call: 1, output: 0).floatArray == [6, 6])
        #expect(try trainer.layerOutput("steps", call: 0, output: 0).shape == Shape(1, 2, 1))
        #expect(try trainer.layerOutput("steps/flatten", call: 0, output: 0).shape == Shape(2, 1))
    }

    @Test func whatThereIsNotIsNamed() throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network([2], [("Dense", "units=3")], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        func message(_ layer: String, _ call: Int, _ output: Int) -> String {
            do throws(ApusError) {
                _ = try trainer.layerOutput(layer, call: call, output: output)
                return ""
            } catch { return error.message }
        }
        #expect(message("dense", 0, 0).contains("call forward first"))
        let x = try Fixtures.normals([1, 2], seed: 1, in: context)
        defer { withExtendedLifetime(x) {} }
        try trainer.runForward(Fixtures.dataset(x), training: false, in: context)
        #expect(message("dens", 0, 0).contains("no layer 'dens'") && message("dens", 0, 0).contains("dense"))
        #expect(message("dense", 1, 0).contains("called 1 times, got call 1"))
        #expect(message("dense", -1, 0).contains("got call -1"))
        #expect(message("dense", 0, 1).contains("1 outputs, got output 1"))
    }
}
