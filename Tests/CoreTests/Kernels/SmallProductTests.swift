import CVector
import Core
import Testing

private struct ProductShape: CustomStringConvertible {
    var (m, n, k): (Int, Int, Int)
    var description: String { "\(m) x \(n) x \(k)" }
}

struct SmallProductTests {
    private static let shapes: [ProductShape] = {
        let named = [
            (16, 16, 4), (16, 3, 16), (1, 32, 64), (4, 16, 16), (1, 128, 784), (3, 128, 784), (5, 40, 600), (1, 1, 1),
            (2, 3, 0),
        ]
        var shapes = named.map { ProductShape(m: $0.0, n: $0.1, k: $0.2) }
        for m in [1, 2, 4, 5, 9] {
            for n in [1, 15, 16, 17, 31, 32, 33, 50] {
                for k in [1, 3, 31, 32, 35, 257] { shapes.append(ProductShape(m: m, n: n, k: k)) }
            }
        }
        return shapes
    }()

    @Test(arguments: InstructionSet.available, [false, true])
    func agreesWithTheDefinitionForEveryTransposition(_ set: InstructionSet, _ padded: Bool) {
        let kernels = set.kernels
        let padding = padded ? 3 : 0
        for shape in Self.shapes {
            let (m, n, k) = (shape.m, shape.n, shape.k)
            for (ta, tb) in [(false, false), (true, false), (false, true), (true, true)] {
                let (rowsA, columnsA) = ta ? (k, m) : (m, k)
                let (rowsB, columnsB) = tb ? (n, k) : (k, n)
                let (lda, ldb, ldc) = (columnsA + padding, columnsB + padding, n + padding)
                let a = Floats(max(0, rowsA * lda - padding), seed: 1)
                let b = Floats(max(0, rowsB * ldb - padding), seed: 2)
                let before = Floats(m * ldc - padding, seed: 3)
                for beta: Float in [0, 1] {
                    // With beta 0, c must not be read: a NaN there would show.
                    let c = beta == 0 ? Floats(before.count) { $0 % ldc < n ? .nan : before.start[$0] } : before.copy()
                    kernels.small_product(
                        ta ? 1 : 0, tb ? 1 : 0, Int64(m), Int64(n), Int64(k), a.start, Int64(lda), b.start, Int64(ldb),
                        beta, c.start, Int64(ldc))
                    func terms(_ i: Int, _ each: (Double) -> Double) -> Double {
                        let (row, column) = (i / ldc, i % ldc)
                        guard column < n else { return before[i] }
                        var sum = beta == 0 ? 0 : each(before[i])
                        for s in 0..<k {
                            let (left, right) = (ta ? s * lda + row : row * lda + s, tb ? column * ldb + s : s * ldb + column)
                            sum += each(a[left] * b[right])
                        }
                        return sum
                    }
                    let error = largestError(c, from: { terms($0) { $0 } }, scale: { terms($0, abs) })
                    #expect(error <= roundings && c.isIntact, "\(shape), \(ta), \(tb), beta \(beta)")
                }
            }
        }
    }

    @Test(arguments: InstructionSet.available, [false, true])
    func givesARowTheSameBitsAloneAndInABatch(_ set: InstructionSet, _ transposed: Bool) {
        for shape in Self.shapes where shape.k > 0 {
            let (n, k) = (shape.n, shape.k)
            let m = 7
            let a = Floats(m * k, seed: 1)
            let b = Floats(k * n, seed: 2)
            let batch = Floats(m * n)
            func product(_ a: Floats, _ c: Floats, _ rows: Int) {
                set.kernels.small_product(
                    0, transposed ? 1 : 0, Int64(rows), Int64(n), Int64(k), a.start, Int64(k), b.start,
                    Int64(transposed ? k : n), 0, c.start, Int64(n))
            }
            product(a, batch, m)
            for row in 0..<m {
                let alone = Floats(n)
                product(Floats(k) { a.start[row * k + $0] }, alone, 1)
                #expect(alone.bits == Array(batch.bits[row * n..<(row + 1) * n]), "\(shape), row \(row)")
            }
        }
    }

    @Test(arguments: InstructionSet.available)
    func letsNaNAndInfinityThrough(_ set: InstructionSet) {
        let a = Floats([0, 1, .infinity, 1])
        let b = Floats([.nan, 1, 1, 1])
        let c = Floats(4)
        set.kernels.small_product(0, 0, 2, 2, 2, a.start, 2, b.start, 2, 0, c.start, 2)
        #expect(c.start[0].isNaN && c.start[1] == 1 && c.start[2].isNaN && c.start[3] == .infinity)
    }
}
