import Core
import Networks
import Testing

extension LayerCase {
    /// (shape of a row, parameters, which number of the mean each element has, mean and variance given)
    static let normalization: [LayerCase] = [
        normalization([5], "", { $0 }), normalization([3, 4], "", { $0 % 4 }),
        normalization([3, 4], "axis=1", { $0 / 4 }),
        normalization([3, 4], "axis=[1,2] invert=true", { $0 }), normalization([3, 4], "axis=null", { _ in 0 }),
        normalization([2, 3, 4], "axis=[1,-1]", { $0 / 12 * 4 + $0 % 4 }),
        normalization([3], "mean=[1,2,3] variance=[4,0.25,1]", { $0 }, [1, 2, 3], [4, 0.25, 1]),
        normalization([2, 3], "mean=0.5 variance=4 invert=true", { _ in 0 }, [0.5], [4]),
        normalization([3, 2], "axis=[1,2] mean=[[1],[2],[3]] variance=[[4],[9],[1]]", { $0 / 2 }, [1, 2, 3], [4, 9, 1]),
        normalization([3, 2], "axis=[1,2] mean=[5,6] variance=[4,9]", { $0 % 2 }, [5, 6], [4, 9]),
        LayerCase(kind: "Normalization", inputs: [[4, 3]], masked: true) { r in
            let deviations = r.weights[1].map { $0.squareRoot() }
            return [
                r.inputs[0].enumerated().map { ($0.element - r.weights[0][$0.offset % 3]) / deviations[$0.offset % 3] }
            ]
        },
    ]

    private static func normalization(
        _ shape: [Int], _ parameters: String, _ place: @escaping @Sendable (Int) -> Int, _ mean: [Double]? = nil,
        _ variance: [Double]? = nil
    ) -> LayerCase {
        LayerCase(kind: "Normalization", inputs: [shape], parameters: parameters) { r in
            let (means, variances) = (mean ?? r.weights[0], variance ?? r.weights[1])
            let inverts = parameters.contains("invert")
            return [
                r.inputs[0].enumerated().map { index, x in
                    let own = place(index % r.count())
                    let deviation = max(variances[own].squareRoot(), 1e-7)
                    return inverts ? means[own] + x * deviation : (x - means[own]) / deviation
                }
            ]
        }
    }
}

struct NormalizationTests {
    @Test func whatDoesNotFitIsRefusedByName() throws {
        for (parameters, part) in [
            ("mean=1", "must be given together"), ("mean=[1,2] variance=1", "must have one shape"),
            ("mean=[1,2] variance=[1,1]", "a mean of shape [2]"), ("mean=1 variance=-1", "must be numbers >= 0"),
            ("axis=3", "no axis 3"), ("axis=0", "none of them 0"), ("mean=[[1],[2,3]] variance=1", "arrays of them"),
        ] {
            let message = try #require(try Fixtures.refusal("Normalization", parameters, [[3]]), "\(parameters)")
            #expect(message.contains(part), "\(message)")
        }
    }

    /// A constant feature does not divide by zero, as in Keras.
    @Test func aVarianceOfZeroCountsAsSmall() throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network([2], [("Normalization", "mean=[1,1] variance=[0,4]")], in: context)
        let x = try Fixtures.tensor([1, 1, 2, 3], [2, 2], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        try trainer.runForward(Fixtures.dataset(x), training: false, in: context)
        defer { withExtendedLifetime(x) {} }
        let y = try trainer.output(0).floatArray
        #expect(y[0] == 0 && y[1] == 0 && abs(y[2] - 1e7) <= 1 && y[3] == 1)
    }

    /// A session makes mean and deviation once, and anew for other extents.
    @Test func extentsOfEachBatchGoThroughOneSession() throws {
        let context = try Fixtures.context()
        let builder = NetworkBuilder(name: "n", allocator: context.allocator)
        try builder.add("Input", given: [(key: "shape", value: [.null, 2])], inputs: nil)
        try builder.add("Normalization", given: ParameterText.parse("mean=[1,2] variance=[1,4]", for: "n"), inputs: nil)
        let model = try NetworkModel(initializing: builder.graph(), in: context)
        let session = try Session(model, maximumRows: 1, in: context)
        for steps in [1, 3, 2, 3] {
            let x = try Fixtures.tensor((0..<2 * steps).map { $0 % 2 == 0 ? 2 : 6 }, [1, steps, 2], in: context)
            try session.checkInput(x.view, 0)
            try session.prepare(in: context)
            try session.load(x.view, 0)
            session.run(rows: 1, in: context)
            let out = try Tensor(.float32, Shape([1, steps, 2]), in: context.allocator)
            try session.store(0, into: out.view)
            #expect(out.floatArray == (0..<2 * steps).map { $0 % 2 == 0 ? 1 : 2 })
        }
    }
}
