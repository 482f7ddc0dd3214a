import Core
import Glibc

/// Expectations under a density that can only be evaluated.
package final class DensityMoments {
    private let density: RealFunction
    private let low: Double
    private let high: Double
    private var integrator: Integrator
    private let normalizes: Bool
    private let context: Context
    private var evaluations = 0

    /// The parameter beside those of integration.
    package static let normalizeSpec = ParameterSpec(
        "normalize", .boolean, default: .bool(false), "Divide the density by its integral.")

    /// A density over its support from `low` to `high`, either of them infinite.
    package init(
        from low: Double, to high: Double, _ integrator: Integrator, normalizes: Bool, context: Context,
        _ density: @escaping RealFunction
    ) throws(ApusError) {
        guard low < high else { throw .invalid("The support must have a < b, got \(low) and \(high).") }
        self.low = low
        self.high = high
        self.integrator = integrator
        self.normalizes = normalizes
        self.context = context
        self.density = density
    }

    /// E[g(X)]. Where the density is 0, g is not evaluated.
    package func expectation(of g: RealFunction) throws(ApusError) -> Integral {
        let total = try mass()
        return try finished(integral(low, high, of: g), over: total)
    }

    /// E[(X - E X)^2], in two passes.
    package func variance() throws(ApusError) -> Integral {
        let total = try mass()
        var mean = try integral(low, high) { (x) throws(ApusError) in x }
        try mean.requireConvergence()
        mean.value /= total.value
        let center = mean.value
        return try finished(
            integral(low, high) { (x) throws(ApusError) in (x - center) * (x - center) }, over: total)
    }

    /// P(from <= X <= to).
    package func probability(from: Double, to: Double) throws(ApusError) -> Integral {
        guard from <= to else { throw .invalid("from must be <= to, got \(from) and \(to).") }
        let total = try mass()
        let left = max(from, low)
        let right = min(to, high)
        guard left < right else { return try finished(Integral(), over: total) }
        let part = try integral(left, right) { (_) throws(ApusError) in 1 }
        return try finished(part, over: total)
    }

    private func finished(_ part: Integral, over total: Integral) throws(ApusError) -> Integral {
        var result = part
        result.evaluations = evaluations
        if normalizes {
            result.value /= total.value
            result.error = (result.error + result.value.magnitude * total.error) / total.value
        }
        return result
    }

    /// The integral of the density, which must be 1 unless it is to be normalised. When it is not, the mass may sit in a
    /// narrow place that the rule has missed: a scan looks for it, and its place becomes a point of every integral.
    private func mass() throws(ApusError) -> Integral {
        let one: RealFunction = { (_) throws(ApusError) in 1 }
        var total = try integral(low, high, of: one)
        let isOne = (total.value - 1).magnitude <= 1e-6 + total.error
        if !isOne || (normalizes && total.value == 0), let peak = try scan() {
            for point in peak where point > low && point < high { integrator.points.append(point) }
            total = try integral(low, high, of: one)
        }
        try total.requireConvergence()
        guard total.value > 0, total.value.isFinite else {
            throw .invalid(
                "The density integrates to \(total.value) over \(low) to \(high), expected a positive number; a narrow density needs points=[...] where it is."
            )
        }
        guard normalizes || (total.value - 1).magnitude <= 1e-6 + total.error else {
            throw .invalid(
                "The density integrates to \(total.value) over \(low) to \(high), expected 1; give normalize=true to divide by it."
            )
        }
        if !normalizes { total.value = 1 }
        return total
    }

    /// The integral of g times the density.
    private func integral(_ from: Double, _ to: Double, of g: RealFunction) throws(ApusError) -> Integral {
        var part = integrator
        part.points = part.points.filter { $0 > from && $0 < to }
        let result = try part.integrate(from, to, context: context) { (x) throws(ApusError) in
            let share = try self.weight(x)
            return share == 0 ? 0 : share * (try g(x))
        }
        evaluations += result.evaluations
        return result
    }

    private func weight(_ x: Double) throws(ApusError) -> Double {
        let value = try density(x)
        guard !(value < 0) else { throw .invalid("The density must be >= 0, got \(value) at x = \(x).") }
        return value
    }

    /// Places around the highest of about 2000 values: in equal steps on a finite support, in steps that grow with the
    /// distance from the finite end (or from 0) on an infinite one. nil when all are 0.
    private func scan() throws(ApusError) -> [Double]? {
        let count = 2000
        func place(_ index: Int) -> Double {
            let share = (Double(index) + 0.5) / Double(count)
            switch (low.isFinite, high.isFinite) {
            case (true, true): return low + (high - low) * share
            case (true, false): return low + 1e-9 * exp(46 * share)
            case (false, true): return high - 1e-9 * exp(46 * share)
            case (false, false):
                let distance = 1e-6 * exp(36 * (2 * share - 1).magnitude)
                return share < 0.5 ? -distance : distance
            }
        }
        var best = 0
        var highest = 0.0
        for index in 0..<count {
            if index % 256 == 0 { try context.checkInterrupt() }
            evaluations += 1
            let value = try weight(place(index))
            if value.isFinite, value > highest {
                highest = value
                best = index
            }
        }
        guard highest > 0 else { return nil }
        let neighbours = [place(max(best - 1, 0)), place(min(best + 1, count - 1))].sorted()
        var (left, right) = (neighbours[0], neighbours[1])
        // Golden sections up the peak.
        for _ in 0..<80 where right - left > 1e-9 * max(left.magnitude, right.magnitude) {
            let a = right - 0.6180339887498949 * (right - left)
            let b = left + 0.6180339887498949 * (right - left)
            evaluations += 2
            if try weight(a) >= weight(b) { right = b } else { left = a }
        }
        let peak = 0.5 * left + 0.5 * right
        let height = try weight(peak)
        guard height > 0, height.isFinite else { return [peak] }
        // The width at which the density has all but ended, by doubling from a tiny one.
        var width = 1e-9 * max(peak.magnitude, 1e-9)
        for _ in 0..<120 {
            evaluations += 2
            let left = try inside(peak - width) ? weight(peak - width) : 0
            let right = try inside(peak + width) ? weight(peak + width) : 0
            let outside = max(left, right)
            if outside < 1e-3 * height { break }
            width *= 2
        }
        return [peak - 4 * width, peak, peak + 4 * width]
    }

    private func inside(_ x: Double) -> Bool { x > low && x < high }
}

/// Moments of finitely many values with probabilities.
package struct DiscreteMoments {
    package let mean: Double
    package let variance: Double
    /// In nats; 0 log 0 = 0.
    package let entropy: Double

    /// Throws `invalidArgument` for values that are not finite and for probabilities that are negative or do not sum to
    /// 1 within 1e-9.
    package init(_ values: UnsafePointer<Double>, _ probabilities: UnsafePointer<Double>, _ n: Int) throws(ApusError) {
        guard n > 0 else { throw .invalid("n must be >= 1, got \(n).") }
        var total = CompensatedSum()
        var first = CompensatedSum()
        var information = CompensatedSum()
        for index in 0..<n {
            let p = probabilities[index]
            guard p >= 0, p.isFinite else { throw .invalid("probabilities[\(index)] must be >= 0, got \(p).") }
            guard values[index].isFinite else {
                throw .invalid("values[\(index)] must be finite, got \(values[index]).")
            }
            total.add(p)
            first.add(p * values[index])
            if p > 0 { information.add(-p * log(p)) }
        }
        guard (total.value - 1).magnitude <= 1e-9 else {
            throw .invalid("probabilities must sum to 1, got \(total.value).")
        }
        var second = CompensatedSum()
        for index in 0..<n {
            let distance = values[index] - first.value
            second.add(probabilities[index] * distance * distance)
        }
        mean = first.value
        variance = second.value
        entropy = information.value
    }
}
