import CApus
import Core
import Networks

@implementation @_cdecl("apus_activation")
public func apus_activation(
    _ context: OpaquePointer?, _ description: UnsafePointer<CChar>?, _ a: UnsafePointer<apus_array>?,
    _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context, denormals: .kept) { (context) throws(ApusError) in
        let description = try text(description, "activation")
        let json: JSON = description.contains("{") ? try JSONParser.parse(description) : .string(description)
        try ActivationCatalog.make(json).apply(input(a, "a"), to: output(out, "out"), in: context)
    }
}
