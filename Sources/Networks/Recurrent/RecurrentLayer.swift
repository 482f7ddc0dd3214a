import CVector
import Core

/// What Bidirectional asks of a recurrent layer.
protocol SequenceLayer: Layer {
    var settings: RecurrentSettings { get }
    var stateCount: Int { get }
}

/// A recurrent layer around a cell: shapes, weights, states, masks and dropout as in Keras.
///
/// Inputs (steps, features) and perhaps the initial states; outputs the last output or all of them and perhaps the last
/// states. A step that a mask leaves out keeps the states, and its output is the one before (or zeros, as
/// zero_output_for_mask says). With `go_backwards` outputs come in the order of processing. Dropout draws one set of
/// factors for each row and pass, the same for all steps and gates: Gal and Ghahramani (2016), "A theoretically
/// grounded application of dropout in recurrent neural networks", arXiv:1512.05287.
final class RecurrentLayer<Cell: RecurrentCell>: SequenceLayer {
    let cell: Cell
    let settings: RecurrentSettings
    let activation: Activation
    let recurrentActivation: Activation?
    /// Names of the parameters that this kind alone has.
    let own: [String]
    let biasInitializer: any Initializer

    init(
        _ cell: Cell, _ settings: RecurrentSettings, activation: Activation, recurrentActivation: Activation? = nil,
        own: [String] = [], biasInitializer: (any Initializer)? = nil
    ) {
        self.cell = cell
        self.settings = settings
        self.activation = activation
        self.recurrentActivation = recurrentActivation
        self.own = own
        self.biasInitializer = biasInitializer ?? settings.bias.initializer
    }

    var parameters: Parameters { settings.parameters }
    var activityRegularizer: (any Regularizer)? { settings.activityRegularizer }
    var inputCount: ClosedRange<Int> { 1...1 + cell.stateCount }
    var inputNames: [String] { ["sequences", "initial_state"] }
    /// Keras's cell has them.
    var variablesPart: String? { "cell" }
    var stateCount: Int { cell.stateCount }
    var width: Int { cell.units * cell.gateCount }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        let kind = parameters.kind
        guard let input = inputs.first, input.rank == 2, input[0] != 0 else {
            throw .shape("\(kind) needs rows of shape (steps, features), got \(inputs.first ?? Shape()).")
        }
        guard inputs.count == 1 || inputs.count == 1 + cell.stateCount else {
            throw .shape("\(kind) takes one input, or one and its \(cell.stateCount) initial states, got \(inputs.count).")
        }
        let state = Shape(cell.units)
        for shape in inputs.dropFirst() where !(shape == state || shape == Shape(Shape.unknown)) {
            throw .shape("The initial states of \(kind) must have shape \(state) per row, got \(shape).")
        }
        let output = settings.returnsSequences ? Shape(input[0], cell.units) : state
        return [output] + (settings.returnsState ? Array(repeating: state, count: cell.stateCount) : [])
    }

    func weights(_ inputs: [Shape]) -> [WeightSpec] {
        let within = snakeCase(parameters.kind) + "_cell/"
        var specs = [
            settings.kernel.spec(Shape(inputs.first?.last ?? 1, width), named: within + "kernel"),
            settings.recurrent.spec(Shape(cell.units, width), named: within + "recurrent_kernel"),
        ]
        if settings.usesBias {
            specs.append(
                WeightSpec(
                    within + "bias", cell.hasRecurrentBias ? Shape(2, width) : Shape(width), biasInitializer,
                    regularizer: settings.bias.regularizer, constraint: settings.bias.constraint))
        }
        return specs
    }

    func state(_ inputs: [Shape]) -> Int { settings.isStateful ? cell.stateCount * cell.units : 0 }

    func outputMasks(_ masks: [Shape?], inputs: [Shape], outputs: [Shape]) -> [OutputMask] {
        outputs.indices.map { $0 == 0 && settings.returnsSequences ? .input(0) : .none }
    }

    // MARK: Memory

    private func layout(_ input: Shape, rows: Int, training: Bool, differentiable: Bool) -> RecurrentLayout {
        RecurrentLayout(
            rows: rows, steps: input[0], inputs: input[1], cell: cell, differentiable: differentiable,
            dropsInputs: training && settings.dropout > 0, dropsState: training && settings.recurrentDropout > 0)
    }

    func layout(_ step: LayerStep) -> RecurrentLayout {
        layout(step.inputShape, rows: step.rows, training: step.training, differentiable: step.isDifferentiable)
    }

    func scratch(_ call: LayerCall) -> Int {
        layout(call.input, rows: call.rows, training: call.training, differentiable: call.training).count
    }

    func workspace(_ call: LayerCall) -> Int {
        let features = call.input[1]
        let forward = RecurrentPass.forwardWorkspace(self, features: features)
        guard call.training else { return forward }
        let positions = cappedProduct(call.rows, call.input[0])
        return max(
            forward,
            RecurrentPass.backwardWorkspace(self, features: features, positions: positions, lanes: call.lanes))
    }

    func forward(_ step: LayerStep, in context: Context) {
        RecurrentPass(self, step, context).forward()
    }

    func backward(_ step: LayerStep, in context: Context) {
        RecurrentPass(self, step, context).backward()
    }

    var config: [(key: String, value: JSON)] {
        settings.config(activation: activation, recurrentActivation: recurrentActivation, own: own)
    }
}
