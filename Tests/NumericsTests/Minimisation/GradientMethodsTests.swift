import Core
import Glibc
import Numerics
import Testing

/// What every method with gradients owes its caller, on conjugate gradients, BFGS and L-BFGS-B.
struct GradientMethodsTests {
    static let methods = ["CG", "BFGS", "L-BFGS-B"]

    @Test(arguments: methods, [1, 2, 7, 50]) func findsTheMinimumOfABowl(method: String, n: Int) throws {
        let start = (0..<n).map { Double(n - 2 * $0) }
        let found = try Minimising(method, "gtol=1e-8", from: start).run(Smooth.bowl)
        #expect(found.minimum.stop == .converged && found.minimum.slope <= 1e-8)
        for (i, value) in found.x.enumerated() { #expect(abs(value - Double(i)) <= 1e-8) }
        for value in found.gradient { #expect(abs(value) <= 1e-8) }
    }

    @Test(arguments: methods) func reachesTheBottomOfRosenbrocksValley(method: String) throws {
        let found = try Minimising(method, "gtol=1e-8", from: [-1.2, 1]).run(Smooth.rosenbrock)
        #expect(found.minimum.stop == .converged)
        #expect(abs(found.x[0] - 1) < 1e-7 && abs(found.x[1] - 1) < 1e-7)
        #expect(found.minimum.functionEvaluations < 110)
        #expect(found.minimum.gradientEvaluations == found.minimum.functionEvaluations)
    }

    @Test(arguments: methods, ["forward", "central"]) func takesDifferencesForTheGradient(
        method: String, source: String
    )
        throws
    {
        let found = try Minimising(method, "gradient=\(source)", from: [-1.2, 1]).run { (x, g, n) throws(ApusError) in
            #expect(g == nil)
            return try Smooth.rosenbrock(x, nil, n)
        }
        #expect(abs(found.x[0] - 1) < 1e-4 && abs(found.x[1] - 1) < 1e-4)
        let perGradient = source == "forward" ? 3 : 5
        #expect(found.minimum.functionEvaluations == perGradient * found.minimum.gradientEvaluations)
    }

    @Test(arguments: methods) func isDoneAtTheMinimumAndOnAConstant(method: String) throws {
        let atMinimum = try Minimising(method, from: [0, 1, 2]).run(Smooth.bowl)
        #expect(atMinimum.minimum.stop == .converged && atMinimum.minimum.iterations == 0)
        #expect(atMinimum.minimum.functionEvaluations == 1 && atMinimum.x == [0, 1, 2])
        let constant = try Minimising(method, "gtol=0", from: [3]).run { (_, g, _) throws(ApusError) in
            g?[0] = 0
            return 7
        }
        #expect(constant.minimum.stop == .converged && constant.x == [3] && constant.minimum.value == 7)
    }

    @Test(arguments: methods) func noIterationsLeaveTheStartAlone(method: String) throws {
        let found = try Minimising(method, "maxiter=0", from: [-1.2, 1]).run(Smooth.rosenbrock)
        #expect(found.minimum.stop == .iterations && found.x == [-1.2, 1])
        #expect(found.minimum.functionEvaluations == 1 && abs(found.gradient[0] + 215.6) < 1e-10)
    }

    @Test(arguments: methods, [1, 2, 3, 10]) func keepsTheBestPointWhenEvaluationsRunOut(method: String, most: Int)
        throws
    {
        let found = try Minimising(method, "maxfev=\(most)", from: [-1.2, 1]).run(Smooth.rosenbrock)
        #expect(found.minimum.stop == .evaluations)
        #expect(found.minimum.functionEvaluations == most)
        let value = try Smooth.rosenbrock(found.x, nil, 2)
        #expect(value == found.minimum.value && found.minimum.value <= 24.2)
    }

    @Test(arguments: methods) func noticesFunctionsThatFallWithoutEnd(method: String) throws {
        let linear = try Minimising(method, from: [0, 1]).run { (x, g, _) throws(ApusError) in
            g?[0] = -1
            g?[1] = 2
            return -x[0] + 2 * x[1]
        }
        #expect(linear.minimum.stop == .unbounded && linear.minimum.functionEvaluations < 100)
        #expect(linear.minimum.value < -1e15 && linear.minimum.slope == 2)
        let exponential = try Minimising(method, from: [0]).run { (x, g, _) throws(ApusError) in
            g?[0] = -exp(x[0])
            return -exp(x[0])
        }
        #expect(exponential.minimum.stop == .unbounded && exponential.minimum.functionEvaluations < 100)
        #expect(exponential.minimum.value.isFinite && exponential.x[0].isFinite)
        let cubic = try Minimising(method, from: [-0.7]).run { (x, g, _) throws(ApusError) in
            g?[0] = -3 * x[0] * x[0]
            return -x[0] * x[0] * x[0]
        }
        #expect(cubic.minimum.stop == .unbounded && cubic.minimum.functionEvaluations < 100)
    }

    @Test(arguments: methods) func stepsBackFromWhereTheFunctionIsUndefined(method: String) throws {
        // x - ln x has its minimum 1 at 1; a long first step overshoots into x < 0.
        for undefined in [Double.nan, .infinity] {
            let found = try Minimising(method, from: [0.01]).run { (x, g, _) throws(ApusError) in
                g?[0] = 1 - 1 / x[0]
                return x[0] > 0 ? x[0] - log(x[0]) : undefined
            }
            #expect(found.minimum.stop == .converged && abs(found.x[0] - 1) < 1e-4)
        }
        let alone = try Minimising(method, from: [2]).run { (x, g, _) throws(ApusError) in
            g?[0] = 1
            return x[0] == 2 ? 5 : .nan
        }
        #expect(alone.minimum.stop == .notFinite && alone.x == [2] && alone.minimum.value == 5)
    }

    @Test(arguments: methods) func aWrongGradientEndsWithAHint(method: String) throws {
        let found = try Minimising(method, from: [3, -2]).run { (x, g, _) throws(ApusError) in
            g?[0] = -2 * x[0]
            g?[1] = -2 * x[1]
            return x[0] * x[0] + x[1] * x[1]
        }
        #expect(found.minimum.stop == .precision && found.x == [3, -2])
        #expect(found.minimum.message.contains("check"))
    }

    @Test(arguments: methods) func endsAtTheLimitOfPrecision(method: String) throws {
        let found = try Minimising(method, "gtol=0 maxiter=5000", from: [3, -4]).run { (x, g, _) throws(ApusError) in
            let (a, b) = (x[0] - 1.0 / 3, x[1] - 0.1)
            g?[0] = 2 * a
            g?[1] = 200 * b
            return 7 + a * a + 100 * b * b
        }
        #expect(found.minimum.stop == .precision || found.minimum.stop == .converged)
        #expect(abs(found.x[0] - 1.0 / 3) < 1e-6 && abs(found.x[1] - 0.1) < 1e-6)
    }

    @Test(arguments: methods) func theCallbackStopsKeepsAndAborts(method: String) throws {
        var stopping = Minimising(method, from: [-1.2, 1])
        var seen: [Double] = []
        stopping.step = { (report) throws(ApusError) in
            #expect(report.iteration == seen.count + 1 && report.count == 2)
            seen.append(report.value)
            return report.iteration == 4
        }
        let stopped = try stopping.run(Smooth.rosenbrock)
        #expect(stopped.minimum.stop == .asked && stopped.minimum.iterations == 4)
        #expect(stopped.minimum.value == seen.last && seen.min() == seen.last)
        var aborting = Minimising(method, from: [-1.2, 1])
        aborting.step = { (_) throws(ApusError) in throw ApusError(.interrupted, "Enough.") }
        #expect(throws: ApusError.self) { try aborting.run(Smooth.rosenbrock) }
        let asked = try Minimising(method, from: [-1.2, 1]).run { (x, g, n) throws(ApusError) in
            seen.append(0)
            return seen.count > 12 ? nil : try Smooth.rosenbrock(x, g, n)
        }
        #expect(asked.minimum.stop == .asked && asked.minimum.value < 24.2)
        #expect(throws: ApusError.self) {
            try Minimising(method, from: [1]).run { (_, _, _) throws(ApusError) in nil }
        }
    }

    @Test(arguments: methods) func refusesStartsThatAreNotFinite(method: String) throws {
        for start in [Double.nan, .infinity] {
            #expect(throws: ApusError.self) { try Minimising(method, from: [start, 0]).run(Smooth.bowl) }
        }
        #expect(throws: ApusError.self) {
            try Minimising(method, from: [1]).run { (_, g, _) throws(ApusError) in
                g?[0] = 1
                return .nan
            }
        }
        // A gradient that the function forgot to write.
        #expect(throws: ApusError.self) {
            try Minimising(method, from: [1, 2]).run { (x, g, n) throws(ApusError) in try Smooth.bowl(x, nil, n) }
        }
    }

    @Test func onlyMethodsThatTakeBoundsGetThem() throws {
        for method in ["CG", "BFGS", "Adam"] {
            var bounded = Minimising(method, from: [1, 2])
            bounded.lower = [0, 0]
            #expect(throws: ApusError.self) { try bounded.run(Smooth.bowl) }
            bounded.lower = [-.infinity, -.infinity]
            _ = try bounded.run(Smooth.bowl)
        }
    }

    @Test(arguments: ["CG", "L-BFGS-B"]) func minimisesAHundredThousandVariables(method: String) throws {
        let n = 100_000
        let found = try Minimising(method, "maxiter=300", from: [Double](repeating: 0, count: n)).run {
            (x, g, n) throws(ApusError) in
            var sum = 0.0
            for i in 0..<n {
                let weight = 1 + Double(i % 10)
                let away = x[i] - 1
                sum += 0.5 * weight * away * away
                g?[i] = weight * away
            }
            return sum
        }
        #expect(found.minimum.stop == .converged)
        #expect(found.x.allSatisfy { abs($0 - 1) < 1e-4 })
    }

    @Test func bfgsSaysThatItsMatrixDoesNotFit() throws {
        let context = try Context(allocator: Allocator(limit: 1 << 24))
        do {
            _ = try Minimising("BFGS", from: [Double](repeating: 1, count: 5000)).run(in: context, Smooth.bowl)
            Issue.record("25 million doubles fit into 16 MB")
        } catch let error as ApusError {
            #expect(error.code == .limit || error.code == .outOfMemory)
            #expect(error.message.contains("L-BFGS-B"))
        }
    }

    @Test(arguments: ["BFGS", "L-BFGS-B"]) func deliversTheInverseHessianOfAQuadratic(method: String) throws {
        let n = 3
        let context = try Context()
        let problem = Problem(count: n) { (x, g) throws(ApusError) in try Smooth.bowl(x, g, n) }
        var x = [5.0, -3, 4]
        var inverse = [Double](repeating: .nan, count: n * n)
        let minimum = try MinimizerCatalog.minimise(
            method, "gtol=1e-10", problem, from: &x, inverseHessian: &inverse, in: context,
            step: { (_) throws(ApusError) in false })
        #expect(minimum.stop == .converged)
        for i in 0..<n {
            for j in 0..<n {
                #expect(abs(inverse[i * n + j] - (i == j ? 1 / Double(i + 1) : 0)) < 0.05)
                #expect(method != "BFGS" || inverse[i * n + j] == inverse[j * n + i])
            }
        }
    }

    @Test func unknownNamesAndParametersAreNamed() throws {
        do {
            _ = try Minimising("Simplex", from: [1]).run(Smooth.bowl)
            Issue.record("There is no method of that name")
        } catch let error as ApusError {
            #expect(error.code == .invalidArgument && error.message.contains("L-BFGS-B"))
        }
        for text in ["gtol=-1", "maxiter=-1", "maxfev=0", "speed=3", "gradient=backward"] {
            #expect(throws: ApusError.self) { try Minimising("BFGS", text, from: [1]).run(Smooth.bowl) }
        }
        #expect(try Minimising("l-bfgs-b", from: [4]).run(Smooth.bowl).minimum.stop == .converged)
        #expect(try Minimising("", from: [4]).run(Smooth.bowl).minimum.stop == .converged)
    }
}
