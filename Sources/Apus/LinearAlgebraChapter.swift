import CApus
import Core
import Numerics

/// A stack of matrices that is read.
private func matrices(_ pointer: UnsafePointer<apus_array>?, _ name: String) throws(ApusError) -> MatrixStack {
    try MatrixStack(input(pointer, name), name)
}

/// A stack of matrices that is written.
private func matricesOut(_ pointer: UnsafeMutablePointer<apus_array>?, _ name: String) throws(ApusError)
    -> MatrixStack
{
    try MatrixStack(output(pointer, name), name)
}

/// The same, nil for NULL.
private func optionalMatricesOut(_ pointer: UnsafeMutablePointer<apus_array>?, _ name: String) throws(ApusError)
    -> MatrixStack?
{
    pointer == nil ? nil : try matricesOut(pointer, name)
}

/// A stack of vectors that is written.
private func vectorsOut(_ pointer: UnsafeMutablePointer<apus_array>?, _ name: String) throws(ApusError)
    -> MatrixStack
{
    try MatrixStack(vectors: output(pointer, name), name)
}

/// The same, nil for NULL.
private func optionalVectorsOut(_ pointer: UnsafeMutablePointer<apus_array>?, _ name: String) throws(ApusError)
    -> MatrixStack?
{
    pointer == nil ? nil : try vectorsOut(pointer, name)
}

/// The right-hand sides of a system, one vector or a stack of matrices, and the solutions, which are the same.
private func sides(
    _ b: UnsafePointer<apus_array>?, _ x: UnsafeMutablePointer<apus_array>?
) throws(ApusError) -> (b: MatrixStack, x: MatrixStack) {
    let given = try input(b, "b")
    let wanted = try output(x, "x")
    if given.shape.rank == 1 {
        return (try MatrixStack(vectors: given, "b"), try MatrixStack(vectors: wanted, "x"))
    }
    return (try MatrixStack(given, "b"), try MatrixStack(wanted, "x"))
}

// MARK: Systems

@implementation @_cdecl("apus_solve")
public func apus_solve(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ b: UnsafePointer<apus_array>?,
    _ structure: UnsafePointer<CChar>?, _ x: UnsafeMutablePointer<apus_array>?, _ rcond: UnsafeMutablePointer<Double>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let a = try matrices(a, "a")
        let (b, x) = try sides(b, x)
        let structure =
            structure == nil ? .general : try LinearSystem.Structure(name: optionalText(structure, "structure"))
        try LinearSystem.solve(a, b, structure: structure, to: x, rcond: rcond, in: context)
    }
}

@implementation @_cdecl("apus_inverse")
public func apus_inverse(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        try MatrixInverse.compute(matrices(a, "a"), to: matricesOut(out, "out"), in: context)
    }
}

@implementation @_cdecl("apus_pseudo_inverse")
public func apus_pseudo_inverse(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ rcond: Double,
    _ out: UnsafeMutablePointer<apus_array>?, _ rank: UnsafeMutablePointer<Int64>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        try PseudoInverse.compute(
            matrices(a, "a"), rcond: rcond, to: matricesOut(out, "out"), rank: rank, in: context)
    }
}

@implementation @_cdecl("apus_least_squares")
public func apus_least_squares(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ b: UnsafePointer<apus_array>?, _ rcond: Double,
    _ x: UnsafeMutablePointer<apus_array>?, _ residuals: UnsafeMutablePointer<apus_array>?,
    _ rank: UnsafeMutablePointer<Int64>?, _ singular_values: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let a = try matrices(a, "a")
        let (b, x) = try sides(b, x)
        try LeastSquaresSolution.compute(
            a, b, rcond: rcond, to: x, residuals: optionalVectorsOut(residuals, "residuals"), rank: rank,
            singularValues: optionalVectorsOut(singular_values, "singular_values"), in: context)
    }
}

// MARK: Numbers

@implementation @_cdecl("apus_determinant")
public func apus_determinant(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ out: UnsafeMutablePointer<Double>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        try Determinant.compute(matrices(a, "a"), to: require(out, "out"), in: context)
    }
}

@implementation @_cdecl("apus_log_determinant")
public func apus_log_determinant(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ sign: UnsafeMutablePointer<Double>?,
    _ log_absolute: UnsafeMutablePointer<Double>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        try Determinant.computeLog(
            matrices(a, "a"), sign: require(sign, "sign"), logAbsolute: require(log_absolute, "log_absolute"),
            in: context)
    }
}

@implementation @_cdecl("apus_trace")
public func apus_trace(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ out: UnsafeMutablePointer<Double>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        try Trace.compute(matrices(a, "a"), to: require(out, "out"), in: context)
    }
}

@implementation @_cdecl("apus_matrix_rank")
public func apus_matrix_rank(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ tolerance: Double,
    _ rank: UnsafeMutablePointer<Int64>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        try MatrixRank.compute(matrices(a, "a"), tolerance: tolerance, to: require(rank, "rank"), in: context)
    }
}

@implementation @_cdecl("apus_condition_number")
public func apus_condition_number(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ norm: UnsafePointer<CChar>?,
    _ out: UnsafeMutablePointer<Double>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let norm = try MatrixNorm(name: optionalText(norm, "norm"), nuclear: false)
        try norm.condition(matrices(a, "a"), to: require(out, "out"), in: context)
    }
}

@implementation @_cdecl("apus_matrix_norm")
public func apus_matrix_norm(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ norm: UnsafePointer<CChar>?,
    _ out: UnsafeMutablePointer<Double>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let norm = try MatrixNorm(name: optionalText(norm, "norm"), nuclear: true)
        try norm.compute(matrices(a, "a"), to: require(out, "out"), in: context)
    }
}

// MARK: Factors

@implementation @_cdecl("apus_cholesky")
public func apus_cholesky(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ upper: Int32,
    _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        try CholeskyDecomposition.compute(
            matrices(a, "a"), upper: upper != 0, to: matricesOut(out, "out"), in: context)
    }
}

@implementation @_cdecl("apus_lu")
public func apus_lu(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ l: UnsafeMutablePointer<apus_array>?,
    _ u: UnsafeMutablePointer<apus_array>?, _ permutation: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        try LUDecomposition.compute(
            matrices(a, "a"), l: optionalMatricesOut(l, "l"), u: optionalMatricesOut(u, "u"),
            permutation: optionalVectorsOut(permutation, "permutation"), in: context)
    }
}

@implementation @_cdecl("apus_qr")
public func apus_qr(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ q: UnsafeMutablePointer<apus_array>?,
    _ r: UnsafeMutablePointer<apus_array>?, _ permutation: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        try QRDecomposition.compute(
            matrices(a, "a"), q: optionalMatricesOut(q, "q"), r: optionalMatricesOut(r, "r"),
            permutation: optionalVectorsOut(permutation, "permutation"), in: context)
    }
}

@implementation @_cdecl("apus_svd")
public func apus_svd(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ u: UnsafeMutablePointer<apus_array>?,
    _ s: UnsafeMutablePointer<apus_array>?, _ vt: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        try SingularValueDecomposition.compute(
            matrices(a, "a"), u: optionalMatricesOut(u, "u"), s: vectorsOut(s, "s"),
            vt: optionalMatricesOut(vt, "vt"), in: context)
    }
}

@implementation @_cdecl("apus_eigh")
public func apus_eigh(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ values: UnsafeMutablePointer<apus_array>?,
    _ vectors: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        try SymmetricEigen.compute(
            matrices(a, "a"), values: vectorsOut(values, "values"),
            vectors: optionalMatricesOut(vectors, "vectors"), in: context)
    }
}

@implementation @_cdecl("apus_eig")
public func apus_eig(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ values_real: UnsafeMutablePointer<apus_array>?,
    _ values_imaginary: UnsafeMutablePointer<apus_array>?, _ vectors_real: UnsafeMutablePointer<apus_array>?,
    _ vectors_imaginary: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let vectors = GeneralEigen.Vectors(
            real: try optionalMatricesOut(vectors_real, "vectors_real"),
            imaginary: try optionalMatricesOut(vectors_imaginary, "vectors_imaginary"))
        try GeneralEigen.compute(
            matrices(a, "a"), real: vectorsOut(values_real, "values_real"),
            imaginary: vectorsOut(values_imaginary, "values_imaginary"), vectors: vectors, in: context)
    }
}

// MARK: Functions of matrices

@implementation @_cdecl("apus_matrix_power")
public func apus_matrix_power(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ exponent: Int64,
    _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        try MatrixPower.compute(matrices(a, "a"), exponent: exponent, to: matricesOut(out, "out"), in: context)
    }
}

@implementation @_cdecl("apus_matrix_exponential")
public func apus_matrix_exponential(
    _ context: OpaquePointer?, _ a: UnsafePointer<apus_array>?, _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        try MatrixExponential.compute(matrices(a, "a"), to: matricesOut(out, "out"), in: context)
    }
}
