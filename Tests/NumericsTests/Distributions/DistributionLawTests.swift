import Core
import Glibc
import Numerics
import Testing

/// Laws that hold between functions of one distribution and between distributions.
struct DistributionLawTests {
    private static let examples = [
        ("normal", "loc=1 scale=2"), ("uniform", "loc=-1 scale=3"), ("exponential", "scale=2"), ("beta", "a=2 b=3.5"),
        ("binomial", "n=12 p=0.3"), ("bernoulli", "p=0.4"), ("gamma", "a=2.5 scale=2"), ("chi2", "df=5"),
        ("student_t", "df=9"), ("f", "dfn=5 dfd=12"), ("poisson", "mu=3.5"), ("lognormal", "s=0.4 scale=2"),
        ("geometric", "p=0.3"),
    ]

    private static func make(_ kind: String, _ parameters: String) throws -> any Distribution {
        try DistributionCatalog.make(kind, parameters)
    }

    @Test func eachDistributionHasAnExample() {
        #expect(Set(DistributionLawTests.examples.map(\.0)) == Set(DistributionCatalog.entries.map { $0.kind }))
    }

    @Test(arguments: examples)
    func tailsAddUpToOneAndRise(kind: String, parameters: String) throws {
        let distribution = try DistributionLawTests.make(kind, parameters)
        var last = 0.0
        for i in -40...200 {
            let x = Double(i) / 10
            let below = DistributionFunction.cdf.value(distribution, x)
            let above = DistributionFunction.sf.value(distribution, x)
            #expect(abs(below + above - 1) < 1e-14 && below >= last && below <= 1 && above >= 0)
            last = below
        }
        #expect(DistributionFunction.cdf.value(distribution, .infinity) == 1)
        #expect(DistributionFunction.cdf.value(distribution, -.infinity) == 0)
        for function in DistributionFunction.allCases { #expect(function.value(distribution, .nan).isNaN) }
        for bad in [-0.1, 1.1, .infinity] { #expect(DistributionFunction.ppf.value(distribution, bad).isNaN) }
    }

    @Test(arguments: examples)
    func theDistributionFunctionIsTheSumOfTheDensity(kind: String, parameters: String) throws {
        let distribution = try DistributionLawTests.make(kind, parameters)
        if type(of: distribution).isDiscrete {
            var sum = 0.0
            for k in 0...60 {
                sum += DistributionFunction.pmf.value(distribution, Double(k))
                #expect(abs(sum - DistributionFunction.cdf.value(distribution, Double(k))) < 1e-14)
            }
            #expect(DistributionFunction.pmf.value(distribution, 1.5) == 0)
            #expect(DistributionFunction.pmf.value(distribution, -1) == 0)
            return
        }
        for p in [0.1, 0.3, 0.5, 0.8] {
            // Simpson's rule over a short interval.
            let x = DistributionFunction.ppf.value(distribution, p)
            let h = 1e-3
            let densities = [x - h, x, x + h].map { DistributionFunction.pdf.value(distribution, $0) }
            let area = (densities[0] + 4 * densities[1] + densities[2]) * h / 3
            let difference =
                DistributionFunction.cdf.value(distribution, x + h)
                - DistributionFunction.cdf.value(distribution, x - h)
            #expect(abs(area - difference) < 1e-12)
        }
    }

    @Test(arguments: examples)
    func quantilesInvertTails(kind: String, parameters: String) throws {
        let distribution = try DistributionLawTests.make(kind, parameters)
        for p in [1e-12, 0.01, 0.25, 0.5, 0.9, 0.999] {
            let x = DistributionFunction.ppf.value(distribution, p)
            let y = DistributionFunction.isf.value(distribution, p)
            if type(of: distribution).isDiscrete {
                #expect(DistributionFunction.cdf.value(distribution, x) >= p)
                #expect(DistributionFunction.cdf.value(distribution, x - 1) < p)
                #expect(DistributionFunction.sf.value(distribution, y) <= p)
                #expect(DistributionFunction.sf.value(distribution, y - 1) > p)
            } else {
                // As near as the rounding of the point allows.
                let below = 1e-12 * p + DistributionFunction.pdf.value(distribution, x) * x.ulp
                let above = 1e-12 * p + DistributionFunction.pdf.value(distribution, y) * y.ulp
                #expect(abs(DistributionFunction.cdf.value(distribution, x) - p) <= below)
                #expect(abs(DistributionFunction.sf.value(distribution, y) - p) <= above)
            }
        }
    }

    @Test(arguments: examples)
    func drawsHaveTheMomentsOfTheDistribution(kind: String, parameters: String) throws {
        let distribution = try DistributionLawTests.make(kind, parameters)
        let count = 40_000
        let context = try Context(threads: 2)
        let draws = try Buffer<Double>(count, in: context.allocator)
        try distribution.draw(draws.pointer, count, from: Philox(seed: 11, stream: 1), in: context)
        let values = draws.array
        let mean = values.reduce(0, +) / Double(count)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
        let moments = distribution.moments
        let deviation = (moments.variance / Double(count)).squareRoot()
        #expect(abs(mean - moments.mean) < 5 * deviation)
        #expect(abs(variance / moments.variance - 1) < 5 * ((moments.kurtosis + 2) / Double(count)).squareRoot())
        let (low, high) = distribution.support
        #expect(values.allSatisfy { $0 >= low && $0 <= high })
        for p in [0.1, 0.5, 0.9] {
            let x = DistributionFunction.ppf.value(distribution, p)
            let below = Double(values.filter { $0 <= x }.count) / Double(count)
            #expect(abs(below - DistributionFunction.cdf.value(distribution, x)) < 0.0125)
        }
        let alone = try Buffer<Double>(count, in: context.allocator)
        try distribution.draw(alone.pointer, count, from: Philox(seed: 11, stream: 1), in: Context(threads: 1))
        #expect(alone.array == values)
    }

    /// Pairs of distributions that are the same one.
    @Test func specialCasesAgreeWithWhatTheyAreCasesOf() throws {
        let pairs = [
            ("chi2", "df=5", "gamma", "a=2.5 scale=2"), ("exponential", "scale=3", "gamma", "a=1 scale=3"),
            ("bernoulli", "p=0.3", "binomial", "n=1 p=0.3"), ("uniform", "", "beta", "a=1 b=1"),
        ]
        for (kind, parameters, other, same) in pairs {
            let (one, two) = (
                try DistributionLawTests.make(kind, parameters), try DistributionLawTests.make(other, same)
            )
            let functions: [DistributionFunction] = [.pdf, .logpdf, .cdf, .sf]
            for x in [0.0, 0.2, 0.7, 1, 3, 11] {
                for function in functions {
                    let (a, b) = (function.value(one, x), function.value(two, x))
                    #expect(a == b || abs(a - b) <= 1e-13 * max(abs(b), 1), "\(function) of \(kind) at \(x)")
                }
            }
        }
    }

    @Test func dualDistributionsShareTheirTails() throws {
        for k in [0.0, 3, 9] {
            // P(Poisson(mu) <= k) = P(Gamma(k + 1) > mu), and the like of binomial and beta.
            let poisson = DistributionFunction.cdf.value(try DistributionLawTests.make("poisson", "mu=4.5"), k)
            let gamma = DistributionFunction.sf.value(try DistributionLawTests.make("gamma", "a=\(k + 1)"), 4.5)
            #expect(abs(poisson - gamma) <= 1e-13 * gamma)
            let binomial = DistributionFunction.cdf.value(try DistributionLawTests.make("binomial", "n=12 p=0.3"), k)
            let beta = DistributionFunction.sf.value(
                try DistributionLawTests.make("beta", "a=\(k + 1) b=\(12 - k)"), 0.3)
            #expect(abs(binomial - beta) <= 1e-13 * beta)
        }
        for x in [0.3, 1, 4] {
            // t^2 is F with one degree of freedom.
            let t = DistributionFunction.sf.value(try DistributionLawTests.make("student_t", "df=7"), x)
            let f = DistributionFunction.sf.value(try DistributionLawTests.make("f", "dfn=1 dfd=7"), x * x)
            #expect(abs(2 * t - f) <= 1e-13 * f)
            let left = DistributionFunction.cdf.value(try DistributionLawTests.make("student_t", "df=7"), -x)
            #expect(left == t)
        }
    }

    @Test func refusesParametersOutOfRange() {
        let bad = [
            ("normal", "scale=0"), ("normal", "scale=-1"), ("beta", "a=0 b=1"), ("beta", "a=1"),
            ("binomial", "n=-1 p=0.5"),
            ("binomial", "n=3 p=1.5"), ("gamma", "a=nan"), ("poisson", "mu=-2"), ("geometric", "p=0"), ("cauchy", ""),
            ("normal", "mean=1"),
        ]
        for (kind, parameters) in bad {
            #expect(throws: ApusError.self, "\(kind) \(parameters)") {
                try DistributionCatalog.make(kind, parameters)
            }
        }
    }
}
