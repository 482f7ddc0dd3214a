import Core
import Glibc
import Numerics
import Testing

/// The methods with second derivatives: Newton, Newton-CG, trust-exact and trust-ncg.
struct NewtonMethodsTests {
    static let methods = ["Newton", "Newton-CG", "trust-exact", "trust-ncg"]

    @Test(arguments: methods, SecondOrderFunction.Given.allCases)
    func reachesTheBottomOfRosenbrocksValley(method: String, given: SecondOrderFunction.Given) throws {
        for n in [2, 7] {
            let start = (0..<n).map { $0 % 2 == 0 ? 1.3 : 0.7 }
            let end = try minimise(
                method, SecondOrderFunction.rosenbrock.problem(n, given), from: start, parameters: "gtol=1e-7")
            #expect(end.minimum.stop == .converged && end.minimum.slope <= 1e-7 && end.minimum.value < 1e-13)
            for value in end.x { #expect(abs(value - 1) < 1e-6) }
            #expect((given == .neither) == (end.minimum.hessianEvaluations == 0))
        }
    }

    @Test(arguments: methods, ["forward", "central"])
    func doWithValuesAlone(method: String, source: String) throws {
        let end = try minimise(
            method, SecondOrderFunction.rosenbrock.problem(3, .neither), from: [-1.2, 1, 1],
            parameters: "gradient=\(source) gtol=1e-4")
        #expect(end.minimum.stop == .converged && end.minimum.value < 1e-6)
    }

    @Test(arguments: methods)
    func minimisesAFunctionOfOneVariable(method: String) throws {
        let end = try minimise(method, SecondOrderFunction.cosine.problem(1), from: [9])
        #expect(end.minimum.stop == .converged && abs(end.x[0] - 1) < 1e-8)
    }

    @Test(arguments: methods)
    func aSingularHessianAtTheMinimumIsNoObstacle(method: String) throws {
        let end = try minimise(method, SecondOrderFunction.powellSingular.problem(4), from: [3, -1, 0, 1])
        #expect(end.minimum.stop == .converged && end.minimum.value < 1e-8)
        for value in end.x { #expect(abs(value) < 0.01) }
    }

    @Test(arguments: ["trust-exact", "Newton"], SecondOrderFunction.Given.allCases)
    func leavesTheSaddleItStartsFrom(method: String, given: SecondOrderFunction.Given) throws {
        let end = try minimise(method, SecondOrderFunction.saddle.problem(2, given), from: [0, 0])
        #expect(end.minimum.stop == .converged && abs(end.minimum.value + 0.25) < 1e-12)
        #expect(abs(end.x[0]) < 1e-8 && abs(abs(end.x[1]) - 0.5.squareRoot()) < 1e-8)
    }

    @Test(arguments: ["trust-exact", "Newton"])
    func leavesASaddleOnTheWay(method: String) throws {
        // Without a slope along y, steps lead straight to the saddle.
        let end = try minimise(method, SecondOrderFunction.saddle.problem(2), from: [3, 0])
        #expect(end.minimum.stop == .converged && abs(end.minimum.value + 0.25) < 1e-12)
    }

    /// The last step is short, so that the Hessian before it is nearly that of the minimum, (802, -400; -400, 200).
    @Test(arguments: ["Newton", "trust-exact"], SecondOrderFunction.Given.allCases)
    func deliversTheInverseHessian(method: String, given: SecondOrderFunction.Given) throws {
        let inverse = try inverseHessian(method, SecondOrderFunction.rosenbrock.problem(2, given), from: [-1.2, 1])
        for (found, wanted) in zip(inverse, [0.5, 1, 1, 2.005]) { #expect(abs(found - wanted) < 0.01 * wanted) }
        #expect(inverse[1] == inverse[2])
    }

    @Test(arguments: ["Newton", "trust-exact"])
    func hasNoInverseOfASingularHessian(method: String) throws {
        let flat = SecondOrderFunction { _ in (5, [0, 0], [[0, 0], [0, 0]]) }
        #expect(try inverseHessian(method, flat.problem(2), from: [3, 4]).allSatisfy { $0.isNaN })
        let saddle = SecondOrderFunction.saddle.problem(2)
        let unmoved = try inverseHessian(method, saddle, from: [0, 0], parameters: "maxiter=0")
        #expect(unmoved.allSatisfy { $0.isNaN })
    }

    private func inverseHessian(_ method: String, _ problem: Problem, from start: [Double], parameters: String = "")
        throws -> [Double]
    {
        var x = start
        var inverse = [Double](repeating: 7, count: start.count * start.count)
        _ = try MinimizerCatalog.minimise(
            method, parameters, problem, from: &x, inverseHessian: &inverse, in: Context(),
            step: { (_) throws(ApusError) in false })
        return inverse
    }

    @Test(arguments: methods)
    func aStartAtTheMinimumIsTheEnd(method: String) throws {
        let end = try minimise(method, SecondOrderFunction.rosenbrock.problem(4), from: [1, 1, 1, 1])
        #expect(end.minimum.stop == .converged && end.minimum.iterations == 0 && end.minimum.functionEvaluations == 1)
    }

    @Test(arguments: ["trust-exact", "Newton"])
    func aFlatFunctionEndsAtItsStart(method: String) throws {
        let flat = SecondOrderFunction { _ in (5, [0, 0], [[0, 0], [0, 0]]) }
        let end = try minimise(method, flat.problem(2), from: [3, 4])
        #expect(end.minimum.stop == .converged && end.x == [3, 4])
    }

    @Test(arguments: methods)
    func startsFromAMaximumOfCurvature(method: String) throws {
        // 1 - exp(-x^2 / 2) beyond its inflection points: the Hessian is negative.
        let bell = SecondOrderFunction { x in
            let e = exp(-x[0] * x[0] / 2 - x[1] * x[1])
            return (
                1 - e, [x[0] * e, 2 * x[1] * e],
                [[(1 - x[0] * x[0]) * e, -2 * x[0] * x[1] * e], [-2 * x[0] * x[1] * e, (2 - 4 * x[1] * x[1]) * e]]
            )
        }
        let end = try minimise(method, bell.problem(2), from: [1.8, 1.1])
        #expect(end.minimum.stop == .converged && end.minimum.value < 1e-12)
    }

    @Test(arguments: methods)
    func aHessianThatIsNotANumberIsAStatus(method: String) throws {
        let broken = SecondOrderFunction { x in
            var all = SecondOrderFunction.rosenbrock.evaluate(x)
            all.hessian[0][1] = .nan
            all.hessian[1][0] = .nan
            return all
        }
        let end = try minimise(method, broken.problem(2), from: [-1.2, 1])
        #expect(end.minimum.stop == .notFinite && end.x == [-1.2, 1] && end.minimum.message.contains("Hessian"))
    }

    @Test(arguments: methods)
    func stepsBackFromWhereTheFunctionIsUndefined(method: String) throws {
        let log = SecondOrderFunction { x in
            let y = x[0]
            return (y > 0 ? y - Glibc.log(y) : .nan, [1 - 1 / y], [[1 / (y * y)]])
        }
        for start in [0.01, 30] {
            let end = try minimise(method, log.problem(1), from: [start])
            #expect(end.minimum.stop == .converged && abs(end.x[0] - 1) < 1e-7)
        }
    }

    @Test(arguments: methods)
    func aFunctionThatFallsWithoutEndIsNamed(method: String) throws {
        let falling = SecondOrderFunction { x in
            (x[0] * x[0] - x[1] * x[1] * x[1] - x[1], [2 * x[0], -3 * x[1] * x[1] - 1], [[2, 0], [0, -6 * x[1]]])
        }
        let end = try minimise(method, falling.problem(2), from: [1, 1], parameters: "maxiter=5000")
        #expect(end.minimum.stop == .unbounded && end.minimum.value < -1e3)
    }

    @Test(arguments: methods)
    func limitsAndCallersEndIt(method: String) throws {
        let problem = SecondOrderFunction.rosenbrock.problem(2)
        let few = try minimise(method, problem, from: [-1.2, 1], parameters: "maxiter=3")
        #expect(few.minimum.stop == .iterations && few.minimum.iterations == 3 && few.minimum.value < 24.2)
        let none = try minimise(method, problem, from: [-1.2, 1], parameters: "maxiter=0")
        #expect(none.minimum.stop == .iterations && none.x == [-1.2, 1])
        let short = try minimise(method, problem, from: [-1.2, 1], parameters: "maxfev=5")
        #expect(short.minimum.stop == .evaluations && short.minimum.functionEvaluations <= 5)
        let asked = try minimise(method, problem, from: [-1.2, 1]) { (report) throws(ApusError) in report.iteration == 2
        }
        #expect(asked.minimum.stop == .asked && asked.minimum.iterations == 2)
        let error = #expect(throws: ApusError.self) {
            try minimise(method, problem, from: [-1.2, 1]) { (_) throws(ApusError) in
                throw ApusError(.interrupted, "Enough.")
            }
        }
        #expect(error?.code == .interrupted)
    }

    @Test(arguments: methods)
    func aHessianThatStopsEndsIt(method: String) throws {
        var calls = 0
        let problem = Problem(
            count: 2,
            hessian: { (_, matrix) throws(ApusError) in
                calls += 1
                matrix[0] = 2
                matrix[1] = 0
                matrix[2] = 0
                matrix[3] = 2
                return calls < 3
            }
        ) { (x, gradient) throws(ApusError) in
            gradient?[0] = 4 * pow(x[0], 3)
            gradient?[1] = 4 * pow(x[1], 3)
            return pow(x[0], 4) + pow(x[1], 4)
        }
        let end = try minimise(method, problem, from: [1, 2])
        #expect(end.minimum.stop == .asked && end.minimum.value < 17)
    }

    @Test(arguments: methods)
    func zeroToleranceEndsWithThePrecision(method: String) throws {
        let end = try minimise(
            method, SecondOrderFunction.rosenbrock.problem(2), from: [-1.2, 1], parameters: "gtol=0 maxiter=2000")
        #expect(end.minimum.isSettled && end.minimum.value < 1e-20)
    }

    @Test(arguments: ["wolfe", "backtracking"])
    func newtonTakesEitherLineSearch(name: String) throws {
        let end = try minimise(
            "Newton", SecondOrderFunction.rosenbrock.problem(10), from: [Double](repeating: 2, count: 10),
            parameters: "gtol=1e-8 line_search=\(name)")
        #expect(end.minimum.stop == .converged && end.minimum.functionEvaluations < 80)
        for value in end.x { #expect(abs(value - 1) < 1e-7) }
    }

    @Test(arguments: ["Newton-CG", "trust-ncg"])
    func manyVariablesNeedNoMatrix(method: String) throws {
        // A chain of springs: a product with its Hessian is three multiplications a row.
        let n = 20_000
        let problem = Problem(
            count: n,
            product: { (_, v, out) throws(ApusError) in
                for i in 0..<n {
                    out[i] = 3 * v[i] - (i > 0 ? v[i - 1] : 0) - (i < n - 1 ? v[i + 1] : 0)
                }
                return true
            }
        ) { (x, gradient) throws(ApusError) in
            var value = 0.0
            for i in 0..<n {
                let row = 3 * x[i] - (i > 0 ? x[i - 1] : 0) - (i < n - 1 ? x[i + 1] : 0)
                value += 0.5 * x[i] * row - x[i]
                gradient?[i] = row - 1
            }
            return value
        }
        let context = try Context(threads: 1)
        let x = try Buffer<Double>(zeros: n, in: context.allocator)
        let minimum = try MinimizerCatalog.minimise(
            method, "gtol=1e-6", problem, from: x.pointer, in: context, step: { (_) throws(ApusError) in false })
        // In the middle 3 x - 2 x = 1.
        #expect(minimum.stop == .converged && abs(x.pointer[n / 2] - 1) < 1e-5)
    }

    @Test(arguments: ["Newton", "trust-exact"])
    func aMatrixBeyondAllBoundsIsRefused(method: String) throws {
        let n = 1_000_000
        let problem = Problem(count: n) { (x, gradient) throws(ApusError) in
            for i in 0..<n { gradient?[i] = 1 }
            return x[0]
        }
        let error = #expect(throws: ApusError.self) {
            try minimise(method, problem, from: [Double](repeating: 0, count: n))
        }
        #expect(error?.code == .limit && error?.message.contains("hessian_product") == true)
    }

    @Test func aRadiusMustNotExceedTheLargest() {
        #expect(throws: ApusError.self) {
            try minimise(
                "trust-exact", SecondOrderFunction.saddle.problem(2), from: [1, 1],
                parameters: "initial_trust_radius=2 max_trust_radius=1")
        }
    }

    @Test(arguments: ["trust-exact", "trust-ncg"])
    func stepsStayWithinTheLargestRadius(method: String) throws {
        var longest = 0.0
        let end = try minimise(
            method, SecondOrderFunction.rosenbrock.problem(2), from: [-5, 20],
            parameters: "gtol=1e-8 initial_trust_radius=0.5 max_trust_radius=0.5"
        ) { (report) throws(ApusError) in
            longest = max(longest, report.step)
            return false
        }
        #expect(end.minimum.stop == .converged && longest <= 0.5 * 1.0101 && longest > 0.3)
    }
}
