import Core

/// Where data enters: declares the shape of one row.
package final class InputLayer: Layer {
    static let entry = Entry<any Layer>(
        "InputLayer", aliases: ["Input", "input"], doc: "an input of the network",
        parameters: [
            ParameterSpec(
                "shape", .integers(1...Int(Int32.max), allowsNull: true), default: nil,
                "extents of one row, without the batch; null for one that each batch may have of its own"),
            ParameterSpec(
                "batch_size", .nullable(.integer(1...Int(Int32.max))), default: .null,
                "kept for Keras; any number of rows is taken"),
        ]
    ) { (parameters) throws(ApusError) in
        let extents = parameters.integers("shape").map { $0 ?? Shape.unknown }
        guard extents.count < Shape.maximumRank, let count = Shape(extents).knownCount, count <= Int(Int32.max) else {
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

    package var inputCount: ClosedRange<Int> { 0...0 }
    package func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] { [shape] }
    package func forward(_ step: LayerStep, in context: Context) {}
    package func backward(_ step: LayerStep, in context: Context) {}

    package var configSaysTrainable: Bool { false }

    package var config: [(key: String, value: JSON)] {
        [
            (key: "batch_input_shape", value: .array([parameters["batch_size"]] + shape.jsonExtents)),
            (key: "sparse", value: false),
        ]
    }
}

extension Shape {
    /// The extents for JSON: null for an unknown one.
    package var jsonExtents: [JSON] { extents.map { $0 < 0 ? .null : .integer($0) } }
}
