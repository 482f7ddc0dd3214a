import Core
import Networks
import Testing

/// What holds for every transformation of the catalog.
struct AugmenterLawTests {
    static let kinds = TransformationCatalog.family.entries.map(\.className)

    /// Parameters with which a transformation changes nothing, and some with which it changes much.
    static let strengths: [String: (none: String, some: String)] = [
        "RandomFlip": ("probability=0", ""),
        "RandomTranslation": ("height_factor=0 width_factor=0", "height_factor=0.3 width_factor=0.3"),
        "RandomRotation": ("factor=0", "factor=0.2"),
        "RandomZoom": ("height_factor=0", "height_factor=0.5 width_factor=0.5"),
        "RandomShear": ("x_factor=0 y_factor=0", "x_factor=0.4 y_factor=0.4"),
        "RandomCrop": ("height=6 width=7", "height=6 width=7 padding=2"),
        "RandomBrightness": ("factor=0", "factor=0.4 value_range=[0,1]"),
        "RandomContrast": ("factor=0", "factor=0.8 value_range=[0,1]"),
        "ColorJitter": ("", "brightness=0.3 contrast=0.3 saturation=0.3 hue=0.2 value_range=[0,1]"),
        "PCAColorNoise": (
            "standard_deviation=0",
            "standard_deviation=1 eigenvalues=[0.1,0.1,0.1] eigenvectors=[[1,0,0],[0,1,0],[0,0,1]] value_range=[0,1]"
        ),
        "Cutout": ("height=0 width=0", "height=3 width=3"),
        "RandomErasing": ("scale=[0,0]", "scale=[0.2,0.4] value_range=[0,1]"),
        "MixUp": ("alpha=0", "alpha=1"),
        "CutMix": ("alpha=0", "alpha=1"),
    ]

    private func targets(_ rows: Int, _ f: Picturing) throws -> Tensor {
        let tensor = try Tensor(.float32, Shape(rows, rows), in: f.context.allocator)
        for index in 0..<tensor.count { tensor.floats[index] = index % (rows + 1) == 0 ? 1 : 0 }
        return tensor
    }

    @Test(arguments: kinds)
    func noStrengthIsTheIdentity(kind: String) throws {
        let f = try Picturing()
        let images = try f.images([5, 6, 7, 3])
        let (out, targets) = try f.augment(
            "\(kind) \(#require(Self.strengths[kind]).none)", images, targets(5, f))
        #expect(out == images.floatArray)
        #expect(targets == (try self.targets(5, f)).floatArray)
    }

    @Test(arguments: kinds)
    func someStrengthChangesImagesAndKeepsThemFinite(kind: String) throws {
        let f = try Picturing()
        let images = try f.images([16, 6, 7, 3])
        let (out, _) = try f.augment("\(kind) \(#require(Self.strengths[kind]).some)", images, targets(16, f))
        #expect(out != images.floatArray)
        #expect(out.allSatisfy { $0.isFinite })
    }

    @Test(arguments: kinds)
    func everyInvalidParameterIsRefusedByName(kind: String) throws {
        let entry = try TransformationCatalog.family.entry(kind)
        for spec in entry.parameters {
            for value in spec.constraint.invalidValues {
                var given: [(key: String, value: JSON)] = entry.parameters.filter { $0.standard == nil }
                    .map { (key: $0.name, value: $0.constraint.validValue) }
                given.removeAll { $0.key == spec.name }
                given.append((key: spec.name, value: value))
                let step: JSON = ["class_name": .string(kind), "config": .object(given)]
                do {
                    _ = try TransformationCatalog.family.make(step)
                    Issue.record("\(kind) takes \(spec.name) = \(value.text)")
                } catch {
                    #expect(error.code == .invalidArgument)
                    #expect(error.message.contains(spec.name) && error.message.contains(kind))
                }
            }
        }
    }

    @Test(arguments: kinds)
    func threadsAndSplitsDoNotChangeABit(kind: String) throws {
        let steps = "\(kind) \(try #require(Self.strengths[kind]).some)"
        let f = try Picturing()
        let images = try f.images([67, 6, 7, 3])
        let expected = try f.augment(steps, images, targets(67, f), seed: 9, epoch: 4)
        for threads in [2, 3, 8] {
            let other = try Picturing(threads: threads, seed: 77)
            let found = try other.augment(steps, images, targets(67, f), seed: 9, epoch: 4)
            #expect(found.images == expected.images && found.targets == expected.targets)
        }
        if try Augmenter(steps).mixesSamples { return }
        let size = 6 * 7 * 3
        for row in [0, 1, 40, 66] {
            let one = try Fixtures.tensor(
                Array(images.floatArray[row * size..<(row + 1) * size]), [1, 6, 7, 3], in: f.context)
            #expect(
                try f.augment(steps, one, seed: 9, epoch: 4, first: row)
                    == Array(expected.images[row * size..<(row + 1) * size]))
        }
    }

    @Test(arguments: kinds)
    func seedsAndEpochsChangeTheNumbers(kind: String) throws {
        let steps = "\(kind) \(try #require(Self.strengths[kind]).some)"
        let f = try Picturing()
        let images = try f.images([16, 6, 7, 3])
        let base = try f.augment(steps, images, targets(16, f), seed: 1).images
        #expect(try f.augment(steps, images, targets(16, f), seed: 1).images == base)
        #expect(try f.augment(steps, images, targets(16, f), seed: 2).images != base)
        #expect(try f.augment(steps, images, targets(16, f), seed: 1, epoch: 1).images != base)
    }

    @Test(arguments: kinds.filter { $0 != "RandomCrop" })
    func probabilityIsTheShareOfSamplesThatChange(kind: String) throws {
        let f = try Picturing()
        let images = try f.images([1000, 6, 7, 3])
        let mode = kind == "RandomFlip" ? "mode=horizontal" : try #require(Self.strengths[kind]).some
        let (out, _) = try f.augment("\(kind) \(mode) probability=0.3", images, targets(1000, f))
        var changed = 0
        let size = 6 * 7 * 3
        for row in 0..<1000 {
            let own = row * size..<(row + 1) * size
            if own.contains(where: { out[$0] != images.floats[$0] }) { changed += 1 }
        }
        // Five deviations of a binomial count; a mixed sample may have itself as partner, or an empty window.
        #expect(changed > 300 - 73 && changed < 300 + 73)
    }

    @Test(arguments: kinds)
    func imagesOfOnePixelAreTaken(kind: String) throws {
        let f = try Picturing()
        let images = try f.images([3, 1, 1, 3])
        let steps = kind == "RandomCrop" ? "height=1 width=1 padding=1" : try #require(Self.strengths[kind]).some
        let (out, _) = try f.augment("\(kind) \(steps)", images, targets(3, f))
        #expect(out.count == 9 && out.allSatisfy { $0.isFinite })
    }

    @Test(arguments: kinds)
    func theConfigurationMakesTheSameStep(kind: String) throws {
        let steps = "\(kind) \(try #require(Self.strengths[kind]).some)"
        let f = try Picturing()
        let images = try f.images([8, 6, 7, 3])
        let again = try Augmenter(steps).config.text
        #expect(try Augmenter(again).config == Augmenter(steps).config)
        #expect(
            try f.augment(steps, images, targets(8, f)).images == f.augment(again, images, targets(8, f)).images)
    }
}
