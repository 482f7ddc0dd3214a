import Core
import Glibc

/// A product as fraction x 2^exponent, which neither overflows nor underflows on the way.
struct ScaledProduct {
    var fraction = 1.0
    var exponent = 0

    /// Multiplies by a run of values.
    mutating func multiply(_ x: UnsafePointer<Double>, _ count: Int) {
        var value = fraction
        for i in 0..<count {
            value *= ScaledProduct.split(x[i], &exponent)
            if abs(value) > 0x1p900 { value = ScaledProduct.split(value, &exponent) }
        }
        fraction = ScaledProduct.split(value, &exponent)
    }

    /// The value as a number in [1, 2) (or 0, infinity, NaN), its exponent taken off.
    @inline(__always)
    private static func split(_ value: Double, _ exponent: inout Int) -> Double {
        guard value.isFinite, value != 0 else { return value }
        let own = Int(value.exponent)
        exponent &+= own
        return value.isNormal
            ? Double(sign: value.sign, exponent: 0, significand: value.significand)
            : scalbn(value, Int32(truncatingIfNeeded: -own))
    }

    /// The product rounded to a double; infinity or 0 where it does not fit.
    var value: Double { scalbn(fraction, Int32(clamping: exponent)) }

    /// The n-th root of a product that is not negative.
    func root(_ n: Int) -> Double {
        guard fraction.isFinite, fraction > 0 else { return fraction < 0 ? .nan : fraction }
        let degree = Double(n)
        let whole = Int((Double(exponent) / degree).rounded(.down))
        let rest = exponent &- whole &* n
        let root = exp2((Double(rest) + log2(fraction)) / degree)
        return scalbn(root, Int32(clamping: whole))
    }
}

/// Products and means made of them, one for each run.
struct ProductStatistics {
    let runs: Runs
    let context: Context

    /// A partial result is (fraction, exponent; 1 when some value was negative): it joins by multiplication.
    private func products(_ finish: (Int, ScaledProduct, _ anyNegative: Bool) -> Void) throws(ApusError) {
        try runs.accumulate(
            width: 2, in: context,
            merge: { into, from in
                into[1].low = max(into[1].low, from[1].low)
                if from[1].high == 0 { return }
                var product = ProductStatistics.product(into)
                product.multiply([from[0].high], 1)
                product.exponent &+= Int(from[0].low)
                ProductStatistics.store(product, in: into)
            },
            finish: { finish($0, ProductStatistics.product($1), $1[1].low == 1) }
        ) { _, x, _, count, sums in
            var product = ProductStatistics.product(sums)
            product.multiply(x, count)
            ProductStatistics.store(product, in: sums)
            for i in 0..<count where x[i] < 0 { sums[1].low = 1 }
        }
    }

    private static func product(_ sums: UnsafePointer<CompensatedSum>) -> ScaledProduct {
        sums[1].high == 0
            ? ScaledProduct() : ScaledProduct(fraction: sums[0].high, exponent: Int(exactly: sums[0].low) ?? 0)
    }

    private static func product(_ sums: UnsafeMutablePointer<CompensatedSum>) -> ScaledProduct {
        product(UnsafePointer(sums))
    }

    private static func store(_ product: ScaledProduct, in sums: UnsafeMutablePointer<CompensatedSum>) {
        sums[0] = CompensatedSum(product.fraction, Double(product.exponent))
        sums[1].high = 1
    }

    func product(_ out: UnsafeMutablePointer<Double>) throws(ApusError) {
        try products { output, product, _ in out[output] = product.value }
    }

    /// NaN with a negative value, 0 with a 0.
    func geometricMean(_ out: UnsafeMutablePointer<Double>) throws(ApusError) {
        let length = runs.length
        try products { output, product, anyNegative in
            out[output] = anyNegative ? .nan : product.root(length)
        }
    }

    /// n / sum 1/x: NaN with a negative value, 0 with a 0.
    func harmonicMean(_ out: UnsafeMutablePointer<Double>) throws(ApusError) {
        let length = Double(runs.length)
        try runs.accumulate(
            width: 2, in: context,
            finish: { output, sums in
                out[output] = sums[1].high > 0 ? .nan : length / sums[0].value
            }
        ) { _, x, _, count, sums in
            var sum = CompensatedSum()
            for i in 0..<count {
                sum.add(1 / abs(x[i]))
                if x[i] < 0 { sums[1].high = 1 }
            }
            sums[0].add(sum)
        }
    }
}
