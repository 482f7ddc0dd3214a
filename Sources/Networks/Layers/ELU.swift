import CVector
import Core

/// x where x > 0, alpha (exp(x) - 1) below. Clevert, Unterthiner, Hochreiter (2016), arXiv:1511.07289.
enum ELU {
    static let entry = Entry<any Layer>(
        "ELU", doc: "x for x > 0, alpha (exp(x) - 1) below",
        parameters: [ParameterSpec("alpha", .real(from: 0, to: .infinity), default: 1.0, "what it falls to, >= 0")]
    ) { parameters in
        ActivationLayer(
            parameters: parameters,
            activation: Activation("elu", .elementwise(APUS_K_ELU), alpha: Float(parameters.real("alpha"))),
            config: parameters.values)
    }
}
