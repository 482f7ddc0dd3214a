import Core
import Learning
import Testing

struct ScalerTests {
    @Test func standardScalingGivesMeanZeroAndDeviationOne() throws {
        let f = try Fitting()
        let x = try f.array([1, 5, 2, 5, 3, 5], 3, 2)
        let model = try f.fit("standard_scaler", "", x)
        assertClose(model.values("mean_"), [2, 5])
        assertClose(model.values("var_"), [2.0 / 3, 0])
        #expect(model.values("scale_")[1] == 1)
        let z = (3.0 / 2).squareRoot()
        assertClose(try f.predict(model, x), [-z, 0, 0, 0, z, 0])
    }

    @Test func standardScalingLeavesOutWhatIsNotWanted() throws {
        let f = try Fitting()
        let x = try f.array([1, 3], 2, 1)
        #expect(try f.predict(f.fit("standard_scaler", "with_mean=false", x), x) == [1, 3])
        #expect(try f.predict(f.fit("standard_scaler", "with_std=false", x), x) == [-1, 1])
    }

    @Test func theVarianceOfLargeOffsetsIsExact() throws {
        let f = try Fitting()
        let model = try f.fit("standard_scaler", "", f.array([1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16], 4, 1))
        #expect(model.values("var_") == [22.5])
    }

    @Test func minMaxReachesItsEnds() throws {
        let f = try Fitting()
        let x = try f.array([0.1, 7, 0.7, 7, 0.4, 7], 3, 2)
        let z = try f.predict(f.fit("min_max_scaler", "", x), x)
        #expect(z[0] == 0 && z[2] == 1 && z[1] == 0)
        assertClose([z[4]], [0.5])
        let wide = try f.predict(f.fit("min_max_scaler", "feature_min=-1 feature_max=3", x), x)
        assertClose(wide, [-1, -1, 3, -1, 1, -1])
    }

    @Test func clippingHoldsTheRangeButNotBackwards() throws {
        let f = try Fitting()
        let model = try f.fit("min_max_scaler", "clip=true", f.array([0, 10], 2, 1))
        let far = try f.array([-5, 5, 25], 3, 1)
        #expect(try f.predict(model, far) == [0, 0.5, 1])
        #expect(try f.predict(model, f.array([2], 1, 1), .inverseTransform) == [20])
    }

    @Test func anEmptyRangeIsRefused() throws {
        let f = try Fitting()
        let refused = message {
            _ = try f.fit("min_max_scaler", "feature_min=2 feature_max=2", try f.array([1, 2], 2, 1))
        }
        #expect(refused == "The feature_max of min_max_scaler must be a number > feature_min (2.0), got 2.0.")
    }

    @Test func meanNormalisationDividesByTheRange() throws {
        let f = try Fitting()
        let x = try f.array([1, 9, 2, 9, 6, 9], 3, 2)
        assertClose(try f.predict(f.fit("mean_normalizer", "", x), x), [-0.4, 0, -0.2, 0, 0.6, 0])
    }

    @Test(arguments: ["standard_scaler", "min_max_scaler", "mean_normalizer"])
    func theInverseBringsTheDataBack(kind: String) throws {
        let f = try Fitting()
        let values = f.noise(40).map { 100 * $0 + 30 }
        let x = try f.array(values, 10, 4)
        let model = try f.fit(kind, "", x)
        let back = try f.predict(model, f.array(f.predict(model, x), 10, 4), .inverseTransform)
        assertClose(back, values, scale: 100)
    }

    @Test(arguments: ["standard_scaler", "min_max_scaler", "mean_normalizer"])
    func theBitsDoNotDependOnTheThreads(kind: String) throws {
        let results = try [1, 2, 3, 8].map { threads in
            let f = try Fitting(threads: threads)
            let x = try f.array(f.noise(40_000 * 5), 40_000, 5)
            let model = try f.fit(kind, "", x)
            return (model.bits, try f.predict(model, x))
        }
        for result in results { #expect(result.0 == results[0].0 && result.1 == results[0].1) }
    }

    @Test func weightsAreRefusedWhereTheyMeanNothing() throws {
        let f = try Fitting()
        let x = try f.array([1, 2], 2, 1)
        let refused = message { _ = try f.fit("min_max_scaler", "", x, weight: try f.array([1, 2], 2)) }
        #expect(refused == "min_max_scaler takes no sample_weight.")
        let weighted = try f.fit("standard_scaler", "", x, weight: f.array([1, 3], 2))
        assertClose(weighted.values("mean_"), [1.75])
        assertClose(weighted.values("var_"), [0.1875])
    }
}
