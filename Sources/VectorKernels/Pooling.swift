import CVector

/// The largest element of each channel over a window of `lines` by `columns` places, channels last; a NaN wins. `index`
/// receives the number of the place, the first of equals, as a float.
func poolMax(
    _ x: Source, _ lineStride: Int64, _ lines: Int64, _ columns: Int64, _ channels: Int64, _ y: Target,
    _ index: Target?
) {
    let width = Int(truncatingIfNeeded: channels)
    eachBlock(channels) { i, n in
        var best = load(x + i, n)
        var place = splat(0)
        var number: Float = 0
        var line = x + i
        var left = lines
        while left > 0 {
            var p = line
            var column: Int64 = 0
            while column < columns {
                let value = load(p, n)
                let isBetter = apus_f16_less_equal(value, best)
                // Not better: also where either is NaN. A NaN that is the best stays, since nothing is above it.
                let keeps = apus_i16_or(isBetter, apus_f16_unordered(best, best))
                best = apus_f16_select(keeps, best, value)
                place = apus_f16_select(keeps, place, splat(number))
                number += 1
                p += width
                column &+= 1
            }
            line += Int(truncatingIfNeeded: lineStride)
            left &-= 1
        }
        store(best, y + i, n)
        if let index { store(place, index + i, n) }
    }
}

/// Adds `dy` to the place of each channel's largest element.
func poolMaxGradient(
    _ dy: Source, _ index: Source, _ lineStride: Int64, _ lines: Int64, _ columns: Int64, _ channels: Int64,
    _ dx: Target
) {
    let width = Int(truncatingIfNeeded: channels)
    eachBlock(channels) { i, n in
        let gradient = load(dy + i, n)
        let place = load(index + i, n)
        var number: Float = 0
        var line = dx + i
        var left = lines
        while left > 0 {
            var p = line
            var column: Int64 = 0
            while column < columns {
                let part = apus_f16_select(apus_f16_equal(place, splat(number)), gradient, splat(0))
                store(load(p, n) + part, p, n)
                number += 1
                p += width
                column &+= 1
            }
            line += Int(truncatingIfNeeded: lineStride)
            left &-= 1
        }
    }
}

/// `scale` times the sum of each channel over a window.
func poolSum(
    _ x: Source, _ lineStride: Int64, _ lines: Int64, _ columns: Int64, _ channels: Int64, _ scale: Float, _ y: Target
) {
    let width = Int(truncatingIfNeeded: channels)
    eachBlock(channels) { i, n in
        var sum = splat(0)
        var line = x + i
        var left = lines
        while left > 0 {
            var p = line
            var column: Int64 = 0
            while column < columns {
                sum = sum + load(p, n)
                p += width
                column &+= 1
            }
            line += Int(truncatingIfNeeded: lineStride)
            left &-= 1
        }
        store(sum * splat(scale), y + i, n)
    }
}

/// Adds `scale dy` to each place of a window.
func poolSumGradient(
    _ dy: Source, _ lineStride: Int64, _ lines: Int64, _ columns: Int64, _ channels: Int64, _ scale: Float, _ dx: Target
) {
    let width = Int(truncatingIfNeeded: channels)
    eachBlock(channels) { i, n in
        let part = load(dy + i, n) * splat(scale)
        var line = dx + i
        var left = lines
        while left > 0 {
            var p = line
            var column: Int64 = 0
            while column < columns {
                store(load(p, n) + part, p, n)
                p += width
                column &+= 1
            }
            line += Int(truncatingIfNeeded: lineStride)
            left &-= 1
        }
    }
}

/// `y += a b`, element by element.
func multiplyAdd(_ a: Source, _ b: Source, _ y: Target, _ count: Int64) {
    eachBlock(count) { i, n in store(fma(load(a + i, n), load(b + i, n), load(y + i, n)), y + i, n) }
}
