import Numerics
import Testing

/// Relative distance of two numbers.
private func distance(_ found: Double, _ expected: Double) -> Double { abs(found - expected) / abs(expected) }

/// Expected values are made with mpmath in 50 digits.
struct SpecialFunctionsTests {
    @Test func excessKeepsItsDigitsNearZero() {
        #expect(distance(LogGamma.excess(1e-9), 4.999999996666667292e-19) < 4e-16)
        #expect(distance(LogGamma.excess(0.5), 0.094534891891835618022) < 4e-16)
        #expect(distance(LogGamma.excess(-0.3), 0.056674943938732374155) < 4e-16)
        #expect(distance(LogGamma.excess(3), 1.6137056388801093812) < 4e-16)
        #expect(LogGamma.excess(0) == 0)
    }

    @Test func logGammaOfOnePlusAKeepsItsDigitsNearZero() {
        #expect(distance(LogGamma.logGamma1p(1e-10), -5.77215664819286178e-11) < 4e-16)
        #expect(distance(LogGamma.logGamma1p(0.25), -0.0982718364218131615) < 4e-16)
        #expect(distance(LogGamma.logGamma1p(-0.25), 0.203280951431295371) < 4e-16)
        #expect(distance(LogGamma.ratio(1e-8, 1e5), 1.15129204649619453e-07) < 1e-15)
    }

    @Test func stirlingsRemainderJoinsItsTwoForms() {
        #expect(distance(LogGamma.stirlingRemainder(1), 0.0810614667953272582) < 2e-15)
        #expect(distance(LogGamma.stirlingRemainder(10), 0.00833056343336287126) < 1e-15)
        let below = LogGamma.stirlingRemainder(10.0.nextDown)
        #expect(abs(below - LogGamma.stirlingRemainder(10)) < 1e-15)
    }

    @Test func scaledComplementDoesNotUnderflow() {
        #expect(distance(ErrorFunction.scaledComplement(0.5), 0.61569034419292587) < 4e-16)
        #expect(distance(ErrorFunction.scaledComplement(25.9), 0.0217671811507382126) < 1e-15)
        #expect(distance(ErrorFunction.scaledComplement(30), 0.018795888861416751) < 4e-16)
        #expect(distance(ErrorFunction.scaledComplement(1e8), 5.6418958354775626e-09) < 4e-16)
    }

    @Test func inversesOfTheErrorFunction() {
        #expect(distance(ErrorFunction.inverse(0.5), 0.47693627620446987) < 4e-16)
        #expect(distance(ErrorFunction.inverse(1e-20), 8.8622692545275801e-21) < 4e-16)
        #expect(distance(ErrorFunction.inverse(-0.999999), -3.45891073727549878) < 4e-16)
        #expect(distance(ErrorFunction.inverseComplement(1e-300), 26.209469960516119) < 4e-16)
        #expect(ErrorFunction.inverse(1) == .infinity && ErrorFunction.inverse(1.1).isNaN)
    }

    @Test(arguments: [1e-5, 0.3, 1, 1.4, 7, 199.9, 200.1, 3000])
    func incompleteGammaFunctionsAddUpAndGrow(a: Double) {
        var last = 0.0
        for step in 1...400 {
            let x = a * Double(step) / 100 + (a < 1 ? Double(step) / 100 : 0)
            let tails = IncompleteGamma.tails(a, x)
            #expect(abs(tails.lower + tails.upper - 1) < 1e-14)
            #expect(tails.lower >= last * (1 - 1e-14))
            last = tails.lower
        }
    }

    @Test(arguments: [(1e-3, 1e5), (0.5, 0.5), (1.2, 0.3), (50, 0.3), (90, 1e4), (150, 150), (101, 5000)])
    func incompleteBetaFunctionsAddUpAndGrow(a: Double, b: Double) {
        var last = 0.0
        for step in 1..<500 {
            let x = Double(step) / 500
            let tails = IncompleteBeta.tails(a, b, x, 1 - x)
            #expect(abs(tails.lower + tails.upper - 1) < 1e-14)
            #expect(tails.lower >= last * (1 - 1e-14))
            last = tails.lower
        }
    }

    @Test func tailsThatUnderflowHaveLogarithms() {
        let tails = IncompleteGamma.tails(10, 1e4)
        #expect(tails.upper == 0 && distance(tails.logUpper, -9929.90786381719682) < 4e-16 && tails.logLower == 0)
    }
}
