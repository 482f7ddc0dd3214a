import Core
import Numerics
import Testing

struct LinearAlgebraTests {
    @Test func choleskySolvesABadlyScaledSystem() throws {
        let allocator = Allocator()
        // [[4e12, 2e6], [2e6, 3]] x = b with x = (1e-6, 1).
        let matrix = try Buffer([4e12, 2e6, 0, 3], in: allocator)
        let factor = try #require(try Cholesky(matrix.pointer, order: 2, in: allocator))
        let sides = try Buffer([4e6 + 2e6, 2 + 3.0], in: allocator)
        factor.solve(sides.pointer, count: 1)
        #expect(abs(sides.pointer[0] - 1e-6) < 1e-20 && abs(sides.pointer[1] - 1) < 1e-14)
        #expect(factor.reciprocalCondition > 0.1)
    }

    @Test func choleskyRefusesWhatIsNotPositiveDefinite() throws {
        let allocator = Allocator()
        for values in [[1, 2, 0, 1], [0, 0, 0, 1], [1, .nan, 0, 1], [.infinity, 0, 0, 1]] {
            let matrix = try Buffer(values, in: allocator)
            #expect(try Cholesky(matrix.pointer, order: 2, in: allocator) == nil)
        }
    }

    @Test func leastSquaresGivesTheLeastNorm() throws {
        let allocator = Allocator()
        // One equation, x + 2 y = 10, column-major.
        let a = try Buffer([1.0, 2], in: allocator)
        let sides = try Buffer([10.0, 0], in: allocator)
        let solution = try LeastSquares(a.pointer, rows: 1, columns: 2, sides: sides.pointer, count: 1, in: allocator)
        #expect(solution.rank == 1 && abs(solution.singular.pointer[0] - 5.0.squareRoot()) < 1e-15)
        #expect(abs(sides.pointer[0] - 2) < 1e-14 && abs(sides.pointer[1] - 4) < 1e-14)
    }

    @Test(arguments: [3, 300])
    func gramSumsAreTheSumsWrittenOut(columns: Int) throws {
        let context = try Context(threads: 2)
        let rows = 40
        let random = Philox(seed: 1, stream: 1)
        let values = (0..<rows * columns).map { random.uniform(UInt64($0)) }
        let x = Matrix(try Buffer(values, in: context.allocator), rows: rows, columns: columns)
        let y = Matrix(try Buffer(Array(values[..<(2 * rows)]), in: context.allocator), rows: rows, columns: 2)
        let shift = try Buffer((0..<columns).map { Double($0 % 3) }, in: context.allocator)
        let targetShift = try Buffer([0.5, 0.25], in: context.allocator)
        let roots = try Buffer((0..<rows).map { Double($0 % 4) }, in: context.allocator)
        let sums = try GramSums(
            x, y, shift: shift.pointer, targetShift: targetShift.pointer, rootWeights: roots.pointer, in: context)
        context.releaseBLAS()
        for i in [0, 1, columns - 1] {
            for j in [i, columns - 1] {
                var expected = 0.0
                for r in 0..<rows {
                    let w = Double(r % 4) * Double(r % 4)
                    expected +=
                        w * (values[r * columns + i] - Double(i % 3)) * (values[r * columns + j] - Double(j % 3))
                }
                #expect(abs(sums.gram.pointer[i * columns + j] - expected) < 1e-10)
            }
            for t in 0..<2 {
                var expected = 0.0
                var sum = 0.0
                for r in 0..<rows {
                    let w = Double(r % 4) * Double(r % 4)
                    let d = values[r * columns + i] - Double(i % 3)
                    expected += w * d * (values[2 * r + t] - targetShift.pointer[t])
                    sum += w * d
                }
                #expect(abs(sums.cross.pointer[t * columns + i] - expected) < 1e-10)
                #expect(abs(sums.sums.pointer[i] - sum) < 1e-10)
            }
        }
    }

    @Test func momentsOfConstantColumnsAreExact() throws {
        let context = try Context(threads: 1)
        let x = Matrix(try Buffer([Double](repeating: 0.1, count: 1001), in: context.allocator), rows: 1001, columns: 1)
        let moments = try ColumnMoments(of: x, named: "x", in: context)
        #expect(moments.mean.pointer[0] == 0.1 && moments.variance.pointer[0] == 0)
    }

    @Test func sumsBeyondDoubleAreNamed() throws {
        let context = try Context(threads: 1)
        let x = Matrix(try Buffer([1, 1e308, 2, 1e308], in: context.allocator), rows: 2, columns: 2)
        #expect {
            try ColumnMoments(of: x, named: "x", in: context)
        } throws: { error in
            (error as? ApusError)?.message.contains("column 1 are too large") == true
        }
    }

    @Test func slicesCoverAllRowsOnce() {
        for rows in [0, 1, 15, 16, 17, 1000, 100_003] {
            for columns in [1, 7, 5000] {
                let slices = RowSlices(rows: rows, columns: columns, most: 8)
                #expect(slices.count <= 8)
                var next = 0
                for slice in 0..<slices.count {
                    slices.blocks(of: slice) { first, count in
                        #expect(first == next && count > 0)
                        next += count
                    }
                }
                #expect(next == rows)
            }
        }
    }
}
