import Core

/// The limited-memory BFGS method: Liu and Nocedal 1989, "On the limited memory BFGS method for large scale
/// optimization", doi:10.1007/BF01589116. Steps meet the strong Wolfe conditions.
package struct LBFGS {
    /// Pairs of steps and gradient changes kept.
    package var memory = 10
    package var mostIterations = 1000
    /// Ends when no gradient component is larger.
    package var tolerance = 1e-6

    /// Iterations in a row that may pass without a lower value or a lower gradient.
    private static let mostIdle = 100

    package init() {}

    /// Minimises from `x`, which holds the best point on return.
    /// Throws `notConverged` when the value at the start is not finite, and what `function` and `step` throw.
    package func minimise(
        _ x: Buffer<Double>, in allocator: Allocator, _ function: SmoothFunction, step: MinimisationStep
    ) throws(ApusError) -> Minimum {
        let n = x.count
        let search = try WolfeLineSearch(n, in: allocator)
        let gradient = try Buffer<Double>(n, in: allocator)
        let direction = try Buffer<Double>(n, in: allocator)
        var pairs = try CurvaturePairs(n, memory, in: allocator)
        var minimum = Minimum(value: 0, slope: 0, iterations: 0, evaluations: 1, stop: .iterations)
        minimum.value = try function(x.pointer, gradient.pointer)
        guard minimum.value.isFinite else {
            throw ApusError(.notConverged, "The function to minimise is not finite at the start.")
        }
        // Near the least value steps are taken for what they do to the gradient. When they help neither, nothing is left
        // but rounding, whatever the tolerance and the iterations allowed.
        var lowest = (value: Double.infinity, slope: Double.infinity)
        var idle = 0
        while true {
            minimum.slope = Minimum.largest(gradient.pointer, n)
            if minimum.slope <= tolerance {
                minimum.stop = .gradient
                break
            }
            idle = minimum.value < lowest.value || minimum.slope < lowest.slope ? 0 : idle + 1
            lowest = (min(lowest.value, minimum.value), min(lowest.slope, minimum.slope))
            if idle > LBFGS.mostIdle {
                minimum.stop = .precision
                break
            }
            if minimum.iterations >= mostIterations { break }
            pairs.direction(gradient.pointer, to: direction.pointer)
            var slope = innerProduct(gradient.pointer, direction.pointer, n)
            if !(slope < 0) {
                pairs.forget()
                for i in 0..<n { direction.pointer[i] = -gradient.pointer[i] }
                slope = -innerProduct(gradient.pointer, gradient.pointer, n)
            }
            let first = pairs.isEmpty ? min(1, 1 / (-slope).squareRoot()) : 1
            let found = try search.search(
                function, from: x.pointer, along: direction.pointer, value: minimum.value, slope: slope, first: first)
            minimum.evaluations = 1 + search.evaluations
            if !found {
                // Old curvature may mislead; steepest descent has the last word.
                if pairs.isEmpty {
                    minimum.stop = .precision
                    break
                }
                pairs.forget()
                continue
            }
            pairs.append(x.pointer, search.point.pointer, gradient.pointer, search.gradient.pointer)
            x.pointer.update(from: search.point.pointer, count: n)
            gradient.pointer.update(from: search.gradient.pointer, count: n)
            minimum.value = search.value
            minimum.iterations += 1
            let steepest = Minimum.largest(gradient.pointer, n)
            if try step(minimum.iterations, minimum.value, steepest) {
                minimum.slope = steepest
                minimum.stop = .asked
                break
            }
        }
        return minimum
    }
}

/// The last steps s and gradient changes y, and the inverse Hessian that they stand for.
private struct CurvaturePairs {
    private let n: Int
    private let memory: Int
    private let steps: Buffer<Double>
    private let changes: Buffer<Double>
    private let inverse: Buffer<Double>
    private let factors: Buffer<Double>
    private var used = 0
    private var next = 0
    private var scale = 1.0

    init(_ n: Int, _ memory: Int, in allocator: Allocator) throws(ApusError) {
        self.n = n
        self.memory = max(memory, 1)
        let (cells, overflow) = n.multipliedReportingOverflow(by: self.memory)
        if overflow { throw .limit("\(n) parameters are too many.") }
        steps = try Buffer(cells, in: allocator)
        changes = try Buffer(cells, in: allocator)
        inverse = try Buffer(self.memory, in: allocator)
        factors = try Buffer(self.memory, in: allocator)
    }

    var isEmpty: Bool { used == 0 }

    mutating func forget() {
        used = 0
        next = 0
        scale = 1
    }

    /// Keeps a pair where its curvature is positive beyond rounding.
    mutating func append(
        _ x: UnsafePointer<Double>, _ xNew: UnsafePointer<Double>, _ g: UnsafePointer<Double>,
        _ gNew: UnsafePointer<Double>
    ) {
        let s = steps.pointer + next &* n
        let y = changes.pointer + next &* n
        for i in 0..<n {
            s[i] = xNew[i] - x[i]
            y[i] = gNew[i] - g[i]
        }
        let curvature = innerProduct(s, y, n)
        let length = innerProduct(y, y, n)
        guard curvature > 0x1p-52 * length, length > 0 else { return }
        inverse.pointer[next] = 1 / curvature
        scale = curvature / length
        next = (next + 1) % memory
        used = min(used + 1, memory)
    }

    /// direction = -H gradient, by the two-loop recursion.
    func direction(_ gradient: UnsafePointer<Double>, to direction: UnsafeMutablePointer<Double>) {
        for i in 0..<n { direction[i] = -gradient[i] }
        for back in 0..<used {
            let slot = (next - 1 - back + 2 &* memory) % memory
            let s = steps.pointer + slot &* n
            let y = changes.pointer + slot &* n
            let factor = inverse.pointer[slot] * innerProduct(s, direction, n)
            factors.pointer[slot] = factor
            for i in 0..<n { direction[i] -= factor * y[i] }
        }
        for i in 0..<n { direction[i] *= scale }
        for forth in 0..<used {
            let slot = (next - used + forth + 2 &* memory) % memory
            let s = steps.pointer + slot &* n
            let y = changes.pointer + slot &* n
            let factor = inverse.pointer[slot] * innerProduct(y, direction, n)
            for i in 0..<n { direction[i] += (factors.pointer[slot] - factor) * s[i] }
        }
    }
}
