import Core
import Glibc

/// The Cholesky factor of a symmetric matrix plus a diagonal one that makes it safely positive definite:
///
///     P (A + E) P^T = L L^T,   E >= 0 diagonal, and 0 where A is positive definite already.
///
/// The revised method of Schnabel and Eskow 1999, "A revised modified Cholesky factorization algorithm",
/// doi:10.1137/S105262349833266X. E is at most about twice the least that would do, and the condition stays bounded.
package struct ModifiedCholesky {
    private let order: Int
    /// Row-major lower factor.
    private let factor: Buffer<Double>
    /// Row i of the factor is row `permutation[i]` of the matrix.
    private let permutation: Buffer<Int>
    private let scratch: Buffer<Double>
    /// The largest number added to the diagonal.
    package let added: Double

    /// Factors `matrix` (order x order, row-major, finite; the upper triangle is read and left as it is).
    package init(_ matrix: UnsafePointer<Double>, order n: Int, in context: Context) throws(ApusError) {
        let allocator = context.allocator
        order = n
        factor = try Buffer(n &* n, in: allocator)
        for i in 0..<n {
            for j in 0...i { factor.pointer[i &* n + j] = matrix[j &* n + i] }
        }
        permutation = try Buffer(n, in: allocator)
        scratch = try Buffer(n, in: allocator)
        for i in 0..<n { permutation.pointer[i] = i }
        added = try Factorization(
            order: n, a: factor.pointer, permutation: permutation.pointer, bounds: scratch.pointer
        ).run(context)
    }

    /// Solves (A + E) x = b in place.
    package func solve(_ b: UnsafeMutablePointer<Double>) {
        let n = order
        let l = factor.pointer
        let y = scratch.pointer
        for i in 0..<n {
            y[i] = (b[permutation.pointer[i]] - innerProduct(l + i &* n, y, i)) / l[i &* n + i]
        }
        for back in 0..<n {
            let i = n - 1 - back
            y[i] /= l[i &* n + i]
            for j in 0..<i { y[j] -= l[i &* n + j] * y[i] }
        }
        for i in 0..<n { b[permutation.pointer[i]] = y[i] }
    }
}

/// The factorisation in place, in the lower half of `a`.
private struct Factorization {
    let order: Int
    let a: UnsafeMutablePointer<Double>
    let permutation: UnsafeMutablePointer<Int>
    /// Lower Gershgorin bounds of what is left, in the second phase.
    let bounds: UnsafeMutablePointer<Double>

    private static let tau = 0x1p-17
    private static let tauBar = 0x1p-35
    private static let mu = 0.1

    private func diagonal(_ i: Int) -> Double { a[i &* order + i] }

    func run(_ context: Context) throws(ApusError) -> Double {
        let n = order
        var largest = 0.0
        for i in 0..<n { largest = max(largest, abs(diagonal(i))) }
        // A matrix of zeros becomes the identity.
        let least = largest > 0 ? Factorization.tauBar * largest : 1
        var j = 0
        while j < n {
            if j & 63 == 0 { try context.checkInterrupt() }
            var (pivot, top, bottom) = (j, -Double.infinity, Double.infinity)
            for i in j..<n {
                if diagonal(i) > top { (pivot, top) = (i, diagonal(i)) }
                bottom = min(bottom, diagonal(i))
            }
            if top < least || bottom < -Factorization.mu * top { break }
            exchange(j, pivot)
            var next = Double.infinity
            for i in j + 1..<max(n, j + 1) {
                next = min(next, diagonal(i) - a[i &* n + j] * (a[i &* n + j] / diagonal(j)))
            }
            if next < -Factorization.mu * largest { break }
            eliminate(j)
            j += 1
        }
        return j < n ? try complete(from: j, least, context) : 0
    }

    /// The second phase: what is left is not positive definite.
    private func complete(from start: Int, _ least: Double, _ context: Context) throws(ApusError) -> Double {
        let n = order
        let tau = Factorization.tau
        if start == n - 1 {
            let value = diagonal(start)
            let delta = max(0, -value + max(tau * -value / (1 - tau), least))
            a[start &* n + start] = (value + delta).squareRoot()
            return delta
        }
        for i in start..<n {
            var bound = diagonal(i)
            for k in start..<i { bound -= abs(a[i &* n + k]) }
            for k in i + 1..<max(n, i + 1) { bound -= abs(a[k &* n + i]) }
            bounds[i] = bound
        }
        var deltaBefore = 0.0
        for j in start..<max(n - 2, start) {
            if j & 63 == 0 { try context.checkInterrupt() }
            var pivot = j
            for i in j..<n where bounds[i] > bounds[pivot] { pivot = i }
            exchange(j, pivot)
            (bounds[j], bounds[pivot]) = (bounds[pivot], bounds[j])
            var norm = 0.0
            for i in j + 1..<n { norm += abs(a[i &* n + j]) }
            let delta = max(0, -diagonal(j) + max(norm, least), deltaBefore)
            if delta > 0 {
                a[j &* n + j] += delta
                deltaBefore = delta
            }
            if diagonal(j) != norm {
                let part = 1 - norm / diagonal(j)
                for i in j + 1..<n { bounds[i] += abs(a[i &* n + j]) * part }
            }
            eliminate(j)
        }
        // The last two rows by their eigenvalues.
        let p = n - 2
        let q = n - 1
        let (x, y, z) = (diagonal(p), a[q &* n + p], diagonal(q))
        let mean = 0.5 * x + 0.5 * z
        let spread = hypot(0.5 * x - 0.5 * z, y)
        let delta = max(0, -(mean - spread) + max(tau * 2 * spread / (1 - tau), least), deltaBefore)
        a[p &* n + p] = (x + delta).squareRoot()
        a[q &* n + p] = y / a[p &* n + p]
        let rest = z + delta - a[q &* n + p] * a[q &* n + p]
        a[q &* n + q] = max(rest, 0x1p-52 * max(abs(z + delta), least)).squareRoot()
        return max(delta, deltaBefore)
    }

    /// Exchanges rows and columns j < i of what is left, and rows of the factor.
    private func exchange(_ j: Int, _ i: Int) {
        if i == j { return }
        let n = order
        swap(&permutation[i], &permutation[j])
        for k in 0..<j { exchangeCells(j &* n + k, i &* n + k) }
        for k in j + 1..<max(i, j + 1) { exchangeCells(k &* n + j, i &* n + k) }
        for k in i + 1..<max(n, i + 1) { exchangeCells(k &* n + j, k &* n + i) }
        exchangeCells(j &* n + j, i &* n + i)
    }

    private func exchangeCells(_ one: Int, _ other: Int) {
        let kept = a[one]
        a[one] = a[other]
        a[other] = kept
    }

    /// Column j of the factor, and what it takes from the rest.
    private func eliminate(_ j: Int) {
        let n = order
        let root = diagonal(j).squareRoot()
        a[j &* n + j] = root
        for i in j + 1..<max(n, j + 1) { a[i &* n + j] /= root }
        for i in j + 1..<max(n, j + 1) {
            let factor = a[i &* n + j]
            if factor == 0 { continue }
            let row = a + i &* n
            for k in j + 1...i { row[k] -= factor * a[k &* n + j] }
        }
    }
}
