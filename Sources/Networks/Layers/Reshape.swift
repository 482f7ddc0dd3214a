import Core

/// A row's elements, in their order, as an array of another shape; costs nothing.
final class Reshape: Layer {
    static let entry = Entry<any Layer>(
        "Reshape", doc: "each row under another shape",
        parameters: [
            ParameterSpec(
                "target_shape", .integers(-1...Int(Int32.max)), default: nil,
                "extents without the batch; one may be -1: what is left")
        ]
    ) { (parameters) throws(ApusError) in
        let extents = parameters.integers("target_shape").compactMap { $0 }
        guard extents.count < Shape.maximumRank, extents.filter({ $0 < 0 }).count <= 1, !extents.contains(0) else {
            throw .parameter(
                "target_shape", of: "Reshape", mustBe: "at most 7 whole numbers >= 1, one of them perhaps -1",
                got: parameters["target_shape"].text)
        }
        return Reshape(parameters: parameters, target: Shape(extents))
    }

    let parameters: Parameters
    private let target: Shape

    init(parameters: Parameters, target: Shape) {
        self.parameters = parameters
        self.target = target
    }

    var isView: Bool { true }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        guard let input = inputs.first, input.isKnown else { return [target] }
        var shape = target
        let known = target.knownCount ?? 0
        for index in 0..<shape.rank where shape[index] < 0 { shape[index] = known > 0 ? input.count / known : 0 }
        guard let count = shape.checkedCount, count == input.checkedCount else {
            throw .shape("Reshape cannot make \(target) of rows of shape \(input): their elements differ in number.")
        }
        return [shape]
    }

    func forward(_ step: LayerStep, in context: Context) {}
    func backward(_ step: LayerStep, in context: Context) {}

    var config: [(key: String, value: JSON)] { [(key: "target_shape", value: parameters["target_shape"])] }
}
