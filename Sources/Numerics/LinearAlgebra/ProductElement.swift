import COpenBLAS
import CVector
import Core

/// What the products of arrays need of an element type: float32 and float64.
protocol ProductElement: BinaryFloatingPoint, BitwiseCopyable, Sendable {
    static var dtype: DType { get }
    /// Multiplications of a product that OpenBLAS, or a kernel for small ones, does as one.
    static var small: Int { get }
    /// All elements, dense. Throws `dtype` for whole numbers that cannot be held.
    static func copy(_ view: ArrayView, to out: UnsafeMutablePointer<Self>, name: String) throws(ApusError)
    static func write(_ values: UnsafePointer<Self>, to out: ArrayView) throws(ApusError)
    /// c = op(a) op(b) by OpenBLAS.
    static func product(
        transposeA: Bool, transposeB: Bool, _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Self>, _ lda: Int,
        _ b: UnsafePointer<Self>, _ ldb: Int, _ c: UnsafeMutablePointer<Self>, _ ldc: Int)
    /// y (a stride apart) = a x, or a' x; a is m x n as it lies.
    static func matrixVector(
        transpose: Bool, _ m: Int, _ n: Int, _ a: UnsafePointer<Self>, _ lda: Int, _ x: UnsafePointer<Self>,
        _ xStride: Int, _ y: UnsafeMutablePointer<Self>, _ yStride: Int)
    /// The same for products that are not worth a call into OpenBLAS.
    static func tiny(
        _ kernels: apus_kernels, transposeA: Bool, transposeB: Bool, _ m: Int, _ n: Int, _ k: Int,
        _ a: UnsafePointer<Self>, _ lda: Int, _ b: UnsafePointer<Self>, _ ldb: Int, _ c: UnsafeMutablePointer<Self>,
        _ ldc: Int)
    /// Columns of b in a panel, those that a narrow last panel is padded to, and the kernels of packed products.
    static func panelColumns(_ kernels: apus_kernels) -> Int
    static var padding: Int { get }
    /// The longest block of k that the packed product sums as one.
    static var longestBlock: Int { get }
    static func pack(
        _ kernels: apus_kernels, transposeB: Bool, _ k: Int, _ n: Int, _ b: UnsafePointer<Self>, _ ldb: Int,
        _ panels: Range<Int>, _ packed: UnsafeMutablePointer<Self>)
    static func packedProduct(
        _ kernels: apus_kernels, transposeA: Bool, _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Self>, _ lda: Int,
        _ packed: UnsafePointer<Self>, _ panels: Range<Int>, adds: Bool, _ c: UnsafeMutablePointer<Self>, _ ldc: Int)
}

extension Float: ProductElement {
    static var dtype: DType { .float32 }
    static var small: Int { 1 << 15 }
    static var padding: Int { 16 }
    static var longestBlock: Int { 800 }

    static func copy(_ view: ArrayView, to out: UnsafeMutablePointer<Float>, name: String) throws(ApusError) {
        try view.copy(to: out, name: name)
    }

    static func write(_ values: UnsafePointer<Float>, to out: ArrayView) throws(ApusError) { try out.write(values) }

    static func product(
        transposeA: Bool, transposeB: Bool, _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Float>, _ lda: Int,
        _ b: UnsafePointer<Float>, _ ldb: Int, _ c: UnsafeMutablePointer<Float>, _ ldc: Int
    ) {
        BLAS.product(transposeA: transposeA, transposeB: transposeB, m, n, k, a, lda, b, ldb, beta: 0, c, ldc)
    }

    static func matrixVector(
        transpose: Bool, _ m: Int, _ n: Int, _ a: UnsafePointer<Float>, _ lda: Int, _ x: UnsafePointer<Float>,
        _ xStride: Int, _ y: UnsafeMutablePointer<Float>, _ yStride: Int
    ) {
        cblas_sgemv(
            CblasRowMajor, transpose ? CblasTrans : CblasNoTrans, blasint(truncatingIfNeeded: m),
            blasint(truncatingIfNeeded: n), 1, a, blasint(truncatingIfNeeded: lda), x,
            blasint(truncatingIfNeeded: xStride), 0, y, blasint(truncatingIfNeeded: yStride))
    }

    static func tiny(
        _ kernels: apus_kernels, transposeA: Bool, transposeB: Bool, _ m: Int, _ n: Int, _ k: Int,
        _ a: UnsafePointer<Float>, _ lda: Int, _ b: UnsafePointer<Float>, _ ldb: Int, _ c: UnsafeMutablePointer<Float>,
        _ ldc: Int
    ) {
        kernels.small_product(
            transposeA ? 1 : 0, transposeB ? 1 : 0, Int64(m), Int64(n), Int64(k), a, Int64(lda), b, Int64(ldb), 0, c,
            Int64(ldc))
    }

    static func panelColumns(_ kernels: apus_kernels) -> Int { Int(kernels.panel_columns) }

    static func pack(
        _ kernels: apus_kernels, transposeB: Bool, _ k: Int, _ n: Int, _ b: UnsafePointer<Float>, _ ldb: Int,
        _ panels: Range<Int>, _ packed: UnsafeMutablePointer<Float>
    ) {
        kernels.pack_columns(
            transposeB ? 1 : 0, Int64(k), Int64(n), b, Int64(ldb), Int64(panels.lowerBound), Int64(panels.upperBound),
            packed)
    }

    static func packedProduct(
        _ kernels: apus_kernels, transposeA: Bool, _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Float>, _ lda: Int,
        _ packed: UnsafePointer<Float>, _ panels: Range<Int>, adds: Bool, _ c: UnsafeMutablePointer<Float>, _ ldc: Int
    ) {
        kernels.packed_product(
            transposeA ? 1 : 0, Int64(m), Int64(n), Int64(k), a, Int64(lda), packed, Int64(panels.lowerBound),
            Int64(panels.upperBound), adds ? 1 : 0, c, Int64(ldc))
    }
}

extension Double: ProductElement {
    static var dtype: DType { .float64 }
    static var small: Int { 1 << 9 }
    static var padding: Int { 8 }
    static var longestBlock: Int { 400 }

    static func copy(_ view: ArrayView, to out: UnsafeMutablePointer<Double>, name: String) throws(ApusError) {
        try view.copy(to: out, name: name)
    }

    static func write(_ values: UnsafePointer<Double>, to out: ArrayView) throws(ApusError) { try out.write(values) }

    static func product(
        transposeA: Bool, transposeB: Bool, _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Double>, _ lda: Int,
        _ b: UnsafePointer<Double>, _ ldb: Int, _ c: UnsafeMutablePointer<Double>, _ ldc: Int
    ) {
        BLAS.product(transposeA: transposeA, transposeB: transposeB, m, n, k, a, lda, b, ldb, beta: 0, c, ldc)
    }

    static func matrixVector(
        transpose: Bool, _ m: Int, _ n: Int, _ a: UnsafePointer<Double>, _ lda: Int, _ x: UnsafePointer<Double>,
        _ xStride: Int, _ y: UnsafeMutablePointer<Double>, _ yStride: Int
    ) {
        cblas_dgemv(
            CblasRowMajor, transpose ? CblasTrans : CblasNoTrans, blasint(truncatingIfNeeded: m),
            blasint(truncatingIfNeeded: n), 1, a, blasint(truncatingIfNeeded: lda), x,
            blasint(truncatingIfNeeded: xStride), 0, y, blasint(truncatingIfNeeded: yStride))
    }

    static func tiny(
        _ kernels: apus_kernels, transposeA: Bool, transposeB: Bool, _ m: Int, _ n: Int, _ k: Int,
        _ a: UnsafePointer<Double>, _ lda: Int, _ b: UnsafePointer<Double>, _ ldb: Int,
        _ c: UnsafeMutablePointer<Double>, _ ldc: Int
    ) {
        let (aRow, aStep) = transposeA ? (1, lda) : (lda, 1)
        let (bStep, bColumn) = transposeB ? (1, ldb) : (ldb, 1)
        for i in 0..<m {
            for j in 0..<n {
                var sum = 0.0
                for s in 0..<k { sum += a[i &* aRow &+ s &* aStep] * b[s &* bStep &+ j &* bColumn] }
                c[i &* ldc &+ j] = sum
            }
        }
    }

    static func panelColumns(_ kernels: apus_kernels) -> Int { Int(kernels.double_panel_columns) }

    static func pack(
        _ kernels: apus_kernels, transposeB: Bool, _ k: Int, _ n: Int, _ b: UnsafePointer<Double>, _ ldb: Int,
        _ panels: Range<Int>, _ packed: UnsafeMutablePointer<Double>
    ) {
        kernels.pack_double_columns(
            transposeB ? 1 : 0, Int64(k), Int64(n), b, Int64(ldb), Int64(panels.lowerBound), Int64(panels.upperBound),
            packed)
    }

    static func packedProduct(
        _ kernels: apus_kernels, transposeA: Bool, _ m: Int, _ n: Int, _ k: Int, _ a: UnsafePointer<Double>, _ lda: Int,
        _ packed: UnsafePointer<Double>, _ panels: Range<Int>, adds: Bool, _ c: UnsafeMutablePointer<Double>, _ ldc: Int
    ) {
        kernels.packed_double_product(
            transposeA ? 1 : 0, Int64(m), Int64(n), Int64(k), a, Int64(lda), packed, Int64(panels.lowerBound),
            Int64(panels.upperBound), adds ? 1 : 0, c, Int64(ldc))
    }
}
