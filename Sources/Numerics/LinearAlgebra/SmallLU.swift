/// LU factors of matrices so small that a call of LAPACK costs more than the work: plain loops, partial pivoting,
/// exchanges as LAPACK counts them.
enum SmallLU {
    /// The largest order.
    static let largest = 8

    /// Factors a (n x n, dense, column-major) in place; returns 0, or the number (from 1) of the first pivot that is 0.
    static func factor(_ a: UnsafeMutablePointer<Double>, _ n: Int, _ pivots: UnsafeMutablePointer<Int32>) -> Int {
        var zero = 0
        var k = 0
        while k < n {
            let column = a + k &* n
            var chosen = k
            var largest = column[k].magnitude
            var r = k &+ 1
            while r < n {
                let size = column[r].magnitude
                if size > largest {
                    largest = size
                    chosen = r
                }
                r &+= 1
            }
            pivots[k] = Int32(truncatingIfNeeded: chosen &+ 1)
            if largest == 0 {
                if zero == 0 { zero = k &+ 1 }
                k &+= 1
                continue
            }
            if chosen != k {
                var c = 0
                while c < n {
                    let other = a + c &* n
                    let kept = other[k]
                    other[k] = other[chosen]
                    other[chosen] = kept
                    c &+= 1
                }
            }
            let pivot = column[k]
            r = k &+ 1
            while r < n {
                column[r] /= pivot
                r &+= 1
            }
            var c = k &+ 1
            while c < n {
                let other = a + c &* n
                let factor = other[k]
                r = k &+ 1
                while r < n {
                    other[r] -= column[r] * factor
                    r &+= 1
                }
                c &+= 1
            }
            k &+= 1
        }
        return zero
    }

    /// b (n x columns, dense) becomes the solution of a x = b.
    static func solve(
        _ factors: UnsafePointer<Double>, _ n: Int, _ pivots: UnsafePointer<Int32>, _ b: UnsafeMutablePointer<Double>,
        columns: Int
    ) {
        for c in 0..<columns {
            let x = b + c &* n
            var k = 0
            while k < n {
                let other = Int(pivots[k]) &- 1
                let value = x[other]
                x[other] = x[k]
                x[k] = value
                k &+= 1
            }
            k = 0
            while k < n {
                let column = factors + k &* n
                let value = x[k]
                var r = k &+ 1
                while r < n {
                    x[r] -= column[r] * value
                    r &+= 1
                }
                k &+= 1
            }
            k = n &- 1
            while k >= 0 {
                let column = factors + k &* n
                let value = x[k] / column[k]
                x[k] = value
                var r = 0
                while r < k {
                    x[r] -= column[r] * value
                    r &+= 1
                }
                k &-= 1
            }
        }
    }

    /// x becomes the solution of a^T y = x.
    static func solveTransposed(
        _ factors: UnsafePointer<Double>, _ n: Int, _ pivots: UnsafePointer<Int32>, _ x: UnsafeMutablePointer<Double>
    ) {
        var k = 0
        while k < n {
            let column = factors + k &* n
            var value = x[k]
            var r = 0
            while r < k {
                value -= column[r] * x[r]
                r &+= 1
            }
            x[k] = value / column[k]
            k &+= 1
        }
        k = n &- 1
        while k >= 0 {
            let column = factors + k &* n
            var value = x[k]
            var r = k &+ 1
            while r < n {
                value -= column[r] * x[r]
                r &+= 1
            }
            x[k] = value
            k &-= 1
        }
        k = n &- 1
        while k >= 0 {
            let other = Int(pivots[k]) &- 1
            let value = x[other]
            x[other] = x[k]
            x[k] = value
            k &-= 1
        }
    }
}
