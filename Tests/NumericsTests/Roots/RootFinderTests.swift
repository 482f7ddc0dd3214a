import Core
import Glibc
import Numerics
import Testing

/// Roots of functions of one variable.
struct RootFinderTests {
    private func find(
        _ method: String, _ a: Double, _ b: Double, parameters: String = "", derivative: ((Double) -> Double)? = nil,
        _ function: @escaping (Double) -> Double
    ) throws -> Root {
        var slope: ScalarFunction?
        if let derivative { slope = { (x) throws(ApusError) in derivative(x) } }
        return try RootFinder(method, parameters: parameters).find(
            { (x) throws(ApusError) in function(x) }, derivative: slope, a, b)
    }

    @Test(arguments: ["brentq", "bisect", "secant"])
    func findsTheFixedPointOfTheCosine(method: String) throws {
        let root = try find(method, 0, 1) { cos($0) - $0 }
        #expect(root.stop == .converged)
        #expect(abs(root.root - 0.7390851332151607) <= 2e-12)
        #expect(root.value == cos(root.root) - root.root)
    }

    @Test func newtonDoublesTheDigits() throws {
        let root = try find("newton", 1, 0, derivative: { 2 * $0 }) { $0 * $0 - 2 }
        #expect(root.stop == .converged && root.iterations <= 6)
        #expect(abs(root.root - 2.0.squareRoot()) <= 2.0.ulp)
    }

    @Test(arguments: ["brentq", "bisect"])
    func aRootAtAnEndIsFoundAtOnce(method: String) throws {
        let atA = try find(method, 2, 5) { $0 - 2 }
        #expect(atA.root == 2 && atA.evaluations == 1 && atA.stop == .converged)
        let atB = try find(method, 0, 2) { $0 - 2 }
        #expect(atB.root == 2 && atB.evaluations == 2 && atB.stop == .converged)
    }

    @Test(arguments: ["brentq", "bisect"])
    func refusesEndsOfOneSignWithBothValues(method: String) throws {
        let error = #expect(throws: ApusError.self) { try find(method, 1, 2) { $0 * $0 + 1 } }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("f(1.0) = 2.0 and f(2.0) = 5.0") == true)
    }

    @Test(arguments: ["brentq", "bisect"])
    func endsAtAPoleAndSaysSo(method: String) throws {
        let pole = try find(method, -1, 2) { 1 / $0 }
        #expect(pole.stop == .converged && abs(pole.root) <= 2e-12 && abs(pole.value) > 1e11)
        #expect(pole.message.contains("jump"))
        let step = try find(method, -1, 2.5) { $0 < 1 ? -1 : 1 }
        #expect(abs(step.root - 1) <= 2e-12 && step.message.contains("jump"))
        let honest = try find(method, -1, 2.5) { $0 - 1 }
        #expect(!honest.message.contains("jump"))
    }

    @Test(arguments: ["brentq", "bisect"])
    func infiniteValuesHaveASign(method: String) throws {
        let root = try find(method, 0, 3) { log($0) }
        #expect(root.stop == .converged && abs(root.root - 1) <= 2e-12)
    }

    @Test(arguments: ["brentq", "bisect", "secant", "newton"])
    func aValueThatIsNotANumberEndsIt(method: String) throws {
        let root = try find(method, 0, 1, derivative: { _ in 3 }) { $0 == 0 ? -1 : $0 == 1 ? 1 : .nan }
        #expect(root.stop == .notFinite && root.root.isFinite && abs(root.value) == 1)
        let start = try find(method, 0, 1, derivative: { _ in 3 }) { _ in .nan }
        #expect(start.stop == .notFinite)
    }

    @Test(arguments: ["brentq", "bisect", "secant", "newton"])
    func refusesEndsThatAreNotFinite(method: String) {
        for bad in [Double.nan, .infinity, -.infinity] {
            #expect(throws: ApusError.self) { try find(method, bad, 1, derivative: { _ in 1 }) { $0 } }
        }
    }

    @Test(arguments: ["brentq", "bisect"])
    func takesTheWholeLineOfNumbers(method: String) throws {
        let big = Double.greatestFiniteMagnitude
        let root = try find(method, -big, big, parameters: "maxiter=3000") { $0 > 1e-3 ? 1 : -1 }
        #expect(root.stop == .converged && abs(root.root - 1e-3) <= 2e-12)
    }

    @Test(arguments: ["brentq", "bisect"])
    func endsWithNeighbouringNumbersWithoutATolerance(method: String) throws {
        let root = try find(method, -1, 3, parameters: "xtol=0 rtol=0 maxiter=2000") { $0 * $0 * $0 - 2 }
        #expect(root.stop == .converged)
        #expect(abs(root.root - cbrt(2)) <= 2 * cbrt(2).ulp)
        // Down to the smallest numbers.
        let tiny = try find(method, -1, 3, parameters: "xtol=0 rtol=0 maxiter=5000") { $0 > 0 ? 1 : -1 }
        #expect(tiny.stop == .converged && abs(tiny.root) <= 1e-300)
    }

    @Test(arguments: ["brentq", "bisect"])
    func runningOutKeepsTheBestPoint(method: String) throws {
        let root = try find(method, 0, 10, parameters: "maxiter=3") { $0 * $0 - 2 }
        #expect(root.stop == .iterations && root.iterations == 3 && root.evaluations == 5)
        #expect(root.value == root.root * root.root - 2)
    }

    @Test func newtonNamesAZeroDerivative() throws {
        let root = try find("newton", 0, 0, derivative: { 2 * $0 }) { $0 * $0 - 2 }
        #expect(root.stop == .notFinite && root.root == 0 && root.value == -2)
        #expect(root.message.contains("derivative is 0"))
    }

    @Test func newtonStepsBackFromWhereTheFunctionIsUndefined() throws {
        let root = try find("newton", 10, 0, derivative: { 1 / $0 }) { $0 > 0 ? log($0) : .nan }
        #expect(root.stop == .converged && abs(root.root - 1) <= 2e-12)
    }

    @Test func newtonEndsWhereThereIsNoRoot() throws {
        let root = try find("newton", 0.3, 0, derivative: { 2 * $0 }) { $0 * $0 + 1 }
        #expect(root.stop == .iterations && root.iterations == 100)
    }

    @Test(arguments: [2, 3, 5])
    func newtonCreepsToAMultipleRoot(multiplicity: Int) throws {
        let m = Double(multiplicity)
        let root = try find("newton", 2, 0, parameters: "xtol=1e-9 maxiter=500", derivative: { m * pow($0 - 1, m - 1) }) {
            pow($0 - 1, m)
        }
        // The error is multiplicity - 1 times the last step.
        #expect(root.stop == .converged && abs(root.root - 1) <= m * 1e-9)
    }

    @Test(arguments: ["brentq", "bisect"])
    func anOddMultipleRootIsBracketed(method: String) throws {
        let root = try find(method, -1, 3.3, parameters: "maxiter=200") { pow($0 - 1, 9) }
        #expect(root.stop == .converged && abs(root.root - 1) <= 2e-12)
    }

    @Test func secantEndsOnAFlatFunction() throws {
        let root = try find("secant", 0, 1) { _ in 3 }
        #expect(root.stop == .notFinite && root.value == 3 && root.message.contains("same value"))
        #expect(throws: ApusError.self) { try find("secant", 1, 1) { $0 } }
    }

    @Test(arguments: ["brentq", "bisect", "secant", "newton"])
    func theFunctionMayStopAndErrorsComeThrough(method: String) throws {
        var calls = 0
        let finder = try RootFinder(method, parameters: "")
        let root = try finder.find(
            { (x) throws(ApusError) in
                calls += 1
                return calls > 4 ? nil : exp(x) - 2
            }, derivative: { (x) throws(ApusError) in exp(x) }, 0, 1)
        #expect(root.stop == .asked && root.value == exp(root.root) - 2)
        let error = #expect(throws: ApusError.self) {
            try finder.find(
                { (_) throws(ApusError) in throw ApusError(.interrupted, "Enough.") },
                derivative: { (x) throws(ApusError) in x }, 0, 1)
        }
        #expect(error?.code == .interrupted)
    }

    /// Brent's worst cases are bounded; a function flat around its root must not take more than bisection squared.
    @Test func brentNeedsFewEvaluations() throws {
        let cases: [(Double, Double, Int, (Double) -> Double)] = [
            (0, 1, 10, { cos($0) - $0 }), (1, 2, 11, { $0 * $0 * $0 - 2 * $0 - 5 + 3 }), (-4, 4.5, 13, { exp($0) - 1 }),
            (0, 5, 12, { $0 * exp(-$0) - 0.1 - 0.2 + 0.01 }),
        ]
        for (a, b, most, function) in cases where (function(a) < 0) != (function(b) < 0) {
            let root = try find("brentq", a, b, function)
            #expect(root.stop == .converged && root.evaluations <= most)
        }
    }

    @Test func unknownNamesAndValuesAreRefused() {
        #expect(throws: ApusError.self) { try RootFinder("regula", parameters: "") }
        #expect(throws: ApusError.self) { try RootFinder("brentq", parameters: "xtol=-1") }
        #expect(throws: ApusError.self) { try RootFinder("brentq", parameters: "tol=1") }
        #expect(throws: ApusError.self) { try find("newton", 0, 1) { $0 } }
    }
}
