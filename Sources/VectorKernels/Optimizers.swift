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

/// `a / b`, or 0 where `b` is not above 0: a divisor without epsilon whose gradients were all 0.
@inline(__always) private func ratio(_ a: Lanes, _ b: Lanes) -> Lanes {
    whereLess(splat(0), b, a / b, whereLessEqual(b, splat(0), splat(0), b))
}

/// `m += gain1 (g - m)`, `v += gain2 (g^2 - v)`, `p -= rate m / (sqrt(v) + epsilon)`: Adam with its bias corrections
/// already in `rate`. Kingma and Ba, 2015, doi:10.48550/arXiv.1412.6980. With `largest`, the greatest `v` so far stands
/// in its place: Reddi, Kale and Kumar, 2018, doi:10.48550/arXiv.1904.09237.
func adam(
    _ p: Target, _ g: Source, _ m: Target, _ v: Target, _ largest: Target?, _ rate: Float, _ gain1: Float,
    _ gain2: Float, _ epsilon: Float, _ count: Int64
) {
    let gain1 = splat(gain1)
    let gain2 = splat(gain2)
    let rate = splat(rate)
    let epsilon = splat(epsilon)
    eachBlock(count) { i, n in
        let g = load(g + i, n)
        let first = load(m + i, n)
        let second = load(v + i, n)
        let mean = fma(gain1, g - first, first)
        var square = fma(gain2, g * g - second, second)
        store(mean, m + i, n)
        store(square, v + i, n)
        if let largest {
            square = apus_f16_max(load(largest + i, n), square)
            store(square, largest + i, n)
        }
        let step = ratio(rate * mean, apus_f16_sqrt(square) + epsilon)
        store(load(p + i, n) - step, p + i, n)
    }
}

/// Adam's moments; `p -= (meanRate m + gradientRate g) / (root sqrt(v) + epsilon)`: all corrections are in the rates
/// and `root`. Dozat, 2016, "Incorporating Nesterov momentum into Adam".
func nadam(
    _ p: Target, _ g: Source, _ m: Target, _ v: Target, _ meanRate: Float, _ gradientRate: Float, _ gain1: Float,
    _ gain2: Float, _ root: Float, _ epsilon: Float, _ count: Int64
) {
    let gain1 = splat(gain1)
    let gain2 = splat(gain2)
    let meanRate = splat(meanRate)
    let gradientRate = splat(gradientRate)
    let root = splat(root)
    let epsilon = splat(epsilon)
    eachBlock(count) { i, n in
        let g = load(g + i, n)
        let first = load(m + i, n)
        let second = load(v + i, n)
        let mean = fma(gain1, g - first, first)
        let square = fma(gain2, g * g - second, second)
        store(mean, m + i, n)
        store(square, v + i, n)
        let ahead = fma(meanRate, mean, gradientRate * g)
        let step = ratio(ahead, fma(root, apus_f16_sqrt(square), epsilon))
        store(load(p + i, n) - step, p + i, n)
    }
}

/// `m += gain1 (g - m)`, `u = max(b2 u, |g|)`, `p -= rate m / (u + epsilon)`. Kingma and Ba, 2015, section 7.1.
func adamax(
    _ p: Target, _ g: Source, _ m: Target, _ u: Target, _ rate: Float, _ gain1: Float, _ b2: Float, _ epsilon: Float,
    _ count: Int64
) {
    let gain1 = splat(gain1)
    let b2 = splat(b2)
    let rate = splat(rate)
    let epsilon = splat(epsilon)
    eachBlock(count) { i, n in
        let g = load(g + i, n)
        let first = load(m + i, n)
        let mean = fma(gain1, g - first, first)
        let norm = apus_f16_max(b2 * load(u + i, n), apus_f16_abs(g))
        store(mean, m + i, n)
        store(norm, u + i, n)
        store(load(p + i, n) - ratio(rate * mean, norm + epsilon), p + i, n)
    }
}

/// `a += g^2`, `p -= rate g / sqrt(a + epsilon)`. Duchi, Hazan and Singer, 2011, JMLR 12.
func adagrad(_ p: Target, _ g: Source, _ a: Target, _ rate: Float, _ epsilon: Float, _ count: Int64) {
    let rate = splat(rate)
    let epsilon = splat(epsilon)
    eachBlock(count) { i, n in
        let g = load(g + i, n)
        let total = fma(g, g, load(a + i, n))
        store(total, a + i, n)
        store(load(p + i, n) - ratio(rate * g, apus_f16_sqrt(total + epsilon)), p + i, n)
    }
}

/// `v += gain (g^2 - v)`, `d = sqrt(u + epsilon) / sqrt(v + epsilon) g`, `u += gain (d^2 - u)`, `p -= rate d`. Zeiler,
/// 2012, doi:10.48550/arXiv.1212.5701.
func adadelta(
    _ p: Target, _ g: Source, _ v: Target, _ u: Target, _ rate: Float, _ gain: Float, _ epsilon: Float, _ count: Int64
) {
    let rate = splat(rate)
    let gain = splat(gain)
    let epsilon = splat(epsilon)
    eachBlock(count) { i, n in
        let g = load(g + i, n)
        let held = load(v + i, n)
        let moved = load(u + i, n)
        let square = fma(gain, g * g - held, held)
        let step = ratio(apus_f16_sqrt(moved + epsilon) * g, apus_f16_sqrt(square + epsilon))
        store(square, v + i, n)
        store(fma(gain, step * step - moved, moved), u + i, n)
        store(load(p + i, n) - rate * step, p + i, n)
    }
}

/// `v += gain (g^2 - v)`, `p -= rate g / sqrt(v + epsilon)`; with `mean` the variance about it in place of `v` (Graves,
/// 2013, doi:10.48550/arXiv.1308.0850), with `m` steps gathered in it. Tieleman and Hinton, 2012.
func rmsprop(
    _ p: Target, _ g: Source, _ v: Target, _ mean: Target?, _ m: Target?, _ rate: Float, _ gain: Float,
    _ momentum: Float, _ epsilon: Float, _ count: Int64
) {
    let rate = splat(rate)
    let gain = splat(gain)
    let momentum = splat(momentum)
    let epsilon = splat(epsilon)
    eachBlock(count) { i, n in
        let g = load(g + i, n)
        let held = load(v + i, n)
        var square = fma(gain, g * g - held, held)
        store(square, v + i, n)
        if let mean {
            let before = load(mean + i, n)
            let average = fma(gain, g - before, before)
            store(average, mean + i, n)
            square = atLeast(0, square - average * average)
        }
        var step = ratio(rate * g, apus_f16_sqrt(square + epsilon))
        if let m {
            step = fma(momentum, load(m + i, n), step)
            store(step, m + i, n)
        }
        store(load(p + i, n) - step, p + i, n)
    }
}

/// `b = a + g^2`, `z += g + shrinkage p - (b^power - a^power) / rate p`,
/// `p = (min(max(z, -l1), l1) - z) / (b^power / rate + l2)`, `a = b`. McMahan et al., 2013,
/// doi:10.1145/2487575.2488200.
func ftrl(
    _ p: Target, _ g: Source, _ a: Target, _ z: Target, _ rate: Float, _ power: Float, _ l1: Float, _ l2: Float,
    _ shrinkage: Float, _ count: Int64
) {
    let isRoot = power == 0.5
    let power = splat(power)
    let inverse = splat(1 / rate)
    let l2 = splat(l2)
    let shrinkage = splat(shrinkage)
    /// `x^power` for `x >= 0`; what is below the normal numbers counts as 0.
    @inline(__always) func raised(_ x: Lanes) -> Lanes {
        if isRoot { return apus_f16_sqrt(x) }
        let smallest = splat(0x1p-126)
        return whereLess(x, smallest, splat(0), exponential(power * logarithm(apus_f16_max(smallest, x))))
    }
    eachBlock(count) { i, n in
        let g = load(g + i, n)
        let weight = load(p + i, n)
        let before = load(a + i, n)
        let after = fma(g, g, before)
        let raisedAfter = raised(after)
        let share = (raisedAfter - raised(before)) * inverse
        let linear = load(z + i, n) + fma(shrinkage, weight, g) - share * weight
        store(after, a + i, n)
        store(linear, z + i, n)
        let clipped = atLeast(-l1, atMost(l1, linear))
        store(ratio(clipped - linear, fma(raisedAfter, inverse, l2)), p + i, n)
    }
}

/// `p -= rate sign(m + gain1 (g - m))`, `m += gain2 (g - m)`. Chen et al., 2023, doi:10.48550/arXiv.2302.06675.
func lion(_ p: Target, _ g: Source, _ m: Target, _ rate: Float, _ gain1: Float, _ gain2: Float, _ count: Int64) {
    let gain1 = splat(gain1)
    let gain2 = splat(gain2)
    let up = splat(rate)
    let down = splat(-rate)
    let zero = splat(0)
    eachBlock(count) { i, n in
        let g = load(g + i, n)
        let held = load(m + i, n)
        let direction = fma(gain1, g - held, held)
        let step = whereLess(zero, direction, up, whereLess(direction, zero, down, zero))
        store(fma(gain2, g - held, held), m + i, n)
        store(load(p + i, n) - step, p + i, n)
    }
}

/// `x = min(max(x, -limit), limit)`; NaN stays.
func clip(_ x: Target, _ limit: Float, _ count: Int64) {
    eachBlock(count) { i, n in store(atLeast(-limit, atMost(limit, load(x + i, n))), x + i, n) }
}

/// `a += gain (x - a)`.
func movingAverage(_ a: Target, _ x: Source, _ gain: Float, _ count: Int64) {
    let gain = splat(gain)
    eachBlock(count) { i, n in
        let held = load(a + i, n)
        store(fma(gain, load(x + i, n) - held, held), a + i, n)
    }
}
