import Core

/// What happens to a gradient before an update rule sees it, as in Keras and PyTorch: clipping by value, by norm, and
/// weight decay.
struct GradientShaping {
    /// Where weight decay goes.
    enum Decay: String, CaseIterable {
        /// g += decay x: the gradient of a penalty.
        case gradient
        /// x -= rate decay x, beside the rule: Loshchilov and Hutter 2019, doi:10.48550/arXiv.1711.05101.
        case weights
    }

    private let decay: Double
    private let form: Decay
    private let largestNorm: Double
    private let largestValue: Double

    static func specs(_ form: Decay) -> [ParameterSpec] {
        [
            ParameterSpec(
                "weight_decay", .real(from: 0, to: .infinity), default: form == .weights ? 0.004 : 0.0,
                "Weight decay; the value and the gradient reported stay those of the function alone."),
            ParameterSpec(
                "decay_form", .choice(Decay.allCases.map(\.rawValue)), default: .string(form.rawValue),
                "gradient: adds weight_decay x to the gradient; weights: scales x by 1 - learning_rate weight_decay."),
            ParameterSpec(
                "clipvalue", .nullable(.real(from: 0, to: .infinity, open: true)), default: .null,
                "Cuts each gradient component off at this size."),
            ParameterSpec(
                "clipnorm", .nullable(.real(from: 0, to: .infinity, open: true)), default: .null,
                "Scales a longer gradient to this length."),
        ]
    }

    init(_ parameters: Parameters) {
        decay = parameters.real("weight_decay")
        form = Decay(rawValue: parameters.text("decay_form")) ?? .gradient
        largestNorm = parameters["clipnorm"].doubleValue ?? .infinity
        largestValue = parameters["clipvalue"].doubleValue ?? .infinity
    }

    /// Shapes the gradient at x in place; with decay of the weights x moves.
    func shape(
        _ gradient: UnsafeMutablePointer<Double>, _ x: UnsafeMutablePointer<Double>, _ count: Int, learningRate: Double
    ) {
        if largestNorm < .infinity {
            let norm = length(gradient, count)
            if norm > largestNorm {
                for i in 0..<count { gradient[i] *= largestNorm / norm }
            }
        }
        if largestValue < .infinity {
            for i in 0..<count { gradient[i] = min(max(gradient[i], -largestValue), largestValue) }
        }
        if decay == 0 { return }
        switch form {
        case .gradient: addProduct(decay, x, to: gradient, count)
        case .weights:
            for i in 0..<count { x[i] -= learningRate * decay * x[i] }
        }
    }
}
