import Core
import Networks
import Testing

/// One network of several.
struct EnsembleTests {
    private static func ensemble(
        _ models: [NetworkModel], _ parameters: String = "", in context: Context
    ) throws(ApusError) -> NetworkModel {
        try Ensemble.model(
            of: models, Parameters(kind: "ensemble", specs: Ensemble.specs, text: parameters), in: context)
    }

    private static func classifier(_ hidden: Int = 6, in context: Context) throws -> NetworkModel {
        try Fixtures.network(
            [4],
            [
                ("Dense", "units=\(hidden) activation=tanh"), ("BatchNormalization", ""),
                ("Dense", "units=3 activation=softmax"),
            ], in: context)
    }

    private static func outputs(_ model: NetworkModel, _ x: Tensor, in context: Context) throws -> [Float] {
        let session = try Session(model, maximumRows: x.shape[0], in: context)
        try session.checkInput(x.view, 0)
        try session.load(x.view, 0)
        session.run(rows: x.shape[0], in: context)
        let out = try Tensor(
            .float32, session.outputShape(0).prefixed(by: x.shape[0]), in: context.allocator)
        try session.store(0, into: out.view)
        return out.floatArray
    }

    @Test func theMeanIsThatOfTheOutputsAndNamesAreUnique() throws {
        let context = try Fixtures.context()
        let models = try [6, 6, 9].map { try Self.classifier($0, in: context) }
        let x = try Fixtures.normals([20, 4], seed: 5, in: context)
        let parts = try models.map { try Self.outputs($0, x, in: context) }
        let mean = try Self.ensemble(models, in: context)
        #expect(mean.graph.name == "ensemble")
        #expect(mean.graph.layers.map(\.name) == ["input_layer", "test", "test_1", "test_2", "average"])
        #expect(mean.graph.slots.contains { $0.path == "test_2/dense_1/kernel" })
        let expected = parts[0].indices.map { (parts[0][$0] + parts[1][$0] + parts[2][$0]) / 3 }
        #expect(largestError(try Self.outputs(mean, x, in: context), expected) <= roundingOfSums)

        let weighted = try Self.ensemble(models, "weights=[3,0,1] name=w", in: context)
        #expect(weighted.graph.name == "w")
        let shares = parts[0].indices.map { 0.75 * parts[0][$0] + 0.25 * parts[2][$0] }
        #expect(largestError(try Self.outputs(weighted, x, in: context), shares) <= roundingOfSums)

        // One model alone is itself.
        let one = try Self.outputs(Self.ensemble([models[0]], in: context), x, in: context)
        #expect(one == parts[0])
    }

    @Test func theMajorityIsTheShareOfVotes() throws {
        let context = try Fixtures.context()
        let models = try (0..<5).map { _ in try Self.classifier(in: context) }
        let x = try Fixtures.normals([40, 4], seed: 6, in: context)
        let votes = try models.map { model in
            let y = try Self.outputs(model, x, in: context)
            return (0..<40).map { row in (0..<3).max { y[3 * row + $0] < y[3 * row + $1] } ?? 0 }
        }
        let model = try Self.ensemble(models, "vote=hard", in: context)
        let shares = try Self.outputs(model, x, in: context)
        for row in 0..<40 {
            for number in 0..<3 {
                let count = votes.filter { $0[row] == number }.count
                #expect(abs(shares[3 * row + number] - Float(count) / 5) < 1e-6)
            }
        }
        let again = try KerasConfig.read(JSONParser.parse(KerasConfig.write(model.graph).text), in: context)
        let record = try model.record(in: context)
        let copy = try NetworkModel(record: record, graph: again, in: context)
        #expect(try Self.outputs(copy, x, in: context) == shares)
    }

    @Test func anEnsembleTrainsOnAndTheMembersStay() throws {
        let context = try Fixtures.context()
        let models = try (0..<2).map { _ in try Self.classifier(in: context) }
        let before = models.map(\.weights.array)
        let model = try Self.ensemble(models, in: context)
        let x = try Fixtures.normals([30, 4], seed: 7, in: context)
        let y = try Fixtures.labels([30], classes: 3, seed: 8, in: context)
        let trainer = try Fixtures.trainer(
            model, "loss=sparse_categorical_crossentropy optimizer=adam metrics=accuracy", in: context)
        defer { withExtendedLifetime((x, y)) {} }
        let data = try Fixtures.dataset(x, y)
        let first = try trainer.evaluate(data, batchSize: 8, in: context)[0]
        for _ in 0..<50 { _ = try trainer.step(data, in: context) }
        #expect(try trainer.evaluate(data, batchSize: 8, in: context)[0] < first)
        #expect(models.map(\.weights.array) == before)
    }

    @Test func weightsAreAveragedInOneNetwork() throws {
        let context = try Fixtures.context(threads: 2)
        let models = try (0..<3).map { _ in try Self.classifier(in: context) }
        let model = try Self.ensemble(models, "how=weights weights=[1,1,2]", in: context)
        #expect(model.graph.name == "test")
        for slot in model.graph.slots {
            let parts = models.map { NetworkModel.view(slot, in: $0.weights).floatArray }
            let expected = parts[0].indices.map { (parts[0][$0] + parts[1][$0] + 2 * parts[2][$0]) / 4 }
            #expect(largestError(NetworkModel.view(slot, in: model.weights).floatArray, expected) <= roundingOfSums)
        }
        // The average of equal weights is exactly these.
        let same = try Self.ensemble([models[0], models[0], models[0]], "how=weights", in: context)
        #expect(same.weights.array == models[0].weights.array)
    }

    @Test func aFrozenMemberHasItsWeightsElsewhereAndCountsTheSame() throws {
        let context = try Fixtures.context()
        let free = try Fixtures.network([2], [("Dense", "units=2 name=a"), ("Dense", "units=1 name=b")], in: context)
        let frozen = try Fixtures.network(
            [2], [("Dense", "units=2 name=c trainable=false"), ("Dense", "units=1 name=d")], in: context)
        let model = try Self.ensemble([free, frozen], "how=weights", in: context)
        let (a, c) = try (free.graph.slot("a/kernel"), frozen.graph.slot("c/kernel"))
        let expected = zip(
            NetworkModel.view(a, in: free.weights).floatArray, NetworkModel.view(c, in: frozen.weights).floatArray
        ).map { ($0 + $1) / 2 }
        #expect(NetworkModel.view(try model.graph.slot("a/kernel"), in: model.weights).floatArray == expected)
    }

    @Test func whatDoesNotFitIsNamedWithItsModel() throws {
        let context = try Fixtures.context()
        let model = try Self.classifier(in: context)
        func refusal(_ models: [NetworkModel], _ parameters: String = "") -> String {
            do throws(ApusError) {
                _ = try Self.ensemble(models, parameters, in: context)
                return "taken"
            } catch { return error.message }
        }
        let narrow = try Fixtures.network([3], [("Dense", "units=3")], in: context)
        #expect(refusal([model, model, narrow]).contains("input 0 of models[2] must have shape (4,)"))
        let short = try Fixtures.network([4], [("Dense", "units=2")], in: context)
        #expect(refusal([model, short]).contains("output 0 of models[1] must have shape (3,)"))
        #expect(refusal([]).contains("at least 1"))
        #expect(refusal([model], "weights=[1,2]").contains("one for each of 1 models, got 2"))
        #expect(refusal([model, model], "weights=[0,0]").contains("The weights of ensemble must be"))
        #expect(refusal([model], "vote=plurality").contains("vote"))
        #expect(refusal([model], "how=weights vote=hard").contains("has no vote=hard"))
        let other = try Self.classifier(7, in: context)
        let architecture = refusal([model, other], "how=weights")
        #expect(architecture.contains("models[1] must have the architecture of models[0]: units"))
        let flat = try Fixtures.network([4], [("Dense", "units=3 activation=softmax")], in: context)
        #expect(refusal([model, flat], "how=weights").contains("layers"))
        let bent = try Fixtures.network(
            [4],
            [
                ("Dense", "units=6 activation=relu"), ("BatchNormalization", ""),
                ("Dense", "units=3 activation=softmax"),
            ], in: context)
        #expect(refusal([model, bent], "how=weights").contains("activation of layer 'dense'"))
    }
}
