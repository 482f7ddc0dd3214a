import Core
import Glibc
import Numerics
import Testing

/// The simplex method.
struct NelderMeadTests {
    private func problem(_ count: Int, bounds: Bounds? = nil, _ function: @escaping ([Double]) -> Double) -> Problem {
        Problem(count: count, bounds: bounds) { (x, gradient) throws(ApusError) in
            #expect(gradient == nil)
            return function(Array(UnsafeBufferPointer(start: x, count: count)))
        }
    }

    private static func rosenbrock(_ x: [Double]) -> Double { SecondOrderFunction.rosenbrock.evaluate(x).value }

    @Test(arguments: [false, true])
    func reachesTheBottomOfRosenbrocksValley(adaptive: Bool) throws {
        let end = try minimise(
            "Nelder-Mead", problem(2, Self.rosenbrock), from: [-1.2, 1],
            parameters: "xatol=1e-8 fatol=1e-8 adaptive=\(adaptive)")
        #expect(end.minimum.stop == .converged && end.minimum.slope.isNaN)
        for value in end.x { #expect(abs(value - 1) < 1e-6) }
    }

    @Test func takesAsManyEvaluationsAsItsPeers() throws {
        // The counts of SciPy 1.17 from this start, with the default tolerances: 84 iterations, 159 evaluations.
        let end = try minimise("Nelder-Mead", problem(2, Self.rosenbrock), from: [-1.2, 1], parameters: "")
        #expect(end.minimum.iterations == 84 && end.minimum.functionEvaluations == 159)
    }

    @Test func adaptiveFactorsServeManyVariables() throws {
        let end = try minimise(
            "Nelder-Mead", problem(12) { x in x.enumerated().reduce(0) { $0 + Double($1.0 + 1) * $1.1 * $1.1 } },
            from: [Double](repeating: 1, count: 12), parameters: "adaptive=true maxiter=20000 fatol=1e-10 xatol=1e-6")
        #expect(end.minimum.stop == .converged && end.minimum.value < 1e-8)
    }

    @Test func staysWithinBounds() throws {
        let context = try Context(threads: 1)
        let bounds = try Bounds(lower: [-2, -2], upper: [0.5, 2], count: 2, in: context.allocator)
        let end = try minimise(
            "Nelder-Mead",
            problem(2, bounds: bounds) { x in
                #expect(x[0] <= 0.5 && x[0] >= -2 && abs(x[1]) <= 2)
                return Self.rosenbrock(x)
            }, from: [3, 5], parameters: "xatol=1e-7 fatol=1e-9")
        #expect(end.minimum.stop == .converged)
        #expect(abs(end.x[0] - 0.5) < 1e-6 && abs(end.x[1] - 0.25) < 1e-5)
    }

    @Test func oneVariableAndKinksAreFine() throws {
        let end = try minimise("Nelder-Mead", problem(1) { abs($0[0] - 3) }, from: [0], parameters: "")
        #expect(end.minimum.stop == .converged && abs(end.x[0] - 3) < 2e-4)
    }

    @Test func whereItIsUndefinedCountsAsHigh() throws {
        let end = try minimise(
            "Nelder-Mead", problem(2) { $0[0] > 0 ? $0[0] - log($0[0]) + $0[1] * $0[1] : .nan }, from: [0.01, 1],
            parameters: "xatol=1e-6 fatol=1e-10")
        #expect(end.minimum.stop == .converged && abs(end.x[0] - 1) < 1e-4)
    }

    @Test func aFlatFunctionShrinksToItsEnd() throws {
        let end = try minimise("Nelder-Mead", problem(3) { _ in 7 }, from: [1, 2, 3], parameters: "")
        #expect(end.minimum.stop == .converged && end.minimum.value == 7 && end.x == [1, 2, 3])
    }

    @Test func theFirstSimplexMayBeGiven() throws {
        let end = try minimise(
            "Nelder-Mead", problem(2, Self.rosenbrock), from: [0, 0],
            parameters: #"{"initial_simplex": [[0, 0], [0.5, 0], [0, 0.5]], "xatol": 1e-8, "fatol": 1e-8}"#)
        #expect(end.minimum.stop == .converged && abs(end.x[0] - 1) < 1e-6)
        for bad in ["[[0, 0], [1, 1]]", "[[0], [1]]", "[1, 2, 3]", #"[["a", 0], [0, 1], [1, 0]]"#] {
            #expect(throws: ApusError.self) {
                try minimise(
                    "Nelder-Mead", problem(2, Self.rosenbrock), from: [0, 0],
                    parameters: "{\"initial_simplex\": \(bad)}")
            }
        }
    }

    @Test func limitsAndCallersEndIt() throws {
        let few = try minimise("Nelder-Mead", problem(2, Self.rosenbrock), from: [-1.2, 1], parameters: "maxiter=5")
        #expect(few.minimum.stop == .iterations && few.minimum.iterations == 5)
        let short = try minimise("Nelder-Mead", problem(2, Self.rosenbrock), from: [-1.2, 1], parameters: "maxfev=9")
        #expect(short.minimum.stop == .evaluations && short.minimum.functionEvaluations == 9)
        #expect(short.minimum.value <= Self.rosenbrock([-1.2, 1]) && short.minimum.value == Self.rosenbrock(short.x))
        let endless = try minimise("Nelder-Mead", problem(1) { -$0[0] }, from: [1], parameters: "maxiter=100000")
        #expect(endless.minimum.stop == .unbounded)
    }
}
