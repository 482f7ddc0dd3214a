import Core
import Foundation
import Networks
import Testing

/// What single transformations do, on images small enough to be told by hand.
struct TransformationTests {
    let f: Picturing

    init() throws { f = try Picturing() }

    @Test func aFlipTurnsColumnsOrRows() throws {
        let image = try f.image([[1, 2, 3], [4, 5, 6]])
        #expect(try f.augment("random_flip mode=horizontal probability=1", image) == [3, 2, 1, 6, 5, 4])
        #expect(try f.augment("random_flip mode=vertical probability=1", image) == [4, 5, 6, 1, 2, 3])
        #expect(try f.augment("random_flip probability=1", image) == [6, 5, 4, 3, 2, 1])
    }

    @Test func aFlipTwiceIsNoFlip() throws {
        let images = try f.images([4, 5, 7, 3])
        let twice = "random_flip mode=horizontal probability=1; random_flip mode=horizontal probability=1"
        #expect(try f.augment(twice, images) == images.floatArray)
    }

    @Test func aQuarterTurnIsExact() throws {
        let image = try f.image([[1, 2], [3, 4]])
        #expect(try f.augment("random_rotation factor=[0.25,0.25]", image) == [2, 4, 1, 3])
        #expect(try f.augment("random_rotation factor=[-0.25,-0.25]", image) == [3, 1, 4, 2])
        #expect(try f.augment("random_rotation factor=[0.5,0.5]", image) == [4, 3, 2, 1])
        #expect(try f.augment("random_rotation factor=[1,1]", image) == [1, 2, 3, 4])
    }

    @Test(arguments: [
        ("constant fill_value=9", [9, 1, 2, 3]), ("nearest", [1, 1, 2, 3]), ("reflect", [1, 1, 2, 3]),
        ("wrap", [4, 1, 2, 3]),
    ])
    func aShiftByOnePixelIsExact(mode: String, expected: [Float]) throws {
        let image = try f.image([[1, 2, 3, 4]])
        let steps = "random_translation height_factor=0 width_factor=[0.25,0.25] fill_mode=\(mode)"
        #expect(try f.augment(steps, image) == expected)
    }

    @Test(arguments: [
        ("constant fill_value=9", [9, 9, 9, 9]), ("nearest", [1, 1, 1, 1]), ("reflect", [4, 3, 2, 1]),
        ("wrap", [1, 2, 3, 4]),
    ])
    func aShiftOutOfThePictureShowsWhatLiesBeyond(mode: String, expected: [Float]) throws {
        let image = try f.image([[1, 2, 3, 4]])
        let steps = "random_translation height_factor=0 width_factor=[1,1] fill_mode=\(mode)"
        #expect(try f.augment(steps, image) == expected)
    }

    @Test func aShiftByHalfAPixelTakesMeans() throws {
        let image = try f.image([[1, 2, 4, 8]])
        let steps = "random_translation height_factor=0 width_factor=[-0.125,-0.125] fill_mode=nearest"
        #expect(try f.augment(steps, image) == [1.5, 3, 6, 8])
        #expect(try f.augment(steps + " interpolation=nearest", image) == [2, 4, 8, 8])
    }

    @Test func zoomingOutShrinksThePicture() throws {
        let image = try f.image([[1, 2, 3, 4]])
        let steps = "random_zoom height_factor=0 width_factor=[1,1] fill_mode=constant fill_value=0"
        // Places 1.5 + 2 (x - 1.5): -1.5, 0.5, 2.5, 4.5
        #expect(try f.augment(steps, image) == [0, 1.5, 3.5, 0])
    }

    @Test func aShearShiftsRowsByTheirDistanceFromTheMiddle() throws {
        let image = try f.image([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
        let steps = "random_shear x_factor=[1,1] fill_mode=wrap"
        #expect(try f.augment(steps, image) == [3, 1, 2, 4, 5, 6, 8, 9, 7])
    }

    @Test func geometryInARowInterpolatesOnce() throws {
        let images = try f.images([3, 8, 8, 1])
        let there = "random_rotation factor=[0.1,0.1] fill_mode=constant"
        let back = "random_rotation factor=[-0.1,-0.1] fill_mode=constant"
        #expect(largestError(try f.augment("\(there); \(back)", images), images.floatArray) < 1e-6)
        // Steps that read differently beyond the borders stay apart.
        let other = back.replacingOccurrences(of: "constant", with: "wrap")
        #expect(largestError(try f.augment("\(there); \(other)", images), images.floatArray) > 0.01)
    }

    @Test func aCropOfTheWholeImageIsTheImage() throws {
        let images = try f.images([3, 4, 5, 2])
        #expect(try f.augment("random_crop height=4 width=5", images) == images.floatArray)
    }

    @Test func cropsAreWindowsOfTheImage() throws {
        let image = try f.image([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
        let windows: [[Float]] = [[1, 2, 4, 5], [2, 3, 5, 6], [4, 5, 7, 8], [5, 6, 8, 9]]
        var seen = [0, 0, 0, 0]
        for seed in 0..<400 {
            let window = try f.augment("random_crop height=2 width=2", image, seed: UInt64(seed))
            seen[try #require(windows.firstIndex(of: window))] += 1
        }
        #expect(seen.allSatisfy { $0 > 60 && $0 < 140 })
    }

    @Test func paddingGoesAroundTheImageFirst() throws {
        let image = try f.image([[1]])
        var seen: Set<[Float]> = []
        for seed in 0..<200 {
            seen.insert(try f.augment("random_crop height=2 width=2 padding=1 fill_value=7", image, seed: UInt64(seed)))
        }
        #expect(seen == [[1, 7, 7, 7], [7, 1, 7, 7], [7, 7, 1, 7], [7, 7, 7, 1]])
    }

    @Test func brightnessAndContrastAreArithmetic() throws {
        let image = try f.image([[0, 100, 200, 255]])
        #expect(try f.augment("random_brightness factor=[0.2,0.2]", image) == [51, 151, 251, 255])
        // The mean is 138.75.
        let dull = try f.augment("random_contrast factor=[0.5,-0.5]", image)
        #expect(dull == [69.375, 119.375, 169.375, 196.875])
    }

    @Test func hueTurnsRedIntoGreenAndBlue() throws {
        let red = try Fixtures.tensor([200, 50, 50], [1, 1, 1, 3], in: f.context)
        let third = try f.augment("color_jitter hue=[0.33333334,0.33333334]", red)
        #expect(largestError(third, [50, 200, 50]) < 1e-4)
        let half = try f.augment("color_jitter hue=[0.5,0.5]", red)
        #expect(largestError(half, [50, 200, 200]) < 1e-4)
    }

    @Test func noSaturationLeavesGrey() throws {
        let image = try Fixtures.tensor([100, 200, 50], [1, 1, 1, 3], in: f.context)
        let grey: Float = 0.299 * 100 + 0.587 * 200 + 0.114 * 50
        #expect(largestError(try f.augment("color_jitter saturation=[0,0]", image), [grey, grey, grey]) < 1e-6)
    }

    @Test func principalComponentsShiftColoursAlongTheirLine() throws {
        // Colours lie on a line of direction (1, 2, 2) / 3.
        var values: [Float] = []
        for step in 0..<32 { values += [100 + Float(step), 80 + 2 * Float(step), 60 + 2 * Float(step)] }
        let images = try Fixtures.tensor(values, [2, 4, 4, 3], in: f.context)
        defer { withExtendedLifetime(images) {} }
        let augmenter = try Augmenter("pca_color_noise").fitted(to: images.view, in: f.context)
        let config = try #require(augmenter.config.arrayValue?.first?["config"])
        let sizes = try #require(config["eigenvalues"]?.arrayValue).map { $0.doubleValue ?? .nan }
        // Steps of length 3 / 255 and variance (32^2 - 1) / 12 of their number.
        #expect(abs(sizes[0] - 9 * (1023.0 / 12) / (255 * 255)) < 1e-12)
        #expect(abs(sizes[1]) < 1e-12 && abs(sizes[2]) < 1e-12)
        let out = try f.augment(augmenter.config.text, images)
        let change = zip(out, values).map { $0 - $1 }
        #expect(abs(change[0]) > 1e-3)
        for pixel in 0..<16 {
            #expect(abs(change[3 * pixel + 1] - 2 * change[3 * pixel]) < 1e-3)
            #expect(abs(change[3 * pixel + 2] - change[3 * pixel + 1]) < 1e-3)
            #expect(abs(change[3 * pixel] - change[0]) < 1e-3)
        }
    }

    @Test func cutoutCoversAWindow() throws {
        let ones = try Fixtures.tensor([Float](repeating: 1, count: 64), [1, 8, 8, 1], in: f.context)
        var covered: Set<Int> = []
        for seed in 0..<200 {
            let out = try f.augment("cutout height=4 width=2", ones, seed: UInt64(seed))
            covered.insert(out.filter { $0 == 0 }.count)
        }
        // Two, three or four rows of one or two columns.
        #expect(covered == [2, 3, 4, 6, 8])
    }

    @Test func erasingCoversAShareOfTheArea() throws {
        let ones = try Fixtures.tensor([Float](repeating: 1, count: 1600), [1, 40, 40, 1], in: f.context)
        for seed in 0..<100 {
            let out = try f.augment(
                "random_erasing scale=[0.1,0.2] ratio=[0.5,2] fill_value=0", ones, seed: UInt64(seed))
            let share = Double(out.filter { $0 == 0 }.count) / 1600
            #expect(share > 0.08 && share < 0.23)
        }
        let noise = try f.augment("random_erasing scale=[1,1] ratio=[1,1] value_range=[0,1]", ones)
        let mean = noise.map(Double.init).reduce(0, +) / 1600
        #expect(abs(mean - 0.5) < 0.03 && noise.allSatisfy { $0 >= 0 && $0 <= 1 })
    }
}
