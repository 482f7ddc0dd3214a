import Core
import Glibc
import Numerics
import Testing

/// Values at a point, made with mpmath in 50 digits from the definitions.
struct DistributionValueTests {
    private static let values: [(kind: String, parameters: String, function: DistributionFunction, x: Double, Double)] =
        [
            ("normal", "", .cdf, -37, 5.72557122252457682e-300),
            ("normal", "", .sf, -37, 1.0),
            ("normal", "", .pdf, -37, 2.12000655152460563e-298),
            ("normal", "", .cdf, -6, 9.86587645037698141e-10),
            ("normal", "", .sf, -6, 0.999999999013412355),
            ("normal", "", .pdf, -6, 6.07588284982328549e-9),
            ("normal", "", .cdf, -0.1, 0.460172162722971016),
            ("normal", "", .sf, -0.1, 0.539827837277028984),
            ("normal", "", .pdf, -0.1, 0.396952547477011765),
            ("normal", "", .cdf, 0.5, 0.691462461274013104),
            ("normal", "", .sf, 0.5, 0.308537538725986896),
            ("normal", "", .pdf, 0.5, 0.352065326764299478),
            ("normal", "", .cdf, 3, 0.998650101968369905),
            ("normal", "", .sf, 3, 1.34989803163009453e-3),
            ("normal", "", .pdf, 3, 4.43184841193800718e-3),
            ("normal", "", .logcdf, -50, -1254.8313611394199),
            ("normal", "loc=2 scale=3", .cdf, 1, 0.369441340181763638),
            ("beta", "a=2 b=3", .cdf, 0.25, 0.26171875),
            ("beta", "a=2 b=3", .sf, 0.25, 0.73828125),
            ("beta", "a=2 b=3", .pdf, 0.25, 1.6875),
            ("beta", "a=0.5 b=0.5", .cdf, 0.9, 0.795167235300866572),
            ("beta", "a=0.5 b=0.5", .sf, 0.9, 0.204832764699133428),
            ("beta", "a=0.5 b=0.5", .pdf, 0.9, 1.06103295394596901),
            ("beta", "a=300 b=20", .cdf, 0.95, 0.82119400724608227),
            ("beta", "a=300 b=20", .sf, 0.95, 0.17880599275391773),
            ("beta", "a=300 b=20", .pdf, 0.95, 22.2023297903273389),
            ("beta", "a=0.001 b=5", .cdf, 1e-10, 0.979274557377247424),
            ("beta", "a=0.001 b=5", .sf, 1e-10, 0.0207254426227525764),
            ("beta", "a=0.001 b=5", .pdf, 1e-10, 9.79274556985928904e6),
            ("binomial", "n=10 p=0.3", .pmf, 4, 0.200120948999999989),
            ("binomial", "n=10 p=0.3", .cdf, 4, 0.849731667400000019),
            ("binomial", "n=10 p=0.3", .sf, 4, 0.150268332599999981),
            ("binomial", "n=1000 p=0.01", .pmf, 3, 7.39322277822284526e-3),
            ("binomial", "n=1000 p=0.01", .cdf, 3, 0.0100726547720143788),
            ("binomial", "n=1000 p=0.01", .sf, 3, 0.989927345227985621),
            ("binomial", "n=2000 p=0.5", .pmf, 1050, 1.46462045561692804e-3),
            ("binomial", "n=2000 p=0.5", .cdf, 1050, 0.98805254733547658),
            ("binomial", "n=2000 p=0.5", .sf, 1050, 0.0119474526645234199),
            ("gamma", "a=0.5", .cdf, 0.1, 0.34527915398142298),
            ("gamma", "a=0.5", .sf, 0.1, 0.65472084601857702),
            ("gamma", "a=0.5", .pdf, 0.1, 1.6143422587153618),
            ("gamma", "a=3", .cdf, 2.5, 0.456186884116670482),
            ("gamma", "a=3", .sf, 2.5, 0.543813115883329518),
            ("gamma", "a=3", .pdf, 2.5, 0.256515620699683735),
            ("gamma", "a=50", .cdf, 80.0, 0.99986921602340859),
            ("gamma", "a=50", .sf, 80.0, 1.30783976591410337e-4),
            ("gamma", "a=50", .pdf, 80.0, 5.29353686853139734e-5),
            ("gamma", "a=1000", .cdf, 950.0, 0.0550546862307380345),
            ("gamma", "a=1000", .sf, 950.0, 0.944945313769261966),
            ("gamma", "a=1000", .pdf, 950.0, 3.64317181436660931e-3),
            ("chi2", "df=1", .cdf, 0.5, 0.520499877813046538),
            ("chi2", "df=1", .sf, 0.5, 0.479500122186953462),
            ("chi2", "df=7", .cdf, 20.0, 0.994430316927054429),
            ("chi2", "df=7", .sf, 20.0, 5.56968307294557134e-3),
            ("student_t", "df=1", .sf, 2.0, 0.147583617650433274),
            ("student_t", "df=1", .cdf, 2.0, 0.852416382349566726),
            ("student_t", "df=1", .pdf, 2.0, 0.0636619772367581343),
            ("student_t", "df=4", .sf, -3.5, 0.987551918269888624),
            ("student_t", "df=4", .cdf, -3.5, 0.0124480817301113761),
            ("student_t", "df=4", .pdf, -3.5, 0.0112732161141434431),
            ("student_t", "df=30", .sf, 1.5, 0.0720329645643230007),
            ("student_t", "df=30", .cdf, 1.5, 0.927967035435676999),
            ("student_t", "df=30", .pdf, 1.5, 0.128961601739671761),
            ("f", "dfn=3 dfd=7", .cdf, 2.0, 0.797306357513349078),
            ("f", "dfn=3 dfd=7", .sf, 2.0, 0.202693642486650922),
            ("f", "dfn=10 dfd=2", .cdf, 0.1, 4.11522633744856043e-3),
            ("f", "dfn=10 dfd=2", .sf, 0.1, 0.99588477366255144),
            ("poisson", "mu=0.5", .pmf, 2, 0.075816332464079178),
            ("poisson", "mu=0.5", .cdf, 2, 0.985612322033029313),
            ("poisson", "mu=0.5", .sf, 2, 0.0143876779669706866),
            ("poisson", "mu=20", .pmf, 31, 5.38292661008716695e-3),
            ("poisson", "mu=20", .cdf, 31, 0.991908245330164884),
            ("poisson", "mu=20", .sf, 31, 8.09175466983511583e-3),
            ("poisson", "mu=10000.0", .pmf, 9800, 5.38090305798330277e-4),
            ("poisson", "mu=10000.0", .cdf, 9800, 0.0227492220108948602),
            ("poisson", "mu=10000.0", .sf, 9800, 0.97725077798910514),
            ("exponential", "scale=2", .cdf, 1e-10, 4.99999999987500018e-11),
            ("exponential", "scale=2", .sf, 700, 9.9295903962649793e-153),
            ("lognormal", "s=0.5", .cdf, 0.3, 8.02128545598511672e-3),
            ("lognormal", "s=0.5", .pdf, 2.0, 0.152613826047545768),
            ("geometric", "p=0.2", .pmf, 5, 0.08192),
            ("geometric", "p=0.2", .sf, 5, 0.327679999999999977),
        ]

    @Test func densitiesAndTailsAgreeWithTheirDefinitions() throws {
        for (kind, parameters, function, x, wanted) in DistributionValueTests.values {
            let distribution = try DistributionCatalog.make(kind, parameters)
            let found = function.value(distribution, x)
            #expect(
                abs(found - wanted) <= 2e-13 * abs(wanted), "\(function) of \(kind) \(parameters) at \(x): \(found)")
        }
    }

    @Test func logarithmsAgreeWithWhatTheyAreOf() throws {
        for (kind, parameters, function, x, wanted) in DistributionValueTests.values {
            let logarithms: [DistributionFunction: DistributionFunction] = [
                .pdf: .logpdf, .pmf: .logpmf, .cdf: .logcdf, .sf: .logsf,
            ]
            guard let logarithm = logarithms[function] else { continue }
            let found = logarithm.value(try DistributionCatalog.make(kind, parameters), x)
            let scale = max(1, abs(log(wanted)))
            #expect(
                abs(found - log(wanted)) <= 4e-13 * scale, "\(logarithm) of \(kind) \(parameters) at \(x): \(found)")
        }
    }

    @Test func quantilesLeadBackToTheirPoint() throws {
        for (kind, parameters, function, x, wanted) in DistributionValueTests.values {
            let distribution = try DistributionCatalog.make(kind, parameters)
            guard function == .cdf || function == .sf, wanted > 0, wanted < 0.7 else { continue }
            let inverse: DistributionFunction = function == .cdf ? .ppf : .isf
            if type(of: distribution).isDiscrete {
                // Between this value's probability and the next one's all quantiles are this value.
                let (step, ends) = (1e-9 * wanted, function == .cdf ? (x, x + 1) : (x + 1, x))
                #expect(inverse.value(distribution, wanted - step) == ends.0, "\(kind) \(parameters)")
                #expect(inverse.value(distribution, wanted + step) == ends.1, "\(kind) \(parameters)")
            } else {
                let found = inverse.value(distribution, wanted)
                #expect(abs(found - x) <= 1e-12 * abs(x), "\(inverse) of \(kind) \(parameters): \(found), not \(x)")
            }
        }
    }
}
