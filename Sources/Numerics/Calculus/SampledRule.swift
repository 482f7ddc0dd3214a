import Core

/// Integrals of functions known at samples only.
package enum SampledRule: String, CaseIterable {
    case trapezoid
    /// Parabolas through triples of samples, evenly spaced or not; for an even number of samples the last interval takes
    /// the parabola through the last three (Cartwright 2017, J. Math. Sci. Math. Educ. 12(2), 1-9).
    case simpson
    /// Each value holds until the next sample.
    case rectangle

    /// The integral along one dimension. `positions` are the samples' places or nil for the spacing `dx`; `out` is
    /// dense, with y's shape less the axis.
    package func integrate(
        _ y: Samples, positions: UnsafePointer<Double>?, dx: Double, into out: UnsafeMutablePointer<Double>
    ) throws(ApusError) {
        let n = y.count
        if self == .simpson, n > 2 { try SampledRule.requireDistinct(positions, n) }
        for outer in 0..<y.outer {
            for inner in 0..<y.inner {
                let line = y.line(outer, inner)
                var sum = CompensatedSum()
                switch self {
                case .trapezoid:
                    for index in 1..<max(n, 1) {
                        sum.add(SampledRule.width(positions, dx, index) * 0.5 * (line[index - 1] + line[index]))
                    }
                case .rectangle:
                    for index in 1..<max(n, 1) { sum.add(SampledRule.width(positions, dx, index) * line[index - 1]) }
                case .simpson: SampledRule.simpson(line, n, positions, dx, &sum)
                }
                out[outer &* y.inner &+ inner] = sum.value
            }
        }
    }

    /// The running trapezoidal sums. `out` has n - 1 numbers along the axis, or n with `startsAtZero`.
    package static func cumulate(
        _ y: Samples, positions: UnsafePointer<Double>?, dx: Double, startsAtZero: Bool,
        into out: UnsafeMutablePointer<Double>
    ) {
        let length = startsAtZero ? y.count : max(y.count - 1, 0)
        for outer in 0..<y.outer {
            for inner in 0..<y.inner {
                let line = y.line(outer, inner)
                let base = out + (outer &* length &* y.inner &+ inner)
                var sum = CompensatedSum()
                var place = 0
                if startsAtZero, y.count > 0 {
                    base[0] = 0
                    place = 1
                }
                for index in 1..<max(y.count, 1) {
                    sum.add(width(positions, dx, index) * 0.5 * (line[index - 1] + line[index]))
                    base[place &* y.inner] = sum.value
                    place += 1
                }
            }
        }
    }

    @inline(__always)
    private static func width(_ positions: UnsafePointer<Double>?, _ dx: Double, _ index: Int) -> Double {
        guard let positions else { return dx }
        return positions[index] - positions[index - 1]
    }

    private static func requireDistinct(_ positions: UnsafePointer<Double>?, _ n: Int) throws(ApusError) {
        guard let positions else { return }
        let rises = positions[1] > positions[0]
        for index in 1..<n {
            let step = positions[index] - positions[index - 1]
            if step.isFinite, step != 0, (step > 0) == rises { continue }
            throw .invalid(
                "x must ascend or descend strictly for simpson, but x[\(index - 1)] is \(positions[index - 1]) and x[\(index)] is \(positions[index])."
            )
        }
    }

    private static func simpson(
        _ y: Samples.Line, _ n: Int, _ positions: UnsafePointer<Double>?, _ dx: Double, _ sum: inout CompensatedSum
    ) {
        if n < 2 { return }
        if n == 2 {
            sum.add(width(positions, dx, 1) * 0.5 * (y[0] + y[1]))
            return
        }
        var index = 2
        while index < n {
            let h0 = width(positions, dx, index - 1)
            let h1 = width(positions, dx, index)
            let both = h0 + h1
            sum.add(both / 6 * (2 - h1 / h0) * y[index - 2])
            sum.add(both / 6 * (both / h0) * (both / h1) * y[index - 1])
            sum.add(both / 6 * (2 - h0 / h1) * y[index])
            index += 2
        }
        guard n % 2 == 0 else { return }
        let h0 = width(positions, dx, n - 2)
        let h1 = width(positions, dx, n - 1)
        sum.add((2 * h1 * h1 + 3 * h0 * h1) / (6 * (h0 + h1)) * y[n - 1])
        sum.add((h1 * h1 + 3 * h0 * h1) / (6 * h0) * y[n - 2])
        sum.add(-h1 * h1 * h1 / (6 * h0 * (h0 + h1)) * y[n - 3])
    }
}

/// Samples along one dimension of a dense array.
package struct Samples {
    /// The array.
    let data: UnsafePointer<Double>
    /// Samples along the axis.
    let count: Int
    /// Elements before and after the axis.
    let outer: Int
    let inner: Int

    package init(_ data: UnsafePointer<Double>, shape: Shape, axis: Int) {
        self.data = data
        count = shape[axis]
        var outer = 1
        var inner = 1
        for index in 0..<shape.rank {
            if index < axis { outer = outer &* shape[index] }
            if index > axis { inner = inner &* shape[index] }
        }
        self.outer = outer
        self.inner = inner
    }

    /// The values that share all other indices.
    struct Line {
        let start: UnsafePointer<Double>
        let stride: Int
        @inline(__always) subscript(index: Int) -> Double { start[index &* stride] }
    }

    func line(_ outer: Int, _ inner: Int) -> Line {
        Line(start: data + (outer &* count &* self.inner &+ inner), stride: self.inner)
    }
}
