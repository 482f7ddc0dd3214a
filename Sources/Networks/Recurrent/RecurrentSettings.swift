import Core

/// The parameters that all recurrent layers have, as Keras 3 names them.
struct RecurrentSettings: Sendable {
    let parameters: Parameters
    let units: Int
    let usesBias: Bool
    let kernel: WeightSettings
    let recurrent: WeightSettings
    let bias: WeightSettings
    let activityRegularizer: (any Regularizer)?
    let dropout: Float
    let recurrentDropout: Float
    let returnsSequences: Bool
    let returnsState: Bool
    let goesBackwards: Bool
    let isStateful: Bool
    /// Outputs of steps that do not count are zeros, not the output before.
    let zeroesOutput: Bool

    /// - Parameters:
    ///   - gated: with an activation for the gates.
    ///   - own: what one kind has for itself.
    static func specs(gated: Bool, _ own: [ParameterSpec] = []) -> [ParameterSpec] {
        var specs = [
            ParameterSpec("units", .integer(1...Int(Int32.max / 4)), default: nil, "size of the state and of the output"),
            ParameterSpec("activation", .object("an activation, or null"), default: "tanh", "of the candidate and output"),
        ]
        if gated {
            specs.append(
                ParameterSpec(
                    "recurrent_activation", .object("an activation, or null"), default: "sigmoid", "of the gates"))
        }
        specs.append(ParameterSpec("use_bias", .boolean, default: true, "whether there is a bias"))
        specs += WeightSettings.specs("kernel", initializer: "glorot_uniform")
        specs += WeightSettings.specs("recurrent", initializer: "orthogonal")
        specs += WeightSettings.specs("bias", initializer: "zeros")
        specs.append(RegularizerCatalog.activity)
        let share = Constraint.real(from: 0, to: 0x1.fffffep-1)
        specs += own
        specs += [
            ParameterSpec("dropout", share, default: 0.0, "share of the inputs set to zero in training, in [0, 1)"),
            ParameterSpec(
                "recurrent_dropout", share, default: 0.0,
                "share of the state set to zero where it meets the recurrent kernel in training, in [0, 1)"),
            ParameterSpec("seed", .any("a whole number or null"), default: .null, "kept for Keras"),
            ParameterSpec(
                "return_sequences", .boolean, default: false, "the output of every step instead of the last one"),
            ParameterSpec("return_state", .boolean, default: false, "the states after the last step, as further outputs"),
            ParameterSpec("go_backwards", .boolean, default: false, "from the last step to the first"),
            ParameterSpec("stateful", .boolean, default: false, "each batch goes on from the states of the one before"),
            ParameterSpec("unroll", .boolean, default: false, "kept for Keras"),
            ParameterSpec(
                "zero_output_for_mask", .boolean, default: false,
                "zeros for steps that do not count, instead of the output before"),
        ]
        return specs
    }

    /// From checked parameters. Throws what the catalogs throw.
    init(_ parameters: Parameters) throws(ApusError) {
        self.parameters = parameters
        units = parameters.integer("units")
        usesBias = parameters.boolean("use_bias")
        kernel = try WeightSettings("kernel", parameters)
        recurrent = try WeightSettings("recurrent", parameters)
        bias = try WeightSettings("bias", parameters)
        activityRegularizer = try RegularizerCatalog.make(
            parameters["activity_regularizer"], lenient: parameters.isLenient)
        dropout = Float(parameters.real("dropout"))
        recurrentDropout = Float(parameters.real("recurrent_dropout"))
        returnsSequences = parameters.boolean("return_sequences")
        returnsState = parameters.boolean("return_state")
        goesBackwards = parameters.boolean("go_backwards")
        isStateful = parameters.boolean("stateful")
        zeroesOutput = parameters.boolean("zero_output_for_mask")
    }

    /// The configuration in the portable notation; `own` are the keys of one kind.
    func config(
        activation: Activation, recurrentActivation: Activation?, own: [String]
    ) -> [(key: String, value: JSON)] {
        func plain(_ names: [String]) -> [(key: String, value: JSON)] {
            names.map { (key: $0, value: parameters[$0]) }
        }
        var items = plain(["return_sequences", "return_state", "go_backwards", "stateful", "unroll"])
        // A key of Keras 3 alone, so only where it says something.
        if zeroesOutput { items.append((key: "zero_output_for_mask", value: true)) }
        items.append((key: "units", value: .integer(units)))
        items.append((key: "activation", value: activation.config))
        if let recurrentActivation {
            items.append((key: "recurrent_activation", value: recurrentActivation.config))
        }
        items.append((key: "use_bias", value: .bool(usesBias)))
        items += kernel.config + recurrent.config + bias.config
        items.append((key: "activity_regularizer", value: activityRegularizer?.config ?? .null))
        return items + plain(own + ["dropout", "recurrent_dropout"])
    }
}
