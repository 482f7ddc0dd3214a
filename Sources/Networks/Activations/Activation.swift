import CVector
import Core

/// An activation function: elementwise, as a kernel code with its constant, or over the rows of the last axis.
package struct Activation: Sendable, Equatable {
    package enum Form: Sendable, Equatable {
        /// APUS_K_...
        case elementwise(Int32)
        case softmax
        case logSoftmax
    }

    /// Keras's name, "relu".
    package let name: String
    package let form: Form
    package let alpha: Float
    /// Parameters that differ from their defaults, by Keras's names.
    package let given: [String: JSON]

    package init(_ name: String, _ form: Form, alpha: Float = 0, given: [String: JSON] = [:]) {
        self.name = name
        self.form = form
        self.alpha = alpha
        self.given = given
    }

    /// The kernel's code; nil for those over rows.
    package var code: Int32? {
        if case .elementwise(let code) = form { code } else { nil }
    }
    package var isSoftmax: Bool { form == .softmax }
    package var isLinear: Bool { code == APUS_K_LINEAR }
    /// Whether it looks at a whole row of the last axis at once.
    package var isRowwise: Bool { code == nil }
    /// Whether its derivative needs the input: a layer in training then keeps what was before the activation.
    package var needsInput: Bool { (code ?? 0) >= APUS_K_GELU }

    /// Its place in Keras's configuration: the name, or an object where a parameter is not the default.
    package var config: JSON {
        // Keras 2 knows silu as swish alone, Keras 3 knows both.
        if given.isEmpty { return .string(name == "silu" ? "swish" : name) }
        let parameters = given.sorted { $0.key < $1.key }.map { (key: $0.key, value: $0.value) }
        return .object([(key: "class_name", value: .string(name)), (key: "config", value: .object(parameters))])
    }
}

/// Every activation, one line each.
package enum ActivationCatalog {
    package static let linear = Activation("linear", .elementwise(APUS_K_LINEAR))
    package static let softmax = Activation("softmax", .softmax)

    private static func plain(
        _ name: String, _ code: Int32, aliases: [String] = [], _ doc: String
    ) -> Entry<Activation> {
        Entry(name, aliases: aliases, doc: doc) { _ in Activation(name, .elementwise(code)) }
    }

    /// One with a constant above 0 (or from it).
    private static func scaled(
        _ name: String, _ code: Int32, _ parameter: String, _ standard: Double, from: Double = 0, open: Bool = true,
        _ doc: String
    ) -> Entry<Activation> {
        let constraint = Constraint.real(from: from, to: .infinity, open: open)
        return Entry(
            name, doc: doc,
            parameters: [ParameterSpec(parameter, constraint, default: .number(standard), "the constant")]
        ) { parameters in
            let value = parameters.real(parameter)
            // 0 times minus infinity would be NaN.
            let form = code == APUS_K_LEAKY_RELU && value == 0 ? APUS_K_RELU : code
            return Activation(
                name, .elementwise(form), alpha: Float(value),
                given: value == standard ? [:] : [parameter: .number(value)])
        }
    }

    private static let gelu = Entry<Activation>(
        "gelu", doc: "x Phi(x), Phi the normal distribution function: Hendrycks and Gimpel 2016, arXiv:1606.08415",
        parameters: [
            ParameterSpec("approximate", .boolean, default: false, "x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))")
        ]
    ) { parameters in
        parameters.boolean("approximate")
            ? Activation("gelu", .elementwise(APUS_K_GELU_TANH), given: ["approximate": true])
            : Activation("gelu", .elementwise(APUS_K_GELU))
    }

    package static let family = Family<Activation>(
        "activation",
        [
            plain("linear", APUS_K_LINEAR, aliases: ["identity"], "x"),
            plain("relu", APUS_K_RELU, "max(x, 0)"),
            plain("relu6", APUS_K_RELU6, "min(max(x, 0), 6)"),
            scaled(
                "leaky_relu", APUS_K_LEAKY_RELU, "negative_slope", 0.2, open: false,
                "x for x >= 0, negative_slope x below"),
            scaled(
                "elu", APUS_K_ELU, "alpha", 1, open: false,
                "x for x > 0, alpha (exp(x) - 1) below: Clevert et al. 2016, arXiv:1511.07289"),
            plain("selu", APUS_K_SELU, "1.0507 elu(x, 1.67326): Klambauer et al. 2017, arXiv:1706.02515"),
            scaled("celu", APUS_K_CELU, "alpha", 1, "x for x > 0, alpha (exp(x / alpha) - 1) below: Barron 2017, arXiv:1704.07483"),
            gelu,
            plain("sigmoid", APUS_K_SIGMOID, "1 / (1 + exp(-x))"),
            plain("hard_sigmoid", APUS_K_HARD_SIGMOID, "min(max(x / 6 + 1/2, 0), 1)"),
            plain("log_sigmoid", APUS_K_LOG_SIGMOID, "-ln(1 + exp(-x))"),
            plain("tanh", APUS_K_TANH, "hyperbolic tangent"),
            plain("hard_tanh", APUS_K_HARD_TANH, "min(max(x, -1), 1)"),
            plain("softplus", APUS_K_SOFTPLUS, "ln(1 + exp(x))"),
            plain("softsign", APUS_K_SOFTSIGN, "x / (1 + |x|)"),
            plain(
                "silu", APUS_K_SILU, aliases: ["swish"],
                "x sigmoid(x): Elfwing et al. 2018, doi:10.1016/j.neunet.2017.12.012"),
            plain("hard_silu", APUS_K_HARD_SILU, aliases: ["hard_swish"], "x hard_sigmoid(x)"),
            plain("mish", APUS_K_MISH, "x tanh(softplus(x)): Misra 2019, arXiv:1908.08681"),
            plain("exponential", APUS_K_EXPONENTIAL, "exp(x)"),
            Entry("softmax", doc: "exp(x) / sum(exp(x)) over the last axis") { _ in softmax },
            Entry("log_softmax", doc: "x - ln sum exp(x) over the last axis") { _ in
                Activation("log_softmax", .logSoftmax)
            },
        ])

    /// From a configuration: a name, null for linear, or an object in Keras's notations.
    package static func make(_ json: JSON) throws(ApusError) -> Activation {
        json.isNull ? linear : try family.make(json)
    }
}

extension Activation {
    /// y = activation(y + bias) on dense rows; bias may be nil. On the calling thread.
    ///
    /// - Parameter kept: where y + bias goes for the gradient; of activations that need their input, in training.
    @inline(__always)
    func apply(
        _ kernels: borrowing apus_kernels, bias: UnsafePointer<Float>?, _ y: UnsafeMutablePointer<Float>,
        keeping kept: UnsafeMutablePointer<Float>? = nil, rows: Int, columns: Int
    ) {
        if let code, kept == nil {
            if bias != nil || code != APUS_K_LINEAR {
                kernels.bias_activation(code, alpha, bias, y, Int64(rows), Int64(columns))
            }
            return
        }
        if bias != nil { kernels.bias_activation(APUS_K_LINEAR, 0, bias, y, Int64(rows), Int64(columns)) }
        if let kept { kept.update(from: y, count: rows * columns) }
        apply(kernels, y, y, rows: rows, columns: columns)
    }

    /// y = activation(x) on dense rows; y may be x. On the calling thread.
    @inline(__always)
    func apply(
        _ kernels: borrowing apus_kernels, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, rows: Int,
        columns: Int
    ) {
        switch form {
        case .elementwise(let code): kernels.activation(code, alpha, x, y, Int64(rows * columns))
        case .softmax: kernels.softmax(x, y, nil, Int64(rows), Int64(columns))
        case .logSoftmax: kernels.log_softmax(x, y, Int64(rows), Int64(columns))
        }
    }

    /// dx = dy * activation'(.) on dense rows: from the output y, or from what was kept where that is needed. dx may be
    /// dy.
    @inline(__always)
    func gradient(
        _ kernels: borrowing apus_kernels, _ y: UnsafePointer<Float>, kept: UnsafePointer<Float>? = nil,
        _ dy: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>, rows: Int, columns: Int
    ) {
        switch form {
        case .elementwise(let code):
            if needsInput {
                if let kept { kernels.activation_input_gradient(code, kept, dy, dx, Int64(rows * columns)) }
            } else {
                kernels.activation_gradient(code, alpha, y, dy, dx, Int64(rows * columns))
            }
        case .softmax: kernels.softmax_gradient(y, dy, dx, Int64(rows), Int64(columns))
        case .logSoftmax: kernels.log_softmax_gradient(y, dy, dx, Int64(rows), Int64(columns))
        }
    }
}
