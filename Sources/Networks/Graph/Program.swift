import Core

/// A graph taken apart for inputs of certain shapes: calls of plain layers on values of known shapes, one after the
/// other. Nested models and composite layers have become their parts, and masks have found their way.
///
/// Memory is not made here: a Plan lays a program out for a number of rows.
package final class Program {
    /// A value on its way through the layers, with the mask that goes with it.
    package struct Flow {
        let value: Int
        /// Shape of one row.
        package let shape: Shape
        /// Rows of this value for each row of the batch: more than one inside of TimeDistributed.
        let factor: Int
        let mask: Int?
        let maskShape: Shape?

        package var isMasked: Bool { mask != nil }

        /// The same value with the mask of another, or none.
        package func masked(like other: Flow?) -> Flow {
            Flow(value: value, shape: shape, factor: factor, mask: other?.mask, maskShape: other?.maskShape)
        }
    }

    /// The memory of a value or of a mask: rows times factor times the shape.
    struct Place {
        let shape: Shape
        let factor: Int
    }

    /// One call of a plain layer.
    struct Step {
        let layer: any Layer
        /// Names of the layers around it and its own, for messages.
        let path: String
        /// Its weights among the graph's.
        let slots: [Int]
        let isTrainable: Bool
        let inputs: [Int]
        let outputs: [Int]
        let factor: Int
        let masks: [Int?]
        /// Masks that the layer writes.
        let ownMasks: [Int?]
    }

    /// A penalty on a value.
    struct Penalty {
        let value: Int
        let regularizer: any Regularizer
    }

    package let graph: NetworkGraph
    /// Shapes of one row of each input.
    package let inputShapes: [Shape]
    private(set) var values: [Place] = []
    private(set) var masks: [Place] = []
    private(set) var steps: [Step] = []
    private(set) var penalties: [Penalty] = []
    /// What each call of a layer gave, by the names of the layers around it and its own: "encoder/dense".
    private(set) var results: [String: [[Int]]] = [:]
    private(set) var inputs: [Int] = []
    private(set) var outputs: [Int] = []
    private(set) var outputMasks: [Int?] = []
    /// Shapes of one row of each output.
    package private(set) var outputShapes: [Shape] = []

    /// Throws `shape`, naming the layer, for inputs that the graph does not take.
    package init(_ graph: NetworkGraph, inputShapes: [Shape]) throws(ApusError) {
        self.graph = graph
        self.inputShapes = inputShapes
        var flows: [Flow] = []
        for shape in inputShapes { flows.append(newValue(shape, factor: 1)) }
        inputs = flows.map(\.value)
        for (value, flow) in zip(graph.inputs, flows) { results[graph.layer(of: value).name] = [[flow.value]] }
        let ends = try run(graph, flows, slots: Array(graph.slots.indices), isTrainable: true, path: "")
        outputs = ends.map(\.value)
        outputMasks = ends.map(\.mask)
        outputShapes = ends.map(\.shape)
    }

    private func newValue(_ shape: Shape, factor: Int) -> Flow {
        values.append(Place(shape: shape, factor: factor))
        return Flow(value: values.count - 1, shape: shape, factor: factor, mask: nil, maskShape: nil)
    }

    /// Makes the calls of a graph. `slots` are the places of its weights among those of the whole graph.
    func run(
        _ inner: NetworkGraph, _ given: [Flow], slots: [Int], isTrainable: Bool, path: String
    ) throws(ApusError) -> [Flow] {
        var flows = [Flow?](repeating: nil, count: inner.values.count)
        for (value, flow) in zip(inner.inputs, given) { flows[value] = flow }
        for call in inner.calls where !call.inputs.isEmpty {
            let layer = inner.layers[call.layer]
            let made = try self.call(
                layer, call.inputs.compactMap { flows[$0] }, slots: layer.slots.map { slots[$0] },
                isTrainable: isTrainable, path: path)
            for (value, flow) in zip(call.outputs, made) { flows[value] = flow }
        }
        return inner.outputs.compactMap { flows[$0] }
    }

    /// Makes one call of a layer.
    func call(
        _ named: GraphLayer, _ inputs: [Flow], slots: [Int], isTrainable outer: Bool, path outerPath: String
    ) throws(ApusError) -> [Flow] {
        let layer = named.layer
        let path = outerPath.isEmpty ? named.name : outerPath + "/" + named.name
        let isTrainable = outer && named.isTrainable
        var results: [Flow]
        if let composite = layer as? any CompositeLayer {
            let expansion = Expansion(self, slots: slots, isTrainable: isTrainable, path: path)
            results = try composite.expand(inputs, in: expansion)
        } else {
            results = try plainCall(layer, inputs, slots: slots, isTrainable: isTrainable, path: path)
        }
        self.results[path, default: []].append(results.map(\.value))
        if let regularizer = layer.activityRegularizer, let first = results.first {
            penalties.append(Penalty(value: first.value, regularizer: regularizer))
        }
        return results
    }

    private func plainCall(
        _ layer: any Layer, _ inputs: [Flow], slots: [Int], isTrainable: Bool, path: String
    ) throws(ApusError) -> [Flow] {
        let shapes = inputs.map(\.shape)
        let factor = inputs.first?.factor ?? 1
        let outputs: [Shape]
        do { outputs = try layer.outputShapes(shapes) } catch { throw error.within("layer '\(path)'") }
        for shape in outputs {
            guard let count = shape.checkedCount, count <= Int(Int32.max) else {
                throw .limit("layer '\(path)': its output of shape \(shape) per row is too large.")
            }
        }
        let rules = layer.outputMasks(inputs.map(\.maskShape), inputs: shapes, outputs: outputs)
        var results: [Flow] = []
        var own: [Int?] = []
        for (index, shape) in outputs.enumerated() {
            let flow = newValue(shape, factor: factor)
            switch index < rules.count ? rules[index] : .none {
            case .none:
                results.append(flow)
                own.append(nil)
            case .input(let source):
                results.append(flow.masked(like: source < inputs.count ? inputs[source] : nil))
                own.append(nil)
            case .own(let maskShape):
                masks.append(Place(shape: maskShape, factor: factor))
                results.append(
                    Flow(
                        value: flow.value, shape: shape, factor: factor, mask: masks.count - 1, maskShape: maskShape))
                own.append(masks.count - 1)
            }
        }
        steps.append(
            Step(
                layer: layer, path: path, slots: slots, isTrainable: isTrainable, inputs: inputs.map(\.value),
                outputs: results.map(\.value), factor: factor, masks: inputs.map(\.mask), ownMasks: own))
        return results
    }

    /// The same memory as rows of another kind: each step of a sequence as a row, or back.
    fileprivate func refold(_ flow: Flow, to shape: Shape, factor: Int, path: String) -> Flow {
        let result = newValue(shape, factor: factor)
        steps.append(
            Step(
                layer: Refold.shared, path: path, slots: [], isTrainable: true, inputs: [flow.value],
                outputs: [result.value], factor: flow.factor, masks: [nil], ownMasks: [nil]))
        return result
    }
}

/// Where a composite layer makes the calls that it consists of.
package final class Expansion {
    private let program: Program
    private let slots: [Int]
    private let isTrainable: Bool
    private let path: String

    init(_ program: Program, slots: [Int], isTrainable: Bool, path: String) {
        self.program = program
        self.slots = slots
        self.isTrainable = isTrainable
        self.path = path
    }

    /// Calls an inner layer.
    ///
    /// - Parameter weights: where its weights are among those of the composite layer.
    package func call(
        _ layer: GraphLayer, _ inputs: [Program.Flow], weights: Range<Int> = 0..<0
    ) throws(ApusError) -> [Program.Flow] {
        guard weights.upperBound <= slots.count else {
            throw ApusError(.internal, "layer '\(path)' has \(slots.count) weights, its parts use \(weights.upperBound).")
        }
        return try program.call(
            layer, inputs, slots: Array(slots[weights]), isTrainable: isTrainable, path: path)
    }

    /// Calls an inner layer that has no weights and no name of its own.
    package func call(_ layer: any Layer, _ inputs: [Program.Flow]) throws(ApusError) -> [Program.Flow] {
        try call(GraphLayer(name: snakeCase(layer.parameters.kind), isTrainable: true, layer: layer), inputs)
    }

    /// Makes the calls of a graph whose weights are all of the composite layer's.
    func run(_ graph: NetworkGraph, _ inputs: [Program.Flow]) throws(ApusError) -> [Program.Flow] {
        try program.run(graph, inputs, slots: slots, isTrainable: isTrainable, path: path)
    }

    /// Each step of a value (its first axis) as a row of its own; without a mask.
    package func fold(_ flow: Program.Flow) -> Program.Flow {
        program.refold(
            flow, to: flow.shape.dropFirst(1), factor: flow.factor * max(flow.shape.rank > 0 ? flow.shape[0] : 1, 1),
            path: path)
    }

    /// Rows that `fold` made of a value's steps as steps again; without a mask.
    package func unfold(_ flow: Program.Flow, like folded: Program.Flow) -> Program.Flow {
        program.refold(
            flow, to: flow.shape.prefixed(by: folded.shape.rank > 0 ? folded.shape[0] : 1), factor: folded.factor,
            path: path)
    }
}

/// The identity, under another division of the same memory into rows.
private final class Refold: Layer {
    static let shared = Refold()
    let parameters = Parameters(kind: "Refold")
    var isView: Bool { true }
    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] { inputs }
    func forward(_ step: LayerStep, in context: Context) {}
    func backward(_ step: LayerStep, in context: Context) {}
}
