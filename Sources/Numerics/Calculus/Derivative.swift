import Core
import Glibc

/// The first or second derivative of a function of one number.
package struct Derivative {
    package let value: Double
    /// An estimate of the absolute error.
    package let error: Double
    package let evaluations: Int

    /// Differentiates `f` at `x`. Throws `notConverged` where `f` is not finite or the quotients do not settle.
    package init(
        at x: Double, _ differences: Differences, wantsErrors: Bool = true, context: Context, _ f: RealFunction
    ) throws(ApusError) {
        guard x.isFinite else { throw .invalid("x must be finite, got \(x).") }
        let engine = try LineDerivative(differences, wantsErrors: wantsErrors, context: context)
        let size = x.stepScale
        (value, error) = try engine.differentiate(
            position: x, size: size, unit: max(1, size), name: { "x = \(x)" }
        ) { (step) throws(ApusError) in
            try f(x + step)
        }
        evaluations = engine.evaluations
    }
}

/// Derivatives along a line: g(t) at t = 0, where g is the caller's function at a point moved by t.
final class LineDerivative {
    private let differences: Differences
    private let adaptive: AdaptiveDifference
    private let wantsErrors: Bool
    private(set) var evaluations = 0

    /// `wantsErrors` false saves the evaluations that single quotients need for an estimate of their error.
    init(_ differences: Differences, wantsErrors: Bool = true, context: Context) throws(ApusError) {
        self.differences = differences
        self.wantsErrors = wantsErrors
        adaptive = try AdaptiveDifference(lanes: 1, differences: differences, context: context)
    }

    /// The first step with which the last derivative was found.
    var firstStep: Double { adaptive.firstStep }

    /// Differentiates g at 0.
    ///
    /// - Parameters:
    ///   - position: the coordinate that t is added to, whose digits limit the steps; 0 for a direction.
    ///   - size: the scale of steps to begin with.
    ///   - unit: the scale up to which steps may grow when rounding hides the derivative.
    ///   - center: g(0) where it is known.
    func differentiate(
        position: Double, size: Double, unit: Double, name: () -> String, center: Double? = nil, _ g: RealFunction
    ) throws(ApusError) -> (value: Double, error: Double) {
        let middle: Double
        if let center {
            middle = center
        } else {
            evaluations += 1
            middle = try g(0)
        }
        guard middle.isFinite else {
            throw ApusError(.notConverged, "The function is \(middle) at \(name()), expected a finite value.")
        }
        let order = differences.order
        let direction = differences.direction
        let sample: AdaptiveDifference.Sample = { (wanted, quotient, noise, bend) throws(ApusError) in
            let step = position.exactStep(wanted)
            guard step > 0, step.isFinite else { return false }
            bend[0] = 0
            if direction == .both {
                self.evaluations += 2
                let right = try g(step)
                guard right.isFinite else { return false }
                let left = try g(-step)
                guard left.isFinite else { return false }
                let size = max(right.magnitude, left.magnitude, middle.magnitude)
                if order == 1 {
                    quotient[0] = right / (2 * step) - left / (2 * step)
                    bend[0] = ((right - middle) + (left - middle)) / step
                    noise[0] = .ulpOfOne * (size / step + position.magnitude / step * quotient[0].magnitude)
                } else {
                    let slope = max((right - middle).magnitude, (left - middle).magnitude) / step
                    quotient[0] = ((right - middle) + (left - middle)) / step / step
                    noise[0] = 2 * .ulpOfOne * (size / step + position.magnitude / step * slope) / step
                }
            } else {
                let sign = direction == .forward ? 1.0 : -1.0
                self.evaluations += order
                let near = try g(sign * step)
                guard near.isFinite else { return false }
                let slope = (near - middle) / step
                if order == 1 {
                    quotient[0] = sign * slope
                    noise[0] =
                        2 * .ulpOfOne
                        * (max(near.magnitude, middle.magnitude) / step + position.magnitude / step * slope.magnitude)
                } else {
                    let far = try g(sign * 2 * step)
                    guard far.isFinite else { return false }
                    let size = max(near.magnitude, far.magnitude, middle.magnitude)
                    quotient[0] = ((far - near) - (near - middle)) / step / step
                    noise[0] = 4 * .ulpOfOne * (size / step + position.magnitude / step * slope.magnitude) / step
                }
            }
            noise[0] = min(noise[0], AdaptiveDifference.mostNoise)
            return quotient[0].isFinite && !noise[0].isNaN
        }
        guard differences.method == .richardson else {
            var result = (value: 0.0, error: 0.0)
            try adaptive.plain(
                step: differences.plainStep(at: position.magnitude), isGiven: differences.step > 0,
                share: direction == .both ? 4.0 / 3.0 : 2, withErrors: wantsErrors, place: name, sample
            ) { _, value, error in result = (value, error) }
            return result
        }
        let fraction = order == 1 ? AdaptiveDifference.firstOrderStart : AdaptiveDifference.secondOrderStart
        let start = differences.step > 0 ? differences.step : fraction * size
        try adaptive.run(
            start: start, unit: fraction * unit, smallStart: fraction, mayGrow: differences.step == 0, place: name,
            sample)
        return try adaptive.result(0) { "The derivative at \(name())" }
    }
}
