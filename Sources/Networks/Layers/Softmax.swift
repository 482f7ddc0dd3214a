import Core

/// exp(x) / sum exp(x) over the last axis.
enum Softmax {
    static let entry = Entry<any Layer>(
        "Softmax", doc: "exp(x) / sum(exp(x)) over the last axis",
        parameters: [ParameterSpec("axis", .any("-1, or an array of it"), default: -1, "the axis: the last")]
    ) { (parameters) throws(ApusError) in
        let given = parameters["axis"]
        let axes = given.arrayValue ?? [given]
        guard axes.count == 1, axes[0].integerValue == -1 else {
            throw .parameter("axis", of: "Softmax", mustBe: "-1, the last axis", got: given.text)
        }
        return ActivationLayer(
            parameters: parameters, activation: ActivationCatalog.softmax, config: [(key: "axis", value: [-1])])
    }
}
