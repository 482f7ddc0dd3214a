import Core
import Glibc

/// Determinants by LU factors.
package enum Determinant {
    /// The determinant of each matrix, in order. The product of the pivots is kept as a fraction and an exponent, so
    /// that only the result itself can overflow. 0 for an exactly singular matrix, 1 for one of order 0.
    package static func compute(_ a: MatrixStack, to out: UnsafeMutablePointer<Double>, in context: Context)
        throws(ApusError)
    {
        try forEachFactors(of: a, in: context) { index, diagonal, isOdd, lacking in
            var fraction = isOdd ? -1.0 : 1.0
            var exponent = lacking
            for value in diagonal {
                if value == 0 || !value.isFinite {
                    fraction = value.magnitude
                    break
                }
                fraction *= value < 0 ? -value.significand : value.significand
                exponent += Int(value.exponent) + Int(fraction.exponent)
                fraction = fraction < 0 ? -fraction.significand : fraction.significand
            }
            out[index] = Double(sign: .plus, exponent: exponent, significand: fraction)
        }
    }

    /// log |det a| and the sign of det a (-1, 0, 1) of each matrix; -infinity and 0 for an exactly singular one.
    package static func computeLog(
        _ a: MatrixStack, sign: UnsafeMutablePointer<Double>, logAbsolute: UnsafeMutablePointer<Double>,
        in context: Context
    ) throws(ApusError) {
        try forEachFactors(of: a, in: context) { index, diagonal, isOdd, lacking in
            var isNegative = isOdd
            var sum = Double(lacking) * 0.693_147_180_559_945_3
            for value in diagonal {
                if value < 0 { isNegative.toggle() }
                sum += log(value.magnitude)
            }
            let isZero = diagonal.contains(0)
            sign[index] = isZero ? 0 : isNegative ? -1 : 1
            logAbsolute[index] = isZero ? -.infinity : sum
        }
    }

    /// Calls `body` with the pivots of each matrix, whether an odd number of rows were exchanged, and the exponent of
    /// the power of two that the product of the pivots lacks.
    private static func forEachFactors(
        of a: MatrixStack, in context: Context, _ body: (Int, UnsafeMutableBufferPointer<Double>, Bool, Int) -> Void
    ) throws(ApusError) {
        try a.requireSquare()
        let n = a.rows
        var scratch = ScratchSize()
        let matrix = scratch.add(n, n)
        let pivots = scratch.add(n)
        let work = StackWork(
            context: context, count: a.count, doubles: try scratch.checked(), integers: n,
            divides: n >= LUFactors.blockedFrom, elements: a.elements)
        try work.run { (index, doubles, integers) throws(ApusError) in
            let factors = doubles + matrix
            let result = try LUFactors.factor(a, index, into: factors, pivots: integers, in: context)
            var isOdd = false
            for i in 0..<n {
                doubles[pivots + i] = factors[i &* n + i]
                if Int(integers[i]) != i + 1 { isOdd.toggle() }
            }
            // At most 2^31 pivots, each divided by at most 2^1074.
            body(index, UnsafeMutableBufferPointer(start: doubles + pivots, count: n), isOdd, n &* result.exponent)
        }
    }
}

/// Sums of diagonals.
package enum Trace {
    /// The sum of the diagonal of each matrix, which may have any shape.
    package static func compute(_ a: MatrixStack, to out: UnsafeMutablePointer<Double>, in context: Context)
        throws(ApusError)
    {
        let work = StackWork(
            context: context, count: a.count, doubles: 0, integers: 0, elements: min(a.rows, a.columns))
        try work.run { (index, _, _) throws(ApusError) in out[index] = try a.diagonalSum(index) }
    }
}
