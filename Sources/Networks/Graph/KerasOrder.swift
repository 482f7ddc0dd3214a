/// In which order Keras has the layers of a model. It follows from the graph alone: those farthest from the outputs
/// come first, and of equally far ones that which is met first on the way back from the outputs. So Keras has it again
/// when it makes a model of a configuration, whatever order that lists layers in; weights in files go by it.
struct KerasOrder {
    private let graph: NetworkGraph
    /// For each layer, when it is first met; nil for not yet.
    private var meetings: [Int?]
    private var met = 0
    /// Calls, each after those that it depends on.
    private var finished: [Int] = []
    private var visited: [Bool]

    /// The layers of a graph in Keras's order.
    static func layers(of graph: NetworkGraph) -> [Int] {
        if graph.isSequential { return Array(graph.layers.indices) }
        var order = KerasOrder(graph)
        return order.sorted()
    }

    private init(_ graph: NetworkGraph) {
        self.graph = graph
        meetings = [Int?](repeating: nil, count: graph.layers.count)
        visited = [Bool](repeating: false, count: graph.calls.count)
    }

    private mutating func sorted() -> [Int] {
        for output in graph.outputs { walk(back: graph.values[output].call) }
        // How far each call, and each layer, is from the outputs at most.
        var callDepths = [Int](repeating: 0, count: graph.calls.count)
        var layerDepths = [Int](repeating: 0, count: graph.layers.count)
        var masks = KerasMasks(graph)
        for number in finished.reversed() {
            let call = graph.calls[number]
            let depth = max(callDepths[number], layerDepths[call.layer])
            layerDepths[call.layer] = depth
            callDepths[number] = depth
            for input in call.inputs {
                let before = graph.values[input].call
                callDepths[before] = max(callDepths[before], depth + 1)
            }
            if let least = masks.meet(number, depth: depth), let input = call.inputs.first {
                let before = graph.values[input].call
                callDepths[before] = max(callDepths[before], least)
            }
        }
        let (depths, meetings) = (layerDepths, meetings)
        return graph.layers.indices.sorted { a, b in
            depths[a] != depths[b] ? depths[a] > depths[b] : (meetings[a] ?? .max, a) < (meetings[b] ?? .max, b)
        }
    }

    /// Visits a call and all that it depends on, in depth.
    private mutating func walk(back first: Int) {
        var path: [(call: Int, inputs: [Int], next: Int)] = []
        func inputs(_ call: GraphCall) -> [Int] {
            // Keras goes through the arguments by position, then through those by name in the order of names.
            let names = graph.layers[call.layer].layer.inputNames
            guard names.count > 2, call.inputs.count > 2 else { return call.inputs }
            let named = call.inputs.indices.dropFirst().sorted {
                (names[min($0, names.count - 1)], $0) < (names[min($1, names.count - 1)], $1)
            }
            return [call.inputs[0]] + named.map { call.inputs[$0] }
        }
        func enter(_ number: Int) {
            guard !visited[number] else { return }
            visited[number] = true
            let call = graph.calls[number]
            if meetings[call.layer] == nil {
                meetings[call.layer] = met
                met += 1
            }
            path.append((number, inputs(call).map { graph.values[$0].call }, 0))
        }
        enter(first)
        while let last = path.last {
            if last.next < last.inputs.count {
                path[path.count - 1].next += 1
                enter(last.inputs[last.next])
            } else {
                finished.append(last.call)
                path.removeLast()
            }
        }
    }
}
