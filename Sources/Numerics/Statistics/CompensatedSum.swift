/// A sum that keeps what rounding drops: high + low has about twice the digits of a double.
///
/// Each addition is Knuth's two-sum (The Art of Computer Programming 2, 4.2.2); long runs add trees of eight vectors and
/// compensate the trees. Overflow, infinities and NaN come out as in a plain sum.
package struct CompensatedSum: BitwiseCopyable, Sendable {
    package var high: Double
    package var low: Double

    @inline(__always)
    package init(_ high: Double = 0, _ low: Double = 0) {
        self.high = high
        self.low = low
    }

    @inline(__always)
    package mutating func add(_ value: Double) {
        let sum = high + value
        let part = sum - high
        low += (high - (sum - part)) + (value - part)
        high = sum
    }

    @inline(__always)
    package mutating func add(_ other: CompensatedSum) {
        add(other.high)
        low += other.low
    }

    /// The sum, rounded once.
    @inline(__always)
    package var value: Double {
        let sum = high + low
        return sum.isNaN ? high : sum
    }

    /// The sum divided by a number, with the remainder of the division: equal values have exactly their value as mean.
    package func divided(by divisor: Double) -> Double {
        let quotient = value / divisor
        guard quotient.isFinite else { return quotient }
        let remainder = high.addingProduct(-quotient, divisor) + low
        let corrected = quotient + remainder / divisor
        return corrected.isFinite ? corrected : quotient
    }
}

/// A vector of four compensated sums.
struct CompensatedLanes {
    var high = SIMD4<Double>(repeating: 0)
    var low = SIMD4<Double>(repeating: 0)

    @inline(__always)
    mutating func add(_ value: SIMD4<Double>) {
        let sum = high + value
        let part = sum - high
        low += (high - (sum - part)) + (value - part)
        high = sum
    }

    @inline(__always)
    var total: CompensatedSum {
        var sum = CompensatedSum(high[0], low[0])
        for lane in 1..<4 { sum.add(CompensatedSum(high[lane], low[lane])) }
        return sum
    }
}

@inline(__always)
func lanes(_ pointer: UnsafePointer<Double>) -> SIMD4<Double> {
    UnsafeRawPointer(pointer).loadUnaligned(as: SIMD4<Double>.self)
}

/// The sums that statistics are made of, over a run of doubles that lie together.
enum RunSums {
    /// sum x
    static func sum(_ x: UnsafePointer<Double>, _ count: Int) -> CompensatedSum {
        var sums = CompensatedLanes()
        var i = 0
        while i &+ 32 <= count {
            let p = x + i
            let a = (lanes(p) + lanes(p + 4)) + (lanes(p + 8) + lanes(p + 12))
            let b = (lanes(p + 16) + lanes(p + 20)) + (lanes(p + 24) + lanes(p + 28))
            sums.add(a + b)
            i &+= 32
        }
        while i &+ 4 <= count {
            sums.add(lanes(x + i))
            i &+= 4
        }
        var total = sums.total
        while i < count {
            total.add(x[i])
            i &+= 1
        }
        return total
    }

    /// sum w x and sum w
    static func weighted(
        _ x: UnsafePointer<Double>, _ w: UnsafePointer<Double>, _ count: Int
    ) -> (CompensatedSum, CompensatedSum) {
        var sums = CompensatedLanes()
        var weights = CompensatedLanes()
        var i = 0
        while i &+ 4 <= count {
            let weight = lanes(w + i)
            sums.add(weight * lanes(x + i))
            weights.add(weight)
            i &+= 4
        }
        var sum = sums.total
        var weight = weights.total
        while i < count {
            sum.add(w[i] * x[i])
            weight.add(w[i])
            i &+= 1
        }
        return (sum, weight)
    }

    /// sum d and sum d^2 of d = (x - mean) scale
    static func squares(
        _ x: UnsafePointer<Double>, _ count: Int, mean: Double, scale: Double
    ) -> (CompensatedSum, CompensatedSum) {
        let m = SIMD4<Double>(repeating: mean)
        let s = SIMD4<Double>(repeating: scale)
        var first = SIMD4<Double>(repeating: 0)
        var squares = CompensatedLanes()
        var i = 0
        while i &+ 16 <= count {
            let p = x + i
            let a = (lanes(p) - m) * s
            let b = (lanes(p + 4) - m) * s
            let c = (lanes(p + 8) - m) * s
            let d = (lanes(p + 12) - m) * s
            first += (a + b) + (c + d)
            squares.add((a * a + b * b) + (c * c + d * d))
            i &+= 16
        }
        while i &+ 4 <= count {
            let a = (lanes(x + i) - m) * s
            first += a
            squares.add(a * a)
            i &+= 4
        }
        var sum = CompensatedSum((first[0] + first[1]) + (first[2] + first[3]))
        var square = squares.total
        while i < count {
            let d = (x[i] - mean) * scale
            sum.add(d)
            square.add(d * d)
            i &+= 1
        }
        return (sum, square)
    }

    /// sum w d and sum w d^2 of d = (x - mean) scale
    static func weightedSquares(
        _ x: UnsafePointer<Double>, _ w: UnsafePointer<Double>, _ count: Int, mean: Double, scale: Double
    ) -> (CompensatedSum, CompensatedSum) {
        let m = SIMD4<Double>(repeating: mean)
        let s = SIMD4<Double>(repeating: scale)
        var firsts = CompensatedLanes()
        var squares = CompensatedLanes()
        var i = 0
        while i &+ 4 <= count {
            let d = (lanes(x + i) - m) * s
            let wd = lanes(w + i) * d
            firsts.add(wd)
            squares.add(wd * d)
            i &+= 4
        }
        var first = firsts.total
        var square = squares.total
        while i < count {
            let d = (x[i] - mean) * scale
            first.add(w[i] * d)
            square.add(w[i] * d * d)
            i &+= 1
        }
        return (first, square)
    }

    /// sums of d^2, d^3, d^4 and of d, with d = (x - mean) scale
    static func powers(
        _ x: UnsafePointer<Double>, _ count: Int, mean: Double, scale: Double
    ) -> (CompensatedSum, CompensatedSum, CompensatedSum, CompensatedSum) {
        let m = SIMD4<Double>(repeating: mean)
        let s = SIMD4<Double>(repeating: scale)
        var firsts = CompensatedLanes()
        var seconds = CompensatedLanes()
        var thirds = CompensatedLanes()
        var fourths = CompensatedLanes()
        var i = 0
        while i &+ 4 <= count {
            let d = (lanes(x + i) - m) * s
            let square = d * d
            firsts.add(d)
            seconds.add(square)
            thirds.add(square * d)
            fourths.add(square * square)
            i &+= 4
        }
        var first = firsts.total
        var second = seconds.total
        var third = thirds.total
        var fourth = fourths.total
        while i < count {
            let d = (x[i] - mean) * scale
            first.add(d)
            second.add(d * d)
            third.add(d * d * d)
            fourth.add((d * d) * (d * d))
            i &+= 1
        }
        return (first, second, third, fourth)
    }

    /// sum |x - center|
    static func absolute(_ x: UnsafePointer<Double>, _ count: Int, center: Double) -> CompensatedSum {
        let m = SIMD4<Double>(repeating: center)
        let zero = SIMD4<Double>(repeating: 0)
        var sums = CompensatedLanes()
        var i = 0
        while i &+ 4 <= count {
            let d = lanes(x + i) - m
            sums.add(d.replacing(with: zero - d, where: d .< zero))
            i &+= 4
        }
        var total = sums.total
        while i < count {
            total.add(abs(x[i] - center))
            i &+= 1
        }
        return total
    }

    /// Least and greatest value; both NaN when there is a NaN. `count` must be positive.
    static func extremes(_ x: UnsafePointer<Double>, _ count: Int) -> (Double, Double) {
        var low = x[0]
        var high = x[0]
        var hasNaN = false
        var i = 0
        if count >= 8 {
            var lows = lanes(x)
            var highs = lows
            var ordered = SIMDMask<SIMD4<Double>.MaskStorage>(repeating: true)
            while i &+ 4 <= count {
                let v = lanes(x + i)
                lows.replace(with: v, where: v .< lows)
                highs.replace(with: v, where: v .> highs)
                ordered = ordered .& (v .== v)
                i &+= 4
            }
            for lane in 0..<4 {
                if !ordered[lane] { hasNaN = true }
                low = min(low, lows[lane])
                high = max(high, highs[lane])
            }
        }
        while i < count {
            let v = x[i]
            if v.isNaN { hasNaN = true }
            low = v < low ? v : low
            high = v > high ? v : high
            i &+= 1
        }
        return hasNaN ? (.nan, .nan) : (low, high)
    }
}
