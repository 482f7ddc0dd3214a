import Core

/// Norms of matrices and the condition numbers they give.
package enum MatrixNorm: String, CaseIterable, Sendable {
    /// The largest singular value.
    case two = "2"
    /// The largest column sum of absolute values.
    case one = "1"
    /// The largest row sum of absolute values.
    case infinity = "inf"
    /// The root of the sum of squares.
    case frobenius = "fro"
    /// The sum of the singular values.
    case nuclear = "nuc"

    /// The norm of a name; "" is "2". Throws `invalidArgument` for an unknown one, and for "nuc" where it is not taken.
    package init(name: String, nuclear: Bool) throws(ApusError) {
        guard let found = name.isEmpty ? .two : MatrixNorm(rawValue: name), nuclear || found != .nuclear else {
            let known = MatrixNorm.allCases.filter { nuclear || $0 != .nuclear }.map(\.rawValue)
            throw .invalid("norm must be one of \(known.joined(separator: ", ")), got '\(name)'.")
        }
        self = found
    }

    /// The norm of each matrix; 0 for an empty one.
    package func compute(_ a: MatrixStack, to out: UnsafeMutablePointer<Double>, in context: Context)
        throws(ApusError)
    {
        switch self {
        case .two: try SingularValues.forEach(of: a, in: context) { out[$0] = $1.first ?? 0 }
        case .nuclear: try SingularValues.forEach(of: a, in: context) { out[$0] = $1.reduce(0, +) }
        case .one, .infinity, .frobenius:
            // The rows' norm is that of the columns of the transpose.
            let matrices = self == .infinity ? a.turned : a
            var scratch = ScratchSize()
            _ = scratch.add(a.rows, a.columns)
            let work = StackWork(
                context: context, count: a.count, doubles: try scratch.checked(), integers: 0, elements: a.elements)
            try work.run { (index, doubles, _) throws(ApusError) in
                try matrices.load(index, into: doubles, leading: matrices.rows, in: context)
                out[index] = ofDense(doubles, rows: matrices.rows, columns: matrices.columns)
            }
        }
    }

    /// Of a column-major matrix: the 1-norm unless this is the Frobenius norm.
    private func ofDense(_ a: UnsafePointer<Double>, rows: Int, columns: Int) -> Double {
        self == .frobenius
            ? MatrixNorm.rootOfSquares(a, count: rows &* columns)
            : ColumnMajor.norm1(a, rows: rows, columns: columns, leading: rows)
    }

    /// The root of the sum of squares, without overflow on the way.
    static func rootOfSquares(_ values: UnsafePointer<Double>, count: Int) -> Double {
        let plain = sumOfSquares(values, count, scale: 1)
        if plain > 0x1p-900, plain < 0x1p1000 { return plain.squareRoot() }
        var largest = 0.0
        for i in 0..<count { largest = max(largest, values[i].magnitude) }
        if largest == 0 || !largest.isFinite { return largest }
        // A power of two, so that the scaling is exact; half of it at a time keeps 1 / scale finite.
        let exponent = max(min(Int(largest.exponent), 1000), -1000)
        let scale = Double(sign: .plus, exponent: -exponent, significand: 1)
        let root = sumOfSquares(values, count, scale: scale).squareRoot()
        return root * Double(sign: .plus, exponent: exponent, significand: 1)
    }

    private static func sumOfSquares(_ values: UnsafePointer<Double>, _ count: Int, scale: Double) -> Double {
        // Pairs of blocks of 128, so that the error grows with the logarithm of the count.
        if count > 128 {
            let half = (count / 2 + 127) / 128 * 128
            return sumOfSquares(values, half, scale: scale)
                + sumOfSquares(values + half, count - half, scale: scale)
        }
        var sums = SIMD4<Double>()
        var i = 0
        while i + 4 <= count {
            let lanes = UnsafeRawPointer(values + i).loadUnaligned(as: SIMD4<Double>.self) * scale
            sums += lanes * lanes
            i += 4
        }
        var sum = (sums[0] + sums[2]) + (sums[1] + sums[3])
        while i < count {
            let value = values[i] * scale
            sum += value * value
            i += 1
        }
        return sum
    }

    /// |a| |a^-1| of each matrix in this norm: from singular values for "2" (any shape), from the inverse for the others
    /// (square). Infinity for a matrix with a pivot, or a smallest singular value, of 0.
    /// Throws `shape` for empty matrices and for ones that are not square.
    package func condition(_ a: MatrixStack, to out: UnsafeMutablePointer<Double>, in context: Context)
        throws(ApusError)
    {
        guard a.elements > 0 || a.count == 0 else {
            throw .shape("\(a.name) must not be empty, got shape \(a.view.shape).")
        }
        if self == .two {
            try SingularValues.forEach(of: a, in: context) { index, s in
                let least = s.last ?? 0
                out[index] = least > 0 ? (s.first ?? 0) / least : .infinity
            }
            return
        }
        try a.requireSquare()
        let n = a.rows
        let matrices = self == .infinity ? a.turned : a
        var scratch = ScratchSize()
        let matrix = scratch.add(n, n)
        let inverse = scratch.add(n, n)
        let work = StackWork(
            context: context, count: a.count, doubles: try scratch.checked(), integers: n,
            divides: n >= LUFactors.blockedFrom, elements: 2 &* a.elements)
        try work.run { (index, doubles, integers) throws(ApusError) in
            let factors = doubles + matrix
            // The Frobenius norm is read off before the factors take the matrix's place.
            var norm = 0.0
            if self == .frobenius {
                try matrices.load(index, into: factors, leading: n, in: context)
                _ = ColumnMajor.normalise(factors, n &* n)
                norm = ofDense(factors, rows: n, columns: n)
            }
            let result = try LUFactors.factor(matrices, index, into: factors, pivots: integers, in: context)
            if result.zeroPivot != 0 {
                out[index] = .infinity
                return
            }
            _ = MatrixInverse.invert(factors, order: n, norm: result.norm, to: doubles + inverse, in: context)
            // The order of the inverse's columns does not matter to these norms.
            let product = (self == .frobenius ? norm : result.norm) * ofDense(doubles + inverse, rows: n, columns: n)
            out[index] = product.isNaN ? .infinity : product
        }
    }
}
