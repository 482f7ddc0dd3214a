import Core
import Numerics
import Testing

/// Shapes on both sides of every limit where another path is taken.
private let shapes: [[Int]] = [
    [1, 1], [2, 2], [5, 3], [3, 5], [33, 32], [31, 64], [130, 140], [260, 256], [257, 300], [340, 129],
]

struct DecompositionTests {
    let context: Context

    init() throws { context = try Context(threads: 2) }

    @Test(arguments: shapes)
    func luReproducesTheMatrix(shape: [Int]) throws {
        let a = try TestArray(random: shape)
        let (m, n) = (shape[0], shape[1])
        let k = min(m, n)
        let l = try TestArray(zeros: [m, k])
        let u = try TestArray(zeros: [k, n])
        let rows = try TestArray(zeros: [m])
        let whole = ArrayView(data: UnsafeMutableRawPointer(rows.buffer.pointer), dtype: .int64, shape: Shape(m))
        try LUDecomposition.compute(
            a.stack(), l: l.stack(), u: u.stack(), permutation: MatrixStack(vectors: whole, "p"), in: context)
        context.releaseBLAS()
        let product = try l * u
        for i in 0..<m {
            let row = Int(whole.data.load(fromByteOffset: 8 * i, as: Int64.self))
            for j in 0..<n { #expect(abs(product[i, j] - a[row, j]) < roundings(Double(k))) }
        }
        #expect(l.values.allSatisfy { abs($0) <= 1 })
    }

    @Test(arguments: shapes)
    func qrReproducesTheMatrix(shape: [Int]) throws {
        let a = try TestArray(random: shape)
        let (m, n) = (shape[0], shape[1])
        for width in Set([min(m, n), m]) {
            let q = try TestArray(zeros: [m, width])
            let r = try TestArray(zeros: [width, n])
            try QRDecomposition.compute(a.stack(), q: q.stack(), r: r.stack(), permutation: nil, in: context)
            context.releaseBLAS()
            #expect(try (q * r).distance(a) < roundings(Double(m + n)))
            #expect(try (q.transposed * q).distance(.identity(width)) < roundings(Double(m)))
            for i in 0..<min(m, n) { #expect(r[i, i] >= 0) }
            for j in 0..<min(width, n) { for i in (j + 1)..<max(width, j + 1) { #expect(r[i, j] == 0) } }
        }
    }

    @Test(arguments: [1, 2, 3, 63, 64, 65, 255, 256, 257, 321])
    func choleskyReproducesTheMatrix(order: Int) throws {
        let root = try TestArray(random: [order, order])
        let a = try root * root.transposed
        for i in 0..<order { a[i, i] += Double(order) }
        let l = try TestArray(zeros: [order, order])
        try CholeskyDecomposition.compute(a.stack(), upper: false, to: l.stack(), in: context)
        context.releaseBLAS()
        #expect(try (l * l.transposed).distance(a) < roundings(4 * Double(order)))
    }

    @Test(arguments: [1, 2, 24, 25, 255, 256, 300])
    func inversesAndSolutionsAgree(order: Int) throws {
        let a = try TestArray(random: [order, order])
        for i in 0..<order { a[i, i] += 2 * Double(order).squareRoot() }
        let inverse = try TestArray(zeros: [order, order])
        try MatrixInverse.compute(a.stack(), to: inverse.stack(), in: context)
        #expect(try (a * inverse).distance(.identity(order)) < roundings(4 * Double(order)))
        let b = try TestArray(random: [order, 3], seed: 2)
        let x = try TestArray(zeros: [order, 3])
        var rcond = 0.0
        try LinearSystem.solve(
            a.stack(), b.stack("b"), structure: .general, to: x.stack("x"), rcond: &rcond, in: context)
        context.releaseBLAS()
        #expect(try (a * x).distance(b) < roundings(4 * Double(order)))
        #expect(rcond > 1e-4 && rcond <= 1)
    }

    @Test func anyNumberOfThreadsGivesTheSameBits() throws {
        let a = try TestArray(random: [300, 300])
        var seen: [[Double]] = []
        for threads in [1, 2, 5] {
            let context = try Context(threads: threads)
            let inverse = try TestArray(zeros: [300, 300])
            let q = try TestArray(zeros: [300, 300])
            let power = try TestArray(zeros: [300, 300])
            try MatrixInverse.compute(a.stack(), to: inverse.stack(), in: context)
            try QRDecomposition.compute(a.stack(), q: q.stack(), r: nil, permutation: nil, in: context)
            try MatrixPower.compute(a.stack(), exponent: 3, to: power.stack(), in: context)
            seen.append(inverse.values + q.values + power.values)
        }
        #expect(seen[1] == seen[0] && seen[2] == seen[0])
    }

    @Test func elementsNearTheEndsOfTheRangeAreSolvedFor() throws {
        for scale in [0x1p-1060, 0x1p-700, 0x1p700, 0x1p1020] {
            let a = try TestArray([2 * scale, scale, scale, 3 * scale], [2, 2])
            let b = try TestArray([4 * scale, 7 * scale], [2, 1])
            let x = try TestArray(zeros: [2, 1])
            for structure in [LinearSystem.Structure.general, .symmetric, .positiveDefinite] {
                try LinearSystem.solve(a.stack(), b.stack("b"), structure: structure, to: x.stack("x"), rcond: nil, in: context)
                #expect(abs(x[0, 0] - 1) < 1e-14 && abs(x[1, 0] - 2) < 1e-14)
            }
            let l = try TestArray(zeros: [2, 2])
            let u = try TestArray(zeros: [2, 2])
            try LUDecomposition.compute(a.stack(), l: l.stack(), u: u.stack(), permutation: nil, in: context)
            #expect(u.values == [2 * scale, scale, 0, 2.5 * scale] && l.values == [1, 0, 0.5, 1])
        }
        context.releaseBLAS()
    }

    @Test func pivotsBelowTheNormalRangeAreDividedBy() throws {
        let least = Double.leastNonzeroMagnitude
        let a = try TestArray([1, 0, 0, 0, 8 * least, 4 * least, 0, 4 * least, 8 * least], [3, 3])
        let u = try TestArray(zeros: [3, 3])
        let l = try TestArray(zeros: [3, 3])
        try LUDecomposition.compute(a.stack(), l: l.stack(), u: u.stack(), permutation: nil, in: context)
        context.releaseBLAS()
        #expect(l[2, 1] == 0.5 && u[2, 2] == 6 * least)
        var determinant = 1.0
        try Determinant.compute(a.stack(), to: &determinant, in: context)
        #expect(determinant == 0)
    }

    @Test func anInterruptStopsLargeFactors() throws {
        let a = try TestArray(random: [300, 300])
        let out = try TestArray(zeros: [300, 300])
        context.interrupt()
        let error = #expect(throws: ApusError.self) {
            try MatrixInverse.compute(a.stack(), to: out.stack(), in: context)
        }
        #expect(error?.code == .interrupted)
        context.clearInterrupt()
        context.releaseBLAS()
        #expect(out.values.allSatisfy { $0 == 7 })
    }
}
