import Core
import Glibc
import Numerics
import Testing

/// Integrals with known values, divergent ones, and everything that can be asked wrongly.
struct IntegralTests {
    struct Case: Sendable, CustomStringConvertible {
        let name: String
        let a: Double
        let b: Double
        let value: Double
        let f: @Sendable (Double) -> Double
        var description: String { name }

        init(_ name: String, _ a: Double, _ b: Double, _ value: Double, _ f: @escaping @Sendable (Double) -> Double) {
            self.name = name
            self.a = a
            self.b = b
            self.value = value
            self.f = f
        }
    }

    static let convergent: [Case] = [
        Case("square", 1, 3, 26.0 / 3) { $0 * $0 },
        Case("reversed square", 3, 1, -26.0 / 3) { $0 * $0 },
        Case("exponential tail", 0, .infinity, 1) { exp(-$0) },
        Case("far exponential tail", 20, .infinity, exp(-20)) { exp(-$0) },
        Case("exponential to minus infinity", .infinity * -1, 0, 1) { exp($0) },
        Case("bell", -.infinity, .infinity, sqrt(2 * .pi)) { exp(-$0 * $0 / 2) },
        Case("reversed bell", .infinity, -.infinity, -sqrt(2 * .pi)) { exp(-$0 * $0 / 2) },
        Case("odd over the line", -.infinity, .infinity, 0) { $0 * exp(-$0 * $0) },
        Case("inverse root", 0, 1, 2) { 1 / sqrt($0) },
        Case("inverse root at the right", 0, 1, 2) { 1 / sqrt(1 - $0) },
        Case("almost divergent power", 0, 1, 10) { pow($0, -0.9) },
        Case("both ends singular", 0, 1, .pi) { 1 / sqrt($0 * (1 - $0)) },
        Case("logarithm", 0, 1, -1) { log($0) },
        Case("logarithm cubed", 0, 1, -6) { log($0) * log($0) * log($0) },
        Case("kink", 0, 1, 0.29) { abs($0 - 0.3) },
        Case("step", 0, 1, 0.7) { $0 > 0.3 ? 1 : 0 },
        Case("narrow peak", 0, 1, atan(7e3) + atan(3e3)) { 1e-4 / (($0 - 0.3) * ($0 - 0.3) + 1e-8) },
        Case("oscillation", 0, 1, (1 - cos(100)) / 100) { sin(100 * $0) },
        Case("whole periods", 0, .pi, 0) { sin(100 * $0) },
        Case("slow tail", 1, .infinity, 10) { pow($0, -1.1) },
        Case("tiny", 0, 1, 5e-201) { 1e-200 * $0 },
        Case("huge", 0, 1, 5e199) { 1e200 * $0 },
        Case("zero", 0, 1, 0) { _ in 0 },
    ]

    static let divergent: [Case] = [
        Case("1/x", 0, 1, 0) { 1 / $0 },
        Case("1/x^2", 0, 1, 0) { 1 / ($0 * $0) },
        Case("1/x across 0", -1, 2, 0) { 1 / $0 },
        Case("1/(1 - x)", 0, 1, 0) { 1 / (1 - $0) },
        Case("tangent through its pole", 0, 2, 0) { tan($0) },
        Case("sine to infinity", 0, .infinity, 0) { sin($0) },
        Case("constant to infinity", 0, .infinity, 0) { _ in 1 },
        Case("1/x to infinity", 1, .infinity, 0) { 1 / $0 },
        Case("odd divergence", -.infinity, .infinity, 0) { $0 / (1 + $0 * $0) },
        Case("growing oscillation", 0, .infinity, 0) { $0 * sin($0) },
    ]

    private func integrate(_ a: Double, _ b: Double, by integrator: Integrator = Integrator(), _ f: (Double) -> Double)
        throws -> Integral
    {
        try integrator.integrate(a, b, context: Context(threads: 1)) { (x) throws(ApusError) in f(x) }
    }

    @Test(arguments: convergent)
    func findsIntegralsWithAnHonestError(_ item: Case) throws {
        let result = try integrate(item.a, item.b, item.f)
        let error = (result.value - item.value).magnitude
        #expect(result.outcome == .converged, "\(result)")
        #expect(error <= 1e-8 * item.value.magnitude + 1e-13 * result.absolute, "\(result)")
        #expect(error <= result.error + 1e-15 * result.absolute, "\(result)")
        #expect(result.evaluations < 1000)
    }

    @Test(arguments: divergent)
    func tellsThatIntegralsDiverge(_ item: Case) throws {
        for method in [Integrator.Method.gaussKronrod, .tanhSinh] {
            var integrator = Integrator()
            integrator.method = method
            let result = try integrate(item.a, item.b, by: integrator, item.f)
            #expect(result.outcome != .converged, "\(method): \(result)")
            #expect(result.evaluations < 60_000)
        }
    }

    @Test(arguments: [0, 1, 2, 5, 7, 8, 9, 11, 12, 16, 17])
    func agreesByDoubleExponentialRules(_ index: Int) throws {
        let item = Self.convergent[min(index, Self.convergent.count - 1)]
        var integrator = Integrator()
        integrator.method = .tanhSinh
        let result = try integrate(item.a, item.b, by: integrator, item.f)
        let error = (result.value - item.value).magnitude
        #expect(error <= result.error + 1e-15 * result.absolute, "\(item): \(result)")
        if result.outcome == .converged {
            #expect(error <= 1e-8 * item.value.magnitude + 1e-12 * result.absolute, "\(item): \(result)")
        }
    }

    @Test func neverEvaluatesTheEnds() throws {
        for method in [Integrator.Method.gaussKronrod, .tanhSinh, .rectangle] {
            var integrator = Integrator()
            integrator.method = method
            _ = try integrate(0, 1, by: integrator) { x in
                #expect(x > 0 && x < 1)
                return 1 / sqrt(x) + 1 / sqrt(1 - x)
            }
        }
    }

    @Test func cutsTheRangeAtDifficultPoints() throws {
        var integrator = Integrator()
        integrator.points = [0, 0.5, 0]
        let result = try integrate(-1, 1, by: integrator) { 1 / sqrt(abs($0)) }
        #expect((result.value - 4).magnitude < 1e-9 && result.outcome == .converged)
        integrator.points = [0]
        #expect(try integrate(-1, 1, by: integrator) { 1 / $0 }.outcome != .converged)
        let line = try integrate(-.infinity, .infinity, by: integrator) { exp(-abs($0)) / sqrt(abs($0)) }
        #expect((line.value - 2 * sqrt(.pi)).magnitude < 1e-9)
        integrator.points = [2]
        #expect(throws: ApusError.self) { try integrate(-1, 1, by: integrator) { $0 } }
    }

    @Test func namesThePlaceOfAValueThatIsNotFinite() throws {
        let error = #expect(throws: ApusError.self) { try integrate(-1, 1) { 1 / $0 } }
        #expect(error?.code == .notConverged && error?.message.contains("x = 0.0") == true)
        #expect(throws: ApusError.self) { try integrate(.nan, 1) { $0 } }
    }

    @Test func keepsToTheLimitOfSubintervals() throws {
        var integrator = Integrator()
        integrator.limit = 3
        let result = try integrate(0, 100, by: integrator) { sin($0 * $0) }
        #expect(result.outcome == .limit && result.subdivisions == 3 && result.evaluations == 5 * 21)
    }

    @Test(arguments: [("rectangle", 3.0, 2), ("trapezoid", 2.0, 2), ("simpson", 3.0, 4)])
    func appliesFixedRules(_ name: String, _ degree: Double, _ order: Int) throws {
        var integrator = Integrator()
        integrator.method = Integrator.Method(rawValue: name) ?? .gaussKronrod
        integrator.intervals = 10
        let coarse = try integrate(0, 1, by: integrator) { exp($0) }
        integrator.intervals = 20
        let fine = try integrate(0, 1, by: integrator) { exp($0) }
        let exact = M_E - 1
        let gain = (coarse.value - exact) / (fine.value - exact)
        #expect((gain - pow(2, Double(order))).magnitude < 0.02 * pow(2, Double(order)))
        for result in [coarse, fine] {
            let error = (result.value - exact).magnitude
            #expect(error <= 1.3 * result.error && result.error <= 3 * error, "\(result)")
        }
        #expect(fine.evaluations == (name == "rectangle" ? 20 : 21))
    }

    @Test func refusesAnOddNumberOfIntervalsForSimpsonAndInfiniteLimits() throws {
        var integrator = Integrator()
        integrator.method = .simpson
        integrator.intervals = 3
        #expect(throws: ApusError.self) { try integrate(0, 1, by: integrator) { $0 } }
        integrator.intervals = 2
        #expect(try integrate(0, 3, by: integrator) { $0 * $0 }.value == 9)
        #expect(throws: ApusError.self) { try integrate(0, .infinity, by: integrator) { exp(-$0) } }
    }

    @Test func integratesOverBoxes() throws {
        let context = try Context(threads: 1)
        let ball = try BoxIntegral.integrate(
            Integrator(), from: [0, 0, 0], to: [1, 2, 3], context: context
        ) { (x) throws(ApusError) in x[0] * x[1] * x[1] + x[2] }
        #expect((ball.value - (4 + 9)).magnitude < 1e-12 && ball.outcome == .converged)
        let plane = try BoxIntegral.integrate(
            Integrator(), from: [-.infinity, .infinity], to: [.infinity, -.infinity], context: context
        ) { (x) throws(ApusError) in exp(-x[0] * x[0] - x[1] * x[1]) }
        #expect((plane.value + .pi).magnitude < 1e-9)
        let singular = try BoxIntegral.integrate(
            Integrator(), from: [0, 0], to: [1, 1], context: context
        ) { (x) throws(ApusError) in 1 / (x[0] * x[1]) }
        #expect(singular.outcome != .converged)
    }
}
