import CVector

/// `p -= rate g`.
func sgd(_ p: Target, _ g: Source, _ rate: Float, _ count: Int64) {
    axpy(-rate, g, p, count)
}

/// `m = momentum m - rate g`, then `p += m`, or `p += momentum m - rate g` with Nesterov's look-ahead.
func momentum(
    _ p: Target, _ g: Source, _ m: Target, _ rate: Float, _ momentum: Float, _ nesterov: Int32, _ count: Int64
) {
    let decay = splat(momentum)
    let rate = splat(rate)
    if nesterov != 0 {
        eachBlock(count) { i, n in
            let step = rate * load(g + i, n)
            let velocity = fma(decay, load(m + i, n), splat(0) - step)
            store(velocity, m + i, n)
            store(load(p + i, n) + fma(decay, velocity, splat(0) - step), p + i, n)
        }
    } else {
        eachBlock(count) { i, n in
            let velocity = fma(decay, load(m + i, n), splat(0) - rate * load(g + i, n))
            store(velocity, m + i, n)
            store(load(p + i, n) + velocity, p + i, n)
        }
    }
}

/// `m += (1 - b1)(g - m)`, `v += (1 - b2)(g^2 - v)`, `p -= rate m / (sqrt(v) + epsilon)`: Adam with its bias
/// corrections already in `rate`. Kingma and Ba, 2015, doi:10.48550/arXiv.1412.6980.
func adam(
    _ p: Target, _ g: Source, _ m: Target, _ v: Target, _ rate: Float, _ b1: Float, _ b2: Float, _ epsilon: Float,
    _ count: Int64
) {
    let gain1 = splat(1 - b1)
    let gain2 = splat(1 - b2)
    let rate = splat(rate)
    let epsilon = splat(epsilon)
    eachBlock(count) { i, n in
        let g = load(g + i, n)
        let first = load(m + i, n)
        let second = load(v + i, n)
        let mean = fma(gain1, g - first, first)
        let square = fma(gain2, g * g - second, second)
        store(mean, m + i, n)
        store(square, v + i, n)
        let step = rate * mean / (apus_f16_sqrt(square) + epsilon)
        store(load(p + i, n) - step, p + i, n)
    }
}
