/// Sums and products of vectors, in an order that depends on their length alone.

/// The sum of products, in eight interleaved partial sums.
@inline(__always)
func innerProduct(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ count: Int) -> Double {
    var sums = SIMD8<Double>()
    var i = 0
    while i &+ 8 <= count {
        sums += eight(a + i) * eight(b + i)
        i &+= 8
    }
    var rest = 0.0
    while i < count {
        rest += a[i] * b[i]
        i &+= 1
    }
    let half = sums.lowHalf + sums.highHalf
    return (half[0] + half[1]) + (half[2] + half[3]) + rest
}

/// y += factor x.
@inline(__always)
func addProduct(_ factor: Double, _ x: UnsafePointer<Double>, to y: UnsafeMutablePointer<Double>, _ count: Int) {
    let factors = SIMD8<Double>(repeating: factor)
    var i = 0
    while i &+ 8 <= count {
        UnsafeMutableRawPointer(y + i).storeBytes(of: eight(y + i) + factors * eight(x + i), as: SIMD8<Double>.self)
        i &+= 8
    }
    while i < count {
        y[i] += factor * x[i]
        i &+= 1
    }
}

@inline(__always)
private func eight(_ p: UnsafePointer<Double>) -> SIMD8<Double> {
    UnsafeRawPointer(p).loadUnaligned(as: SIMD8<Double>.self)
}

@inline(__always)
private func eight(_ p: UnsafeMutablePointer<Double>) -> SIMD8<Double> { eight(UnsafePointer(p)) }

/// The largest absolute value; NaN when there is one, so that it is never taken for a small slope.
func largestMagnitude(_ values: UnsafePointer<Double>, _ count: Int) -> Double {
    var most = 0.0
    for i in 0..<count where !(abs(values[i]) <= most) {
        most = abs(values[i])
        if most.isNaN { return most }
    }
    return most
}

/// The Euclidean length, for steps: plain sums of squares, scaled only where they would overflow or vanish.
func length(_ values: UnsafePointer<Double>, _ count: Int) -> Double {
    let squares = innerProduct(values, values, count)
    if squares > 1e-280, squares < .infinity { return squares.squareRoot() }
    let most = largestMagnitude(values, count)
    guard most > 0, most.isFinite else { return most }
    var sum = 0.0
    for i in 0..<count { sum += (values[i] / most) * (values[i] / most) }
    return most * sum.squareRoot()
}

/// z += a x + b y.
@inline(__always)
func addProducts(
    _ a: Double, _ x: UnsafePointer<Double>, _ b: Double, _ y: UnsafePointer<Double>,
    to z: UnsafeMutablePointer<Double>, _ count: Int
) {
    let first = SIMD8<Double>(repeating: a)
    let second = SIMD8<Double>(repeating: b)
    var i = 0
    while i &+ 8 <= count {
        let sum = eight(z + i) + first * eight(x + i) + second * eight(y + i)
        UnsafeMutableRawPointer(z + i).storeBytes(of: sum, as: SIMD8<Double>.self)
        i &+= 8
    }
    while i < count {
        z[i] += a * x[i] + b * y[i]
        i &+= 1
    }
}
