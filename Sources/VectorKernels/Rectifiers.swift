import CVector

/// `y = x` from `threshold` to below `limit`, the limit from there on, `slope (x - threshold)` below; NaN stays NaN.
func rectify(_ x: Source, _ y: Target, _ slope: Float, _ threshold: Float, _ limit: Float, _ count: Int64) {
    eachBlock(count) { i, n in
        let v = load(x + i, n)
        // 0 times minus infinity would be NaN.
        let left = slope == 0 ? splat(0) : splat(slope) * (v - splat(threshold))
        let low = whereLess(v, splat(threshold), left, v)
        store(atMost(limit, low), y + i, n)
    }
}

/// `dx = dy` times the slope at `x`: 0 from the limit on, and at a threshold of 0 that of the left side.
func rectifyGradient(
    _ x: Source, _ dy: Source, _ dx: Target, _ slope: Float, _ threshold: Float, _ limit: Float, _ count: Int64
) {
    eachBlock(count) { i, n in
        let (v, d) = (load(x + i, n), load(dy + i, n))
        let left = splat(slope) * d
        let rising = threshold == 0
            ? whereLess(splat(0), v, d, left) : whereLessEqual(splat(threshold), v, d, left)
        store(whereLess(v, splat(limit), rising, splat(0)), dx + i, n)
    }
}

/// `y = x` above 0, `slope x` below, each element with a slope of its own.
func prelu(_ x: Source, _ slope: Source, _ y: Target, _ count: Int64) {
    eachBlock(count) { i, n in
        let v = load(x + i, n)
        store(whereLess(splat(0), v, v, load(slope + i, n) * v), y + i, n)
    }
}

/// `dx` and, added, the gradient by the slopes: `dy x` where `x <= 0`.
func preluGradient(_ x: Source, _ slope: Source, _ dy: Source, _ dx: Target?, _ slopeGradient: Target?, _ count: Int64) {
    eachBlock(count) { i, n in
        let (v, d) = (load(x + i, n), load(dy + i, n))
        if let slopeGradient {
            let added = whereLess(splat(0), v, splat(0), d * v)
            store(load(slopeGradient + i, n) + added, slopeGradient + i, n)
        }
        if let dx { store(whereLess(splat(0), v, d, load(slope + i, n) * d), dx + i, n) }
    }
}
