import Core
import Glibc
import Numerics
import Testing

/// Derivatives from values: accuracy, honesty of the error, borders, kinks.
struct DerivativeTests {
    struct Case: Sendable, CustomStringConvertible {
        let name: String
        let x: Double
        let f: @Sendable (Double) -> Double
        let first: Double
        let second: Double
        var description: String { "\(name) at \(x)" }

        init(_ name: String, _ x: Double, _ first: Double, _ second: Double, _ f: @escaping @Sendable (Double) -> Double)
        {
            self.name = name
            self.x = x
            self.f = f
            self.first = first
            self.second = second
        }
    }

    static let cases: [Case] = [
        Case("square", 3, 6, 2) { $0 * $0 },
        Case("square", 0, 0, 2) { $0 * $0 },
        Case("line", -1e6, 3, 0) { 3 * $0 - 7 },
        Case("constant", 4, 0, 0) { _ in 5 },
        Case("log", 1e-3, 1e3, -1e6) { log($0) },
        Case("log", 1e-10, 1e10, -1e20) { log($0) },
        Case("log", 1e10, 1e-10, -1e-20) { log($0) },
        Case("sqrt", 1e-10, 5e4, -2.5e14) { sqrt($0) },
        Case("sqrt", 4, 0.25, -1.0 / 32) { sqrt($0) },
        Case("exp", 0, 1, 1) { exp($0) },
        Case("exp", 1e-10, 1 + 1e-10, 1 + 1e-10) { exp($0) },
        Case("exp", -30, exp(-30), exp(-30)) { exp($0) },
        Case("sin", 100, cos(100), -sin(100)) { sin($0) },
        Case("sin", 1e4, cos(1e4), -sin(1e4)) { sin($0) },
        Case("sine of period 1", 3, 2 * .pi, 0) { sin(2 * .pi * $0) },
        Case("sine of period 1", 64, 2 * .pi, 0) { sin(2 * .pi * $0) },
        Case("fast sine", 0.5, 1000 * cos(500), -1e6 * sin(500)) { sin(1000 * $0) },
        Case("reciprocal", -1e8, -1e-16, -2e-24) { 1 / $0 },
        Case("cube", 1e-5, 3e-10, 6e-5) { $0 * $0 * $0 },
        Case("seventh power", 0, 0, 0) { pow($0, 7) },
        Case("absolute", 1e-3, 1, 0) { abs($0) },
        Case("absolute", -2, -1, 0) { abs($0) },
        Case("ramp near its corner", 1e-6, 1, 0) { max($0, 0) },
        Case("shifted corner nearby", 1.001, 1, 0) { abs($0 - 1) },
        Case("narrow bell", 1e-6, -2e6 / M_E, 2e12 / M_E) { exp(-$0 * $0 * 1e12) },
        Case("wide growth", 1, 1e-6 * exp(1e-6), 1e-12) { exp($0 * 1e-6) },
        Case("chain", 1.5, -48 * sin(36), -32 * sin(36) - 48 * 48 * cos(36)) { cos(16 * $0 * $0) },
        Case("arcsine near its border", 0.9999, 1 / sqrt(1 - 0.9999 * 0.9999), 0.9999 / pow(1 - 0.9999 * 0.9999, 1.5)) {
            asin($0)
        },
    ]

    private func differentiate(_ x: Double, _ differences: Differences, _ f: (Double) -> Double) throws -> Derivative {
        try Derivative(at: x, differences, context: Context(threads: 1)) { (x) throws(ApusError) in f(x) }
    }

    @Test(arguments: cases)
    func findsFirstDerivativesWithAnHonestError(_ item: Case) throws {
        let result = try differentiate(item.x, Differences(), item.f)
        let error = (result.value - item.first).magnitude
        let scale = max(item.first.magnitude, item.f(item.x).magnitude / max(item.x.magnitude, 1))
        #expect(error <= 1e-9 * scale, "\(result)")
        #expect(error <= 10 * result.error + 1e-14 * scale, "\(result)")
        #expect(result.evaluations <= 130)
    }

    @Test(arguments: cases)
    func findsSecondDerivatives(_ item: Case) throws {
        var differences = Differences()
        differences.order = 2
        let result = try differentiate(item.x, differences, item.f)
        let error = (result.value - item.second).magnitude
        let size = max(item.x.magnitude, 1)
        let scale = max(item.second.magnitude, item.first.magnitude / size, item.f(item.x).magnitude / (size * size))
        #expect(error <= 1e-6 * scale, "\(result)")
        #expect(error <= 10 * result.error + 1e-12 * scale, "\(result)")
    }

    @Test(arguments: [Differences.Side.forward, .backward])
    func staysOnOneSide(_ side: Differences.Side) throws {
        var differences = Differences()
        differences.side = side
        let sign = side == .forward ? 1.0 : -1.0
        let result = try differentiate(0, differences) { $0 * sign < 0 ? .nan : exp($0) }
        #expect((result.value - 1).magnitude < 1e-10)
        let corner = try differentiate(0, differences) { abs($0) }
        #expect(corner.value == sign)
    }

    @Test(arguments: [Differences.Method.central, .forward, .backward])
    func takesOneQuotientWhenAskedTo(_ method: Differences.Method) throws {
        var differences = Differences()
        differences.method = method
        var evaluations = 0
        let result = try Derivative(at: 1, differences, wantsErrors: false, context: Context(threads: 1)) {
            (x) throws(ApusError) in
            evaluations += 1
            return exp(x)
        }
        #expect((result.value - M_E).magnitude < (method == .central ? 1e-9 : 1e-6))
        #expect(evaluations == (method == .central ? 3 : 2) && result.evaluations == evaluations)
        let checked = try differentiate(1, differences) { exp($0) }
        #expect((checked.value - M_E).magnitude <= 4 * checked.error)
    }

    @Test func usesTheStepGiven() throws {
        var differences = Differences()
        differences.method = .central
        differences.step = 0.5
        #expect(try differentiate(1, differences) { $0 * $0 * $0 }.value == 3.25)
    }

    @Test(arguments: [(0.0, "kink"), (0.0, "cusp")])
    func refusesPointsWithoutDerivative(_ x: Double, _ kind: String) throws {
        let error = #expect(throws: ApusError.self) {
            try differentiate(x, Differences()) { kind == "kink" ? abs($0) : sqrt(abs($0)) }
        }
        #expect(error?.code == .notConverged)
    }

    @Test func refusesPointsWhereTheFunctionIsNotFinite() throws {
        for f: (Double) -> Double in [{ log($0) }, { _ in .nan }, { 1 / $0 }] {
            let error = #expect(throws: ApusError.self) { try differentiate(0, Differences(), f) }
            #expect(error?.code == .notConverged)
        }
        let error = #expect(throws: ApusError.self) { try differentiate(.nan, Differences()) { $0 } }
        #expect(error?.code == .invalidArgument)
    }

    @Test func passesOnWhatTheFunctionThrows() throws {
        var calls = 0
        let error = #expect(throws: ApusError.self) {
            try Derivative(at: 1, Differences(), context: Context(threads: 1)) { (x) throws(ApusError) in
                calls += 1
                if calls == 4 { throw ApusError(.interrupted, "enough") }
                return x
            }
        }
        #expect(error?.code == .interrupted && calls == 4)
    }

    private static func field(_ x: UnsafePointer<Double>) -> Double {
        sin(x[0]) * exp(x[1]) + x[2] * x[2] * x[0] + 1e-3 * x[1] * x[2]
    }

    @Test func findsGradientsHessiansAndDirections() throws {
        let context = try Context(threads: 1)
        let x = [0.7, -1.2, 3.0]
        var gradient = [0.0, 0, 0]
        var errors = gradient
        var hessian = [Double](repeating: 0, count: 9)
        let f: PointFunction = { (x) throws(ApusError) in Self.field(x) }
        try Gradient.compute(at: x, 3, Differences(), context: context, f, into: &gradient, errors: &errors)
        let exact = [
            cos(0.7) * exp(-1.2) + 9, sin(0.7) * exp(-1.2) + 3e-3, 2 * 3 * 0.7 + 1e-3 * -1.2,
        ]
        for index in 0..<3 {
            #expect((gradient[index] - exact[index]).magnitude <= min(1e-11, 10 * errors[index]))
        }
        try Hessian.compute(at: x, 3, Differences(), context: context, f, into: &hessian, errors: nil)
        let mixed = cos(0.7) * exp(-1.2)
        let second = [-sin(0.7) * exp(-1.2), mixed, 6, mixed, sin(0.7) * exp(-1.2), 1e-3, 6, 1e-3, 1.4]
        for index in 0..<9 { #expect((hessian[index] - second[index]).magnitude <= 1e-9) }
        let direction = [3.0, 0, -4]
        let along = try Gradient.along(direction, isUnit: true, at: x, 3, Differences(), context: context, f)
        #expect((along.value - (0.6 * exact[0] - 0.8 * exact[2])).magnitude <= 1e-10)
        let asGiven = try Gradient.along(direction, isUnit: false, at: x, 3, Differences(), context: context, f)
        #expect((asGiven.value - 5 * along.value).magnitude <= 1e-9)
    }

    @Test func findsJacobiansOfFunctionsOfVeryDifferentSize() throws {
        let context = try Context(threads: 1)
        let x = [2.0, 1e-9]
        var jacobian = [Double](repeating: 0, count: 6)
        var errors = jacobian
        try Jacobian.compute(
            at: x, 2, 3, Differences(), context: context,
            { (x, y) throws(ApusError) in
                y[0] = 1e12 * x[0] * x[0]
                y[1] = exp(x[1]) * x[0]
                y[2] = 7
            }, into: &jacobian, errors: &errors)
        let exact = [4e12, 0, exp(1e-9), 2 * exp(1e-9), 0, 0]
        for index in 0..<6 {
            #expect((jacobian[index] - exact[index]).magnitude <= 1e-9 * max(1, exact[index].magnitude))
        }
    }
}
