import Core
import Glibc

/// e^a by scaling and squaring with Pade approximants (Al-Mohy and Higham 2009, doi:10.1137/09074721X): the degree and
/// the scaling come from norms of powers of a, which keeps matrices far from normal from being scaled too much.
package enum MatrixExponential {
    /// out = e^a; `out` may be a. Throws `notConverged` where the result overflows, `invalidArgument` for a value that
    /// is not finite, `shape`.
    package static func compute(_ a: MatrixStack, to out: MatrixStack, in context: Context) throws(ApusError) {
        try a.requireSquare()
        let n = a.rows
        try out.requireOutput(a.batch, n, n)
        var scratch = ScratchSize()
        let start = scratch.add(n, n)
        for _ in 0..<7 { _ = scratch.add(n, n) }
        _ = scratch.add(2 &* n)
        let work = StackWork(
            context: context, count: a.count, doubles: try scratch.checked(), integers: n,
            divides: n >= LUFactors.blockedFrom, elements: 16 &* a.elements)
        try work.run { (index, doubles, integers) throws(ApusError) in
            if n == 0 { return }
            let matrix = doubles + start
            try a.load(index, into: matrix, leading: n, in: context)
            let result = try Exponential(order: n, matrix, pivots: integers, context: context).compute()
            guard ColumnMajor.isFinite(result, n &* n) else {
                throw ApusError(
                    .notConverged, "The exponential of \(a.name)\(a.place(index)) overflows float64.")
            }
            out.store(result, leading: n, to: index, in: context)
        }
    }
}

/// One exponential, in eight n x n matrices and 2 n doubles of scratch, the first of them being a.
private struct Exponential {
    let n: Int
    let size: Int
    let a: UnsafeMutablePointer<Double>
    let pivots: UnsafeMutablePointer<Int32>
    let context: Context

    /// Bounds on the norm below which the approximant of each degree has a backward error below 2^-53.
    private static let bounds: [(degree: Int, theta: Double)] = [
        (3, 1.495585217958292e-2), (5, 2.539398330063230e-1), (7, 9.504178996162932e-1), (9, 2.097847961257068),
    ]
    private static let theta13 = 4.25

    init(order n: Int, _ a: UnsafeMutablePointer<Double>, pivots: UnsafeMutablePointer<Int32>, context: Context) {
        self.n = n
        size = n &* n
        self.a = a
        self.pivots = pivots
        self.context = context
    }

    private func place(_ number: Int) -> UnsafeMutablePointer<Double> { a + number &* size }
    private var vectors: UnsafeMutablePointer<Double> { a + 8 &* size }

    func compute() throws(ApusError) -> UnsafeMutablePointer<Double> {
        if n == 1 {
            a[0] = exp(a[0])
            return a
        }
        let a2 = place(1)
        let a4 = place(2)
        let a6 = place(3)
        var squarings = scaleHuge()
        ColumnMajor.product(n, a, a, a2, in: context)
        ColumnMajor.product(n, a2, a2, a4, in: context)
        ColumnMajor.product(n, a2, a4, a6, in: context)
        try context.checkInterrupt()
        let d4 = pow(norm(a4), 1.0 / 4)
        let d6 = pow(norm(a6), 1.0 / 6)
        if squarings == 0 {
            let eta1 = max(d4, d6)
            for (degree, theta) in Exponential.bounds.prefix(2) where eta1 <= theta {
                if extraSquarings(degree) == 0 { return try approximant(degree) }
            }
        }
        // The eighth and tenth powers, for their norms; the eighth is kept for the degree of nine.
        let a8 = place(4)
        ColumnMajor.product(n, a4, a4, a8, in: context)
        let d8 = pow(norm(a8), 1.0 / 8)
        if squarings == 0 {
            let eta3 = max(d6, d8)
            for (degree, theta) in Exponential.bounds.suffix(2) where eta3 <= theta {
                if extraSquarings(degree) == 0 { return try approximant(degree) }
            }
        }
        ColumnMajor.product(n, a4, a6, place(5), in: context)
        let d10 = pow(norm(place(5)), 1.0 / 10)
        try context.checkInterrupt()
        let eta = min(max(d6, d8), max(d8, d10))
        var more = 0
        if eta > Exponential.theta13 {
            more = Int((log2(eta / Exponential.theta13)).rounded(.up).clamped(0, 1100))
        }
        scale(a, by: -more)
        let extra = extraSquarings(13)
        scale(a, by: -extra)
        more += extra
        scale(a2, by: -2 * more)
        scale(a4, by: -4 * more)
        scale(a6, by: -6 * more)
        squarings += more
        var result = try approximant(13)
        var spare = place(0)
        for _ in 0..<squarings {
            try context.checkInterrupt()
            ColumnMajor.product(n, result, result, spare, in: context)
            swap(&result, &spare)
        }
        return result
    }

    /// A norm far beyond what the powers could hold is brought below 1 at once; returns the squarings that this costs.
    private func scaleHuge() -> Int {
        var largest = 0.0
        for i in 0..<size { largest = max(largest, a[i].magnitude) }
        let bound = Double(n).exponent + 1 + (largest == 0 ? 0 : largest.exponent + 1)
        if bound <= 96 { return 0 }
        let squarings = Int(bound)
        scale(a, by: -squarings)
        return squarings
    }

    private func scale(_ matrix: UnsafeMutablePointer<Double>, by exponent: Int) {
        if exponent == 0 { return }
        for i in 0..<size { matrix[i] = scalbn(matrix[i], Int32(clamping: exponent)) }
    }

    private func norm(_ matrix: UnsafePointer<Double>) -> Double {
        ColumnMajor.norm1(matrix, rows: n, columns: n, leading: n)
    }

    /// Squarings that rounding asks for beyond the truncation error: from the norm of |a|^(2 degree + 1).
    private func extraSquarings(_ degree: Int) -> Int {
        let coefficient: Double
        switch degree {
        // (2 degree)! (2 degree + 1)! / degree!^2
        case 3: coefficient = 100_800
        case 5: coefficient = 10_059_033_600
        case 7: coefficient = 4_487_938_430_976_000
        case 9: coefficient = 5.914384781877412e21
        default: coefficient = 1.1325077560602111e35
        }
        let plain = norm(a)
        if plain == 0 { return 0 }
        // The norm of a power of |a|: that of the transpose's products with a vector of ones. In logarithms, since the
        // power itself may overflow.
        var vector = vectors
        var next = vectors + n
        for i in 0..<n { vector[i] = 1 }
        var logarithm = 0.0
        for _ in 0..<(2 * degree + 1) {
            var largest = 0.0
            for c in 0..<n {
                let column = a + c &* n
                var sum = 0.0
                for r in 0..<n { sum += column[r].magnitude * vector[r] }
                next[c] = sum
                largest = max(largest, sum)
            }
            if largest == 0 { return 0 }
            logarithm += log2(largest)
            for c in 0..<n { next[c] /= largest }
            swap(&vector, &next)
        }
        let alpha = logarithm - log2(plain) - log2(coefficient)
        let value = ((alpha + 53) / Double(2 * degree)).rounded(.up)
        return Int(value.clamped(0, 1100))
    }

    /// r = (v - u)^-1 (v + u) of a degree, from a and its even powers, as 1 + 2 (v - u)^-1 u: then the identity in it
    /// is exact. The result lies in one of the places.
    private func approximant(_ degree: Int) throws(ApusError) -> UnsafeMutablePointer<Double> {
        let b = Exponential.coefficients(degree)
        let odd = place(5)
        let even = place(6)
        let inner = place(7)
        if degree == 13 {
            sum(inner, [(b[13], 3), (b[11], 2), (b[9], 1)], identity: 0)
            sum(odd, [(b[7], 3), (b[5], 2), (b[3], 1)], identity: b[1])
            ColumnMajor.product(n, place(3), inner, beta: 1, odd, in: context)
            sum(inner, [(b[12], 3), (b[10], 2), (b[8], 1)], identity: 0)
            sum(even, [(b[6], 3), (b[4], 2), (b[2], 1)], identity: b[0])
            ColumnMajor.product(n, place(3), inner, beta: 1, even, in: context)
        } else {
            let powers = degree / 2
            sum(odd, (1...powers).map { (b[2 * $0 + 1], $0) }, identity: b[1])
            sum(even, (1...powers).map { (b[2 * $0], $0) }, identity: b[0])
        }
        // u = a odd, in the place of inner.
        ColumnMajor.product(n, a, odd, inner, in: context)
        for i in 0..<size {
            odd[i] = even[i] - inner[i]
            even[i] = 2 * inner[i]
        }
        try context.checkInterrupt()
        _ = try LUFactors.factor(odd, rows: n, columns: n, leading: n, pivots: pivots, in: context)
        LUFactors.solve(odd, order: n, pivots: pivots, even, columns: n, in: context)
        for i in 0..<n { even[i &* n + i] += 1 }
        return even
    }

    /// out = the sum of coefficients times places, and a multiple of the identity.
    private func sum(
        _ out: UnsafeMutablePointer<Double>, _ terms: [(coefficient: Double, place: Int)], identity: Double
    ) {
        out.update(repeating: 0, count: size)
        for term in terms {
            let power = place(term.place)
            for i in 0..<size { out[i] += term.coefficient * power[i] }
        }
        for i in 0..<n { out[i &* n + i] += identity }
    }

    /// The numerator of the diagonal Pade approximant of e^x: (2q - j)! q! / ((2q)! (q - j)! j!), scaled to whole
    /// numbers with 1 for the highest power.
    private static func coefficients(_ degree: Int) -> [Double] {
        var result = [1.0]
        var value = 1
        // From the highest power down: b(j-1) = b(j) j (2q - j + 1) / (q - j + 1).
        for j in stride(from: degree, to: 0, by: -1) {
            value = value * j * (2 * degree - j + 1) / (degree - j + 1)
            result.insert(Double(value), at: 0)
        }
        return result
    }
}

extension Double {
    /// The nearest number from `low` to `high`; NaN becomes `low`.
    fileprivate func clamped(_ low: Double, _ high: Double) -> Double {
        isNaN ? low : Swift.min(Swift.max(self, low), high)
    }
}
