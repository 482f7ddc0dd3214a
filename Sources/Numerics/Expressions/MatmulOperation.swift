import Core

/// The matrix product of NumPy's matmul: vectors are a row on the left and a column on the right, leading dimensions are
/// batches and broadcast.
struct MatmulOperation: ExpressionOperation {
    let shape: Shape
    private let m: Int
    private let k: Int
    private let n: Int
    /// Numbers of matrices of y, a, b.
    private let batches: StridedLoop
    var name: String { "matmul" }

    init(_ a: Shape, _ b: Shape) throws(ApusError) {
        guard a.rank > 0, b.rank > 0 else { throw .shape("matmul needs vectors or matrices, got shapes \(a) and \(b).") }
        m = a.rank == 1 ? 1 : a[a.rank - 2]
        k = a[a.rank - 1]
        n = b.rank == 1 ? 1 : b[b.rank - 1]
        let inner = b.rank == 1 ? b[0] : b[b.rank - 2]
        guard k == inner else { throw .shape("matmul cannot multiply shapes \(a) and \(b): \(k) is not \(inner).") }
        guard max(m, k, n) <= Int(Int32.max) else { throw .shape("matmul: shapes \(a) and \(b) are too large.") }
        let batchA = Shape(Array(a.extents.dropLast(2)))
        let batchB = Shape(Array(b.extents.dropLast(2)))
        guard let batch = Shape.broadcast([batchA, batchB]) else {
            throw .shape("matmul: the batches of shapes \(a) and \(b) do not broadcast.")
        }
        var result = batch
        if a.rank > 1 { result.append(m) }
        if b.rank > 1 { result.append(n) }
        shape = result
        batches = StridedLoop(batch, [batch, batchA, batchB])
    }

    private var sizeA: Int { m &* k }
    private var sizeB: Int { k &* n }
    private var sizeY: Int { m &* n }

    /// c += op(a) op(b), with op(a) r by q and op(b) q by s.
    private func add(
        _ c: UnsafeMutablePointer<Double>, _ r: Int, _ s: Int, _ q: Int, _ a: UnsafePointer<Double>, _ transposesA: Bool,
        _ b: UnsafePointer<Double>, _ transposesB: Bool, _ context: Context
    ) {
        if r == 0 || s == 0 || q == 0 { return }
        if r &* s &* q > 2048 {
            context.holdBLAS()
            BLAS.product(
                transposeA: transposesA, transposeB: transposesB, r, s, q, a, transposesA ? r : q, b,
                transposesB ? q : s, beta: 1, c, s)
            return
        }
        for i in 0..<r {
            for j in 0..<s {
                var sum = 0.0
                for l in 0..<q {
                    sum += (transposesA ? a[l &* r &+ i] : a[i &* q &+ l]) * (transposesB ? b[j &* q &+ l] : b[l &* s &+ j])
                }
                c[i &* s &+ j] += sum
            }
        }
    }

    private func addProducts(
        _ y: UnsafeMutablePointer<Double>, _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ context: Context
    ) {
        batches.forEach {
            add(y + $0[0] &* sizeY, m, n, k, a + $0[1] &* sizeA, false, b + $0[2] &* sizeB, false, context)
        }
    }

    func value(_ x: Operands, _ y: UnsafeMutablePointer<Double>, _ context: Context) {
        guard let a = x[0], let b = x[1] else { return }
        y.update(repeating: 0, count: shape.count)
        addProducts(y, a, b, context)
    }

    func tangent(
        _ x: Operands, _ y: UnsafePointer<Double>, _ dx: Operands, _ dy: UnsafeMutablePointer<Double>, _ context: Context
    ) {
        guard let a = x[0], let b = x[1] else { return }
        dy.update(repeating: 0, count: shape.count)
        if let da = dx[0] { addProducts(dy, da, b, context) }
        if let db = dx[1] { addProducts(dy, a, db, context) }
    }

    /// abar += ybar b^T, bbar += a^T ybar
    private func pullBack(
        _ a: UnsafePointer<Double>?, _ b: UnsafePointer<Double>?, _ ybar: UnsafePointer<Double>, _ xbar: Results,
        _ context: Context
    ) {
        if let abar = xbar[0], let b {
            batches.forEach {
                add(abar + $0[1] &* sizeA, m, k, n, ybar + $0[0] &* sizeY, false, b + $0[2] &* sizeB, true, context)
            }
        }
        if let bbar = xbar[1], let a {
            batches.forEach {
                add(bbar + $0[2] &* sizeB, k, n, m, a + $0[1] &* sizeA, true, ybar + $0[0] &* sizeY, false, context)
            }
        }
    }

    func reverse(
        _ x: Operands, _ y: UnsafePointer<Double>, _ ybar: UnsafePointer<Double>, _ xbar: Results, _ context: Context
    ) {
        pullBack(x[0], x[1], ybar, xbar, context)
    }

    func reverseTangent(
        _ x: Operands, _ y: UnsafePointer<Double>, _ dx: Operands, _ dy: UnsafePointer<Double>,
        _ ybar: UnsafePointer<Double>, _ dybar: UnsafePointer<Double>, _ dxbar: Results, _ context: Context
    ) {
        pullBack(x[0], x[1], dybar, dxbar, context)
        pullBack(dx[0], dx[1], ybar, dxbar, context)
    }
}
