import Core

/// A layer whose rows come with the channels first: they are moved to the end for the layer, and back.
final class ChannelsFirst: CompositeLayer {
    let parameters: Parameters
    private let inner: any Layer

    /// The layer that `make` makes, around it this one where data_format asks for it.
    static func wrapping(
        _ parameters: Parameters, _ make: (Parameters) throws(ApusError) -> any Layer
    ) throws(ApusError) -> any Layer {
        let inner = try make(parameters)
        return parameters.text("data_format") == "channels_first" ? ChannelsFirst(parameters, inner) : inner
    }

    private init(_ parameters: Parameters, _ inner: any Layer) {
        self.parameters = parameters
        self.inner = inner
    }

    var parts: [GraphLayer] { [GraphLayer(name: snakeCase(parameters.kind), isTrainable: true, layer: inner)] }
    var passesMask: Bool { inner.passesMask }
    var activityRegularizer: (any Regularizer)? { inner.activityRegularizer }

    private func moved(_ inputs: [Shape]) -> [Shape] { inputs.map { ChannelsMove.toLast($0) } }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        let shapes = try inner.outputShapes(moved(inputs))
        // What has no axis beside the channels stays as it is.
        return shapes.map { $0.rank < 2 ? $0 : ChannelsMove.toFirst($0) }
    }

    func weights(_ inputs: [Shape]) -> [WeightSpec] { inner.weights(moved(inputs)) }

    func expand(_ inputs: [Program.Flow], in expansion: Expansion) throws(ApusError) -> [Program.Flow] {
        let last = try expansion.call(ChannelsMove(toLast: true), inputs)
        let layer = GraphLayer(name: snakeCase(parameters.kind), isTrainable: true, layer: PlainOutput(inner))
        let count = inner.weights(last.map(\.shape)).count
        let made = try expansion.call(layer, last, weights: 0..<count)
        guard let first = made.first, first.shape.rank > 1 else { return made }
        return try expansion.call(ChannelsMove(toLast: false), made)
    }

    var config: [(key: String, value: JSON)] {
        inner.config.map { item in
            item.key == "data_format" ? (key: item.key, value: "channels_first") : item
        }
    }
}

/// A layer without its activity regularizer, which the layer around it has.
private final class PlainOutput: Layer {
    private let inner: any Layer
    init(_ inner: any Layer) { self.inner = inner }
    var parameters: Parameters { inner.parameters }
    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] { try inner.outputShapes(inputs) }
    func weights(_ inputs: [Shape]) -> [WeightSpec] { inner.weights(inputs) }
    func scratch(_ call: LayerCall) -> Int { inner.scratch(call) }
    func workspace(_ call: LayerCall) -> Int { inner.workspace(call) }
    func prepare(_ call: LayerCall) -> AnyObject? { inner.prepare(call) }
    func forward(_ step: LayerStep, in context: Context) { inner.forward(step, in: context) }
    func backward(_ step: LayerStep, in context: Context) { inner.backward(step, in: context) }
}

/// Moves the axis of the channels from the first place of a row to the last, or back.
private final class ChannelsMove: Layer {
    let parameters = Parameters(kind: "ChannelsMove")
    private let isToLast: Bool

    init(toLast: Bool) { isToLast = toLast }

    static func toLast(_ shape: Shape) -> Shape {
        var result = shape.dropFirst(1)
        if shape.rank > 0 { result.append(shape[0]) }
        return result
    }

    static func toFirst(_ shape: Shape) -> Shape { shape.dropLast.prefixed(by: shape.last) }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        inputs.map { isToLast ? ChannelsMove.toLast($0) : ChannelsMove.toFirst($0) }
    }

    func forward(_ step: LayerStep, in context: Context) {
        move(step, step.input, step.output, toLast: isToLast, in: context)
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient, let dx = step.inputGradient else { return }
        move(step, dy, dx, toLast: !isToLast, in: context)
    }

    private func move(
        _ step: LayerStep, _ from: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>, toLast: Bool,
        in context: Context
    ) {
        let channels = isToLast ? step.inputShape[0] : step.inputShape.last
        let places = channels > 0 ? step.inputCount / channels : 0
        let (high, wide) = toLast ? (channels, places) : (places, channels)
        context.parallel(over: step.rows, by: max(1, (1 << 14) / max(1, step.inputCount))) { rows in
            for row in rows {
                let (x, y) = (from + row * step.inputCount, to + row * step.inputCount)
                for i in 0..<high { for j in 0..<wide { y[j * high + i] = x[i * wide + j] } }
            }
        }
    }
}
