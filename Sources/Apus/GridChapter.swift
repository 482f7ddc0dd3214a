import CApus
import Core
import Numerics

@implementation @_cdecl("apus_evaluate_grid")
public func apus_evaluate_grid(
    _ context: OpaquePointer?, _ f: apus_vector_function?, _ user: UnsafeMutableRawPointer?,
    _ axes: UnsafePointer<apus_array>?, _ count: Int32, _ m: Int64, _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let f = try require(f, "f")
        try GridEvaluation.evaluate(
            inputs(axes, count, "axes"), outputs: Int(m), into: output(out, "out"), in: context
        ) { x, n, y, m in
            inCallersState(context) { f(user, x, Int64(n), y, Int64(m)) }
        }
    }
}
