import CVector
import Core

/// An activation function, as a kernel code with its constant; softmax works on the last axis.
package struct Activation: Sendable, Equatable {
    /// Keras's name, "relu".
    package let name: String
    /// APUS_K_... for the elementwise ones; nil for softmax.
    package let code: Int32?
    package let alpha: Float

    package init(_ name: String, code: Int32?, alpha: Float = 0) {
        self.name = name
        self.code = code
        self.alpha = alpha
    }

    package var isSoftmax: Bool { code == nil }
    package var isLinear: Bool { code == APUS_K_LINEAR }
}

/// Every activation, one line each.
package enum ActivationCatalog {
    package static let linear = Activation("linear", code: APUS_K_LINEAR)
    package static let softmax = Activation("softmax", code: nil)

    package static let family = Family<Activation>(
        "activation",
        [
            Entry("linear", aliases: ["identity"], doc: "x") { _ in linear },
            Entry("relu", doc: "max(x, 0)") { _ in Activation("relu", code: APUS_K_RELU) },
            Entry("leaky_relu", doc: "x for x >= 0, 0.2 x below") { _ in
                Activation("leaky_relu", code: APUS_K_LEAKY_RELU, alpha: 0.2)
            },
            Entry("elu", doc: "x for x > 0, exp(x) - 1 below") { _ in Activation("elu", code: APUS_K_ELU, alpha: 1) },
            Entry("sigmoid", doc: "1 / (1 + exp(-x))") { _ in Activation("sigmoid", code: APUS_K_SIGMOID) },
            Entry("tanh", doc: "hyperbolic tangent") { _ in Activation("tanh", code: APUS_K_TANH) },
            Entry("exponential", doc: "exp(x)") { _ in Activation("exponential", code: APUS_K_EXPONENTIAL) },
            Entry("softmax", doc: "exp(x) / sum(exp(x)) over the last axis") { _ in softmax },
        ])

    /// From a configuration: a name, null for linear, or an object in Keras's notations.
    package static func make(_ json: JSON) throws(ApusError) -> Activation {
        json.isNull ? linear : try family.make(json)
    }
}

extension Activation {
    /// y = activation(y + bias) on dense rows; bias may be nil. On the calling thread.
    @inline(__always)
    func apply(
        _ kernels: borrowing apus_kernels, bias: UnsafePointer<Float>?, _ y: UnsafeMutablePointer<Float>, rows: Int,
        columns: Int
    ) {
        if let code {
            if bias != nil || code != APUS_K_LINEAR {
                kernels.bias_activation(code, alpha, bias, y, Int64(rows), Int64(columns))
            }
        } else {
            if bias != nil { kernels.bias_activation(APUS_K_LINEAR, 0, bias, y, Int64(rows), Int64(columns)) }
            kernels.softmax(y, y, nil, Int64(rows), Int64(columns))
        }
    }

    /// dx = dy * activation'(.) from the output y, on dense rows. dx may be dy.
    @inline(__always)
    func gradient(
        _ kernels: borrowing apus_kernels, _ y: UnsafePointer<Float>, _ dy: UnsafePointer<Float>,
        _ dx: UnsafeMutablePointer<Float>, rows: Int, columns: Int
    ) {
        if let code {
            kernels.activation_gradient(code, alpha, y, dy, dx, Int64(rows * columns))
        } else {
            kernels.softmax_gradient(y, dy, dx, Int64(rows), Int64(columns))
        }
    }
}
