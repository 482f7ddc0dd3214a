import CVector
import Core
import Testing

struct ReductionTests {
    @Test(arguments: InstructionSet.available)
    func elementwiseOperationsAgreeWithTheirFormulas(_ set: InstructionSet) {
        let kernels = set.kernels
        for size in kernelSizes {
            let n = Int64(size)
            let a = Floats(size, seed: 1)
            let b = Floats(size, seed: 2)
            let out = Floats(size)
            kernels.add(a.start, b.start, out.start, n)
            #expect(out.values == zip(a.values, b.values).map { $0 + $1 } && out.isIntact)
            kernels.multiply(a.start, b.start, out.start, n)
            #expect(out.values == zip(a.values, b.values).map { $0 * $1 } && out.isIntact)

            let y = b.copy()
            kernels.axpy(0.7, a.start, y.start, n)
            let error = largestError(
                y, from: { Double(Float(0.7)) * a[$0] + b[$0] }, scale: { abs(a[$0]) + abs(b[$0]) })
            #expect(error <= roundings && y.isIntact, "size \(size)")
            kernels.scale(0.7, y.start, 0)
            let scaled = a.copy()
            kernels.scale(0.7, scaled.start, n)
            #expect(scaled.values == a.values.map { $0 * 0.7 } && scaled.isIntact)

            let (left, right) = (a.copy(), a.copy())
            kernels.add(left.start, b.start, left.start, n)
            kernels.multiply(right.start, right.start, right.start, n)
            #expect(left.values == zip(a.values, b.values).map { $0 + $1 })
            #expect(right.values == a.values.map { $0 * $0 })
        }
    }

    @Test(arguments: InstructionSet.available)
    func sumsKeepDoublePrecision(_ set: InstructionSet) {
        for size in kernelSizes + [100_000] {
            let x = Floats(size, seed: 4, from: 0, to: 1)
            let sum = (0..<size).reduce(0.0) { $0 + x[$1] }
            let squares = (0..<size).reduce(0.0) { $0 + x[$1] * x[$1] }
            #expect(abs(set.kernels.sum(x.start, Int64(size)) - sum) <= 1e-12 * sum)
            #expect(abs(set.kernels.sum_squares(x.start, Int64(size)) - squares) <= 1e-12 * squares)
        }
        let extreme = Floats([3e38, 1e-38])
        #expect(set.kernels.sum_squares(extreme.start, 2) == extreme[0] * extreme[0])
        #expect(set.kernels.sum_squares(extreme.start + 1, 1) == extreme[1] * extreme[1])
    }

    @Test(arguments: InstructionSet.available)
    func sumsOfNaNAreNaN(_ set: InstructionSet) {
        let x = Floats(37) { $0 == 35 ? .nan : 1 }
        #expect(set.kernels.sum(x.start, 37).isNaN && set.kernels.sum_squares(x.start, 37).isNaN)
    }

    @Test(arguments: InstructionSet.available)
    func sumsOfRowsSkipThePadding(_ set: InstructionSet) {
        for rows in [0, 1, 2, 3, 4, 5, 33, 1000] {
            for columns in [1, 3, 16, 17, 40] {
                for padding in [0, 2] {
                    let stride = columns + padding
                    let x = Floats(max(0, rows * stride - padding), seed: 5)
                    let out = Floats(columns) { _ in .nan }
                    set.kernels.sum_rows(x.start, Int64(rows), Int64(columns), Int64(stride), out.start)
                    let error = largestError(
                        out, from: { column in (0..<rows).reduce(0.0) { $0 + x[$1 * stride + column] } },
                        scale: { column in (0..<rows).reduce(0.0) { $0 + abs(x[$1 * stride + column]) } })
                    #expect(error <= roundings && out.isIntact, "\(rows) rows, \(columns) columns")
                }
            }
        }
    }

    /// A chain of a million float additions would be off by hundreds.
    @Test(arguments: InstructionSet.available)
    func sumsOfManyRowsStayAccurate(_ set: InstructionSet) {
        let rows = 1_000_000
        let x = Floats(rows) { _ in 0.1 }
        let out = Floats(1)
        set.kernels.sum_rows(x.start, Int64(rows), 1, 1, out.start)
        #expect(abs(out[0] / (Double(rows) * Double(Float(0.1))) - 1) < 1e-4)
    }
}
