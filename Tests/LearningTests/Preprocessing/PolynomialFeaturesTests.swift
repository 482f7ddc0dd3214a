import Core
import Learning
import Testing

struct PolynomialFeaturesTests {
    private func columns(_ f: Fitting, _ parameters: String, _ x: [Double]) throws -> [Double] {
        let row = try f.array(x, 1, x.count)
        return try f.predict(try f.fit("polynomial_features", parameters, row), row)
    }

    @Test func productsComeByDegree() throws {
        let f = try Fitting()
        #expect(try columns(f, "", [2, 3]) == [1, 2, 3, 4, 6, 9])
        #expect(try columns(f, "degree=3", [2, 3]) == [1, 2, 3, 4, 6, 9, 8, 12, 18, 27])
        #expect(try columns(f, "degree=3 min_degree=2", [2, 3]) == [1, 4, 6, 9, 8, 12, 18, 27])
        #expect(try columns(f, "degree=3 interaction_only=true", [2, 3, 5]) == [1, 2, 3, 5, 6, 10, 15, 30])
        #expect(try columns(f, "include_bias=false", [2, 3]) == [2, 3, 4, 6, 9])
        #expect(try columns(f, "degree=0", [2, 3]) == [1])
        #expect(try columns(f, "degree=9 interaction_only=true include_bias=false", [2, 3]) == [2, 3, 6])
    }

    @Test func powersAreTheExponents() throws {
        let f = try Fitting()
        let model = try f.fit("polynomial_features", "degree=2", f.array([2, 3], 1, 2))
        let powers = model.attribute("powers_")
        #expect(powers?.shape == Shape(6, 2))
        #expect((0..<12).map { powers?.int64s[$0] ?? -1 } == [0, 0, 1, 0, 0, 1, 2, 0, 1, 1, 0, 2])
    }

    @Test func degreesThatLeaveNothingAreRefused() throws {
        let f = try Fitting()
        let x = try f.array([1, 2], 1, 2)
        let upside = message { _ = try f.fit("polynomial_features", "degree=1 min_degree=2", x) }
        #expect(upside == "The min_degree of polynomial_features must be at most degree (1), got 2.")
        #expect(code { _ = try f.fit("polynomial_features", "degree=0 include_bias=false", x) } == .invalidArgument)
        let wide = try f.array(f.noise(1000), 1, 1000)
        #expect(code { _ = try f.fit("polynomial_features", "degree=5", wide) } == .limit)
        #expect(code { _ = try f.fit("polynomial_features", "degree=64", wide) } == .limit)
    }

    @Test func aParabolaIsALineOfProducts() throws {
        let f = try Fitting()
        let x = try f.array([-2, -1, 0, 1, 2], 5, 1)
        let y = try f.array([11, 4, 1, 2, 7], 5)
        let model = try f.fit(
            "pipeline",
            "steps=[[\"p\",\"polynomial_features\",{\"include_bias\":false}],[\"m\",\"linear_regression\"]]", x, y)
        assertClose(model.values("coef_"), [-1, 2], ulps: Tolerance.solved)
        assertClose(model.values("intercept_"), [1], ulps: Tolerance.solved)
    }
}
