import Core

/// The output is the input: a place for a name, or where a layer is left out.
final class IdentityLayer: Layer {
    static let entry = Entry<any Layer>("Identity", doc: "its input as it is", parameters: []) {
        IdentityLayer(parameters: $0)
    }

    let parameters: Parameters

    init(parameters: Parameters) { self.parameters = parameters }

    var isView: Bool { true }
    var passesMask: Bool { true }
    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] { inputs }
    func forward(_ step: LayerStep, in context: Context) {}
    func backward(_ step: LayerStep, in context: Context) {}
}
