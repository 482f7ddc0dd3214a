import CVector

// One step of recurrent units, all gates of an element at once: what the products have written is read from the cache
// a single time. Each row's units begin a vector of their own, so that a row's bits do not depend on the others.

/// `y (1 - y)`, the slope of the sigmoid from its value, times `dy`.
@inline(__always) private func sigmoidGradient(_ y: Lanes, _ dy: Lanes) -> Lanes { dy * (y * (splat(1) - y)) }

/// `(1 - y) (1 + y)`, the slope of the hyperbolic tangent from its value, times `dy`.
@inline(__always) private func tangentGradient(_ y: Lanes, _ dy: Lanes) -> Lanes {
    dy * ((splat(1) - y) * (splat(1) + y))
}

/// Gates i, f, g, o after their activations in place; `c' = f c + i g`, `kept = tanh c'`, `h = o kept`.
func lstmStep(
    _ gates: Target, _ bias: Source, _ cell: Source, _ nextCell: Target, _ kept: Target, _ next: Target,
    _ rows: Int64, _ units: Int64
) {
    let width = Int(truncatingIfNeeded: units)
    var (gates, cell, nextCell, kept, next) = (gates, cell, nextCell, kept, next)
    var left = rows
    while left > 0 {
        eachBlock(units) { j, n in
            let i = logistic(load(gates + j, n) + load(bias + j, n))
            store(i, gates + j, n)
            let at1 = j &+ width
            let f = logistic(load(gates + at1, n) + load(bias + at1, n))
            store(f, gates + at1, n)
            let at2 = at1 &+ width
            let g = hyperbolicTangent(load(gates + at2, n) + load(bias + at2, n))
            store(g, gates + at2, n)
            let at3 = at2 &+ width
            let o = logistic(load(gates + at3, n) + load(bias + at3, n))
            store(o, gates + at3, n)
            let c = fma(f, load(cell + j, n), i * g)
            store(c, nextCell + j, n)
            let t = hyperbolicTangent(c)
            store(t, kept + j, n)
            store(o * t, next + j, n)
        }
        gates += 4 &* width
        cell += width
        nextCell += width
        kept += width
        next += width
        left &-= 1
    }
}

/// The gradients before the gates' activations in place of the gates; by the cell before in place of that by the next.
func lstmStepGradient(
    _ gates: Target, _ kept: Source, _ cell: Source, _ gradient: Target, _ cellGradient: Target, _ rows: Int64,
    _ units: Int64
) {
    let width = Int(truncatingIfNeeded: units)
    var (gates, kept, cell, gradient, cellGradient) = (gates, kept, cell, gradient, cellGradient)
    var left = rows
    while left > 0 {
        eachBlock(units) { j, n in
            let (at1, at2, at3) = (j &+ width, j &+ 2 &* width, j &+ 3 &* width)
            let (i, f) = (load(gates + j, n), load(gates + at1, n))
            let (g, o) = (load(gates + at2, n), load(gates + at3, n))
            let (dh, t) = (load(gradient + j, n), load(kept + j, n))
            let dc = load(cellGradient + j, n) + tangentGradient(t, dh * o)
            store(sigmoidGradient(i, dc * g), gates + j, n)
            store(sigmoidGradient(f, dc * load(cell + j, n)), gates + at1, n)
            store(tangentGradient(g, dc * i), gates + at2, n)
            store(sigmoidGradient(o, dh * t), gates + at3, n)
            store(dc * f, cellGradient + j, n)
            store(splat(0), gradient + j, n)
        }
        gates += 4 &* width
        kept += width
        cell += width
        gradient += width
        cellGradient += width
        left &-= 1
    }
}

/// Gates z, r, c after their activations in place, `c` that of `. + r kept`; `h' = z h + (1 - z) c`.
func gruStep(
    _ gates: Target, _ bias: Source, _ kept: Target, _ recurrentBias: Source, _ state: Source, _ next: Target,
    _ rows: Int64, _ units: Int64
) {
    let width = Int(truncatingIfNeeded: units)
    var (gates, kept, state, next) = (gates, kept, state, next)
    var left = rows
    while left > 0 {
        eachBlock(units) { j, n in
            let (at1, at2) = (j &+ width, j &+ 2 &* width)
            let z = logistic(load(gates + j, n) + load(bias + j, n))
            store(z, gates + j, n)
            let r = logistic(load(gates + at1, n) + load(bias + at1, n))
            store(r, gates + at1, n)
            let product = load(kept + j, n) + load(recurrentBias + j, n)
            store(product, kept + j, n)
            let c = hyperbolicTangent(fma(r, product, load(gates + at2, n) + load(bias + at2, n)))
            store(c, gates + at2, n)
            store(fma(z, load(state + j, n) - c, c), next + j, n)
        }
        gates += 3 &* width
        kept += width
        state += width
        next += width
        left &-= 1
    }
}

/// The gradients by what the products made in place of the gates and of `kept`; `dh z` in place of `dh`.
func gruStepGradient(
    _ gates: Target, _ kept: Target, _ state: Source, _ gradient: Target, _ rows: Int64, _ units: Int64
) {
    let width = Int(truncatingIfNeeded: units)
    var (gates, kept, state, gradient) = (gates, kept, state, gradient)
    var left = rows
    while left > 0 {
        eachBlock(units) { j, n in
            let (at1, at2) = (j &+ width, j &+ 2 &* width)
            let (z, r, c) = (load(gates + j, n), load(gates + at1, n), load(gates + at2, n))
            let dh = load(gradient + j, n)
            let dc = tangentGradient(c, dh * (splat(1) - z))
            store(sigmoidGradient(z, dh * (load(state + j, n) - c)), gates + j, n)
            store(sigmoidGradient(r, dc * load(kept + j, n)), gates + at1, n)
            store(dc, gates + at2, n)
            store(dc * r, kept + j, n)
            store(dh * z, gradient + j, n)
        }
        gates += 3 &* width
        kept += width
        state += width
        gradient += width
        left &-= 1
    }
}
