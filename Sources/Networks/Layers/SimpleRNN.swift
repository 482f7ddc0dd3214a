import CVector
import Core

/// h = activation(x kernel + h recurrent_kernel + bias).
///
/// kernel [in, units], recurrent_kernel [units, units], bias [units].
struct SimpleRNN: RecurrentCell {
    static let entry = Entry<any Layer>(
        "SimpleRNN", doc: "h = activation(x kernel + h recurrent_kernel + bias), step by step",
        parameters: RecurrentSettings.specs(gated: false)
    ) { (parameters) throws(ApusError) in
        let settings = try RecurrentSettings(parameters)
        let activation = try ActivationCatalog.make(parameters["activation"])
        return RecurrentLayer(
            SimpleRNN(units: settings.units, activation: activation), settings, activation: activation)
    }

    let units: Int
    let activation: Activation
    let gateCount = 1
    let stateCount = 1
    let keeps = false
    let hasRecurrentBias = false
    let products = [RecurrentProduct(gates: 0..<1)]
    var needsInput: Bool { activation.needsInput }

    func forward(_ block: CellBlock, stage: Int, _ bias: CellBias, _ kernels: borrowing apus_kernels) {
        activation.apply(
            kernels, bias: bias.gates, block.gates, keeping: block.before, rows: block.rows, columns: units)
        block.nextState.update(from: block.gates, count: block.rows * units)
    }

    func backward(_ block: CellBlock, _ gradient: CellGradient, stage: Int, _ kernels: borrowing apus_kernels) {
        activation.gradient(
            kernels, block.gates, kept: block.before.map { UnsafePointer($0) }, gradient.state, block.gates,
            rows: block.rows, columns: units)
        gradient.state.update(repeating: 0, count: block.rows * units)
    }
}
