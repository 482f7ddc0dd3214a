import Core

/// A network under construction: layers are added in order, shapes are checked at once.
package final class NetworkBuilder {
    package let name: String
    private var layers: [GraphLayer] = []
    private var nodes: [GraphNode] = []
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

    package var count: Int { nodes.count }
    var layerCount: Int { layers.count }

    /// Adds a layer called on earlier nodes (nil: the last one) and returns the number of its node. Throws with the
    /// layer's name in front.
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

    /// Adds a made layer. Its errors do not carry its name.
    func add(_ layer: GraphLayer, inputs given: [Int]?) throws(ApusError) -> Int {
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

    /// Calls a layer that the network has on some nodes.
    func call(_ layer: Int, inputs given: [Int]?) throws(ApusError) -> Int {
        let isInput = layers[layer].layer is InputLayer
        let inputs = given ?? (isInput ? [] : nodes.isEmpty ? [] : [nodes.count - 1])
        if isInput, !inputs.isEmpty { throw .invalid("An input layer takes no inputs, got \(inputs.count).") }
        if !isInput, inputs.isEmpty {
            throw .invalid("It comes first, but only an Input layer can: add one with the shape of a row.")
        }
        if !isInput, inputs.count != 1 {
            throw .shape("\(layers[layer].layer.parameters.kind) takes one input, got \(inputs.count).")
        }
        for input in inputs where input < 0 || input >= nodes.count {
            throw .invalid("Its input is node \(input), but there are nodes 0 to \(nodes.count - 1).")
        }
        let shape = try layers[layer].layer.outputShape(inputs.map { nodes[$0].shape })
        guard let count = shape.checkedCount, count <= Int(Int32.max) else {
            throw .limit("Its output of shape \(shape) per row is too large.")
        }
        nodes.append(GraphNode(layer: layer, inputs: inputs, shape: shape))
        return nodes.count - 1
    }

    /// "dense", "dense_1", ...: Keras's names.
    private func freshName(_ className: String) -> String {
        let stem = snakeCase(className)
        if !names.contains(stem) { return stem }
        // Layers are never taken out of a network, so what was taken once stays taken.
        var number = lastNumbers[stem, default: 0] + 1
        while names.contains("\(stem)_\(number)") { number += 1 }
        lastNumbers[stem] = number - 1
        return "\(stem)_\(number)"
    }

    /// The graph of everything that the outputs (nil: the last node) depend on, and all inputs.
    package func graph(outputs given: [Int]? = nil, inputs order: [Int]? = nil) throws(ApusError) -> NetworkGraph {
        guard !nodes.isEmpty else { throw .invalid("The network has no layers.") }
        let outputs = given ?? [nodes.count - 1]
        for output in outputs where output < 0 || output >= nodes.count {
            throw .invalid("Output node \(output) does not exist: there are nodes 0 to \(nodes.count - 1).")
        }
        guard !outputs.isEmpty else { throw .invalid("A network needs at least one output.") }
        if Set(outputs).count != outputs.count { throw .invalid("An output node is named twice.") }
        var used = Set(outputs)
        for index in nodes.indices.reversed() where used.contains(index) { used.formUnion(nodes[index].inputs) }
        func isInput(_ node: Int) -> Bool { layers[nodes[node].layer].layer is InputLayer }
        let inputs = order ?? nodes.indices.filter(isInput)
        for input in inputs where !used.contains(input) {
            throw .invalid("Input '\(layers[nodes[input].layer].name)' leads to none of the outputs.")
        }
        // An order given from outside must name each input that is used once, and nothing else.
        let listed = Set(inputs)
        if listed.count != inputs.count { throw .invalid("An input is named twice.") }
        for input in inputs where !isInput(input) {
            throw .invalid("'\(layers[nodes[input].layer].name)' is named as an input, but is no input layer.")
        }
        if let missing = nodes.indices.first(where: { used.contains($0) && isInput($0) && !listed.contains($0) }) {
            throw .invalid("Input '\(layers[nodes[missing].layer].name)' is used, but not named among the inputs.")
        }
        // Renumber what is used.
        let kept = nodes.indices.filter { used.contains($0) }
        var number: [Int: Int] = [:]
        for (new, old) in kept.enumerated() { number[old] = new }
        let keptLayers = Set(kept.map { nodes[$0].layer }).sorted()
        var layerNumber: [Int: Int] = [:]
        for (new, old) in keptLayers.enumerated() { layerNumber[old] = new }
        return try NetworkGraph(
            name: name, layers: keptLayers.map { layers[$0] },
            nodes: kept.map { index in
                GraphNode(
                    layer: layerNumber[nodes[index].layer] ?? 0, inputs: nodes[index].inputs.map { number[$0] ?? 0 },
                    shape: nodes[index].shape)
            },
            inputs: inputs.map { number[$0] ?? 0 }, outputs: outputs.map { number[$0] ?? 0 })
    }
}
