import Core
import Networks
import Testing

extension LayerCase {
    static let shaping: [LayerCase] = [
        LayerCase(kind: "RepeatVector", inputs: [[3]], parameters: "n=4") { r in
            var y: [Double] = []
            for row in 0..<r.rows {
                for _ in 0..<4 { y += r.inputs[0][row * 3..<row * 3 + 3] }
            }
            return [y]
        },
        LayerCase(kind: "Permute", inputs: [[3, 4]], parameters: "dims=[2,1]") { r in
            var y: [Double] = []
            for row in 0..<r.rows {
                for i in 0..<4 {
                    for j in 0..<3 { y.append(r.inputs[0][row * 12 + j * 4 + i]) }
                }
            }
            return [y]
        },
        LayerCase(kind: "Permute", inputs: [[2, 3, 5]], parameters: "dims=[3,1,2]") { r in
            var y: [Double] = []
            for row in 0..<r.rows {
                for i in 0..<5 {
                    for j in 0..<2 {
                        for k in 0..<3 { y.append(r.inputs[0][row * 30 + j * 15 + k * 5 + i]) }
                    }
                }
            }
            return [y]
        },
        LayerCase(kind: "GaussianNoise", inputs: [[6]], parameters: "stddev=0.5") { $0.inputs },
    ]
}

struct ShapeLayerTests {
    @Test(arguments: ["dims=[1,1]", "dims=[1,3]", "dims=[1,2,3]"]) func permutesOnlyItsAxes(_ parameters: String) throws {
        let context = try Fixtures.context()
        #expect(throws: ApusError.self) { try Fixtures.network([4, 2], [("Permute", parameters)], in: context) }
    }

    @Test func noiseHasTheDeviationThatItSays() throws {
        let context = try Fixtures.context(threads: 2)
        let model = try Fixtures.network([100], [("GaussianNoise", "stddev=0.5")], in: context)
        let x = try Fixtures.tensor(Array(repeating: 1, count: 100_000), [1000, 100], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        defer { withExtendedLifetime(x) {} }
        try trainer.runForward(Fixtures.dataset(x), training: true, in: context)
        let noise = try trainer.output(0).floatArray.map { Double($0) - 1 }
        let mean = noise.reduce(0, +) / 100_000
        let variance = noise.reduce(0) { $0 + $1 * $1 } / 100_000
        // Five standard deviations of the mean and of the variance of 100,000 draws.
        #expect(abs(mean) < 5 * 0.5 / 100_000.0.squareRoot())
        #expect(abs(variance - 0.25) < 5 * 0.25 * (2 / 100_000.0).squareRoot())
    }
}
