import Core
import Glibc
import Numerics
import Testing

/// The methods with gradients on named functions.
struct MinimisationTests {
    typealias Function = (UnsafePointer<Double>, UnsafeMutablePointer<Double>, Int) -> Double

    private static func rosenbrock(_ x: UnsafePointer<Double>, _ g: UnsafeMutablePointer<Double>, _ n: Int) -> Double {
        var sum = 0.0
        for i in 0..<n { g[i] = 0 }
        for i in 0..<n - 1 {
            let a = x[i + 1] - x[i] * x[i]
            let b = 1 - x[i]
            sum += 100 * a * a + b * b
            g[i] += -400 * a * x[i] - 2 * b
            g[i + 1] += 200 * a
        }
        return sum
    }

    private static func beale(_ x: UnsafePointer<Double>, _ g: UnsafeMutablePointer<Double>, _ n: Int) -> Double {
        var sum = 0.0
        g[0] = 0
        g[1] = 0
        for (power, level) in [(1.0, 1.5), (2.0, 2.25), (3.0, 2.625)] {
            let residual = level - x[0] + x[0] * pow(x[1], power)
            sum += residual * residual
            g[0] += 2 * residual * (pow(x[1], power) - 1)
            g[1] += 2 * residual * x[0] * power * pow(x[1], power - 1)
        }
        return sum
    }

    private static func himmelblau(_ x: UnsafePointer<Double>, _ g: UnsafeMutablePointer<Double>, _ n: Int) -> Double {
        let a = x[0] * x[0] + x[1] - 11
        let b = x[0] + x[1] * x[1] - 7
        g[0] = 4 * a * x[0] + 2 * b
        g[1] = 2 * a + 4 * b * x[1]
        return a * a + b * b
    }

    private func lbfgs(
        _ start: [Double], tolerance: Double = 1e-8,
        step: @escaping MinimisationStep = { (_) throws(ApusError) in false }, _ function: @escaping Function
    ) throws -> (Minimum, [Double]) {
        var conditions = StopConditions()
        conditions.tolerance = tolerance
        let scratch = try Buffer<Double>(start.count, in: Allocator())
        let problem = Problem(count: start.count) { (x, g) throws(ApusError) in
            function(x, g ?? scratch.pointer, start.count)
        }
        let run = try Minimisation(problem, from: start, conditions: conditions, in: Context(), step: step)
        return (try run.run(LBFGSB()), run.x.array)
    }

    private func newton(
        _ start: [Double], hessian: @escaping Problem.Hessian, _ function: @escaping Function
    ) throws -> (Minimum, [Double]) {
        let scratch = try Buffer<Double>(start.count, in: Allocator())
        let problem = Problem(count: start.count, hessian: hessian) { (x, g) throws(ApusError) in
            function(x, g ?? scratch.pointer, start.count)
        }
        let run = try Minimisation(problem, from: start, conditions: StopConditions(), in: Context())
        return (try run.run(Newton()), run.x.array)
    }

    @Test(arguments: [2, 10, 100])
    func reachesTheBottomOfRosenbrocksValley(n: Int) throws {
        let start = (0..<n).map { $0 % 2 == 0 ? -1.2 : 1.0 }
        let (minimum, x) = try lbfgs(start, Self.rosenbrock)
        #expect(minimum.stop == .converged && minimum.slope <= 1e-8)
        #expect(minimum.functionEvaluations < 60 + 10 * n)
        // Rosenbrock of ten and more variables has a second minimum with x0 near -1.
        if n == 2 { for value in x { #expect(abs(value - 1) < 1e-7) } }
    }

    @Test func findsTheMinimumOfBealesFunction() throws {
        let (minimum, x) = try lbfgs([1, 1], Self.beale)
        #expect(minimum.value < 1e-15)
        #expect(abs(x[0] - 3) < 1e-6 && abs(x[1] - 0.5) < 1e-6)
    }

    @Test func findsAMinimumOfHimmelblausFunction() throws {
        let (minimum, x) = try lbfgs([0, 0], Self.himmelblau)
        #expect(minimum.value < 1e-15)
        #expect(abs(x[0] - 3) < 1e-7 && abs(x[1] - 2) < 1e-7)
    }

    @Test func stepsBackFromWhereTheFunctionIsUndefined() throws {
        // x - ln x, minimum 1 at 1; the first step from far right overshoots into x < 0.
        let (minimum, x) = try lbfgs([0.01]) { x, g, _ in
            g[0] = 1 - 1 / x[0]
            return x[0] > 0 ? x[0] - log(x[0]) : .nan
        }
        #expect(minimum.stop == .converged)
        #expect(abs(x[0] - 1) < 1e-7)
    }

    @Test func endsAtTheLimitOfPrecision() throws {
        let (minimum, x) = try lbfgs([3, -4], tolerance: 0) { x, g, _ in
            g[0] = 2 * (x[0] - 1.0 / 3)
            g[1] = 200 * (x[1] - 0.1)
            return 7 + (x[0] - 1.0 / 3) * (x[0] - 1.0 / 3) + 100 * (x[1] - 0.1) * (x[1] - 0.1)
        }
        #expect(minimum.stop == .precision || minimum.stop == .converged)
        #expect(abs(x[0] - 1.0 / 3) < 1e-7 && abs(x[1] - 0.1) < 1e-7)
    }

    @Test func refusesAStartThatIsNotFinite() throws {
        #expect(throws: ApusError.self) {
            try lbfgs([1]) { _, g, _ in
                g[0] = 1
                return .nan
            }
        }
    }

    @Test func theCallerMayEndItAndErrorsComeThrough() throws {
        let (asked, _) = try lbfgs(
            [-1.2, 1], step: { (report) throws(ApusError) in report.iteration == 3 }, Self.rosenbrock)
        #expect(asked.stop == .asked && asked.iterations == 3)
        #expect(throws: ApusError.self) {
            try lbfgs(
                [-1.2, 1], step: { (_) throws(ApusError) in throw ApusError(.interrupted, "Enough.") }, Self.rosenbrock)
        }
    }

    @Test func newtonSolvesAQuadraticInOneStep() throws {
        let (minimum, x) = try newton(
            [5, -3],
            hessian: { (_, h) throws(ApusError) in
                (h[0], h[1], h[2], h[3]) = (4, 1, 1, 3)
                return true
            }
        ) { x, g, _ in
            g[0] = 4 * x[0] + x[1] - 6
            g[1] = x[0] + 3 * x[1] - 7
            return 2 * x[0] * x[0] + x[0] * x[1] + 1.5 * x[1] * x[1] - 6 * x[0] - 7 * x[1]
        }
        #expect(minimum.iterations == 1 && minimum.stop == .converged)
        #expect(abs(x[0] - 1) < 1e-12 && abs(x[1] - 2) < 1e-12)
    }

    @Test func newtonLeavesASaddle() throws {
        // x^4 / 4 - x^2 / 2 + y^2 / 2: a saddle at 0, minima at x = +-1.
        let (minimum, _) = try newton(
            [0.01, 1],
            hessian: { (x, h) throws(ApusError) in
                (h[0], h[1], h[2], h[3]) = (3 * x[0] * x[0] - 1, 0, 0, 1)
                return true
            }
        ) { x, g, _ in
            g[0] = x[0] * x[0] * x[0] - x[0]
            g[1] = x[1]
            return x[0] * x[0] * x[0] * x[0] / 4 - x[0] * x[0] / 2 + x[1] * x[1] / 2
        }
        #expect(minimum.stop == .converged && abs(minimum.value + 0.25) < 1e-10)
    }

    /// A slope of 5e-3 is nothing where values are rounded to seven digits, and a wrong gradient where they have
    /// sixteen.
    @Test(arguments: [Precision.single, .double])
    func theFunctionsPrecisionSaysWhetherAGradientIsDoubted(_ precision: Precision) throws {
        let problem = Problem(count: 1, precision: precision) { (x, g) throws(ApusError) in
            g?[0] = 5e-3
            return x[0] == 0.25 ? 1 : 1 + 0x1p-23
        }
        let run = try Minimisation(problem, from: [0.25], conditions: StopConditions(), in: Context())
        let minimum = try run.run(LBFGSB())
        #expect(minimum.stop == .precision)
        #expect(minimum.message.contains("single precision") == (precision == .single), "\(minimum.message)")
        #expect(minimum.message.contains("check that it is the gradient") == (precision == .double))
    }
}
