import Core
import Networks
import Testing

/// Inputs with extents that each batch has of its own.
struct UnknownExtentTests {
    private static func model(in context: Context) throws -> NetworkModel {
        let builder = NetworkBuilder(name: "n", allocator: context.allocator)
        try builder.add("Input", given: [(key: "shape", value: [.null, 3])], inputs: nil)
        try builder.add("Masking", given: [], inputs: nil)
        try builder.add("Dense", given: [(key: "units", value: 4), (key: "activation", value: "tanh")], inputs: nil)
        try builder.add("GlobalAveragePooling1D", given: [], inputs: nil)
        try builder.add("Dense", given: [(key: "units", value: 1)], inputs: nil)
        return try NetworkModel(initializing: builder.graph(), in: context)
    }

    /// Steps of zeros after the end change nothing, in one session for both lengths.
    @Test func aSessionTakesSequencesOfAnyLength() throws {
        let context = try Fixtures.context()
        let model = try Self.model(in: context)
        #expect(model.graph.values.map(\.shape.description) == ["(any, 3)", "(any, 3)", "(any, 4)", "(4,)", "(1,)"])
        let session = try Session(model, maximumRows: 4, in: context)
        func run(_ x: Tensor) throws -> [Float] {
            try session.checkInput(x.view, 0)
            try session.prepare(in: context)
            try session.load(x.view, 0)
            session.run(rows: 4, in: context)
            let out = try Tensor(.float32, session.outputShape(0).prefixed(by: 4), in: context.allocator)
            try session.store(0, into: out.view)
            return out.floatArray
        }
        for steps in [2, 5, 2, 7, 3, 9, 4, 5] {
            let short = try Fixtures.normals([4, steps, 3], seed: 1, in: context)
            let long = try Tensor(.float32, Shape(4, steps + 3, 3), in: context.allocator)
            for row in 0..<4 {
                for index in 0..<(steps + 3) * 3 {
                    long.floats[row * (steps + 3) * 3 + index] = index < steps * 3 ? short.floats[row * steps * 3 + index] : 0
                }
            }
            #expect(largestError(try run(short), try run(long)) <= roundingOfSums)
        }
        let wrong = try Fixtures.normals([4, 2, 2], seed: 1, in: context)
        do throws(ApusError) {
            try session.checkInput(wrong.view, 0)
            Issue.record("two features were taken for three")
        } catch { #expect(error.message.contains("(rows, any, 3)"), "\(error.message)") }
    }

    @Test func aTrainerTakesBatchesOfAnyLength() throws {
        let context = try Fixtures.context()
        let trainer = try Fixtures.trainer(Self.model(in: context), "loss=mse optimizer=adam", in: context)
        let y = try Fixtures.normals([8, 1], seed: 2, in: context)
        for steps in [3, 6, 1, 8, 5, 2, 3] {
            let x = try Fixtures.normals([8, steps, 3], seed: UInt64(steps), in: context)
            #expect(try trainer.step(Fixtures.dataset(x, y), in: context).isFinite)
        }
        var plan = FitPlan()
        plan.epochs = 2
        let (x, v) = (try Fixtures.normals([8, 4, 3], seed: 1, in: context), try Fixtures.normals([8, 6, 3], seed: 1, in: context))
        try trainer.fit(Fixtures.dataset(x, y), validation: Fixtures.dataset(v, y), plan: plan, progress: nil, in: context)
        #expect(trainer.state.history.map(\.name) == ["loss", "val_loss"])
    }

    @Test func aWeightWhoseShapeIsNotKnownIsRefused() throws {
        let context = try Fixtures.context()
        let builder = NetworkBuilder(name: "n", allocator: context.allocator)
        try builder.add("Input", given: [(key: "shape", value: [.null, 3])], inputs: nil)
        try builder.add("Flatten", given: [], inputs: nil)
        try builder.add("Dense", given: [(key: "units", value: 4)], inputs: nil)
        do throws(ApusError) {
            _ = try builder.graph()
            Issue.record("a kernel of unknown size was made")
        } catch { #expect(error.message.contains("layer 'dense'") && error.message.contains("kernel"), "\(error.message)") }
    }

    @Test func inputsThatDoNotGoTogetherAreNamedWhenTheyCome() throws {
        let context = try Fixtures.context()
        let builder = NetworkBuilder(name: "n", allocator: context.allocator)
        let a = try builder.add("Input", given: [(key: "shape", value: [.null, 3])], inputs: nil)
        let b = try builder.add("Input", given: [(key: "shape", value: [.null, 3])], inputs: nil)
        try builder.add("Add", given: [], inputs: [a, b])
        let model = try NetworkModel(initializing: builder.graph(), in: context)
        let session = try Session(model, maximumRows: 2, in: context)
        let (x, y) = (try Fixtures.normals([2, 4, 3], seed: 1, in: context), try Fixtures.normals([2, 5, 3], seed: 1, in: context))
        try session.checkInput(x.view, 0)
        try session.checkInput(y.view, 1)
        do throws(ApusError) {
            try session.prepare(in: context)
            Issue.record("4 and 5 steps were added")
        } catch { #expect(error.message.contains("layer 'add'") && error.message.contains("(4, 3), (5, 3)"), "\(error.message)") }
    }
}
