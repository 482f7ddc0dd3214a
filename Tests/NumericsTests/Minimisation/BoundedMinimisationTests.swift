import Core
import Glibc
import Numerics
import Testing

/// L-BFGS-B in a box.
struct BoundedMinimisationTests {
    private func bounded(
        _ start: [Double], _ lower: [Double], _ upper: [Double], parameters: String = "gtol=1e-9",
        _ function: @escaping Minimising.Function
    ) throws -> Minimising.Outcome {
        var minimising = Minimising("L-BFGS-B", parameters, from: start)
        minimising.lower = lower
        minimising.upper = upper
        return try minimising.run { (x, g, n) throws(ApusError) in
            for i in 0..<n { #expect(x[i] >= lower[i] && x[i] <= upper[i]) }
            return try function(x, g, n)
        }
    }

    @Test func solvesASeparableProblemComponentByComponent() throws {
        // The minimum of each (i + 1)(x_i - i)^2 / 2 within its own interval is i cut off at the bounds.
        let n = 12
        var lower = [Double](repeating: -.infinity, count: n)
        var upper = [Double](repeating: .infinity, count: n)
        for i in 0..<n {
            if i % 3 != 0 { lower[i] = Double(i % 2 == 0 ? i - 2 : i + 1) }
            if i % 4 != 0 { upper[i] = Double(i + 3) }
        }
        let found = try bounded([Double](repeating: 5, count: n), lower, upper, Smooth.bowl)
        #expect(found.minimum.stop == .converged)
        for i in 0..<n { #expect(abs(found.x[i] - min(max(Double(i), lower[i]), upper[i])) < 1e-8) }
    }

    @Test func stopsAtTheBoundsOfRosenbrocksValley() throws {
        let found = try bounded([-0.5, 0.2], [-1, -1], [0.5, 0.8], Smooth.rosenbrock)
        #expect(found.minimum.stop == .converged)
        #expect(abs(found.x[0] - 0.5) < 1e-9 && abs(found.x[1] - 0.25) < 1e-9)
        #expect(abs(found.minimum.value - 0.25) < 1e-12)
    }

    /// Wood's function (Moré, Garbow and Hillstrom 1981, doi:10.1145/355934.355936, problem 14) in a closed box, where the
    /// first step goes as far as the box and the gradient say: a short one takes three times the evaluations.
    @Test func takesLongFirstStepsInAClosedBox() throws {
        let box = [Double](repeating: 10, count: 4)
        let found = try bounded([-3, -1, -3, -1], box.map { -$0 }, box, parameters: "gtol=1e-6") {
            (x, g, _) throws(ApusError) in
            let (a, b) = (x[1] - x[0] * x[0], x[3] - x[2] * x[2])
            let (p, q) = (1 - x[0], 1 - x[2])
            let (u, v) = (x[1] - 1, x[3] - 1)
            g?[0] = -400 * x[0] * a - 2 * p
            g?[1] = 200 * a + 20.2 * u + 19.8 * v
            g?[2] = -360 * x[2] * b - 2 * q
            g?[3] = 180 * b + 20.2 * v + 19.8 * u
            return 100 * a * a + p * p + 90 * b * b + q * q + 10.1 * (u * u + v * v) + 19.8 * u * v
        }
        #expect(found.minimum.stop == .converged && found.x.allSatisfy { abs($0 - 1) < 1e-5 })
        #expect(found.minimum.functionEvaluations <= 40)
    }

    @Test func convexQuadraticsMeetTheConditionsOfOptimality() throws {
        // x'Ax / 2 - b'x with dense positive definite A; at the end the gradient is 0 inside, >= 0 at lower bounds.
        let n = 30
        var state: UInt64 = 7
        func random() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 11) * 0x1p-53 - 0.5
        }
        for _ in 0..<10 {
            let root: [Double] = (0..<n * n).map { _ in random() }
            let b: [Double] = (0..<n).map { _ in 4 * random() }
            var a = [Double](repeating: 0, count: n * n)
            for i in 0..<n {
                for j in 0..<n {
                    for k in 0..<n { a[i * n + j] += root[i * n + k] * root[j * n + k] }
                }
                a[i * n + i] += 0.05
            }
            let matrix = a
            let lower: [Double] = (0..<n).map { _ in -abs(random()) }
            let upper: [Double] = (0..<n).map { _ in abs(random()) }
            let found = try bounded((0..<n).map { _ in random() }, lower, upper, parameters: "gtol=1e-8") {
                (x, g, n) throws(ApusError) in
                var value = 0.0
                for i in 0..<n {
                    var row = 0.0
                    for j in 0..<n { row += matrix[i * n + j] * x[j] }
                    value += x[i] * (0.5 * row - b[i])
                    g?[i] = row - b[i]
                }
                return value
            }
            #expect(found.minimum.stop == .converged && found.minimum.functionEvaluations < 300)
            for i in 0..<n {
                if found.x[i] == lower[i] {
                    #expect(found.gradient[i] >= -1e-8)
                } else if found.x[i] == upper[i] {
                    #expect(found.gradient[i] <= 1e-8)
                } else {
                    #expect(abs(found.gradient[i]) <= 1e-8)
                }
            }
        }
    }

    @Test func startsOutsideAreProjectedAndEqualBoundsFixAVariable() throws {
        let found = try bounded([-9, 40, 7], [0, 2, -1], [3, 2, 1], Smooth.bowl)
        #expect(found.minimum.stop == .converged)
        #expect(found.x[0] == 0 && found.x[1] == 2 && abs(found.x[2] - 1) < 1e-12)
        let fixed = try bounded([5, 5], [1, 2], [1, 2], Smooth.bowl)
        #expect(fixed.minimum.stop == .converged && fixed.x == [1, 2] && fixed.minimum.iterations == 0)
    }

    @Test func linearFunctionsEndInACornerOrNowhere() throws {
        let corner = try bounded([0.2, 0.3], [0, 0], [1, 4]) { (x, g, _) throws(ApusError) in
            g?[0] = 1
            g?[1] = -2
            return x[0] - 2 * x[1]
        }
        #expect(corner.minimum.stop == .converged && corner.x == [0, 4])
        let open = try bounded([0.2, 0.3], [0, 0], [1, .infinity]) { (x, g, _) throws(ApusError) in
            g?[0] = 1
            g?[1] = -2
            return x[0] - 2 * x[1]
        }
        #expect(open.minimum.stop == .unbounded && open.minimum.functionEvaluations < 100)
    }

    @Test func differencesStayWithinTheBounds() throws {
        for source in ["forward", "central"] {
            let found = try bounded([1, 1], [0, 1e-12], [1, 3], parameters: "gradient=\(source) gtol=1e-6") {
                (x, _, _) throws(ApusError) in
                // Undefined outside the box.
                (x[0] - 2) * (x[0] - 2) + x[1] - log(x[1]) + (1 - x[0]).squareRoot() * 0
            }
            #expect(abs(found.x[0] - 1) < 1e-6 && abs(found.x[1] - 1) < 1e-3)
        }
    }

    @Test func boundsThatNoNumberMeetsAreRefused() throws {
        let allocator = Allocator()
        for (low, high) in [(1.0, 0.0), (.nan, 1), (0, .nan), (.infinity, .infinity), (-.infinity, -.infinity)] {
            #expect(throws: ApusError.self) { try Bounds(lower: [0, low], upper: [1, high], count: 2, in: allocator) }
        }
        #expect(try Bounds(lower: nil, upper: nil, count: 2, in: allocator) == nil)
    }

    @Test func wideBoundsCostNoMoreEvaluationsThanNone() throws {
        let n = 20
        let start: [Double] = (0..<n).map { $0 % 2 == 0 ? -1.2 : 1.0 }
        let free = try Minimising("L-BFGS-B", from: start).run(Smooth.rosenbrock)
        let boxed = try bounded(
            start, [Double](repeating: -1e3, count: n), [Double](repeating: 1e3, count: n),
            parameters: "gtol=1e-5",
            Smooth.rosenbrock)
        #expect(boxed.minimum.stop == .converged && free.minimum.stop == .converged)
        #expect(boxed.minimum.functionEvaluations < 2 * free.minimum.functionEvaluations)
    }
}
