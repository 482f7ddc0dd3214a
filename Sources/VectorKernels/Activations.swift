import CVector

@inline(__always) private func rectify(_ x: Lanes) -> Lanes { atLeast(0, x) }

@inline(__always) private func identity(_ x: Lanes) -> Lanes { x }

@inline(__always) private func rectifyTo6(_ x: Lanes) -> Lanes { atMost(6, atLeast(0, x)) }

@inline(__always) private func hardSigmoid(_ x: Lanes) -> Lanes {
    // (x + 3) / 6: the sum is exact where it is small.
    atMost(1, atLeast(0, (x + splat(3)) * splat(0.166_666_67)))
}

@inline(__always) private func hardSilu(_ x: Lanes) -> Lanes {
    // Minus infinity times 0 would be NaN.
    atLeast(-3, x) * hardSigmoid(x)
}

@inline(__always) private func hardTangent(_ x: Lanes) -> Lanes { atMost(1, atLeast(-1, x)) }

@inline(__always) private func logSigmoid(_ x: Lanes) -> Lanes { splat(0) - softplus(splat(0) - x) }

@inline(__always) private func softsign(_ x: Lanes) -> Lanes {
    let a = atMost(1e30, apus_f16_abs(x))
    return apus_f16_copysign(apus_f16_quotient(a, splat(1) + a), x)
}

/// 1.0507009873554805 and that times 1.6732632423543772.
private let (seluScale, seluProduct): (Float, Float) = (1.050_701, 1.758_099_3)

@inline(__always) private func selu(_ x: Lanes) -> Lanes {
    whereLess(splat(0), x, splat(seluScale) * x, splat(seluProduct) * exponentialMinusOne(atMost(0, x)))
}

/// `y = activation(x + bias)` through the activation `code`, `bias` repeating every `period` elements: with a period
/// that sixteen does not divide, it must go on for fifteen elements more.
@inline(__always) private func forward(
    _ code: Int32, _ alpha: Float, _ bias: Source?, _ period: Int, _ x: Source, _ y: Target, _ count: Int64
) {
    @inline(__always) func leak(_ x: Lanes) -> Lanes { whereLess(x, splat(0), x * splat(alpha), x) }
    @inline(__always) func elu(_ x: Lanes) -> Lanes {
        whereLess(splat(0), x, x, splat(alpha) * exponentialMinusOne(atMost(0, x)))
    }
    @inline(__always) func celu(_ x: Lanes) -> Lanes {
        whereLess(splat(0), x, x, splat(alpha) * exponentialMinusOne(atMost(0, x) / splat(alpha)))
    }
    @inline(__always) func each(_ f: (Lanes) -> Lanes) {
        guard let bias else {
            eachRun(count, of: 16, head: head(x, 4)) { i, n in store(f(load(x + i, n)), y + i, n) }
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
    case APUS_K_RELU6: each(rectifyTo6)
    case APUS_K_SELU: each(selu)
    case APUS_K_CELU: each(celu)
    case APUS_K_HARD_SIGMOID: each(hardSigmoid)
    case APUS_K_SOFTPLUS: each(softplus)
    case APUS_K_SOFTSIGN: each(softsign)
    case APUS_K_LOG_SIGMOID: each(logSigmoid)
    case APUS_K_HARD_TANH: each(hardTangent)
    case APUS_K_GELU: each(gelu)
    case APUS_K_GELU_TANH: each(geluTanh)
    case APUS_K_SILU: each(silu)
    case APUS_K_MISH: each(mish)
    case APUS_K_HARD_SILU: each(hardSilu)
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
    @inline(__always) func selu(_ y: Lanes, _ dy: Lanes) -> Lanes {
        whereLess(splat(0), y, dy * splat(seluScale), dy * (y + splat(seluProduct)))
    }
    @inline(__always) func celu(_ y: Lanes, _ dy: Lanes) -> Lanes {
        whereLess(splat(0), y, dy, dy * ((y + splat(alpha)) / splat(alpha)))
    }
    // 1 where low < y < high
    @inline(__always) func between(_ low: Float, _ high: Float, _ y: Lanes, _ dy: Lanes) -> Lanes {
        whereLess(splat(low), y, whereLess(y, splat(high), dy, splat(0)), splat(0))
    }
    @inline(__always) func rectifyTo6(_ y: Lanes, _ dy: Lanes) -> Lanes { between(0, 6, y, dy) }
    @inline(__always) func hardTangent(_ y: Lanes, _ dy: Lanes) -> Lanes { between(-1, 1, y, dy) }
    @inline(__always) func hardSigmoid(_ y: Lanes, _ dy: Lanes) -> Lanes {
        between(0, 1, y, dy * splat(0.166_666_67))
    }
    // 1 - exp(-y)
    @inline(__always) func softplus(_ y: Lanes, _ dy: Lanes) -> Lanes {
        dy * (splat(0) - exponentialMinusOne(splat(0) - y))
    }
    @inline(__always) func softsign(_ y: Lanes, _ dy: Lanes) -> Lanes {
        let rest = splat(1) - apus_f16_abs(y)
        return dy * (rest * rest)
    }
    // 1 - exp(y)
    @inline(__always) func logSigmoid(_ y: Lanes, _ dy: Lanes) -> Lanes {
        dy * (splat(0) - exponentialMinusOne(y))
    }
    switch code {
    case APUS_K_RELU: each(rectify)
    case APUS_K_LEAKY_RELU: each(leak)
    case APUS_K_ELU: each(elu)
    case APUS_K_SIGMOID: each(logistic)
    case APUS_K_TANH: each(tangent)
    case APUS_K_EXPONENTIAL: each(exponential)
    case APUS_K_RELU6: each(rectifyTo6)
    case APUS_K_SELU: each(selu)
    case APUS_K_CELU: each(celu)
    case APUS_K_HARD_SIGMOID: each(hardSigmoid)
    case APUS_K_SOFTPLUS: each(softplus)
    case APUS_K_SOFTSIGN: each(softsign)
    case APUS_K_LOG_SIGMOID: each(logSigmoid)
    case APUS_K_HARD_TANH: each(hardTangent)
    default: each(identity)
    }
}

/// `dx = dy f'(x)`, the derivative taken from the input.
func activationInputGradient(_ code: Int32, _ x: Source, _ dy: Source, _ dx: Target, _ count: Int64) {
    @inline(__always) func each(_ slope: (Lanes) -> Lanes) {
        eachBlock(count) { i, n in store(load(dy + i, n) * slope(load(x + i, n)), dx + i, n) }
    }
    @inline(__always) func hardSiluSlope(_ x: Lanes) -> Lanes {
        let inside = fma(x, splat(0.333_333_34), splat(0.5))
        return whereLessEqual(x, splat(-3), splat(0), whereLessEqual(splat(3), x, splat(1), inside))
    }
    switch code {
    case APUS_K_GELU: each(geluSlope)
    case APUS_K_GELU_TANH: each(geluTanhSlope)
    case APUS_K_SILU: each(siluSlope)
    case APUS_K_MISH: each(mishSlope)
    default: each(hardSiluSlope)
    }
}
