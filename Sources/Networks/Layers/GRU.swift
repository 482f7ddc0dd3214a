import CVector
import Core

/// Gated recurrent unit. z and r are recurrent_activation of their thirds of x kernel + h recurrent_kernel + biases;
/// the candidate is activation(x_h + r (h R_h + b)) or, with reset_after false, activation(x_h + (r h) R_h);
/// h = z h + (1 - z) candidate.
///
/// kernel [in, 3 units], recurrent_kernel [units, 3 units], bias [2, 3 units] (for the input, for the state) or
/// [3 units]; thirds in the order z, r, h. Cho et al. (2014), doi:10.3115/v1/D14-1179.
struct GRU: RecurrentCell {
    static let entry = Entry<any Layer>(
        "GRU", doc: "gated recurrent units over the steps of a sequence",
        parameters: RecurrentSettings.specs(
            gated: true,
            [
                ParameterSpec(
                    "reset_after", .boolean, default: true,
                    "whether the reset gate comes after the product with the recurrent kernel")
            ])
    ) { (parameters) throws(ApusError) in
        let settings = try RecurrentSettings(parameters)
        let activation = try ActivationCatalog.make(parameters["activation"])
        let gateActivation = try ActivationCatalog.make(parameters["recurrent_activation"])
        return RecurrentLayer(
            GRU(
                units: settings.units, activation: activation, gateActivation: gateActivation,
                resetsAfter: parameters.boolean("reset_after")),
            settings, activation: activation, recurrentActivation: gateActivation, own: ["reset_after"])
    }

    let units: Int
    let activation: Activation
    let gateActivation: Activation
    let resetsAfter: Bool
    let gateCount = 3
    let stateCount = 1
    /// h R_h + b, later its gradient; with reset_after false r h.
    let keeps = true
    let hasRecurrentBias: Bool
    let products: [RecurrentProduct]
    var needsInput: Bool { activation.needsInput || gateActivation.needsInput }
    private var isPlain: Bool {
        resetsAfter && gateActivation.code == APUS_K_SIGMOID && activation.code == APUS_K_TANH
    }

    init(units: Int, activation: Activation, gateActivation: Activation, resetsAfter: Bool) {
        self.units = units
        self.activation = activation
        self.gateActivation = gateActivation
        self.resetsAfter = resetsAfter
        hasRecurrentBias = resetsAfter
        products = [
            RecurrentProduct(gates: 0..<2),
            resetsAfter
                ? RecurrentProduct(gates: 2..<3, writesKept: true)
                : RecurrentProduct(gates: 2..<3, stage: 1, readsKept: true),
        ]
    }

    func forward(_ block: CellBlock, stage: Int, _ bias: CellBias, _ kernels: borrowing apus_kernels) {
        if isPlain {
            kernels.gru_step(
                block.gates, bias.gates, block.kept, bias.kept, block.state, block.nextState, Int64(block.rows),
                Int64(units))
            return
        }
        if stage == 0 {
            kernels.bias_activation(APUS_K_LINEAR, 0, bias.gates, block.gates, Int64(block.rows), Int64(3 * units))
            if resetsAfter {
                kernels.bias_activation(APUS_K_LINEAR, 0, bias.kept, block.kept, Int64(block.rows), Int64(units))
            }
        }
        for number in 0..<block.rows {
            let row = block.row(number, units: units, width: 3 * units)
            let (z, r, candidate) = (row.gates, row.gates + units, row.gates + 2 * units)
            let kept = row.kept
            if stage == 0 {
                gateActivation.gates(0..<2, of: row, units: units, kernels)
                guard resetsAfter else {
                    for j in 0..<units { kept[j] = r[j] * row.operand[j] }
                    continue
                }
                for j in 0..<units { candidate[j] += r[j] * kept[j] }
            }
            activation.gates(2..<3, of: row, units: units, kernels)
            for j in 0..<units { row.nextState[j] = z[j] * row.state[j] + (1 - z[j]) * candidate[j] }
        }
    }

    func backward(_ block: CellBlock, _ gradients: CellGradient, stage: Int, _ kernels: borrowing apus_kernels) {
        if isPlain {
            kernels.gru_step_gradient(
                block.gates, block.kept, block.state, gradients.state, Int64(block.rows), Int64(units))
            return
        }
        let room = gradients.room
        for number in 0..<block.rows {
            let row = block.row(number, units: units, width: 3 * units)
            let gradient = gradients.row(number, units: units)
            let (z, r, candidate) = (row.gates, row.gates + units, row.gates + 2 * units)
            if stage == 1 || resetsAfter {
                for j in 0..<units { room[2 * units + j] = gradient.state[j] * (1 - z[j]) }
                for j in 0..<units { room[j] = gradient.state[j] * (row.state[j] - candidate[j]) }
                for j in 0..<units { gradient.state[j] *= z[j] }
                activation.gateGradients(2..<3, of: row, room: room, units: units, kernels)
                gateActivation.gateGradients(0..<1, of: row, room: room, units: units, kernels)
                guard resetsAfter else { continue }
                for j in 0..<units {
                    room[units + j] = candidate[j] * row.kept[j]
                    row.kept[j] = candidate[j] * r[j]
                }
            } else {
                for j in 0..<units {
                    room[units + j] = gradient.kept[j] * row.operand[j]
                    gradient.operand[j] += gradient.kept[j] * r[j]
                }
            }
            gateActivation.gateGradients(1..<2, of: row, room: room, units: units, kernels)
        }
    }
}
