import Core
import Foundation
import Networks
import Testing

/// Sequences of steps, distributions, and what is refused.
struct AugmenterTests {
    let f: Picturing

    init() throws { f = try Picturing() }

    @Test func stepsAreTextOrJSON() throws {
        let text = try Augmenter(" random_flip mode=horizontal ;RandomRotation factor=0.1 fill_mode=wrap; ")
        let json = try Augmenter(
            """
            [{"class_name": "RandomFlip", "config": {"mode": "horizontal"}},
             {"class_name": "RandomRotation", "config": {"factor": 0.1, "fill_mode": "wrap"}}]
            """)
        #expect(text.config == json.config)
        #expect(try Augmenter("[\"random_flip\"]").steps.count == 1)
    }

    @Test func factorsAreUniform() throws {
        // A ramp shifted by a share of its width shows the share.
        let ramp = try Fixtures.tensor((0..<1000).map(Float.init), [1, 1, 1000, 1], in: f.context)
        var shifts: [Double] = []
        for seed in 0..<2000 {
            let out = try f.augment(
                "random_translation height_factor=0 width_factor=[-0.1,0.3]", ramp, seed: UInt64(seed))
            shifts.append(Double(500 - out[500]) / 1000)
        }
        let sorted = shifts.sorted()
        // Kolmogorov and Smirnov's distance; 1.95 / sqrt(n) is passed by one sample in a thousand.
        let distance = sorted.enumerated()
            .map { abs(($0.element + 0.1) / 0.4 - (Double($0.offset) + 0.5) / 2000) }.max()
        #expect(try #require(distance) < 1.95 / 2000.0.squareRoot())
    }

    @Test(arguments: [0.2, 1.0, 4.0])
    func weightsOfMixupAreOfTheBetaDistribution(alpha: Double) throws {
        let rows = 4000
        let images = try Fixtures.tensor((0..<rows).map(Float.init), [rows, 1, 1, 1], in: f.context)
        let targets = try Fixtures.tensor((0..<rows).map { Float($0) }, [rows, 1], in: f.context)
        let (out, mixed) = try f.augment("mix_up alpha=\(alpha)", images, targets)
        #expect(out == mixed)
        // Of the samples 0 and 1, exchanged, the second keeps its own weight.
        var weights: [Double] = []
        for seed in 0..<1000 {
            let two = try Fixtures.tensor([0, 1], [2, 1, 1, 1], in: f.context)
            let result = try f.augment("mix_up alpha=\(alpha)", two, two, seed: UInt64(seed)).images
            if result != [0, 1] { weights.append(Double(result[1])) }
        }
        let mean = weights.reduce(0, +) / Double(weights.count)
        let variance = weights.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(weights.count)
        let expected = 1 / (4 * (2 * alpha + 1))
        // About half of the permutations of two are the identity.
        #expect(weights.count > 400)
        #expect(abs(mean - 0.5) < 5 * (expected / 400).squareRoot())
        #expect(abs(variance / expected - 1) < 0.25)
    }

    @Test func cutmixMixesTargetsByArea() throws {
        let rows = 64
        // Image r holds r everywhere, so that areas can be counted.
        let values = (0..<rows).flatMap { [Float](repeating: Float($0), count: 64) }
        let images = try Fixtures.tensor(values, [rows, 8, 8, 1], in: f.context)
        let targets = try Tensor(.float32, Shape(rows, rows), in: f.context.allocator)
        for index in 0..<targets.count { targets.floats[index] = index % (rows + 1) == 0 ? 1 : 0 }
        let (out, mixed) = try f.augment("cut_mix", images, targets)
        var windows = 0
        for row in 0..<rows {
            let pixels = out[row * 64..<(row + 1) * 64]
            let others = Set(pixels.filter { $0 != Float(row) })
            #expect(others.count <= 1)
            let own = Float(pixels.filter { $0 == Float(row) }.count) / 64
            if let other = others.first {
                windows += 1
                #expect(abs(mixed[row * rows + row] - own) < 1e-6)
                #expect(abs(mixed[row * rows + Int(other)] - (1 - own)) < 1e-6)
            }
        }
        #expect(windows > 40)
    }

    @Test func imagesMayBeChangedInPlace() throws {
        let images = try f.images([20, 6, 6, 3])
        let steps = "random_flip; random_rotation factor=0.1; random_crop height=6 width=6 padding=2"
        let expected = try f.augment(steps, images)
        try Augmenter(steps).augment(
            images.view, targets: nil, key: { SampleKey(seed: 1, epoch: 0) }, to: images.view, mixed: nil,
            in: f.context)
        #expect(images.floatArray == expected)
    }

    @Test func bytesAreRoundedAndCut() throws {
        let bytes = try Tensor(.uint8, Shape(1, 1, 4, 1), in: f.context.allocator)
        for (index, value) in [0, 10, 100, 250].enumerated() { bytes.bytes.pointer[index] = UInt8(value) }
        let out = try Tensor(.uint8, Shape(1, 1, 4, 1), in: f.context.allocator)
        try Augmenter("color_jitter brightness=[1.25,1.25] value_range=[-1000,1000]").augment(
            bytes.view, targets: nil, key: { SampleKey(seed: 1, epoch: 0) }, to: out.view, mixed: nil, in: f.context)
        // -1000 is the dark end: -1000 + 1.25 (x + 1000) = 1.25 x + 250, cut to 255.
        #expect(out.bytes.array == [250, 255, 255, 255])
        withExtendedLifetime(bytes) {}
    }

    @Test func aBatchMayBeEmpty() throws {
        let none = try Tensor(.float32, Shape(0, 4, 4, 3), in: f.context.allocator)
        #expect(try f.augment("random_flip; random_crop height=2 width=2", none) == [])
        let noTargets = try Tensor(.float32, Shape(0, 2), in: f.context.allocator)
        #expect(try f.augment("mix_up", none, noTargets).images == [])
    }

    @Test func whatCannotBeIsRefused() throws {
        let images = try f.images([2, 4, 4, 3])
        #expect(f.refusal("random_crop height=5 width=2", images)?.contains("larger than the image") == true)
        #expect(f.refusal("pca_color_noise", images)?.contains("fit") == true)
        #expect(f.refusal("mix_up", images)?.contains("targets") == true)
        let grey = try f.images([2, 4, 4, 1])
        #expect(f.refusal("color_jitter saturation=0.1", grey)?.contains("3 channels") == true)
        #expect(f.refusal("color_jitter hue=0.1", grey)?.contains("3 channels") == true)
        #expect(f.refusal("color_jitter brightness=0.1 contrast=0.1", grey) == nil)
        #expect(f.refusal("random_flip", try f.images([2, 4, 4]))?.contains("(images, height, width") == true)
        #expect(f.refusal("random_flip", try f.images([2, 0, 4, 1]))?.contains("each >= 1") == true)
        for fault in [Float.nan, .infinity, -.infinity] {
            images.floats[50] = fault
            #expect(f.refusal("random_flip", images)?.contains("row 1 holds") == true)
        }
        for steps in ["", " ; ", "[", "[1]", "{}", "nobody", String(repeating: "random_flip;", count: 65)] {
            #expect(throws: ApusError.self) { try Augmenter(steps) }
        }
    }

    @Test func overlappingArraysAreRefused() throws {
        let images = try f.images([3, 4, 4, 1])
        let shifted = ArrayView(
            data: images.view.data + 64, dtype: .float32, shape: Shape(2, 4, 4, 1))
        let first = images.view.rows(0, 2)
        #expect(throws: ApusError.self) {
            try Augmenter("random_flip").augment(
                first, targets: nil, key: { SampleKey(seed: 1, epoch: 0) }, to: shifted, mixed: nil, in: f.context)
        }
        withExtendedLifetime(images) {}
    }

    @Test func hugeFactorsStayWithinThePicture() throws {
        let images = try f.images([2, 5, 5, 1])
        let zoom = String(repeating: "random_zoom height_factor=[10,10] fill_mode=MODE;", count: 60)
        for mode in ["constant", "nearest", "reflect", "wrap"] {
            let out = try f.augment(zoom.replacingOccurrences(of: "MODE", with: mode), images)
            #expect(out.allSatisfy { $0.isFinite })
        }
    }
}
