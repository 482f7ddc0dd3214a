import COpenBLAS
import Core

/// Solutions of a x = b.
package enum LinearSystem {
    /// What is known of a, and with it the factors: LU, Bunch-Kaufman, Cholesky, or a itself.
    package enum Structure: String, CaseIterable, Sendable {
        case general
        case symmetric
        case positiveDefinite = "positive_definite"
        case lowerTriangular = "lower_triangular"
        case upperTriangular = "upper_triangular"

        /// The structure of a name; "" is general. Throws `invalidArgument` for an unknown one.
        package init(name: String) throws(ApusError) {
            guard let found = name.isEmpty ? .general : Structure(rawValue: name) else {
                let known = Structure.allCases.map(\.rawValue).joined(separator: ", ")
                throw .invalid("structure must be one of \(known), got '\(name)'.")
            }
            self = found
        }

        fileprivate var part: MatrixStack.Part {
            switch self {
            case .general: .full
            case .symmetric, .positiveDefinite, .lowerTriangular: .lower
            case .upperTriangular: .upper
            }
        }
    }

    /// a (n x n) and b (n, or n x k) with stacks that broadcast; x has their shape and may be b. `rcond` gets the
    /// reciprocal condition of each matrix in the 1-norm.
    /// Throws `notConverged` for a singular matrix, `invalidArgument` for values that are not finite, `shape`.
    package static func solve(
        _ given: MatrixStack, _ sides: MatrixStack, structure: Structure, to x: MatrixStack,
        rcond: UnsafeMutablePointer<Double>?, in context: Context
    ) throws(ApusError) {
        try given.requireSquare()
        let n = given.rows
        let k = sides.columns
        guard sides.rows == n else {
            throw .shape("b must have \(n) rows, as a has, got shape \(sides.view.shape).")
        }
        let batch = try MatrixStack.broadcast(given, sides)
        let a = try given.stretched(to: batch)
        let b = try sides.stretched(to: batch)
        try x.requireOutput(batch, n, k)
        var scratch = ScratchSize()
        let matrix = scratch.add(n, n)
        let right = scratch.add(n, k)
        let small = LUFactors.conditionScratch(n)
        // Bunch-Kaufman wants n blocks of 64 at most.
        let rest = scratch.add(max(small.doubles, structure == .symmetric ? 64 &* n : 4 &* n))
        let work = StackWork(
            context: context, count: a.count, doubles: try scratch.checked(), integers: 2 &* n,
            divides: n >= LUFactors.blockedFrom && structure != .symmetric, elements: n &* (n + k))
        let nearly = NearlySingular()
        try work.run { (index, doubles, integers) throws(ApusError) in
            let factors = doubles + matrix
            let solution = doubles + right
            try b.load(index, into: solution, leading: n, in: context)
            let condition = try solve(
                structure, a, index, factors, n, solution, k, doubles + rest, integers, exactly: rcond != nil,
                in: context)
            try context.checkInterrupt()
            nearly.note(condition, at: index)
            rcond?[index] = condition
            x.store(solution, leading: n, to: index, in: context)
        }
        nearly.warn(a, in: context)
    }

    /// Reads a, factors it and solves in place; returns the reciprocal condition, or, where it need not be exact, 1 for
    /// a matrix that is clearly far from singular.
    private static func solve(
        _ structure: Structure, _ a: MatrixStack, _ index: Int, _ factors: UnsafeMutablePointer<Double>, _ n: Int,
        _ sides: UnsafeMutablePointer<Double>, _ k: Int, _ scratch: UnsafeMutablePointer<Double>,
        _ integers: UnsafeMutablePointer<Int32>, exactly: Bool, in context: Context
    ) throws(ApusError) -> Double {
        if structure == .general {
            let result = try LUFactors.factor(a, index, into: factors, pivots: integers, in: context)
            if result.zeroPivot != 0 { throw LUFactors.singular(a, index, pivot: result.zeroPivot) }
            LUFactors.solve(factors, order: n, pivots: integers, sides, columns: k, in: context)
            ColumnMajor.scale(sides, n &* k, by: -result.exponent)
            return LUFactors.condition(
                exactly: exactly, factors, order: n, pivots: integers, norm: result.norm, scratch, integers + n)
        }
        try a.load(index, into: factors, leading: n, part: structure.part, in: context)
        let exponent = ColumnMajor.normalise(factors, n &* n)
        defer { ColumnMajor.scale(sides, n &* k, by: -exponent) }
        switch structure {
        case .general, .positiveDefinite:
            let norm = CholeskyFactors.symmetricNorm1(factors, order: n, scratch)
            let minor = try CholeskyFactors.factor(factors, order: n, in: context)
            if minor != 0 { throw CholeskyFactors.notPositive(a, index, minor: minor) }
            CholeskyFactors.solve(factors, order: n, sides, columns: k, in: context)
            if !exactly,
                ConditionCheck.isClearlyRegular(
                    order: n, norm: norm, scratch,
                    solve: { x, _ in CholeskyFactors.solve(factors, order: n, x, columns: 1, in: context) })
            {
                return 1
            }
            return CholeskyFactors.reciprocalCondition(factors, order: n, norm: norm, scratch, integers)
        case .symmetric:
            return try solveSymmetric(a, index, factors, n, sides, k, scratch, integers, exactly: exactly)
        case .lowerTriangular, .upperTriangular:
            let lower = structure == .lowerTriangular
            for i in 0..<n where factors[i &* n + i] == 0 {
                throw ApusError(
                    .notConverged,
                    "a is singular: diagonal element \(i)\(a.place(index)) (counted from 0) is exactly 0.")
            }
            context.parallel(over: k, by: 64) {
                BLAS.solveTriangle(
                    lower: lower, unit: false, n, $0.count, factors, n, sides + $0.lowerBound &* n, n)
            }
            if !exactly {
                let norm = ColumnMajor.norm1(factors, rows: n, columns: n, leading: n)
                let isRegular = ConditionCheck.isClearlyRegular(order: n, norm: norm, scratch) { x, transposed in
                    BLAS.solveTriangle(lower: lower, transposed: transposed, unit: false, n, 1, factors, n, x, n)
                }
                if isRegular { return 1 }
            }
            return triangularCondition(lower, factors, n, scratch, integers)
        }
    }

    private static func triangularCondition(
        _ lower: Bool, _ t: UnsafePointer<Double>, _ n: Int, _ scratch: UnsafeMutablePointer<Double>,
        _ integers: UnsafeMutablePointer<Int32>
    ) -> Double {
        if n == 0 { return 1 }
        var order = Int32(truncatingIfNeeded: n)
        var result = 0.0
        var info: Int32 = 0
        dtrcon_("1", lower ? "L" : "U", "N", &order, t, &order, &result, scratch, integers, &info, 1, 1, 1)
        return result.isNaN ? 0 : result
    }

    /// Bunch-Kaufman factors (Bunch and Kaufman 1977, doi:10.2307/2005787).
    private static func solveSymmetric(
        _ a: MatrixStack, _ index: Int, _ factors: UnsafeMutablePointer<Double>, _ n: Int,
        _ sides: UnsafeMutablePointer<Double>, _ k: Int, _ scratch: UnsafeMutablePointer<Double>,
        _ integers: UnsafeMutablePointer<Int32>, exactly: Bool
    ) throws(ApusError) -> Double {
        if n == 0 { return 1 }
        var norm = CholeskyFactors.symmetricNorm1(factors, order: n, scratch)
        var order = Int32(truncatingIfNeeded: n)
        var count = Int32(truncatingIfNeeded: k)
        // Fewer than 64 columns a block where that many would exceed LAPACK's count.
        var length = Int32(truncatingIfNeeded: min(64 &* n, Int(Int32.max)))
        var info: Int32 = 0
        dsytrf_("L", &order, factors, &order, integers, scratch, &length, &info, 1)
        if info > 0 { throw LUFactors.singular(a, index, pivot: Int(info)) }
        if k > 0 { dsytrs_("L", &order, &count, factors, &order, integers, sides, &order, &info, 1) }
        let isRegular =
            !exactly
            && ConditionCheck.isClearlyRegular(order: n, norm: norm, scratch) { x, _ in
                var one: Int32 = 1
                var status: Int32 = 0
                dsytrs_("L", &order, &one, factors, &order, integers, x, &order, &status, 1)
            }
        if isRegular { return 1 }
        var result = 0.0
        dsycon_("L", &order, factors, &order, integers, &norm, &result, scratch, integers + n, &info, 1)
        return result.isNaN ? 0 : result
    }
}
