import Core
import Glibc
import Numerics
import Testing

/// The factor of a matrix made positive definite.
struct ModifiedCholeskyTests {
    private func random(_ stream: Philox, _ index: Int) -> Double { 2 * stream.uniform(UInt64(index)) - 1 }

    /// A symmetric matrix with the eigenvalues given: reflections of a diagonal one.
    private func matrix(_ eigenvalues: [Double], seed: UInt64) -> [Double] {
        let n = eigenvalues.count
        let stream = Philox(seed: seed, stream: 1)
        var a = [Double](repeating: 0, count: n * n)
        for i in 0..<n { a[i * n + i] = eigenvalues[i] }
        for reflection in 0..<3 {
            let v = (0..<n).map { random(stream, reflection * n + $0) }
            let size = v.reduce(0) { $0 + $1 * $1 }
            // a = (I - 2 v v'/size) a (I - 2 v v'/size)
            for pass in 0..<2 {
                for i in 0..<n {
                    var dot = 0.0
                    for k in 0..<n { dot += v[k] * (pass == 0 ? a[k * n + i] : a[i * n + k]) }
                    for k in 0..<n {
                        if pass == 0 { a[k * n + i] -= 2 * v[k] * dot / size } else { a[i * n + k] -= 2 * v[k] * dot / size }
                    }
                }
            }
        }
        return a
    }

    private func residual(_ a: [Double], _ x: [Double], _ b: [Double]) -> Double {
        let n = b.count
        var most = 0.0
        for i in 0..<n {
            var sum = -b[i]
            for j in 0..<n { sum += a[i * n + j] * x[j] }
            most = max(most, abs(sum))
        }
        return most
    }

    @Test func aPositiveDefiniteMatrixIsLeftAsItIs() throws {
        let context = try Context(threads: 1)
        for n in [1, 2, 3, 10, 40] {
            let a = matrix((0..<n).map { 1 + Double($0) }, seed: UInt64(n))
            let factor = try ModifiedCholesky(a, order: n, in: context)
            #expect(factor.added == 0)
            let b = (0..<n).map { Double($0) - 2.5 }
            var x = b
            factor.solve(&x)
            #expect(residual(a, x, b) < 1e-12 * Double(n))
        }
    }

    @Test(arguments: [1, 2, 3, 4, 10, 40])
    func anIndefiniteMatrixGivesADirectionOfDescent(n: Int) throws {
        let context = try Context(threads: 1)
        for seed in 0..<20 {
            let a = matrix((0..<n).map { Double($0) - 0.4 * Double(n) - 0.3 }, seed: UInt64(100 + seed))
            let lowest = -0.4 * Double(n) - 0.3
            let factor = try ModifiedCholesky(a, order: n, in: context)
            // Enough is added, and not more than the paper's bound.
            #expect(factor.added >= -lowest * 0.99)
            #expect(factor.added < 2 * -lowest + 2 * Double(n) * Double(n))
            let g = (0..<n).map { random(Philox(seed: 5, stream: UInt64(seed)), $0) }
            var p = g.map { -$0 }
            factor.solve(&p)
            var slope = 0.0
            for i in 0..<n { slope += g[i] * p[i] }
            #expect(slope < 0 && slope.isFinite)
        }
    }

    @Test func zerosBecomeTheIdentity() throws {
        let context = try Context(threads: 1)
        for n in [1, 2, 3] {
            let factor = try ModifiedCholesky([Double](repeating: 0, count: n * n), order: n, in: context)
            var x = (0..<n).map { Double($0 + 1) }
            factor.solve(&x)
            for i in 0..<n { #expect(abs(x[i] - Double(i + 1)) < 1e-12) }
        }
    }

    @Test func hugeAndTinyEntriesStayFinite() throws {
        let context = try Context(threads: 1)
        for scale in [1e-300, 1e-150, 1e150] {
            let factor = try ModifiedCholesky([-scale, scale, scale, scale], order: 2, in: context)
            var x = [scale, 1e-3 * scale]
            factor.solve(&x)
            #expect(x[0].isFinite && x[1].isFinite && factor.added > 0)
        }
    }
}
