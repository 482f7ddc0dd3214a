import Core

/// A quadratic model g'p + p'Hp / 2 of a function around a run's point, and its minimum in a ball.
protocol TrustRegionModel: AnyObject {
    /// Makes the model at the run's point; false where second derivatives are not finite there.
    func prepare() throws(ApusError) -> Bool
    /// Writes the step of a length of at most `radius` (to rounding) that lowers the model most, as far as the method
    /// goes, and says by how much and whether it ended at the edge. nil where second derivatives are not finite.
    func step(radius: Double, to step: UnsafeMutablePointer<Double>) throws(ApusError) -> (fall: Double, atEdge: Bool)?
    /// Whether the last model leaves open that points nearby are saddles.
    var mayBeSaddle: Bool { get }
    /// Whether a point without a slope is a saddle or a maximum, from which the function can fall; false where the model
    /// cannot tell.
    func isSaddle() throws(ApusError) -> Bool
}

/// The trust region method: a step that lowers the model is taken where the function falls with it, and the region grows
/// or shrinks as the model proves true. Conn, Gould and Toint 2000, "Trust Region Methods"
/// (doi:10.1137/1.9780898719857), chapter 6; Nocedal and Wright, "Numerical Optimization", 2nd ed., algorithm 4.1.
struct TrustRegion: Sendable {
    let initialRadius: Double
    let largestRadius: Double
    /// Steps that gain less than this part of what the model promised are not taken.
    let leastRatio: Double

    static let parameters = [
        ParameterSpec(
            "initial_trust_radius", .real(from: 0, to: .infinity, open: true), default: 1.0, "The first region's radius."),
        ParameterSpec(
            "max_trust_radius", .nullable(.real(from: 0, to: .infinity, open: true)), default: .null,
            "The largest radius; null: no limit."),
        ParameterSpec(
            "eta", .real(from: 0, to: 0.25), default: 1e-4,
            "A step is taken when it gains more than this part of what the model promised."),
    ]

    /// Throws `invalidArgument` for a largest radius below the first one.
    init(_ parameters: Parameters) throws(ApusError) {
        initialRadius = parameters.real("initial_trust_radius")
        largestRadius = parameters["max_trust_radius"].doubleValue ?? 0x1p+500
        leastRatio = parameters.real("eta")
        guard initialRadius <= largestRadius else {
            throw .invalid(
                "The max_trust_radius of \(parameters.kind) must be at least initial_trust_radius = \(initialRadius), got \(largestRadius)."
            )
        }
    }

    func minimise(_ run: Minimisation, _ model: any TrustRegionModel) throws(ApusError) -> StopReason {
        let n = run.count
        let allocator = run.context.allocator
        let step = try Buffer<Double>(n, in: allocator)
        let point = try Buffer<Double>(n, in: allocator)
        let gradient = try Buffer<Double>(n, in: allocator)
        var radius = initialRadius
        var isStationary = run.slope <= run.conditions.tolerance
        while true {
            guard try model.prepare() else { return undefined(run) }
            if isStationary, try !model.isSaddle() { return .converged }
            var sawFinite = false
            while true {
                guard let (fall, atEdge) = try model.step(radius: radius, to: step.pointer) else { return undefined(run) }
                guard fall > 0 else { return isStationary ? .converged : .precision }
                for i in 0..<n { point.pointer[i] = run.x.pointer[i] + step.pointer[i] }
                let size = length(step.pointer, n)
                let value = try run.evaluate(point.pointer, gradient: gradient.pointer)
                let steepest = value.isFinite ? largestMagnitude(gradient.pointer, n) : .nan
                let isFinite = value.isFinite && steepest.isFinite
                if isFinite { sawFinite = true }
                let ratio = isFinite ? gain(run, value, steepest, fall) : -.infinity
                let before = radius
                if ratio < 0.25 {
                    radius = min(radius, size) * (isFinite ? shrinking(run, step.pointer, value) : 0.1)
                } else if ratio > 0.75, atEdge {
                    radius = min((ratio > 0.9 && ratio < 1.1 ? 2 : 1.5) * radius, largestRadius)
                }
                if ratio > leastRatio {
                    run.move(to: point.pointer, value: value, gradient: gradient.pointer)
                    let stop = try run.iterated(step: size)
                    isStationary = stop == .converged && model.mayBeSaddle
                    if let stop, !isStationary { return stop }
                    break
                }
                // Not even the smallest step that moves the point helps.
                let reach = max(largestMagnitude(run.x.pointer, n), 0x1p-500)
                if radius < 0x1p-52 * reach || radius >= before {
                    if isStationary { return .converged }
                    return sawFinite ? .precision : .notFinite
                }
            }
        }
    }

    private func undefined(_ run: Minimisation) -> StopReason {
        run.message = "The Hessian is not finite at the point reached."
        return .notFinite
    }

    /// What a step gains over what the model promised. Where both are lost in rounding the slope decides.
    private func gain(_ run: Minimisation, _ value: Double, _ steepest: Double, _ fall: Double) -> Double {
        let rounding = 0x1p-49 * abs(run.value)
        if fall <= rounding, value <= run.value + rounding { return steepest < run.slope ? 0.5 : -1 }
        return (run.value - value) / fall
    }

    /// The part of a step to shrink to: the minimum of the parabola through both values and the slope.
    private func shrinking(_ run: Minimisation, _ step: UnsafePointer<Double>, _ value: Double) -> Double {
        let slope = innerProduct(run.gradient.pointer, step, run.count)
        let part = -slope / (2 * (value - run.value - slope))
        return part.isFinite ? min(max(part, 0.2), 0.5) : 0.25
    }
}
