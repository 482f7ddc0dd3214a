import CVector

// F(4 x 4, 3 x 3) of Lavin and Gray (2015), "Fast algorithms for convolutional neural networks",
// doi:10.48550/arXiv.1509.09308, by Toom and Cook's rule over the points 0, +-near, +-far and infinity with near^2 = 1/2
// and far^2 = 2: its rounding is about a quarter of that of the usual points 1 and 2. Transforms are separable: along
// the lines first, into `room`, then along the columns. Sixteen channels at a time.

@inline(__always) private var near: Float { 0.70710678 }
@inline(__always) private var far: Float { 1.41421356 }

/// Six numbers along a line or column.
private struct Six {
    var zero, one, two, three, four, five: Lanes

    @inline(__always) init(_ p: Source, _ step: Int) {
        zero = load(p, 16)
        one = load(p + step, 16)
        two = load(p + 2 &* step, 16)
        three = load(p + 3 &* step, 16)
        four = load(p + 4 &* step, 16)
        five = load(p + 5 &* step, 16)
    }

    @inline(__always) init(_ zero: Lanes, _ one: Lanes, _ two: Lanes, _ three: Lanes, _ four: Lanes, _ five: Lanes) {
        (self.zero, self.one, self.two, self.three, self.four, self.five) = (zero, one, two, three, four, five)
    }

    @inline(__always) func put(_ p: Target, _ step: Int, _ n: Int) {
        store(zero, p, n)
        store(one, p + step, n)
        store(two, p + 2 &* step, n)
        store(three, p + 3 &* step, n)
        store(four, p + 4 &* step, n)
        store(five, p + 5 &* step, n)
    }

    /// Of six source elements.
    @inline(__always) var source: Six {
        let (low, high, both) = (splat(-0.5), splat(-2), splat(-2.5))
        let (even, odd) = (fma(high, two, four), splat(near) * fma(high, one, three))
        let (wide, tilt) = (fma(low, two, four), splat(far) * fma(low, one, three))
        return Six(
            fma(both, two, zero + four), even + odd, even - odd, wide + tilt, wide - tilt, fma(both, three, one + five))
    }

    /// Of three taps.
    @inline(__always) static func kernel(_ a: Lanes, _ b: Lanes, _ c: Lanes) -> Six {
        let (even, odd) = (splat(-2 / 3) * fma(splat(0.5), c, a), splat(-2 / 3 * near) * b)
        let (wide, tilt) = (splat(1 / 6) * fma(splat(2), c, a), splat(far / 6) * b)
        return Six(a, even + odd, even - odd, wide + tilt, wide - tilt, c)
    }

    /// Of four output gradients.
    @inline(__always) static func gradient(_ a: Lanes, _ b: Lanes, _ c: Lanes, _ d: Lanes) -> Six {
        let (even, odd) = (fma(splat(0.5), c, a), splat(near) * fma(splat(0.5), d, b))
        let (wide, tilt) = (fma(splat(2), c, a), splat(far) * fma(splat(2), d, b))
        return Six(a, even + odd, even - odd, wide + tilt, wide - tilt, d)
    }

    /// Four outputs.
    @inline(__always) var output: (Lanes, Lanes, Lanes, Lanes) {
        let (even, odd) = (one + two, splat(near) * (one - two))
        let (wide, tilt) = (three + four, splat(far) * (three - four))
        return (
            zero + even + wide, odd + tilt, fma(splat(0.5), even, splat(2) * wide),
            fma(splat(0.5), odd, splat(2) * tilt) + five
        )
    }

    /// The gradients of three taps.
    @inline(__always) var kernelGradient: (Lanes, Lanes, Lanes) {
        let (even, wide) = (splat(1 / 3) * (one + two), splat(1 / 6) * (three + four))
        return (
            zero + fma(splat(-2), even, wide),
            fma(splat(-2 / 3 * near), one - two, splat(far / 6) * (three - four)),
            fma(splat(2), wide, five) - even
        )
    }
}

/// Of a 6 x 6 tile of the source.
func winogradSource(
    _ x: Source, _ line: Int64, _ channels: Int64, _ lineFrom: Int64, _ lineTo: Int64, _ columnFrom: Int64,
    _ columnTo: Int64, _ room: Target, _ tile: Target, _ distance: Int64
) {
    let (line, width) = (Int(truncatingIfNeeded: line), Int(truncatingIfNeeded: channels))
    let distance = Int(truncatingIfNeeded: distance)
    let (top, bottom) = (Int(truncatingIfNeeded: lineFrom), Int(truncatingIfNeeded: lineTo))
    let (left, right) = (Int(truncatingIfNeeded: columnFrom), Int(truncatingIfNeeded: columnTo))
    let isWhole = top <= 0 && bottom >= 6
    eachBlock(channels) { channel, n in
        var column = 0
        while column < 6 {
            let p = x + (channel &+ column &* width)
            let place = room + column &* 16
            if column < left || column >= right {
                var row = 0
                while row < 6 {
                    store(splat(0), place + row &* 96, 16)
                    row &+= 1
                }
            } else if isWhole {
                Six(
                    load(p, n), load(p + line, n), load(p + 2 &* line, n), load(p + 3 &* line, n),
                    load(p + 4 &* line, n), load(p + 5 &* line, n)
                ).source.put(place, 96, 16)
            } else {
                @inline(__always) func element(_ row: Int) -> Lanes {
                    row >= top && row < bottom ? load(p + row &* line, n) : splat(0)
                }
                Six(element(0), element(1), element(2), element(3), element(4), element(5)).source.put(place, 96, 16)
            }
            column &+= 1
        }
        var row = 0
        while row < 6 {
            Six(Source(room) + row &* 96, 16).source.put(tile + (channel &+ row &* 6 &* distance), distance, n)
            row &+= 1
        }
    }
}

/// Where element (row, column) of a packed factor of `rows` rows lies; columns in steps of sixteen.
@inline(__always) private func packedPlace(_ row: Int, _ column: Int, _ rows: Int, _ columns: Int) -> Int {
    let first = column &- column % panelColumns
    let width = columns &- first > 16 ? panelColumns : 16
    return first &* rows &+ row &* width &+ (column &- first)
}

/// Of the taps between sources `from` to `to` and all outputs.
func winogradKernel(
    _ taps: Source, _ inner: Int64, _ outer: Int64, _ from: Int64, _ to: Int64, _ room: Target, _ packed: Target,
    _ distance: Int64
) {
    let (inner, width) = (Int(truncatingIfNeeded: inner), Int(truncatingIfNeeded: outer))
    let (distance, end) = (Int(truncatingIfNeeded: distance), Int(truncatingIfNeeded: to))
    let step = inner &* width
    var source = Int(truncatingIfNeeded: from)
    while source < end {
        eachBlock(outer) { column, n in
            let p = taps + (source &* width &+ column)
            var tap = 0
            while tap < 3 {
                let q = p + tap &* step
                Six.kernel(load(q, n), load(q + 3 &* step, n), load(q + 6 &* step, n)).put(room + tap &* 16, 48, 16)
                tap &+= 1
            }
            let place = packed + packedPlace(source, column, inner, width)
            var row = 0
            while row < 6 {
                let q = Source(room) + row &* 48
                Six.kernel(load(q, 16), load(q + 16, 16), load(q + 32, 16))
                    .put(place + row &* 6 &* distance, distance, 16)
                row &+= 1
            }
        }
        source &+= 1
    }
}

/// To the 4 x 4 places of the output that exist.
func winogradOutput(
    _ tile: Source, _ distance: Int64, _ room: Target, _ y: Target, _ line: Int64, _ channels: Int64, _ lines: Int64,
    _ columns: Int64
) {
    let (line, width) = (Int(truncatingIfNeeded: line), Int(truncatingIfNeeded: channels))
    let (lines, columns) = (Int(truncatingIfNeeded: lines), Int(truncatingIfNeeded: columns))
    let distance = Int(truncatingIfNeeded: distance)
    eachBlock(channels) { channel, n in
        var column = 0
        while column < 6 {
            let p = tile + (channel &+ column &* distance)
            let step = 6 &* distance
            let (a, b, c, d) = Six(
                load(p, n), load(p + step, n), load(p + 2 &* step, n), load(p + 3 &* step, n), load(p + 4 &* step, n),
                load(p + 5 &* step, n)
            ).output
            let place = room + column &* 16
            store(a, place, 16)
            store(b, place + 96, 16)
            store(c, place + 192, 16)
            store(d, place + 288, 16)
            column &+= 1
        }
        var row = 0
        while row < lines {
            let (a, b, c, d) = Six(Source(room) + row &* 96, 16).output
            let p = y + (channel &+ row &* line)
            store(a, p, n)
            if columns > 1 { store(b, p + width, n) }
            if columns > 2 { store(c, p + 2 &* width, n) }
            if columns > 3 { store(d, p + 3 &* width, n) }
            row &+= 1
        }
    }
}

/// Of the gradients by the 4 x 4 places of the output that exist.
func winogradOutputGradient(
    _ dy: Source, _ line: Int64, _ channels: Int64, _ lines: Int64, _ columns: Int64, _ room: Target, _ packed: Target,
    _ distance: Int64, _ row: Int64, _ rows: Int64
) {
    let (line, width) = (Int(truncatingIfNeeded: line), Int(truncatingIfNeeded: channels))
    let (lines, columns) = (Int(truncatingIfNeeded: lines), Int(truncatingIfNeeded: columns))
    let distance = Int(truncatingIfNeeded: distance)
    let (number, count) = (Int(truncatingIfNeeded: row), Int(truncatingIfNeeded: rows))
    eachBlock(channels) { channel, n in
        var column = 0
        while column < 4 {
            let p = dy + (channel &+ column &* width)
            @inline(__always) func element(_ row: Int) -> Lanes {
                row < lines && column < columns ? load(p + row &* line, n) : splat(0)
            }
            Six.gradient(element(0), element(1), element(2), element(3)).put(room + column &* 16, 64, 16)
            column &+= 1
        }
        let place = packed + packedPlace(number, channel, count, width)
        var row = 0
        while row < 6 {
            let p = Source(room) + row &* 64
            Six.gradient(load(p, 16), load(p + 16, 16), load(p + 32, 16), load(p + 48, 16))
                .put(place + row &* 6 &* distance, distance, 16)
            row &+= 1
        }
    }
}

/// To the gradients by the nine taps.
func winogradKernelGradient(
    _ sums: Source, _ distance: Int64, _ from: Int64, _ to: Int64, _ room: Target, _ taps: Target, _ count: Int64,
    _ accumulates: Int32
) {
    let (distance, count) = (Int(truncatingIfNeeded: distance), Int(truncatingIfNeeded: count))
    let first = Int(truncatingIfNeeded: from)
    @inline(__always) func put(_ x: Lanes, _ p: Target, _ n: Int) {
        store(accumulates != 0 ? load(p, n) + x : x, p, n)
    }
    eachBlock(to &- from) { start, n in
        let element = first &+ start
        var column = 0
        while column < 6 {
            let p = sums + (element &+ column &* distance)
            let step = 6 &* distance
            let (a, b, c) = Six(
                load(p, n), load(p + step, n), load(p + 2 &* step, n), load(p + 3 &* step, n), load(p + 4 &* step, n),
                load(p + 5 &* step, n)
            ).kernelGradient
            let place = room + column &* 16
            store(a, place, 16)
            store(b, place + 96, 16)
            store(c, place + 192, 16)
            column &+= 1
        }
        var row = 0
        while row < 3 {
            let (a, b, c) = Six(Source(room) + row &* 96, 16).kernelGradient
            let p = taps + (element &+ row &* 3 &* count)
            put(a, p, n)
            put(b, p + count, n)
            put(c, p + 2 &* count, n)
            row &+= 1
        }
    }
}

func winogradKernels() -> apus_winograd_kernels {
    apus_winograd_kernels(
        source: winogradSource, kernel: winogradKernel, output: winogradOutput,
        output_gradient: winogradOutputGradient, kernel_gradient: winogradKernelGradient)
}
