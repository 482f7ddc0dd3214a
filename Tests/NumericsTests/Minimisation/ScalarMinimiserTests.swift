import Core
import Glibc
import Numerics
import Testing

/// Minima of functions of one variable.
struct ScalarMinimiserTests {
    private func minimise(
        _ method: String, _ a: Double, _ b: Double, parameters: String = "", _ function: @escaping (Double) -> Double
    ) throws -> ScalarMinimum {
        try ScalarMinimiser(method, parameters: parameters).minimise({ (x) throws(ApusError) in function(x) }, a, b)
    }

    @Test(arguments: ["brent", "golden", "bounded"])
    func findsTheBottomOfAParabola(method: String) throws {
        let minimum = try minimise(method, 0, 1) { ($0 - 0.7) * ($0 - 0.7) + 3 }
        #expect(minimum.stop == .converged && abs(minimum.x - 0.7) < 1e-7 && minimum.value <= 3 + 1e-15)
    }

    @Test(arguments: ["brent", "golden"])
    func goesDownhillFarFromTheStart(method: String) throws {
        for bottom in [-1234.5, 1e6, 0] {
            let minimum = try minimise(method, 3, 3.001) { abs($0 - bottom) < 1e8 ? cosh(($0 - bottom) / 1e4) : .infinity }
            #expect(minimum.stop == .converged && abs(minimum.x - bottom) < 1)
        }
    }

    @Test(arguments: ["brent", "golden"])
    func aMinimumAtZeroEnds(method: String) throws {
        let minimum = try minimise(method, 1, 2) { $0 * $0 }
        #expect(minimum.stop == .converged && abs(minimum.x) < 1e-8)
    }

    @Test(arguments: ["brent", "golden"])
    func aFunctionWithoutEndIsNamed(method: String) throws {
        for slope in [1.0, -1] {
            let line = try minimise(method, 0, 1) { slope * $0 }
            #expect(line.stop == .unbounded && line.value.isFinite && line.value < -1e100 && line.evaluations < 2000)
        }
        let cubic = try minimise(method, 0, -1) { $0 * $0 * $0 }
        #expect(cubic.stop == .unbounded)
        let pole = try minimise(method, 2, 1) { $0 > 0 ? log($0) : -.infinity }
        #expect(pole.stop == .unbounded && pole.value.isFinite)
    }

    @Test(arguments: ["brent", "golden"])
    func aFunctionThatLevelsOutEnds(method: String) throws {
        let minimum = try minimise(method, 0, 1) { exp(-$0) }
        #expect(minimum.value < 1e-10)
        let flat = try minimise(method, 0, 1) { _ in 5 }
        #expect(flat.stop == .converged && flat.value == 5)
    }

    @Test(arguments: ["brent", "golden", "bounded"])
    func whereItIsUndefinedCountsAsHigh(method: String) throws {
        let minimum = try minimise(method, 0.5, 3) { $0 > 0 ? $0 - log($0) : .nan }
        #expect(minimum.stop == .converged && abs(minimum.x - 1) < 1e-6)
    }

    @Test(arguments: ["brent", "golden", "bounded"])
    func aFunctionThatIsNowhereDefinedIsRefused(method: String) {
        for value in [Double.nan, .infinity] {
            let error = #expect(throws: ApusError.self) { try minimise(method, 0, 1) { _ in value } }
            #expect(error?.code == .notConverged)
        }
    }

    @Test func boundsHold() throws {
        let right = try minimise("bounded", -3, 2) { -$0 }
        #expect(right.stop == .converged && right.x <= 2 && right.x > 2 - 1e-6)
        let left = try minimise("bounded", -3, 2) { $0 }
        #expect(left.x >= -3 && left.x < -3 + 1e-6)
        let point = try minimise("bounded", 2, 2) { $0 * $0 }
        #expect(point.x == 2 && point.value == 4)
        #expect(throws: ApusError.self) { try minimise("bounded", 2, 1) { $0 } }
    }

    @Test(arguments: ["brent", "golden", "bounded"])
    func refusesPointsThatAreNotFinite(method: String) {
        for bad in [Double.nan, .infinity, -.infinity] {
            #expect(throws: ApusError.self) { try minimise(method, bad, 1) { $0 * $0 } }
            #expect(throws: ApusError.self) { try minimise(method, 1, bad) { $0 * $0 } }
        }
        let big = Double.greatestFiniteMagnitude
        #expect(throws: ApusError.self) { try minimise(method, -big, big) { $0 * $0 } }
    }

    @Test(arguments: ["brent", "golden", "bounded"])
    func endsWithoutATolerance(method: String) throws {
        let minimum = try minimise(method, 1, 4, parameters: "xtol=0 maxiter=5000") { ($0 - 2e6) * ($0 - 2e6) }
        #expect(minimum.stop == .converged || minimum.stop == .iterations)
        #expect(minimum.evaluations < 5100)
    }

    @Test(arguments: ["brent", "golden", "bounded"])
    func runningOutKeepsTheBestPoint(method: String) throws {
        let minimum = try minimise(method, 0, 1, parameters: "maxiter=2") { ($0 - 0.7) * ($0 - 0.7) }
        #expect(minimum.stop == .iterations && minimum.iterations == 2)
        #expect(minimum.value == (minimum.x - 0.7) * (minimum.x - 0.7))
    }

    @Test(arguments: ["brent", "golden"])
    func aKnownBracketIsTaken(method: String) throws {
        let minimum = try minimise(method, 0, 1, parameters: "middle=0.5") { ($0 - 0.7) * ($0 - 0.7) }
        #expect(minimum.stop == .converged && abs(minimum.x - 0.7) < 1e-7)
        #expect(throws: ApusError.self) { try minimise(method, 0, 1, parameters: "middle=2") { $0 } }
        let error = #expect(throws: ApusError.self) { try minimise(method, 0, 1, parameters: "middle=0.5") { $0 } }
        #expect(error?.message.contains("f(0.5) = 0.5") == true)
    }

    @Test(arguments: ["brent", "golden", "bounded"])
    func theFunctionMayStopAndErrorsComeThrough(method: String) throws {
        var calls = 0
        let minimiser = try ScalarMinimiser(method, parameters: "")
        let minimum = try minimiser.minimise(
            { (x) throws(ApusError) in
                calls += 1
                return calls > 4 ? nil : (x - 0.3) * (x - 0.3)
            }, 0, 1)
        #expect(minimum.stop == .asked && minimum.evaluations == 4 && minimum.value < 0.1)
        let error = #expect(throws: ApusError.self) {
            try minimiser.minimise({ (_) throws(ApusError) in nil }, 0, 1)
        }
        #expect(error?.code == .interrupted)
    }
}
