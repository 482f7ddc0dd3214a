import Core
import Networks
import Testing

extension LayerCase {
    static let noise: [LayerCase] = [
        LayerCase(kind: "SpatialDropout1D", inputs: [[3, 5]], parameters: "rate=0.5") { $0.inputs },
        LayerCase(kind: "SpatialDropout2D", inputs: [[3, 2, 4]], parameters: "rate=0.25") { $0.inputs },
        LayerCase(kind: "GaussianDropout", inputs: [[7]], parameters: "rate=0.3") { $0.inputs },
        LayerCase(kind: "AlphaDropout", inputs: [[7]], parameters: "rate=0.3") { $0.inputs },
    ]
}

/// Layers that are the identity except in training.
struct NoiseLayerTests {
    /// Outputs of a pass of training on `x`, and the gradient by `x` for a gradient of ones.
    private func pass(
        _ kind: String, _ parameters: String, _ x: Tensor, threads: Int = 2
    ) throws -> (y: [Float], gradient: [Float]) {
        let context = try Fixtures.context(threads: threads)
        let shape = Array(x.shape.extents.dropFirst())
        let model = try Fixtures.network(shape, [(kind, parameters)], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        try trainer.runForward(Fixtures.dataset(x), training: true, in: context)
        let y = try trainer.output(0).floatArray
        let ones = try Fixtures.tensor(Array(repeating: 1, count: x.count), x.shape.extents, in: context)
        defer { withExtendedLifetime((x, ones)) {} }
        try trainer.backward(outputGradients: [ones.view], wantsInputGradients: true, in: context)
        return (y, try trainer.inputGradient(0).floatArray)
    }

    private func mean(_ values: [Float]) -> Double { values.reduce(0) { $0 + Double($1) } / Double(values.count) }

    @Test(arguments: [("", false), (" data_format=channels_first", true)])
    func spatialDropoutDropsWholeChannels(_ format: String, _ channelsFirst: Bool) throws {
        let context = try Fixtures.context()
        let x = try Fixtures.tensor(Array(repeating: 1, count: 400 * 30), [400, 2, 3, 5], in: context)
        let (y, gradient) = try pass("SpatialDropout2D", "rate=0.25" + format, x)
        #expect(y == gradient)
        let (channels, places, step) = channelsFirst ? (2, 15, 1) : (5, 6, 5)
        var kept = 0
        for row in 0..<400 {
            for channel in 0..<channels {
                let first = row * 30 + (channelsFirst ? channel * 15 : channel)
                let values = Set((0..<places).map { y[first + $0 * step] })
                #expect(values.count == 1)
                kept += values == [0] ? 0 : 1
            }
        }
        let count = Double(400 * channels)
        let (share, deviation) = (Double(kept) / count, (0.25 * 0.75 / count).squareRoot())
        #expect(abs(share - 0.75) < 5 * deviation)
        let isScaled = y.allSatisfy { $0 == 0 || abs($0 - 4.0 / 3) < 1e-6 }
        #expect(isScaled)
    }

    @Test func spatialDropoutOfSequencesIsTheSameAtEachStep() throws {
        let context = try Fixtures.context()
        let x = try Fixtures.tensor(Array(repeating: 1, count: 4000), [50, 8, 10], in: context)
        let (y, _) = try pass("SpatialDropout1D", "rate=0.5", x)
        for row in 0..<50 {
            let first = Array(y[row * 80..<row * 80 + 10])
            for t in 1..<8 { #expect(Array(y[row * 80 + t * 10..<row * 80 + (t + 1) * 10]) == first) }
        }
        #expect(Set(y) == [0, 2])
    }

    @Test func gaussianDropoutHasMeanOneAndItsVariance() throws {
        let context = try Fixtures.context()
        let x = try Fixtures.tensor(Array(repeating: 1, count: 100_000), [1000, 100], in: context)
        let (y, gradient) = try pass("GaussianDropout", "rate=0.2", x)
        #expect(y == gradient)
        // Five standard errors of mean and variance of 100,000 normals of variance 1/4.
        #expect(abs(mean(y) - 1) < 5 * 0.5 / 316)
        let variance = mean(y.map { ($0 - 1) * ($0 - 1) })
        #expect(abs(variance - 0.25) < 5 * 0.25 * 1.42 / 316)
    }

    @Test func alphaDropoutKeepsMeanAndVariance() throws {
        let context = try Fixtures.context()
        let x = try Fixtures.normals([1000, 100], seed: 5, in: context)
        let (y, gradient) = try pass("AlphaDropout", "rate=0.3", x)
        #expect(abs(mean(y)) < 0.02)
        #expect(abs(mean(y.map { $0 * $0 }) - 1) < 0.05)
        // One value for what was dropped, one slope for what was kept.
        #expect(Set(gradient).count == 2 && gradient.contains(0))
        let dropped = Set(zip(y, gradient).filter { $0.1 == 0 }.map(\.0))
        #expect(dropped.count == 1)
        let share = Double(gradient.filter { $0 == 0 }.count) / 100_000
        let deviation = (0.21 / 100_000).squareRoot()
        #expect(abs(share - 0.3) < 5 * deviation)
    }

    @Test(arguments: ["SpatialDropout1D", "GaussianDropout", "AlphaDropout"]) func threadsDoNotChangeTheNoise(_ kind: String) throws {
        let context = try Fixtures.context()
        let x = try Fixtures.normals([300, 30, 7], seed: 6, in: context)
        let one = try pass(kind, "rate=0.3", x, threads: 1)
        for threads in [2, 3, 8] {
            let other = try pass(kind, "rate=0.3", x, threads: threads)
            #expect(other.y == one.y && other.gradient == one.gradient)
        }
    }
}
