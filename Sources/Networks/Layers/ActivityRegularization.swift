import Core

/// The identity; training adds l1 sum |x| + l2 sum x^2, divided by the rows, to the loss.
final class ActivityRegularization: Layer {
    static let entry = Entry<any Layer>(
        "ActivityRegularization", doc: "adds a penalty on its input to the loss",
        parameters: [
            ParameterSpec("l1", .real(from: 0, to: .infinity), default: 0.0, "factor of the magnitudes, >= 0"),
            ParameterSpec("l2", .real(from: 0, to: .infinity), default: 0.0, "factor of the squares, >= 0"),
        ]
    ) { parameters in
        ActivityRegularization(
            parameters: parameters,
            regularizer: L1L2(
                parameters: parameters, l1: Float(parameters.real("l1")), l2: Float(parameters.real("l2"))))
    }

    let parameters: Parameters
    let activityRegularizer: (any Regularizer)?

    init(parameters: Parameters, regularizer: any Regularizer) {
        self.parameters = parameters
        activityRegularizer = regularizer
    }

    var isView: Bool { true }
    var passesMask: Bool { true }
    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] { inputs }
    func forward(_ step: LayerStep, in context: Context) {}
    func backward(_ step: LayerStep, in context: Context) {}
}
