import Core
import Glibc
import Numerics
import Testing

/// Integrals of samples, and expectations.
struct SamplesAndMomentsTests {
    private func integrate(_ rule: SampledRule, _ y: [Double], _ x: [Double]?, dx: Double = 1) throws -> Double {
        var out = 0.0
        try y.withUnsafeBufferPointer { (values) throws(ApusError) in
            guard let base = values.baseAddress else { return }
            let samples = Samples(base, shape: Shape(y.count), axis: 0)
            try rule.integrate(samples, positions: x, dx: dx, into: &out)
        }
        return out
    }

    @Test func integratesStraightLinesExactlyByTrapezoids() throws {
        #expect(try integrate(.trapezoid, [1, 2, 3], nil) == 4)
        #expect(try integrate(.trapezoid, [0, 1, 5], [0, 1, 5]) == 12.5)
        #expect(try integrate(.rectangle, [1, 2, 3], nil, dx: 0.5) == 1.5)
        #expect(try integrate(.trapezoid, [7], nil) == 0)
    }

    @Test(arguments: [[0.0, 1, 2], [0, 0.5, 3], [0, 1, 2, 3], [0, 0.25, 1, 1.5], [0, 0.1, 0.4, 1, 2, 2.5]])
    func integratesParabolasExactlyBySimpson(_ x: [Double]) throws {
        let last = x[x.count - 1]
        let value = try integrate(.simpson, x.map { 1 + $0 * $0 }, x)
        #expect((value - (last + last * last * last / 3)).magnitude < 1e-13)
    }

    @Test func refusesPositionsThatDoNotMoveOn() throws {
        #expect(throws: ApusError.self) { try integrate(.simpson, [1, 2, 3], [0, 1, 1]) }
        #expect(throws: ApusError.self) { try integrate(.simpson, [1, 2, 3], [0, .nan, 1]) }
    }

    private func moments(
        _ a: Double, _ b: Double, normalizes: Bool = false, _ density: @escaping (Double) -> Double
    ) throws -> DensityMoments {
        try DensityMoments(from: a, to: b, Integrator(), normalizes: normalizes, context: Context(threads: 1)) {
            (x) throws(ApusError) in density(x)
        }
    }

    @Test(arguments: [(0.0, 1.0), (2.5, 0.5), (100, 15), (1000, 1), (-300, 2), (1e-3, 1e-6)])
    func findsNormalDensitiesWhereverTheyAre(_ mean: Double, _ deviation: Double) throws {
        let m = try moments(-.infinity, .infinity) {
            exp(-($0 - mean) * ($0 - mean) / (2 * deviation * deviation)) / (deviation * sqrt(2 * .pi))
        }
        let first = try m.expectation { (x) throws(ApusError) in x }
        #expect((first.value - mean).magnitude <= 1e-7 * max(mean.magnitude, deviation), "\(first)")
        let second = try m.variance()
        #expect((second.value / (deviation * deviation) - 1).magnitude <= 1e-6, "\(second)")
        let within = try m.probability(from: mean - deviation, to: mean + deviation)
        #expect((within.value - 0.6826894921370859).magnitude <= 1e-7, "\(within)")
    }

    @Test func doesNotAskForValuesWhereTheDensityIsZero() throws {
        let m = try moments(-.infinity, .infinity) { exp(-$0 * $0 / 2) / sqrt(2 * .pi) }
        let result = try m.expectation { (x) throws(ApusError) in exp(x) }
        #expect((result.value - exp(0.5)).magnitude < 1e-9)
    }

    @Test func normalisesOnRequestAndOnlyThen() throws {
        let half = try moments(0, 1) { $0 }
        let error = #expect(throws: ApusError.self) { try half.variance() }
        #expect(error?.code == .invalidArgument && error?.message.contains("0.5") == true)
        let whole = try moments(0, 1, normalizes: true) { $0 }
        #expect((try whole.expectation { (x) throws(ApusError) in x }.value - 2.0 / 3).magnitude < 1e-12)
        #expect((try whole.probability(from: -1, to: 0.5).value - 0.25).magnitude < 1e-12)
        let negative = try moments(0, 1) { 1.5 - 4 * $0 }
        #expect(throws: ApusError.self) { try negative.variance() }
        let nothing = try moments(0, 1, normalizes: true) { _ in 0 }
        #expect(throws: ApusError.self) { try nothing.variance() }
        #expect(throws: ApusError.self) { try moments(1, 0) { _ in 1 } }
    }

    @Test func tellsThatCauchyHasNoMean() throws {
        let m = try moments(-.infinity, .infinity) { 1 / (.pi * (1 + $0 * $0)) }
        #expect(try m.expectation { (x) throws(ApusError) in x }.outcome != .converged)
        #expect(throws: ApusError.self) { try m.variance() }
    }

    @Test func findsMomentsOfADie() throws {
        let die = try DiscreteMoments([1, 2, 3, 4, 5, 6], [Double](repeating: 1.0 / 6, count: 6), 6)
        #expect((die.mean - 3.5).magnitude < 1e-15 && (die.variance - 35.0 / 12).magnitude < 1e-14)
        #expect((die.entropy - log(6)).magnitude < 1e-15)
        #expect(try DiscreteMoments([1, 2], [1, 0], 2).entropy == 0)
        #expect(throws: ApusError.self) { try DiscreteMoments([1, 2], [0.5, 0.6], 2) }
        #expect(throws: ApusError.self) { try DiscreteMoments([1, 2], [1.5, -0.5], 2) }
        #expect(throws: ApusError.self) { try DiscreteMoments([1, .nan], [0.5, 0.5], 2) }
    }
}
