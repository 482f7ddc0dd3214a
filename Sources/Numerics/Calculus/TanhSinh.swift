import Core
import Glibc

/// Double-exponential integration (Takahasi and Mori 1974, doi:10.2977/prims/1195192451): a substitution that makes
/// the integrand fall double-exponentially at both ends, then the trapezoidal rule with a step that is halved until two
/// sums agree. tanh-sinh on a finite range, exp-sinh on a half-infinite one.
enum TanhSinh {
    private static let levels = 11

    /// Beyond this |t| nodes are so near to the ends that a value that is not finite is the end's.
    private static let nearEnd = 2.5

    /// Integrates from `a` to `b`, a < b, one of them infinite or none. `f` may be singular at both. Throws
    /// `invalidArgument` for finite ends whose distance overflows.
    static func integrate(
        _ a: Double, _ b: Double, _ tolerance: IntegrationTolerance, context: Context, _ f: RealFunction
    ) throws(ApusError) -> Integral {
        guard (b - a).isFinite || !a.isFinite || !b.isFinite else {
            throw .invalid("The range \(a) to \(b) is too wide for tanh_sinh.")
        }
        var result = Integral()
        result.subdivisions = 1
        let map = Substitution(a, b)
        var step = 0.5
        var previous = Double.nan
        // Summation goes outward from 0 until terms no longer count; those reaches then hold for all levels.
        var sum = 0.0
        var absolute = 0.0
        var edges = (0.0, 0.0)
        var reaches = (0.0, 0.0)
        func term(_ t: Double) throws(ApusError) -> Double? {
            guard let (x, weight) = map.node(t) else { return nil }
            result.evaluations += 1
            let value = try f(x)
            if !value.isFinite, t.magnitude < nearEnd { throw Integrator.notFinite(value, at: x) }
            return value * weight
        }
        if let center = try term(0) {
            sum = center
            absolute = center.magnitude
        }
        for side in [-1.0, 1.0] {
            var t = step
            var quiet = 0
            var last = 0.0
            while t < 7 {
                guard let value = try term(side * t) else { break }
                guard value.isFinite else { break }
                sum += value
                absolute += value.magnitude
                last = value.magnitude
                quiet = value.magnitude <= 0.01 * .ulpOfOne * absolute ? quiet + 1 : 0
                t += step
                if quiet >= 3 { break }
            }
            if side < 0 {
                edges.0 = last
                reaches.0 = t
            } else {
                edges.1 = last
                reaches.1 = t
            }
        }
        // There may be no number between the ends, which are not evaluated.
        if result.evaluations == 0 {
            result.error = .infinity
            result.outcome = .rounding
            return result
        }
        for level in 0..<levels {
            try context.checkInterrupt()
            if level > 0 {
                step *= 0.5
                for side in [-1.0, 1.0] {
                    let reach = side < 0 ? reaches.0 : reaches.1
                    var t = step
                    while t < reach {
                        if let value = try term(side * t), value.isFinite {
                            sum += value
                            absolute += value.magnitude
                        }
                        t += 2 * step
                    }
                }
                result.subdivisions *= 2
            }
            result.value = sum * step
            result.absolute = absolute * step
            // What lies beyond the last term that the numbers can tell from the end.
            let cut = edges.0 + edges.1
            result.error = max(
                (result.value - previous).magnitude, cut, IntegrationTolerance.rounding * result.absolute)
            if !previous.isNaN, level >= 2,
                result.error <= tolerance.goal(value: result.value, absoluteIntegral: result.absolute)
            {
                return result
            }
            if !result.value.isFinite { break }
            previous = result.value
        }
        if tolerance.admits(error: result.error, value: result.value, absoluteIntegral: result.absolute) {
            return result
        }
        result.outcome =
            edges.0 + edges.1 > 0.1 * result.absolute || !result.value.isFinite ? .divergent : .limit
        return result
    }

    /// x(t) and dx/dt.
    private struct Substitution {
        let a: Double
        let b: Double

        init(_ a: Double, _ b: Double) {
            self.a = a
            self.b = b
        }

        /// nil where x cannot be told from an end, or has no finite value.
        func node(_ t: Double) -> (x: Double, weight: Double)? {
            let bend = Double.pi / 2 * sinh(t)
            let slope = Double.pi / 2 * cosh(t)
            let x: Double
            let weight: Double
            switch (a.isFinite, b.isFinite) {
            case (true, true):
                // The distance to the nearer end, which keeps its digits when the end is 0.
                let fold = exp(-2 * bend.magnitude)
                let distance = (b - a) * (fold / (1 + fold))
                x = bend < 0 ? a + distance : b - distance
                weight = (b - a) * (slope * 2 * fold / ((1 + fold) * (1 + fold)))
            case (true, false):
                let distance = exp(bend)
                x = a + distance
                weight = slope * distance
            default:
                let distance = exp(-bend)
                x = b - distance
                weight = slope * distance
            }
            guard x > a, x < b, x.isFinite, weight.isFinite, weight > 0 else { return nil }
            return (x, weight)
        }
    }
}
