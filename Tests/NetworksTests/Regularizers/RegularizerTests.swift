import Core
import Networks
import Testing

struct RegularizerTests {
    private static let kernel: [Float] = [1, -2, 0.5, 3, 0, -1]

    /// A 3 x 2 kernel under a penalty and the trainer of its network.
    private static func trainer(_ regularizer: String, in context: Context) throws -> Trainer {
        let model = try Fixtures.network(
            [3], [("Dense", "units=2 use_bias=false kernel_regularizer=\(regularizer)")], in: context)
        let weight = try Fixtures.tensor(kernel, [3, 2], in: context)
        try model.set("dense/kernel", to: weight.view, in: context)
        withExtendedLifetime(weight) {}
        return try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
    }

    private static let penalties: [(text: String, penalty: Double)] = {
        // Cosines of the rows (1, -2), (0.5, 3), (0, -1).
        let cosines: [Double] = [5.5 / 46.25.squareRoot(), 2 / 5.0.squareRoot(), 3 / 9.25.squareRoot()]
        return [
            ("l1", 0.075), ("l2", 0.1525), ("l1_l2", 0),
            (#"{"class_name":"L1","config":{"l1":0.5}}"#, 3.75),
            (#"{"module":"keras.regularizers","class_name":"L1L2","config":{"l1":0.1,"l2":0.2},"registered_name":null}"#, 3.8),
            ("orthogonal_regularizer", 0.01 * cosines.reduce(0, +) / 3),
        ]
    }()

    @Test(arguments: penalties)
    func penaltiesArePartOfTheLoss(_ item: (text: String, penalty: Double)) throws {
        let context = try Fixtures.context()
        let trainer = try Self.trainer(item.text, in: context)
        let x = try Fixtures.tensor([0, 0, 0], [1, 3], in: context)
        let y = try Fixtures.tensor([0, 0], [1, 2], in: context)
        #expect(abs(try trainer.evaluate(Fixtures.dataset(x, y), batchSize: 1, in: context)[0] - item.penalty) < 1e-6)
    }

    /// Gradients of penalties against central differences.
    @Test(arguments: [
        "l1", "l2", #"{"class_name":"L1L2","config":{"l1":0.1,"l2":0.2}}"#, "orthogonal",
        #"{"class_name":"OrthogonalRegularizer","config":{"factor":0.5,"mode":"columns"}}"#,
    ])
    func gradientsAreThoseOfThePenalty(_ text: String) throws {
        let regularizer = try #require(
            try RegularizerCatalog.make(text.hasPrefix("{") ? JSONParser.parse(text) : .string(text)))
        let shape = Shape(3, 2)
        var gradient = [Float](repeating: 1, count: 6)
        regularizer.addGradient(Self.kernel, shape, scale: 2, to: &gradient)
        for index in 0..<6 where Self.kernel[index] != 0 {
            var (above, below) = (Self.kernel, Self.kernel)
            above[index] += 1e-2
            below[index] -= 1e-2
            let numeric = (regularizer.penalty(above, shape) - regularizer.penalty(below, shape)) / 2e-2
            #expect(abs(Double(gradient[index]) - 1 - 2 * numeric) < 2e-3, "\(index)")
        }
    }

    /// One step of gradient descent without data: w - rate * slope.
    @Test func aStepFollowsThePenalty() throws {
        let context = try Fixtures.context()
        let trainer = try Self.trainer("l2", in: context)
        let x = try Fixtures.tensor([0, 0, 0], [1, 3], in: context)
        let y = try Fixtures.tensor([0, 0], [1, 2], in: context)
        _ = try trainer.step(Fixtures.dataset(x, y), in: context)
        let expected = Self.kernel.map { $0 - 0.01 * 0.02 * $0 }
        #expect(largestError(try trainer.weight("dense/kernel").floatArray, expected) < 1e-6)
    }

    @Test func aFrozenWeightHasNoPenalty() throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network(
            [3], [("Dense", "units=2 use_bias=false kernel_regularizer=l2 trainable=false")], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        let x = try Fixtures.tensor([0, 0, 0], [1, 3], in: context)
        let y = try Fixtures.tensor([0, 0], [1, 2], in: context)
        #expect(try trainer.evaluate(Fixtures.dataset(x, y), batchSize: 1, in: context)[0] == 0)
    }

    @Test func configurationsComeBack() throws {
        let context = try Fixtures.context()
        let text = [
            #"kernel_regularizer={"class_name":"L1","config":{"l1":0.25}} bias_regularizer=l2 activity_regularizer=l1"#,
            #"kernel_constraint=non_neg bias_constraint={"class_name":"MaxNorm","config":{"max_value":3}}"#,
        ].joined(separator: " ")
        let model = try Fixtures.network([3], [("Dense", "units=2 " + text)], in: context)
        let config = KerasConfig.write(model.graph)
        let dense = try #require(config["config"]?["layers"]?.arrayValue?[1]["config"])
        #expect(dense["kernel_regularizer"] == ["class_name": "L1", "config": ["l1": 0.25]])
        #expect(dense["bias_constraint"]?["config"]?["max_value"] == 3)
        #expect(KerasConfig.write(try KerasConfig.read(config, in: context)) == config)
    }

    @Test(arguments: ["l7", #"{"class_name":"L2","config":{"l1":0.1}}"#, "3"])
    func whatIsNoRegularizerIsRefused(_ text: String) throws {
        #expect(throws: ApusError.self) { try Self.trainer(text, in: Fixtures.context()) }
    }

    @Test func anOrthogonalBiasIsRefused() throws {
        do throws(ApusError) {
            _ = try NetworkBuilderOf.dense("bias_regularizer=orthogonal")
            Issue.record("a vector was made orthogonal")
        } catch { #expect(error.message.contains("layer 'dense'") && error.message.contains("bias"), "\(error.message)") }
    }
}

enum NetworkBuilderOf {
    /// A graph of one Dense layer.
    static func dense(_ parameters: String) throws(ApusError) -> NetworkGraph {
        let builder = NetworkBuilder(name: "n", allocator: Allocator())
        try builder.add("Input", given: [(key: "shape", value: [3])], inputs: nil)
        try builder.add("Dense", given: ParameterText.parse("units=2 " + parameters, for: "Dense"), inputs: nil)
        return try builder.graph()
    }
}
