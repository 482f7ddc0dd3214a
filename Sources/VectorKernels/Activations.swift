import CVector

/// `y = activation(x + shift)` over one run of elements: the shared loop of both forward kernels.
@inline(__always) private func apply(
    _ x: Source, _ bias: Source?, _ y: Target, _ count: Int64, _ f: (Lanes) -> Lanes
) {
    if let bias {
        eachBlock(count) { i, n in store(f(load(x + i, n) + load(bias + i, n)), y + i, n) }
    } else {
        eachBlock(count) { i, n in store(f(load(x + i, n)), y + i, n) }
    }
}

@inline(__always) private func rectify(_ x: Lanes) -> Lanes { atLeast(0, x) }

@inline(__always) private func identity(_ x: Lanes) -> Lanes { x }

/// Rows of `columns` elements, `bias` added to each if there is one, through the activation `code`.
@inline(__always) private func forward(
    _ code: Int32, _ alpha: Float, _ bias: Source?, _ x: Source, _ y: Target, _ rows: Int64, _ columns: Int64
) {
    @inline(__always) func leak(_ x: Lanes) -> Lanes { whereLess(x, splat(0), x * splat(alpha), x) }
    @inline(__always) func elu(_ x: Lanes) -> Lanes {
        whereLess(splat(0), x, x, splat(alpha) * exponentialMinusOne(atMost(0, x)))
    }
    @inline(__always) func eachRow(_ f: (Lanes) -> Lanes) {
        var row = 0
        var start = 0
        while row < Int(truncatingIfNeeded: rows) {
            apply(x + start, bias, y + start, columns, f)
            start &+= Int(truncatingIfNeeded: columns)
            row &+= 1
        }
    }
    switch code {
    case APUS_K_RELU: eachRow(rectify)
    case APUS_K_LEAKY_RELU: eachRow(leak)
    case APUS_K_ELU: eachRow(elu)
    case APUS_K_SIGMOID: eachRow(logistic)
    case APUS_K_TANH: eachRow(hyperbolicTangent)
    case APUS_K_EXPONENTIAL: eachRow(exponential)
    default: eachRow(identity)
    }
}

/// `y = activation(x)`; NaN stays NaN.
func activation(_ code: Int32, _ alpha: Float, _ x: Source, _ y: Target, _ count: Int64) {
    forward(code, alpha, nil, x, y, 1, count)
}

/// `y[r, c] = activation(y[r, c] + bias[c])`, the epilogue of a dense layer's product.
func biasActivation(_ code: Int32, _ alpha: Float, _ bias: Source?, _ y: Target, _ rows: Int64, _ columns: Int64) {
    if let bias {
        forward(code, alpha, bias, Source(y), y, rows, columns)
    } else if code != APUS_K_LINEAR {
        forward(code, alpha, nil, Source(y), y, 1, rows &* columns)
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
