import CVector

/// Runs `f` over predictions and targets; stores the gradients it returns, scaled, and sums the losses in double.
///
/// Lanes past the end load as 0 = 0, where not every loss is 0, so the last block's losses are cut to its length.
@inline(__always) private func accumulate(
    _ p: Source, _ t: Source, _ gradient: Target?, _ scale: Float, _ count: Int64,
    _ f: (_ p: Lanes, _ t: Lanes) -> (loss: Lanes, gradient: Lanes)
) -> Double {
    let scale = splat(scale)
    var total = DoubleLanes()
    eachBlock(count) { i, n in
        let (loss, slope) = f(load(p + i, n), load(t + i, n))
        if let gradient { store(slope * scale, gradient + i, n) }
        total.add(n == 16 ? loss : apus_f16_first(loss, splat(0), Int64(truncatingIfNeeded: n)))
    }
    return total.total
}

/// `(p - t)^2`, gradient `2 (p - t)`.
func squaredError(_ p: Source, _ t: Source, _ gradient: Target?, _ scale: Float, _ count: Int64) -> Double {
    @inline(__always) func f(_ p: Lanes, _ t: Lanes) -> (loss: Lanes, gradient: Lanes) {
        let d = p - t
        return (d * d, d + d)
    }
    return accumulate(p, t, gradient, scale, count, f)
}

/// `|p - t|`, gradient its sign, 0 at 0.
func absoluteError(_ p: Source, _ t: Source, _ gradient: Target?, _ scale: Float, _ count: Int64) -> Double {
    @inline(__always) func f(_ p: Lanes, _ t: Lanes) -> (loss: Lanes, gradient: Lanes) {
        let d = p - t
        let falling = whereLess(d, splat(0), splat(-1), d)
        return (apus_f16_abs(d), whereLess(splat(0), d, splat(1), falling))
    }
    return accumulate(p, t, gradient, scale, count, f)
}

/// `d^2 / 2` where `|d| <= delta`, else `delta (|d| - delta / 2)`, of `d = p - t`; gradient `d` clipped to `delta`.
func huber(
    _ p: Source, _ t: Source, _ delta: Float, _ gradient: Target?, _ scale: Float, _ count: Int64
) -> Double {
    @inline(__always) func f(_ p: Lanes, _ t: Lanes) -> (loss: Lanes, gradient: Lanes) {
        let d = p - t
        let clipped = atLeast(-delta, atMost(delta, d))
        return (clipped * (d - splat(0.5) * clipped), clipped)
    }
    return accumulate(p, t, gradient, scale, count, f)
}

/// `-t ln p - (1 - t) ln(1 - p)` with `p` clipped to [1e-7, 1 - 1e-7]; gradient `(p - t) / (p (1 - p))`, 0 where
/// clipped.
func binaryCrossEntropy(_ p: Source, _ t: Source, _ gradient: Target?, _ scale: Float, _ count: Int64) -> Double {
    @inline(__always) func f(_ p: Lanes, _ t: Lanes) -> (loss: Lanes, gradient: Lanes) {
        let clipped = atLeast(1e-7, atMost(1 - 1e-7, p))
        let rest = splat(1) - clipped
        let loss = splat(0) - fma(t, logarithm(clipped), (splat(1) - t) * logarithm(rest))
        let slope = (clipped - t) / (clipped * rest)
        // A NaN prediction differs from itself, and must not pass for a clipped one.
        let inside = whereLess(p, clipped, splat(0), whereLess(clipped, p, splat(0), slope))
        return (loss, inside)
    }
    return accumulate(p, t, gradient, scale, count, f)
}

/// `max(x, 0) - x t + ln(1 + exp(-|x|))` of logits `x`; gradient `1 / (1 + exp(-x)) - t`.
func binaryCrossEntropyLogits(
    _ x: Source, _ t: Source, _ gradient: Target?, _ scale: Float, _ count: Int64
) -> Double {
    @inline(__always) func f(_ x: Lanes, _ t: Lanes) -> (loss: Lanes, gradient: Lanes) {
        let e = exponential(splat(0) - apus_f16_abs(x))
        let u = splat(1) + e
        let inverse = splat(1) / u
        // ln(1 + e), mended by what the rounding of 1 + e lost.
        let softplus = fma(e - (u - splat(1)), inverse, logarithm(u))
        let loss = (atLeast(0, x) - x * t) + softplus
        let probability = whereLess(x, splat(0), e * inverse, inverse)
        return (loss, probability - t)
    }
    return accumulate(x, t, gradient, scale, count, f)
}
