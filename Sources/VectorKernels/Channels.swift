import CVector

// Statistics of columns and what normalization makes of them. Sums run in four interleaved chains of rows.

/// `out[c]` is the sum over rows of `(x - mean[c])^2`.
func channelSumSquares(_ x: Source, _ mean: Source, _ rows: Int64, _ columns: Int64, _ out: Target) {
    let (rows, width) = (Int(truncatingIfNeeded: rows), Int(truncatingIfNeeded: columns))
    eachBlock(columns) { column, n in
        let center = load(mean + column, n)
        var (a, b, c, d) = (splat(0), splat(0), splat(0), splat(0))
        var p = x + column
        var row = 0
        while row &+ 4 <= rows {
            let (e, f) = (load(p, n) - center, load(p + width, n) - center)
            let (g, h) = (load(p + 2 &* width, n) - center, load(p + 3 &* width, n) - center)
            a = fma(e, e, a)
            b = fma(f, f, b)
            c = fma(g, g, c)
            d = fma(h, h, d)
            p += 4 &* width
            row &+= 4
        }
        while row < rows {
            let e = load(p, n) - center
            a = fma(e, e, a)
            p += width
            row &+= 1
        }
        store((a + b) + (c + d), out + column, n)
    }
}

/// `sums[c]` is the sum over rows of `dy`, `products[c]` that of `dy (x - mean[c])`.
func channelSumGradients(
    _ x: Source, _ dy: Source, _ mean: Source, _ rows: Int64, _ columns: Int64, _ sums: Target, _ products: Target
) {
    let (rows, width) = (Int(truncatingIfNeeded: rows), Int(truncatingIfNeeded: columns))
    eachBlock(columns) { column, n in
        let center = load(mean + column, n)
        var (a, b, c, d) = (splat(0), splat(0), splat(0), splat(0))
        var (p, q) = (x + column, dy + column)
        var row = 0
        while row &+ 2 <= rows {
            let (e, f) = (load(q, n), load(q + width, n))
            a = a + e
            b = b + f
            c = fma(e, load(p, n) - center, c)
            d = fma(f, load(p + width, n) - center, d)
            p += 2 &* width
            q += 2 &* width
            row &+= 2
        }
        if row < rows {
            let e = load(q, n)
            a = a + e
            c = fma(e, load(p, n) - center, c)
        }
        store(a + b, sums + column, n)
        store(c + d, products + column, n)
    }
}

/// `y = (x - mean[c]) factor[c] + shift[c]`.
func channelNormalize(
    _ x: Source, _ mean: Source, _ factor: Source, _ shift: Source, _ y: Target, _ rows: Int64, _ columns: Int64
) {
    let (rows, width) = (Int(truncatingIfNeeded: rows), Int(truncatingIfNeeded: columns))
    var row = 0
    while row < rows {
        let (p, q) = (x + row &* width, y + row &* width)
        eachBlock(columns) { i, n in
            store(fma(load(p + i, n) - load(mean + i, n), load(factor + i, n), load(shift + i, n)), q + i, n)
        }
        row &+= 1
    }
}

/// `dx = dy factor[c] + (x - mean[c]) slope[c] + shift[c]`.
func channelNormalizeGradient(
    _ x: Source, _ dy: Source, _ mean: Source, _ factor: Source, _ slope: Source, _ shift: Source, _ dx: Target,
    _ rows: Int64, _ columns: Int64
) {
    let (rows, width) = (Int(truncatingIfNeeded: rows), Int(truncatingIfNeeded: columns))
    var row = 0
    while row < rows {
        let start = row &* width
        eachBlock(columns) { i, n in
            let through = fma(load(x + (start &+ i), n) - load(mean + i, n), load(slope + i, n), load(shift + i, n))
            store(fma(load(dy + (start &+ i), n), load(factor + i, n), through), dx + (start &+ i), n)
        }
        row &+= 1
    }
}

func channelKernels() -> apus_channel_kernels {
    apus_channel_kernels(
        sum_squares: channelSumSquares, sum_gradients: channelSumGradients, normalize: channelNormalize,
        normalize_gradient: channelNormalizeGradient)
}
