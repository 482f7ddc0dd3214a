import CVector

/// `erf x`: `x + x P(x^2)` below 1, then `1 - exp(-x^2) G((x - 2) / (x + 2))`; 1 from 6 on.
@inline(__always) func errorFunction(_ x: Doubles) -> Doubles {
    let magnitude = apus_d8_min(spread(6), absolute(x))
    let z = magnitude * magnitude
    var p = horner(spread(5.957176147748911e-11), z, -1.1372848856791674e-09)
    p = horner(p, z, 1.4659775274047436e-08)
    p = horner(p, z, -1.6350312701054695e-07)
    p = horner(p, z, 1.6461000484121368e-06)
    p = horner(p, z, -1.4925595266831182e-05)
    p = horner(p, z, 0.0001205533111164271)
    p = horner(p, z, -0.000854832698083379)
    p = horner(p, z, 0.0052239776248180145)
    p = horner(p, z, -0.026866170645076792)
    p = horner(p, z, 0.11283791670954879)
    p = horner(p, z, -0.3761263890318375)
    p = horner(p, z, 0.1283791670955126)
    let near = fma(x, p, x)

    let t = (magnitude - spread(2)) / (magnitude + spread(2))
    var g = horner(spread(3.917059299925389e-06), t, 1.820143195975009e-06)
    g = horner(g, t, -1.4067532694582058e-05)
    g = horner(g, t, -2.7647305443610053e-05)
    g = horner(g, t, 2.754312818566672e-05)
    g = horner(g, t, 0.00017436697232946864)
    g = horner(g, t, 4.3554202452705896e-05)
    g = horner(g, t, -0.0009819773208131022)
    g = horner(g, t, -0.0008471431980760424)
    g = horner(g, t, 0.006997461747753573)
    g = horner(g, t, 0.00373289240349224)
    g = horner(g, t, -0.07897858101585253)
    g = horner(g, t, 0.24165819424246987)
    g = horner(g, t, -0.4271858474139579)
    g = horner(g, t, 0.25539567631050575)
    let far = apus_d8_fnma(exponential(spread(0) - z), g, spread(1))
    return whereLess(magnitude, spread(1), near, signed(far, as: x))
}
