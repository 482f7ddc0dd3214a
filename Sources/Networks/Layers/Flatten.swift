import Core

/// One row as one vector; a view, costs nothing.
final class Flatten: Layer {
    static let entry = Entry<any Layer>(
        "Flatten", doc: "each row as one vector",
        parameters: [
            ParameterSpec("data_format", .nullable(.choice(["channels_last"])), default: "channels_last", "order of axes")
        ]
    ) { Flatten(parameters: $0) }

    let parameters: Parameters

    init(parameters: Parameters) { self.parameters = parameters }

    var isView: Bool { true }
    func outputShape(_ inputs: [Shape]) throws(ApusError) -> Shape { Shape(inputs.first?.count ?? 1) }
    func forward(_ step: LayerStep, in context: Context) {}
    func backward(_ step: LayerStep, in context: Context) {}

    var config: [(key: String, value: JSON)] { [(key: "data_format", value: "channels_last")] }
}
