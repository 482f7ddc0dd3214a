import Core

/// Definite integrals of functions of one number by a method with its settings.
package struct Integrator {
    package enum Method: String, CaseIterable {
        case gaussKronrod = "gauss_kronrod"
        case tanhSinh = "tanh_sinh"
        case rectangle, trapezoid, simpson
    }

    package var method = Method.gaussKronrod
    package var tolerance = IntegrationTolerance()
    /// Subintervals at most, of gauss_kronrod.
    package var limit = 50
    /// Difficult points inside of the range.
    package var points: [Double] = []
    /// Of the fixed rules.
    package var intervals = 100

    package init() {}

    /// The parameters as the C API takes them.
    package static let specs: [ParameterSpec] = [
        ParameterSpec(
            "method", .choice(Method.allCases.map(\.rawValue)), default: "gauss_kronrod",
            "gauss_kronrod and tanh_sinh are adaptive; the others have a fixed number of intervals."),
        ParameterSpec(
            "epsabs", .real(from: 0, to: .infinity), default: .number(1.49e-8), "Absolute error allowed."),
        ParameterSpec(
            "epsrel", .real(from: 0, to: .infinity), default: .number(1.49e-8), "Relative error allowed."),
        ParameterSpec("limit", .integer(1...100_000), default: .integer(50), "Subintervals of gauss_kronrod at most."),
        ParameterSpec(
            "points", .any("an array of numbers"), default: .array([]),
            "Points inside of the range where the function is difficult."),
        ParameterSpec(
            "intervals", .integer(1...1_000_000_000), default: .integer(100), "Intervals of the fixed rules."),
    ]

    /// Reads checked parameters. Throws for points that are not numbers.
    package init(_ parameters: Parameters) throws(ApusError) {
        method = Method(rawValue: parameters.text("method")) ?? .gaussKronrod
        tolerance = IntegrationTolerance(absolute: parameters.real("epsabs"), relative: parameters.real("epsrel"))
        limit = parameters.integer("limit")
        intervals = parameters.integer("intervals")
        guard let given = parameters["points"].arrayValue else {
            throw .invalid("The points of integration must be an array of numbers.")
        }
        for point in given {
            guard let x = point.doubleValue, x.isFinite else {
                throw .invalid("The points of integration must be finite numbers, got \(point.text).")
            }
            points.append(x)
        }
    }

    /// The integral from `a` to `b`; reversed limits change its sign. Throws for limits that are NaN, for points outside
    /// of the range, and `notConverged` for a value of `f` that is not finite. Look at the outcome for convergence.
    package func integrate(_ a: Double, _ b: Double, context: Context, _ f: RealFunction) throws(ApusError) -> Integral
    {
        guard !a.isNaN, !b.isNaN else { throw .invalid("The limits must be numbers, got \(a) and \(b).") }
        let low = min(a, b)
        let high = max(a, b)
        for point in points where point < low || point > high {
            throw .invalid("The points must lie between the limits, but \(point) is outside of \(low) to \(high).")
        }
        if a == b { return Integral() }
        let checked: RealFunction = { (x) throws(ApusError) in
            let value = try f(x)
            guard value.isFinite else { throw Integrator.notFinite(value, at: x) }
            return value
        }
        var result: Integral
        switch method {
        case .gaussKronrod: result = try adaptive(low, high, context, checked)
        case .tanhSinh: result = try adaptive(low, high, context, f)
        case .rectangle, .trapezoid, .simpson:
            guard low.isFinite, high.isFinite else {
                throw .invalid("\(method.rawValue) needs finite limits, got \(a) and \(b).")
            }
            guard let rule = FixedRule(rawValue: method.rawValue) else { return Integral() }
            result = Integral()
            let ends = [low] + inner(low, high) + [high]
            for index in 0..<ends.count - 1 {
                result = result.joined(
                    try rule.integrate(ends[index], ends[index + 1], intervals: intervals, context: context, checked))
            }
        }
        if a > b { result.value = -result.value }
        return result
    }

    static func notFinite(_ value: Double, at x: Double) -> ApusError {
        ApusError(
            .notConverged,
            "The function is \(value.isNaN ? .nan : value) at x = \(x), expected a finite value; a singular point inside of the range belongs into points=[\(x)]."
        )
    }

    /// The points strictly inside, ascending, each once.
    private func inner(_ low: Double, _ high: Double) -> [Double] {
        var result: [Double] = []
        for point in points.sorted() where point > low && point < high && point != result.last { result.append(point) }
        return result
    }

    /// Each piece between points by itself, so that each may have difficult ends and divergences of different sign do
    /// not cancel. The whole line is cut at 0.
    private func adaptive(_ low: Double, _ high: Double, _ context: Context, _ f: RealFunction)
        throws(ApusError) -> Integral
    {
        var cuts = inner(low, high)
        if cuts.isEmpty, !low.isFinite, !high.isFinite { cuts = [0] }
        let ends = [low] + cuts + [high]
        let kronrod = try AdaptiveKronrod(limit: limit, context: context)
        var allowed = tolerance
        if ends.count > 2 { allowed.absolute /= Double(ends.count - 1) }
        var total = Integral()
        var evaluations = 0
        for attempt in 0..<2 {
            total = Integral()
            for index in 0..<ends.count - 1 {
                total = total.joined(
                    try piece(ends[index], ends[index + 1], allowed, kronrod, context, f))
            }
            evaluations += total.evaluations
            total.evaluations = evaluations
            if attempt == 1 || ends.count == 2 || total.outcome != .converged { break }
            if tolerance.admits(error: total.error, value: total.value, absoluteIntegral: total.absolute) { break }
            // The pieces cancel: each must be better than its own size asks for.
            let wanted = max(tolerance.absolute, tolerance.relative * total.value.magnitude)
            allowed = IntegrationTolerance(absolute: wanted / Double(ends.count - 1), relative: 0)
        }
        if total.outcome != .converged, total.outcome != .divergent,
            tolerance.admits(error: total.error, value: total.value, absoluteIntegral: total.absolute)
        {
            total.outcome = .converged
        }
        if total.outcome == .converged,
            !tolerance.admits(error: total.error, value: total.value, absoluteIntegral: total.absolute)
        {
            total.outcome = .limit
        }
        return total
    }

    private func piece(
        _ low: Double, _ high: Double, _ allowed: IntegrationTolerance, _ kronrod: AdaptiveKronrod, _ context: Context,
        _ f: RealFunction
    ) throws(ApusError) -> Integral {
        if method == .tanhSinh { return try TanhSinh.integrate(low, high, allowed, context: context, f) }
        switch (low.isFinite, high.isFinite) {
        case (true, true): return try kronrod.integrate(low, high, rule: .points21, allowed, f)
        case (true, false):
            // x = low + (1 - t) / t
            return try located(low, 1, kronrod.integrate(0, 1, rule: .points15, allowed) { (t) throws(ApusError) in
                try f(low + (1 - t) / t) / t / t
            })
        default:
            let end = high.isFinite ? high : 0
            return try located(end, -1, kronrod.integrate(0, 1, rule: .points15, allowed) { (t) throws(ApusError) in
                try f(end - (1 - t) / t) / t / t
            })
        }
    }

    /// The place of a difficulty in x instead of t.
    private func located(_ end: Double, _ sign: Double, _ result: Integral) -> Integral {
        var result = result
        if case .difficult(let t) = result.outcome { result.outcome = .difficult(end + sign * (1 - t) / t) }
        return result
    }
}
