import CVector
import Core

/// x where x >= 0, negative_slope x below. Maas, Hannun, Ng (2013), "Rectifier nonlinearities improve neural network
/// acoustic models".
enum LeakyReLU {
    static let entry = Entry<any Layer>(
        "LeakyReLU", doc: "x for x >= 0, negative_slope x below",
        parameters: [
            ParameterSpec("negative_slope", .real(from: 0, to: .infinity), default: 0.3, "slope below 0, >= 0"),
            ParameterSpec(
                "alpha", .nullable(.real(from: 0, to: .infinity)), default: .null, "negative_slope as Keras 2 calls it"),
        ]
    ) { parameters in
        let slope = parameters["alpha"].doubleValue ?? parameters.real("negative_slope")
        let code = slope == 0 ? APUS_K_RELU : APUS_K_LEAKY_RELU
        return ActivationLayer(
            parameters: parameters, activation: Activation("leaky_relu", .elementwise(code), alpha: Float(slope)),
            config: [(key: "alpha", value: .number(slope))])
    }
}
