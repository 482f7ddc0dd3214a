import Core

/// How Keras lists a network's layers and their weights in files.
struct KerasLayout {
    /// Whose order and names of classes count.
    enum Source {
        /// Those of the file that the network was read from.
        case file
        /// Those that Keras gives a model of this graph: for writing.
        case graph
    }

    /// Layers in order, without the input of a Sequential model, which Keras does not list.
    private(set) var layers: [Int] = []
    /// The weights of each, by their places in the network's list: trainable ones first, then the others, both in order
    /// of creation.
    private(set) var slots: [[Int]] = []
    /// Trainable weights in the order in which optimizers have them.
    private(set) var trainable: [Int] = []
    let layout: NetworkLayout

    init(_ graph: NetworkGraph, from source: Source) {
        let block = WeightBlock(count: graph.weightCount)
        var weights: [WeightLayout] = []
        var children: [(key: String, tree: WeightTree)] = []
        var keys = Keys()
        for index in KerasLayout.order(graph, source) {
            let layer = graph.layers[index]
            let object = KerasLayout.object(
                layer, layer.slots.enumerated().map { (name: graph.slots[$1].name, place: $0) }, source)
            let created = object.all.map { layer.slots[$0] }
            let kept = created.filter { graph.slots[$0].isTrainable } + created.filter { !graph.slots[$0].isTrainable }
            var places = [Int](repeating: 0, count: layer.slots.count)
            let first = layer.slots.first ?? 0
            for (place, slot) in kept.enumerated() { places[slot - first] = place }
            children.append(
                (key: keys.key(of: layer, source), tree: object.tree(layer: layers.count, places: places)))
            weights.append(
                WeightLayout(
                    layer: layer.name, weights: kept.map { (graph.slots[$0].name, graph.slots[$0].shape) },
                    block: block, offsets: kept.map { graph.slots[$0].offset }))
            layers.append(index)
            slots.append(kept)
            trainable += created.filter { graph.slots[$0].isTrainable }
        }
        layout = NetworkLayout(
            layers: weights,
            tree: WeightTree(name: graph.name, children: [(key: "layers", tree: WeightTree(children: children))]))
    }

    private static func order(_ graph: NetworkGraph, _ source: Source) -> [Int] {
        let order = source == .file ? graph.listing?.order : nil
        let all = order ?? KerasOrder.layers(of: graph)
        guard isSequential(graph, source) else { return all }
        return all.filter { !(graph.layers[$0].layer is InputLayer) }
    }

    private static func isSequential(_ graph: NetworkGraph, _ source: Source) -> Bool {
        source == .file ? graph.listing?.isSequential ?? graph.isSequential : graph.isSequential
    }

    /// Names of groups: the class in snake case, with a number from the second of a class on.
    private struct Keys {
        private var counts: [String: Int] = [:]

        mutating func key(of layer: GraphLayer, _ source: Source) -> String {
            let kind: String
            if let model = layer.layer as? NestedModel {
                kind = KerasLayout.isSequential(model.graph, source) ? "sequential" : "functional"
            } else {
                kind = snakeCase(layer.layer.parameters.kind)
            }
            let count = counts[kind, default: 0]
            counts[kind] = count + 1
            return count == 0 ? kind : "\(kind)_\(count)"
        }
    }

    // MARK: Objects

    /// An object of Keras with its variables, by their places among the weights of the outermost layer.
    private struct Object {
        var name: String?
        var variables: [Int] = []
        var children: [(key: String, object: Object)] = []

        /// In order of creation.
        var all: [Int] { variables + children.flatMap(\.object.all) }

        func tree(layer: Int, places: [Int]) -> WeightTree {
            WeightTree(
                name: name, variables: variables.map { .init(layer: layer, weight: places[$0]) },
                children: children.map { (key: $0.key, tree: $0.object.tree(layer: layer, places: places)) })
        }
    }

    /// - Parameter weights: by their names in the layer.
    private static func object(
        _ layer: GraphLayer, _ weights: [(name: String, place: Int)], _ source: Source
    ) -> Object {
        var object = Object(name: layer.name)
        guard let composite = layer.layer as? any CompositeLayer,
            composite is NestedModel || !composite.partKeys.isEmpty
        else {
            guard let part = layer.layer.variablesPart else {
                object.variables = weights.map(\.place)
                return object
            }
            object.children = [(key: part, object: Object(name: part, variables: weights.map(\.place)))]
            return object
        }
        // The weights of each part, whose name stands before theirs.
        var rest = weights[...]
        func take(_ part: GraphLayer) -> [(name: String, place: Int)] {
            let prefix = part.name + "/"
            let own = rest.prefix { $0.name.utf8.starts(with: prefix.utf8) }
            rest = rest.dropFirst(own.count)
            return own.map { (name: String(decoding: $0.name.utf8.dropFirst(prefix.utf8.count), as: UTF8.self), place: $0.place) }
        }
        let own = composite.parts.map { (part: $0, weights: take($0)) }
        if let model = layer.layer as? NestedModel {
            var keys = Keys()
            let children = order(model.graph, source).map { index in
                (
                    key: keys.key(of: own[index].part, source),
                    object: KerasLayout.object(own[index].part, own[index].weights, source)
                )
            }
            object.children = [(key: "layers", object: Object(children: children))]
        } else {
            object.children = zip(composite.partKeys, own).map { key, item in
                (key: key, object: KerasLayout.object(item.part, item.weights, source))
            }
            object.children += composite.emptyParts.map { key, parts in
                (key: key, object: Object(name: key, children: parts.map { (key: $0, object: Object(name: $0)) }))
            }
        }
        return object
    }
}
