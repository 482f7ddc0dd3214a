import Core
import Networks
import Testing

struct LivePlacesTests {
    @Test func placesInUseDoNotOverlap() {
        let random = Philox(seed: 5, stream: 1)
        var places = LivePlaces()
        var held: [(place: Int, count: Int)] = []
        var most = 0
        for turn in 0..<4000 {
            let bits = random.bits64(UInt64(turn))
            if held.isEmpty || bits % 5 < 3, held.count < 40 {
                let count = Int(bits >> 8 % 7) * 16
                let place = places.take(count)
                #expect(place >= 0 && place % 16 == 0 && place + count <= places.size)
                #expect(held.allSatisfy { place + count <= $0.place || $0.place + $0.count <= place || count == 0 })
                if count > 0 { held.append((place, count)) }
            } else if !held.isEmpty {
                let item = held.remove(at: Int(bits >> 16 % UInt64(held.count)))
                places.leave(item.place, item.count)
            }
            most = max(most, held.reduce(0) { $0 + $1.count })
        }
        #expect(places.size >= most && places.size <= 2 * most)
        for item in held { places.leave(item.place, item.count) }
        let size = places.size
        #expect(places.take(size) == 0 && places.size == size)
    }

    @Test func neighboursThatAreFreeBecomeOne() {
        var places = LivePlaces()
        let starts = [places.take(32), places.take(16), places.take(48)]
        #expect(starts == [0, 32, 48] && places.size == 96)
        places.leave(0, 32)
        places.leave(48, 48)
        places.leave(32, 16)
        #expect(places.take(96) == 0 && places.size == 96)
        places.leave(0, 96)
        // What is free at the end grows.
        #expect(places.take(128) == 0 && places.size == 128)
    }

    /// Of twenty layers one after the other, two gradients are needed at a time.
    @Test func aDeepNetworkKeepsFewGradients() throws {
        let context = try Fixtures.context()
        let layers = (0..<20).map { _ in ("Dense", "units=64 activation=relu") }
        let model = try Fixtures.network([64], layers, in: context)
        let program = try Program(model.graph, inputShapes: [Shape(64)])
        let plan = try Plan(program, rows: 512, training: true, in: context)
        let outputs = 21 * 64 * 512 * 4
        #expect(plan.bytes > outputs && plan.bytes < outputs + 6 * 64 * 512 * 4)
    }

    /// Of twenty layers one after the other, two values are there at a time in a plan for inference.
    @Test func inferenceKeepsFewValues() throws {
        let context = try Fixtures.context()
        let layers = (0..<20).map { _ in ("Dense", "units=64 activation=relu") }
        let model = try Fixtures.network([64], layers, in: context)
        let program = try Program(model.graph, inputShapes: [Shape(64)])
        let plan = try Plan(program, rows: 512, training: false, in: context)
        #expect(plan.bytes < 4 * 64 * 512 * 4)
    }

    /// Values that are read late, through views, by several readers and as outputs are there until then.
    @Test func inferenceGivesWhatATrainerGives() throws {
        let context = try Fixtures.context()
        let builder = NetworkBuilder(name: "n", allocator: context.allocator)
        func add(_ kind: String, _ parameters: String, _ inputs: [Int]) throws -> Int {
            try builder.add(kind, given: ParameterText.parse(parameters, for: kind), inputs: inputs)
        }
        let input = try add("Input", "shape=[4,6]", [])
        let idle = try add("Identity", "name=same", [input])
        let first = try add("Dense", "units=8 activation=tanh", [idle])
        let flat = try add("Flatten", "", [first])
        let second = try add("Dense", "units=32 activation=relu", [flat])
        let third = try add("Dense", "units=16", [second])
        let fourth = try add("Dense", "units=32", [third])
        let sum = try add("Add", "", [fourth, flat])
        let shaped = try add("Reshape", "target_shape=[4,8]", [sum])
        let last = try add("Concatenate", "", [shaped, input])
        let model = try NetworkModel(initializing: builder.graph(outputs: [last, second, flat, idle]), in: context)
        let x = try Fixtures.normals([5, 4, 6], seed: 1, in: context)
        defer { withExtendedLifetime(x) {} }
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        try trainer.runForward(Fixtures.dataset(x), training: false, in: context)
        let session = try Session(model, maximumRows: 5, in: context)
        for _ in 0..<2 {
            try session.load(x.view, 0)
            session.run(rows: 5, in: context)
            for index in 0..<4 {
                let expected = try trainer.output(index)
                let out = try Tensor(.float32, expected.shape, in: context.allocator)
                try session.store(index, into: out.view)
                #expect(try out.floatArray == expected.floatArray)
            }
        }
    }
}
