import CVector

@inline(__always) private func rectify(_ x: Lanes) -> Lanes { atLeast(0, x) }

@inline(__always) private func identity(_ x: Lanes) -> Lanes { x }

/// `y = activation(x + bias)` through the activation `code`, `bias` repeating every `period` elements: with a period
/// that sixteen does not divide, it must go on for fifteen elements more.
@inline(__always) private func forward(
    _ code: Int32, _ alpha: Float, _ bias: Source?, _ period: Int, _ x: Source, _ y: Target, _ count: Int64
) {
    @inline(__always) func leak(_ x: Lanes) -> Lanes { whereLess(x, splat(0), x * splat(alpha), x) }
    @inline(__always) func elu(_ x: Lanes) -> Lanes {
        whereLess(splat(0), x, x, splat(alpha) * exponentialMinusOne(atMost(0, x)))
    }
    @inline(__always) func each(_ f: (Lanes) -> Lanes) {
        guard let bias else {
            eachBlock(count) { i, n in store(f(load(x + i, n)), y + i, n) }
            return
        }
        let step = period > 16 ? 16 : 16 % period
        var offset = 0
        eachBlock(count) { i, n in
            store(f(load(x + i, n) + load(bias + offset, n)), y + i, n)
            offset &+= step
            if offset >= period { offset &-= period }
        }
    }
    switch code {
    case APUS_K_RELU: each(rectify)
    case APUS_K_LEAKY_RELU: each(leak)
    case APUS_K_ELU: each(elu)
    case APUS_K_SIGMOID: each(logistic)
    case APUS_K_TANH: each(hyperbolicTangent)
    case APUS_K_EXPONENTIAL: each(exponential)
    default: each(identity)
    }
}

/// `y = activation(x)`; NaN stays NaN.
func activation(_ code: Int32, _ alpha: Float, _ x: Source, _ y: Target, _ count: Int64) {
    forward(code, alpha, nil, 1, x, y, count)
}

/// One call of `biasActivation`.
private struct BiasedRows {
    var code: Int32
    var alpha: Float
    var bias: Source
    var y: Target
    var rows: Int64
    var columns: Int64

    /// All rows as one run, so that no vector is cut at the end of a row: a load that overlaps the cut store of the row
    /// before would wait for it. The bias is laid out again and again for that.
    func run(_ panel: Target) {
        let period = Int(truncatingIfNeeded: columns)
        var (i, column) = (0, 0)
        while i < period &+ 15 {
            panel[i] = bias[column]
            i &+= 1
            column = column &+ 1 < period ? column &+ 1 : 0
        }
        forward(code, alpha, Source(panel), period, Source(y), y, rows &* columns)
    }

    func runRowByRow() {
        let width = Int(truncatingIfNeeded: columns)
        var row = y
        var left = rows
        while left > 0 {
            forward(code, alpha, bias, width, Source(row), row, columns)
            row += width
            left &-= 1
        }
    }
}

/// `y[r, c] = activation(y[r, c] + bias[c])`, the epilogue of a dense layer's product.
func biasActivation(_ code: Int32, _ alpha: Float, _ bias: Source?, _ y: Target, _ rows: Int64, _ columns: Int64) {
    guard rows > 0, columns > 0 else { return }
    guard let bias else {
        if code != APUS_K_LINEAR { forward(code, alpha, nil, 1, Source(y), y, rows &* columns) }
        return
    }
    var job = BiasedRows(code: code, alpha: alpha, bias: bias, y: y, rows: rows, columns: columns)
    if columns & 15 == 0 || rows == 1 {
        forward(code, alpha, bias, Int(truncatingIfNeeded: columns), Source(y), y, rows &* columns)
    } else if columns <= 1024 {
        apus_with_panel({ job, panel in job.assumingMemoryBound(to: BiasedRows.self).pointee.run(panel) }, &job)
    } else {
        job.runRowByRow()
    }
}

/// `dx = dy f'(x)`, the derivative taken from the output `y = f(x)`. At 0, relu and leaky relu take the slope of the
/// negative side.
func activationGradient(
    _ code: Int32, _ alpha: Float, _ y: Source, _ dy: Source, _ dx: Target, _ count: Int64
) {
    @inline(__always) func each(_ f: (_ y: Lanes, _ dy: Lanes) -> Lanes) {
        eachBlock(count) { i, n in store(f(load(y + i, n), load(dy + i, n)), dx + i, n) }
    }
    @inline(__always) func rectify(_ y: Lanes, _ dy: Lanes) -> Lanes { whereLess(splat(0), y, dy, splat(0)) }
    @inline(__always) func leak(_ y: Lanes, _ dy: Lanes) -> Lanes {
        whereLess(splat(0), y, dy, dy * splat(alpha))
    }
    @inline(__always) func elu(_ y: Lanes, _ dy: Lanes) -> Lanes {
        whereLess(splat(0), y, dy, dy * (y + splat(alpha)))
    }
    @inline(__always) func logistic(_ y: Lanes, _ dy: Lanes) -> Lanes { dy * (y * (splat(1) - y)) }
    @inline(__always) func tangent(_ y: Lanes, _ dy: Lanes) -> Lanes {
        dy * ((splat(1) - y) * (splat(1) + y))
    }
    @inline(__always) func exponential(_ y: Lanes, _ dy: Lanes) -> Lanes { dy * y }
    @inline(__always) func identity(_ y: Lanes, _ dy: Lanes) -> Lanes { dy }
    switch code {
    case APUS_K_RELU: each(rectify)
    case APUS_K_LEAKY_RELU: each(leak)
    case APUS_K_ELU: each(elu)
    case APUS_K_SIGMOID: each(logistic)
    case APUS_K_TANH: each(tangent)
    case APUS_K_EXPONENTIAL: each(exponential)
    default: each(identity)
    }
}
