import Core

/// Where data enters: declares the shape of one row.
package final class InputLayer: Layer {
    static let entry = Entry<any Layer>(
        "InputLayer", aliases: ["Input", "input"], doc: "an input of the network",
        parameters: [
            ParameterSpec("shape", .integers(1...Int(Int32.max)), default: nil, "extents of one row, without the batch")
        ]
    ) { (parameters) throws(ApusError) in
        let extents = parameters.integers("shape").compactMap { $0 }
        guard extents.count < Shape.maximumRank, let count = Shape(extents).checkedCount, count <= Int(Int32.max) else {
            throw .parameter(
                "shape", of: "InputLayer", mustBe: "at most 7 extents with a product of at most \(Int32.max)",
                got: parameters["shape"].text)
        }
        return InputLayer(parameters: parameters, shape: Shape(extents))
    }

    package let parameters: Parameters
    package let shape: Shape

    init(parameters: Parameters, shape: Shape) {
        self.parameters = parameters
        self.shape = shape
    }

    package func outputShape(_ inputs: [Shape]) throws(ApusError) -> Shape { shape }
    package func forward(_ step: LayerStep, in context: Context) {}
    package func backward(_ step: LayerStep, in context: Context) {}

    package var config: [(key: String, value: JSON)] {
        [
            (key: "batch_input_shape", value: .array([.null] + shape.extents.map { .integer($0) })),
            (key: "sparse", value: false),
        ]
    }
}
