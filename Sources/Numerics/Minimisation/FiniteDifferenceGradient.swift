import Core

/// Gradients from differences of values, the steps scaled to the point and kept within bounds:
///
///     forward  (f(x + h e_i) - f(x)) / h,                   h = 2^-26 max(1, |x_i|) away from 0
///     central  (f(x + h e_i) - f(x - h e_i)) / 2h,          h = 2^-17 max(1, |x_i|)
///
/// h is what x_i really moves by in double precision. At a bound the step turns inward; a central step that does not
/// fit on both sides becomes the three-point one-sided formula (-3 f(x) + 4 f(x + h e_i) - f(x + 2h e_i)) / 2h. Errors
/// are of order 2^-26 and 2^-35 of f and its derivatives: Nocedal and Wright, "Numerical Optimization", 2nd ed.,
/// section 8.1 (doi:10.1007/978-0-387-40065-5).
struct FiniteDifferenceGradient {
    private let point: Buffer<Double>
    private let bounds: Bounds?
    private let isCentral: Bool

    init(_ count: Int, central: Bool, bounds: Bounds?, in allocator: Allocator) throws(ApusError) {
        point = try Buffer(count, in: allocator)
        isCentral = central
        self.bounds = bounds
    }

    /// Writes the gradient at x, where the function has `value`. A component is 0 where the bounds leave no room and
    /// NaN where the function is undefined on the way.
    func write(
        _ x: UnsafePointer<Double>, value: Double, to gradient: UnsafeMutablePointer<Double>,
        _ function: (UnsafePointer<Double>) throws(ApusError) -> Double
    ) throws(ApusError) {
        let count = point.count
        let relative = isCentral ? 0x1p-17 : 0x1p-26
        point.pointer.update(from: x, count: count)
        for i in 0..<count {
            let centre = x[i]
            let below = bounds.map { centre - $0.lower.pointer[i] } ?? .infinity
            let above = bounds.map { $0.upper.pointer[i] - centre } ?? .infinity
            let room = max(below, above)
            if room <= 0 {
                gradient[i] = 0
                continue
            }
            let step = min(relative * max(1, abs(centre)), room)
            func at(_ offset: Double) throws(ApusError) -> (moved: Double, value: Double) {
                point.pointer[i] = centre + offset
                return (point.pointer[i] - centre, try function(point.pointer))
            }
            if isCentral, step <= below, step <= above {
                let right = try at(step)
                let left = try at(-step)
                gradient[i] = (right.value - left.value) / (right.moved - left.moved)
            } else {
                let sign = above >= step && (centre >= 0 || below < step) ? 1.0 : -1.0
                if isCentral {
                    let half = min(step, room / 2)
                    let near = try at(sign * half)
                    let far = try at(sign * 2 * half)
                    // Newton's divided differences: exact for quadratics, whatever the two steps rounded to.
                    let first = (near.value - value) / near.moved
                    let second = (far.value - near.value) / (far.moved - near.moved)
                    gradient[i] = first - near.moved * (second - first) / far.moved
                } else {
                    let near = try at(sign * step)
                    gradient[i] = (near.value - value) / near.moved
                }
            }
            point.pointer[i] = centre
        }
    }
}
