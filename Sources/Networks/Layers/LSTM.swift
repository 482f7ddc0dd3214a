import CVector
import Core

/// Long short-term memory. With a = x kernel + h recurrent_kernel + bias, in the order i, f, c, o of its quarters:
/// c = f' c + i' activation(a_c), h = o' activation(c), where i', f', o' are recurrent_activation of theirs.
///
/// kernel [in, 4 units], recurrent_kernel [units, 4 units], bias [4 units]. Hochreiter and Schmidhuber (1997),
/// doi:10.1162/neco.1997.9.8.1735; forget gates: Gers, Schmidhuber, Cummins (2000), doi:10.1162/089976600300015015.
struct LSTM: RecurrentCell {
    static let entry = Entry<any Layer>(
        "LSTM", doc: "long short-term memory over the steps of a sequence",
        parameters: RecurrentSettings.specs(
            gated: true,
            [
                ParameterSpec(
                    "unit_forget_bias", .boolean, default: true, "whether the bias of the forget gate begins at 1")
            ])
    ) { (parameters) throws(ApusError) in
        let settings = try RecurrentSettings(parameters)
        let activation = try ActivationCatalog.make(parameters["activation"])
        let gateActivation = try ActivationCatalog.make(parameters["recurrent_activation"])
        return RecurrentLayer(
            LSTM(units: settings.units, activation: activation, gateActivation: gateActivation), settings,
            activation: activation, recurrentActivation: gateActivation, own: ["unit_forget_bias"],
            biasInitializer: parameters.boolean("unit_forget_bias")
                ? ForgetBias(inner: settings.bias.initializer) : nil)
    }

    let units: Int
    let activation: Activation
    let gateActivation: Activation
    let gateCount = 4
    let stateCount = 2
    /// activation(c)
    let keeps = true
    let hasRecurrentBias = false
    let products = [RecurrentProduct(gates: 0..<4)]
    var needsInput: Bool { activation.needsInput || gateActivation.needsInput }
    private var isPlain: Bool { gateActivation.code == APUS_K_SIGMOID && activation.code == APUS_K_TANH }

    func forward(_ block: CellBlock, stage: Int, _ bias: CellBias, _ kernels: borrowing apus_kernels) {
        if isPlain {
            kernels.lstm_step(
                block.gates, bias.gates, block.cell, block.nextCell, block.kept, block.nextState, Int64(block.rows),
                Int64(units))
            return
        }
        kernels.bias_activation(APUS_K_LINEAR, 0, bias.gates, block.gates, Int64(block.rows), Int64(4 * units))
        for number in 0..<block.rows {
            let row = block.row(number, units: units, width: 4 * units)
            gateActivation.gates(0..<2, of: row, units: units, kernels)
            activation.gates(2..<3, of: row, units: units, kernels)
            gateActivation.gates(3..<4, of: row, units: units, kernels)
            let (i, f, g, o) = quarters(row)
            for j in 0..<units { row.nextCell[j] = f[j] * row.cell[j] + i[j] * g[j] }
            activation.apply(kernels, row.nextCell, row.kept, rows: 1, columns: units)
            for j in 0..<units { row.nextState[j] = o[j] * row.kept[j] }
        }
    }

    func backward(_ block: CellBlock, _ gradients: CellGradient, stage: Int, _ kernels: borrowing apus_kernels) {
        if isPlain {
            kernels.lstm_step_gradient(
                block.gates, block.kept, block.cell, gradients.state, gradients.cell, Int64(block.rows), Int64(units))
            return
        }
        let room = gradients.room
        for number in 0..<block.rows {
            let row = block.row(number, units: units, width: 4 * units)
            let gradient = gradients.row(number, units: units)
            let (i, f, g, o) = quarters(row)
            for j in 0..<units {
                room[3 * units + j] = gradient.state[j] * row.kept[j]
                gradient.state[j] *= o[j]
            }
            activation.gradient(
                kernels, row.kept, kept: row.nextCell, gradient.state, gradient.state, rows: 1, columns: units)
            for j in 0..<units {
                let dc = gradient.cell[j] + gradient.state[j]
                room[j] = dc * g[j]
                room[units + j] = dc * row.cell[j]
                room[2 * units + j] = dc * i[j]
                gradient.cell[j] = dc * f[j]
                gradient.state[j] = 0
            }
            gateActivation.gateGradients(0..<2, of: row, room: room, units: units, kernels)
            activation.gateGradients(2..<3, of: row, room: room, units: units, kernels)
            gateActivation.gateGradients(3..<4, of: row, room: room, units: units, kernels)
        }
    }

    private func quarters(_ row: CellBlock) -> (
        UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>,
        UnsafeMutablePointer<Float>
    ) {
        (row.gates, row.gates + units, row.gates + 2 * units, row.gates + 3 * units)
    }

    /// The bias with ones for the forget gate.
    private struct ForgetBias: Initializer {
        let inner: any Initializer
        var parameters: Parameters { inner.parameters }

        func fill(_ out: UnsafeMutablePointer<Float>, shape: Shape, random: Philox) {
            inner.fill(out, shape: shape, random: random)
            let units = shape.count / 4
            (out + units).update(repeating: 1, count: units)
        }
    }
}
