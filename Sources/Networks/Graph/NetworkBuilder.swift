import Core

/// A network under construction: layers are added in order, shapes are checked at once.
package final class NetworkBuilder {
    package let name: String
    private var layers: [GraphLayer] = []
    private var calls: [GraphCall] = []
    private var values: [GraphValue] = []
    private var names: Set<String> = []
    /// The last number given to each stem of a name.
    private var lastNumbers: [String: Int] = [:]
    private var allocator: Allocator
    /// Layers that one network may have.
    private let maximumLayers: Int

    package static let specs = [
        ParameterSpec("name", .text, default: "sequential", "the model's name, as Keras shows it")
    ]

    package init(name: String, allocator: Allocator, maximumLayers: Int = 100_000) {
        self.name = name
        self.allocator = allocator
        self.maximumLayers = maximumLayers
    }

    /// Values so far: one for each output of each call.
    package var count: Int { values.count }
    var layerCount: Int { layers.count }

    /// Adds a layer called on earlier values (nil: the last one) and returns the number of its first output; further
    /// outputs have the numbers after it. Throws with the layer's name in front.
    @discardableResult
    package func add(_ kind: String, given: [(key: String, value: JSON)], inputs: [Int]?) throws(ApusError) -> Int {
        let entry = try LayerCatalog.family.entry(kind)
        let common = given.filter { item in LayerCatalog.common.contains { $0.name == item.key } }
        let own = given.filter { item in !LayerCatalog.common.contains { $0.name == item.key } }
        let shared = try Parameters(kind: entry.className, specs: LayerCatalog.common, given: common)
        let name = shared["name"].stringValue ?? freshName(entry.className)
        do {
            let parameters = try Parameters(kind: entry.className, specs: entry.parameters, given: own)
            let layer = try entry.make(parameters)
            return try add(
                GraphLayer(
                    name: name, isTrainable: shared.boolean("trainable"), layer: layer),
                inputs: inputs)
        } catch { throw error.within("layer '\(name)'") }
    }

    /// Adds a model as a layer: its definition with its weights of this moment to begin with. Parameters are those that
    /// every layer has; without a name it takes the model's, made unique.
    package func add(_ model: NetworkModel, given: [(key: String, value: JSON)], inputs: [Int]?) throws(ApusError)
        -> Int
    {
        let shared = try Parameters(kind: "model", specs: LayerCatalog.common, given: given)
        // A model may have a name that a layer cannot have.
        let parts = model.graph.name.utf8.split { $0 == UInt8(ascii: "/") || $0 == 0 }
        let own = parts.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "_")
        let name = shared["name"].stringValue ?? freshName(own.isEmpty ? "model" : own)
        do throws(ApusError) {
            return try add(
                GraphLayer(
                    name: name, isTrainable: shared.boolean("trainable"),
                    layer: NestedModel(model.graph, start: model.weights)),
                inputs: inputs)
        } catch { throw error.within("layer '\(name)'") }
    }

    /// Adds a made layer. Its errors do not carry its name.
    package func add(_ layer: GraphLayer, inputs given: [Int]?) throws(ApusError) -> Int {
        guard layers.count < maximumLayers else {
            throw .limit("A network may have at most \(maximumLayers) layers.")
        }
        // By bytes: a slash with a combining mark after it is another Character, but still a slash in a file.
        let bytes = layer.name.utf8
        guard bytes.count >= 1, bytes.count <= 64_512, !bytes.contains(UInt8(ascii: "/")), !bytes.contains(0) else {
            throw .invalid("The name must be 1 to 64512 bytes (what Keras can keep) without '/' and zero bytes, got '\(layer.name.prefix(80))'.")
        }
        guard names.insert(layer.name).inserted else {
            throw .invalid("There is already a layer named '\(layer.name)'.")
        }
        layers.append(layer)
        do { return try call(layers.count - 1, inputs: given) } catch {
            layers.removeLast()
            names.remove(layer.name)
            throw error
        }
    }

    /// Calls a layer of the network once more, the one that made a value, on other values: its weights are shared.
    /// Returns the number of the first output. Throws with the layer's name in front.
    package func callAgain(_ value: Int, inputs: [Int]) throws(ApusError) -> Int {
        guard value >= 0, value < values.count else { throw missing(value, "The layer's") }
        let layer = calls[values[value].call].layer
        do { return try call(layer, inputs: inputs) } catch { throw error.within("layer '\(layers[layer].name)'") }
    }

    private func missing(_ value: Int, _ whose: String) -> ApusError {
        .invalid(
            "\(whose) node is \(value), but there are "
                + (values.isEmpty ? "none yet." : "nodes 0 to \(values.count - 1)."))
    }

    /// The shape of one row of a value. Throws `invalidArgument` for a number that is none.
    package func shape(of value: Int) throws(ApusError) -> Shape {
        guard value >= 0, value < values.count else { throw missing(value, "The") }
        return values[value].shape
    }

    /// How many values the call has that made `value`.
    package func outputs(of value: Int) -> Int { calls[values[value].call].outputs.count }

    /// Calls a layer that the network has on some values; returns the number of the first output.
    func call(_ layer: Int, inputs given: [Int]?) throws(ApusError) -> Int {
        let kind = layers[layer].layer
        let isInput = kind is InputLayer
        let inputs = given ?? (isInput ? [] : values.isEmpty ? [] : [values.count - 1])
        if isInput, !inputs.isEmpty { throw .invalid("An input layer takes no inputs, got \(inputs.count).") }
        if !isInput, inputs.isEmpty {
            throw .invalid("It comes first, but only an Input layer can: add one with the shape of a row.")
        }
        let range = kind.inputCount
        if !isInput, !range.contains(inputs.count) {
            let wanted =
                range.upperBound == range.lowerBound
                ? (range.lowerBound == 1 ? "one input" : "\(range.lowerBound) inputs")
                : range.upperBound == .max
                    ? "at least \(range.lowerBound) inputs" : "\(range.lowerBound) to \(range.upperBound) inputs"
            throw .shape("\(kind.parameters.kind) takes \(wanted), got \(inputs.count).")
        }
        for input in inputs where input < 0 || input >= values.count { throw missing(input, "Its input") }
        let shapes = try kind.outputShapes(inputs.map { values[$0].shape })
        for shape in shapes {
            guard let count = shape.knownCount, count <= Int(Int32.max) else {
                throw .limit("Its output of shape \(shape) per row is too large.")
            }
        }
        let first = values.count
        for (index, shape) in shapes.enumerated() {
            values.append(GraphValue(call: calls.count, index: index, shape: shape))
        }
        calls.append(GraphCall(layer: layer, inputs: inputs, outputs: first..<values.count))
        return first
    }

    /// "dense", "dense_1", ...: Keras's names.
    private func freshName(_ className: String) -> String { unusedName(snakeCase(className)) }

    /// The stem, or the stem with the next number that makes a name which no layer has.
    func unusedName(_ stem: String) -> String {
        if !names.contains(stem) { return stem }
        // Layers are never taken out of a network, so what was taken once stays taken.
        var number = lastNumbers[stem, default: 0] + 1
        while names.contains("\(stem)_\(number)") { number += 1 }
        lastNumbers[stem] = number - 1
        return "\(stem)_\(number)"
    }

    /// The graph of everything that the outputs (nil: the last value) depend on, and all inputs.
    ///
    /// - Parameter listing: of a configuration: whether its class is Sequential, and the names of its layers in order.
    package func graph(
        outputs given: [Int]? = nil, inputs order: [Int]? = nil, listing: (isSequential: Bool, names: [String])? = nil
    ) throws(ApusError) -> NetworkGraph {
        guard !values.isEmpty else { throw .invalid("The network has no layers.") }
        let outputs = given ?? [values.count - 1]
        for output in outputs where output < 0 || output >= values.count {
            throw .invalid("Output node \(output) does not exist: there are nodes 0 to \(values.count - 1).")
        }
        guard !outputs.isEmpty else { throw .invalid("A network needs at least one output.") }
        if Set(outputs).count != outputs.count { throw .invalid("An output node is named twice.") }
        var used = Set(outputs.map { values[$0].call })
        for index in calls.indices.reversed() where used.contains(index) {
            used.formUnion(calls[index].inputs.map { values[$0].call })
        }
        func name(_ value: Int) -> String { layers[calls[values[value].call].layer].name }
        func isInput(_ value: Int) -> Bool { layers[calls[values[value].call].layer].layer is InputLayer }
        if let order, let wrong = order.first(where: { $0 < 0 || $0 >= values.count }) {
            throw .invalid("Input node \(wrong) does not exist: there are nodes 0 to \(values.count - 1).")
        }
        let inputs = order ?? values.indices.filter(isInput)
        for input in inputs where !used.contains(values[input].call) {
            throw .invalid("Input '\(name(input))' leads to none of the outputs.")
        }
        // An order given from outside must name each input that is used once, and nothing else.
        let listed = Set(inputs)
        if listed.count != inputs.count { throw .invalid("An input is named twice.") }
        for input in inputs where !isInput(input) {
            throw .invalid("'\(name(input))' is named as an input, but is no input layer.")
        }
        if let missing = values.indices.first(where: {
            used.contains(values[$0].call) && isInput($0) && !listed.contains($0)
        }) {
            throw .invalid("Input '\(name(missing))' is used, but not named among the inputs.")
        }
        // Renumber what is used.
        var layerNumber = [Int](repeating: 0, count: layers.count)
        let keptLayers = Set(used.map { calls[$0].layer }).sorted()
        for (new, old) in keptLayers.enumerated() { layerNumber[old] = new }
        var number = [Int](repeating: 0, count: values.count)
        var keptCalls: [GraphCall] = []
        var keptValues: [GraphValue] = []
        for index in calls.indices where used.contains(index) {
            let call = calls[index]
            let first = keptValues.count
            for value in call.outputs {
                number[value] = keptValues.count
                keptValues.append(
                    GraphValue(call: keptCalls.count, index: values[value].index, shape: values[value].shape))
            }
            keptCalls.append(
                GraphCall(
                    layer: layerNumber[call.layer], inputs: call.inputs.map { number[$0] },
                    outputs: first..<keptValues.count))
        }
        let kept = keptLayers.map { layers[$0] }
        var origin: NetworkGraph.Listing?
        if let listing {
            let numbers = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1.name, $0) })
            origin = .init(isSequential: listing.isSequential, order: listing.names.compactMap { numbers[$0] })
        }
        return try NetworkGraph(
            name: self.name, layers: kept, calls: keptCalls, values: keptValues, inputs: inputs.map { number[$0] },
            outputs: outputs.map { number[$0] }, listing: origin)
    }
}
