import CVector

// Hyperbolic sine and cosine by exponentials of the magnitude.

/// `exp(x) / 2` and what it lacks.
@inline(__always) private func halfExponential(_ reduced: ReducedDoubleExponential) -> DoublePair {
    var half = reduced
    half.n = half.n - spread(1)
    half.nBits = apus_m8_subtract(half.nBits, apus_m8_set(1))
    return half.precisePower
}

/// `sinh x`, with all digits near 0: half of `t + t / (t + 1)` for `t = exp(|x|) - 1`, or of exp(|x|) - exp(-|x|).
@inline(__always) func hyperbolicSine(_ x: Doubles) -> Doubles {
    let magnitude = absolute(x)
    let reduced = ReducedDoubleExponential(held(magnitude, from: 0, to: 712), tail: spread(0))
    let half = halfExponential(reduced)
    let far = half.high + (half.low - spread(0.25) / half.high)
    let t = preciseExponentialMinusOne(reduced)
    let near = (t.high + (t.low + t.divided(by: t.added(to: spread(1))))) * spread(0.5)
    let y = whereLess(magnitude, spread(0.69), near, far)
    return signed(whereLess(magnitude, spread(0x1p-28), magnitude, y), as: x)
}

/// `cosh x`.
@inline(__always) func hyperbolicCosine(_ x: Doubles) -> Doubles {
    let half = halfExponential(ReducedDoubleExponential(held(absolute(x), from: 0, to: 712), tail: spread(0)))
    return half.high + (half.low + spread(0.25) / half.high)
}

/// `sinh x` to 28 bits, for floats.
@inline(__always) func shortHyperbolicSine(_ x: Doubles) -> Doubles {
    let t = shortExponentialMinusOne(absolute(x))
    let y = (t + t / (t + spread(1))) * spread(0.5)
    return signed(whereLess(absolute(x), spread(90), y, absolute(x) + spread(1e39)), as: x)
}

/// `cosh x` to 28 bits, for floats.
@inline(__always) func shortHyperbolicCosine(_ x: Doubles) -> Doubles {
    let e = shortExponential(held(absolute(x), from: 0, to: 100))
    return (e + spread(1) / e) * spread(0.5)
}
