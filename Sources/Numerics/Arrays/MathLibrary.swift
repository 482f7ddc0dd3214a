import CVector
import Core
import Glibc

/// The operations that the C library computes, one element at a time, in double precision.
enum MathLibrary {
    /// `out = operation(a, b)` on rows of float32, through float64 and rounded once more.
    static func floats(_ operation: Int32, _ job: UnsafePointer<apus_elements>) {
        each(
            operation, job, { Double($0.loadUnaligned(as: Float.self)) },
            { $0.storeBytes(of: Float($1), as: Float.self) }, size: 4)
    }

    /// `out = operation(a, b)` on rows of float64.
    static func doubles(_ operation: Int32, _ job: UnsafePointer<apus_elements>) {
        each(
            operation, job, { $0.loadUnaligned(as: Double.self) }, { $0.storeBytes(of: $1, as: Double.self) }, size: 8)
    }

    @inline(__always)
    private static func each(
        _ operation: Int32, _ job: UnsafePointer<apus_elements>, _ load: (UnsafeRawPointer) -> Double,
        _ store: (UnsafeMutableRawPointer, Double) -> Void, size: Int
    ) {
        @inline(__always) func unary(_ f: (Double) -> Double) { rows(job, size) { store($2, f(load($0))) } }
        @inline(__always) func binary(_ f: (Double, Double) -> Double) {
            rows(job, size) { store($2, f(load($0), load($1))) }
        }
        switch operation {
        case APUS_OP_POWER: binary { pow($0, $1) }
        case APUS_OP_REMAINDER: binary { floorRemainder($0, $1) }
        case APUS_OP_FMOD: binary { fmod($0, $1) }
        case APUS_OP_HYPOT: binary { hypot($0, $1) }
        case APUS_OP_ARCTAN2: binary { atan2($0, $1) }
        case APUS_OP_EXP: unary { exp($0) }
        case APUS_OP_EXP2: unary { exp2($0) }
        case APUS_OP_EXPM1: unary { expm1($0) }
        case APUS_OP_LOG: unary { log($0) }
        case APUS_OP_LOG2: unary { log2($0) }
        case APUS_OP_LOG10: unary { log10($0) }
        case APUS_OP_LOG1P: unary { log1p($0) }
        case APUS_OP_SIN: unary { sin($0) }
        case APUS_OP_COS: unary { cos($0) }
        case APUS_OP_TANH: unary { tanh($0) }
        case APUS_OP_ARCSINH: unary { asinh($0) }
        case APUS_OP_ARCCOSH: unary { acosh($0) }
        case APUS_OP_ARCTANH: unary { atanh($0) }
        case APUS_OP_SIGMOID: unary { sigmoid($0) }
        case APUS_OP_ERF: unary { erf($0) }
        case APUS_OP_ERFC: unary { erfc($0) }
        case APUS_OP_GAMMALN: unary { logarithmOfGamma($0) }
        default: break
        }
    }

    @inline(__always)
    private static func rows(
        _ job: UnsafePointer<apus_elements>, _ size: Int,
        _ body: (UnsafeRawPointer, UnsafeRawPointer, UnsafeMutableRawPointer) -> Void
    ) {
        let job = job.pointee
        let (stepA, stepB) = (Int(job.a_step) &* size, Int(job.b_step) &* size)
        for row in 0..<Int(job.rows) {
            var (a, b) = (job.a + row &* Int(job.a_row), job.b + row &* Int(job.b_row))
            var out = job.out + row &* Int(job.out_row)
            for _ in 0..<Int(job.columns) {
                body(a, b, out)
                a += stepA
                b += stepB
                out += size
            }
        }
    }

    /// `a - b floor(a / b)`: fmod, brought to the sign of the divisor.
    private static func floorRemainder(_ a: Double, _ b: Double) -> Double {
        let rest = fmod(a, b)
        if rest == 0 { return copysign(0, b) }
        return (rest < 0) != (b < 0) && !rest.isNaN ? rest + b : rest
    }

    private static func sigmoid(_ x: Double) -> Double {
        let e = exp(-abs(x))
        return (x < 0 ? e : 1) / (1 + e)
    }

    private static func logarithmOfGamma(_ x: Double) -> Double {
        var sign: Int32 = 0
        return lgamma_r(x, &sign)
    }
}
