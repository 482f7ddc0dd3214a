import CVector
import Core

/// What is measured on passes: the losses of the outputs with their weights, and the metrics, summed up from batch to
/// batch in double precision under Keras's names.
final class Measures {
    struct Item {
        let metric: any Metric
        let output: Int
        /// Whether sample weights count.
        let isWeighted: Bool
        let place: MetricPlace
        let name: String
        let start: Int
        let shape: [Int]
    }

    /// False for a trainer of the caller's own losses; `losses` then stand for what is never asked.
    let hasLoss: Bool
    let losses: [any Loss]
    let layouts: [LossLayout]
    /// By output, as the total loss weighs its losses.
    let lossWeights: [Double]
    let items: [Item]
    /// "loss", with several outputs that of each, then the metrics, one name for each number.
    let names: [String]
    private let state: Buffer<Double>
    private var loss = 0.0
    private var outputLosses: [Double]
    private var rows = 0.0

    static let specs = [
        ParameterSpec(
            "loss", .any("null, or a loss, or one for each output: an array, or an object by the outputs' names"),
            default: .null, "what to minimise; null where the caller's own gradients alone train"),
        ParameterSpec(
            "metrics", .any("a metric, an array of metrics, or one of these for each output"), default: .array([]),
            "what else to report"),
        ParameterSpec(
            "weighted_metrics", .any("as metrics"), default: .array([]), "metrics in which sample weights count"),
        ParameterSpec(
            "loss_weights", .any("null, or a number for each output: an array, or an object by the outputs' names"),
            default: JSON.null, "weights of the losses in their sum"),
    ]

    /// Throws `invalidArgument` for a loss or metric that does not fit the outputs.
    init(_ graph: NetworkGraph, _ parameters: Parameters, in allocator: Allocator) throws(ApusError) {
        let outputs = Measures.outputNames(graph)
        var losses: [any Loss] = []
        var layouts: [LossLayout] = []
        hasLoss = !parameters["loss"].isNull
        let given = try Measures.perOutput(
            hasLoss ? parameters["loss"] : "mse", outputs, "loss", "losses", repeats: true)
        if !hasLoss, let key = ["metrics", "weighted_metrics"].first(where: { Measures.isAny(parameters[$0]) }) {
            throw .invalid("The \(key) of a trainer need a loss, which says what the targets are.")
        }
        for (index, json) in given.enumerated() {
            let loss = try LossCatalog.family.make(json)
            let shape = graph.outputShape(index)
            let layout = try loss.layout(rank: shape.rank)
            if case .axis(let axis) = layout, shape.rank > 0, shape[axis] >= 0 { try loss.checkWidth(shape[axis]) }
            losses.append(loss)
            layouts.append(layout)
        }
        self.losses = losses
        self.layouts = layouts
        let weights = parameters["loss_weights"]
        if weights.isNull {
            lossWeights = losses.map { _ in 1 }
        } else {
            var values: [Double] = []
            for json in try Measures.perOutput(weights, outputs, "loss_weights", "weights", repeats: outputs.count == 1)
            {
                guard let value = json.doubleValue, Float(value).isFinite else {
                    throw .parameter("loss_weights", of: "trainer", mustBe: "finite numbers", got: weights.text)
                }
                values.append(value)
            }
            lossWeights = values
        }

        var items: [Item] = []
        var names = ["loss"] + (outputs.count > 1 ? outputs.map { $0 + "_loss" } : [])
        var used: [String: Int] = [:]
        var size = 0
        for (key, isWeighted) in [("metrics", false), ("weighted_metrics", true)] {
            for (output, list) in try Measures.metricLists(parameters[key], outputs, key).enumerated() {
                let shape = graph.outputShape(output)
                let kind = losses[output].targetKind
                var width = shape.last
                if kind == .labels, case .axis(let axis) = layouts[output], shape.rank > 0 { width = shape[axis] }
                let place = MetricPlace(kind: kind, width: width, rank: shape.rank + 1)
                for json in list {
                    let (metric, own) = try MetricCatalog.make(json)
                    try metric.check(place)
                    let prefix = outputs.count > 1 ? outputs[output] + "_" : ""
                    var name = prefix + own
                    if isWeighted, used[name] != nil { name = prefix + "weighted_" + own }
                    let number = used[name, default: 0]
                    used[name] = number + 1
                    if number > 0 { name += "_\(number)" }
                    let extents = metric.resultShape(place)
                    items.append(
                        Item(
                            metric: metric, output: output, isWeighted: isWeighted, place: place, name: name,
                            start: size, shape: extents))
                    names += Measures.expanded(name, extents)
                    let (sum, overflow) = size.addingReportingOverflow(metric.stateCount(place))
                    guard !overflow else { throw .limit("The metrics have more state than can be addressed.") }
                    size = sum
                }
            }
        }
        self.items = items
        self.names = names
        outputLosses = losses.map { _ in 0 }
        state = try Buffer(zeros: max(size, 1), in: allocator)
    }

    /// "name", or "name[0]", "name[1]", ..., or "name[0,0]", ....
    private static func expanded(_ name: String, _ shape: [Int]) -> [String] {
        switch shape.count {
        case 0: [name]
        case 1: (0..<shape[0]).map { "\(name)[\($0)]" }
        default: (0..<shape[0]).flatMap { row in (0..<shape[1]).map { "\(name)[\(row),\($0)]" } }
        }
    }

    /// Names of the layers that make the outputs, each once.
    static func outputNames(_ graph: NetworkGraph) -> [String] {
        var names: [String] = []
        for value in graph.outputs {
            let name = graph.layers[graph.calls[graph.values[value].call].layer].name
            var (fresh, number) = (name, 0)
            while names.contains(fresh) {
                number += 1
                fresh = "\(name)_\(number)"
            }
            names.append(fresh)
        }
        return names
    }

    /// Whether metrics are given at all.
    private static func isAny(_ json: JSON) -> Bool { !json.isNull && json.arrayValue?.isEmpty != true }

    /// Whether an object describes one loss or metric, and not one for each output.
    private static func isOne(_ json: JSON) -> Bool { json["class_name"]?.stringValue != nil }

    /// One value for each output: from an array, from an object by names, or the same for all.
    private static func perOutput(
        _ json: JSON, _ outputs: [String], _ key: String, _ noun: String, repeats: Bool
    ) throws(ApusError) -> [JSON] {
        if let list = json.arrayValue {
            guard list.count == outputs.count else {
                throw .invalid("The network has \(outputs.count) outputs, but \(list.count) \(noun) are given.")
            }
            return list
        }
        if let items = json.objectValue, !isOne(json) {
            guard items.count == outputs.count, outputs.allSatisfy({ json[$0] != nil }) else {
                throw .invalid(
                    "The \(key) by output must be for \(outputs.joined(separator: ", ")), got \(items.map(\.key).joined(separator: ", "))."
                )
            }
            return outputs.map { json[$0] ?? .null }
        }
        guard repeats else {
            throw .invalid("The network has \(outputs.count) outputs: \(key) must have one of \(noun) for each.")
        }
        return outputs.map { _ in json }
    }

    /// The metrics of each output.
    private static func metricLists(_ json: JSON, _ outputs: [String], _ key: String) throws(ApusError) -> [[JSON]] {
        func list(_ json: JSON) -> [JSON] { json.isNull ? [] : json.arrayValue ?? [json] }
        if let items = json.objectValue, !isOne(json) {
            if let foreign = items.first(where: { !outputs.contains($0.key) }) {
                throw .invalid(
                    "The \(key) name an output '\(foreign.key)'; the outputs are \(outputs.joined(separator: ", ")).")
            }
            return outputs.map { name in list(json[name] ?? .null) }
        }
        let all = list(json)
        if outputs.count == 1 { return [all.flatMap(list)] }
        if all.isEmpty { return outputs.map { _ in [] } }
        guard json.arrayValue != nil, all.count == outputs.count else {
            throw .invalid(
                "The network has \(outputs.count) outputs: \(key) must be an array of what each has, or an object by the outputs' names."
            )
        }
        return all.map(list)
    }

    // MARK: Sums

    func reset() {
        (loss, rows) = (0, 0)
        for index in outputLosses.indices { outputLosses[index] = 0 }
        state.pointer.update(repeating: 0, count: state.count)
    }

    /// Counts the losses of a batch of so many rows.
    func record(loss: Double, of outputs: [Double], rows count: Int) {
        self.loss += loss * Double(count)
        for (index, value) in outputs.enumerated() { outputLosses[index] += value * Double(count) }
        rows += Double(count)
    }

    func update(_ item: Item, _ call: MetricCall, _ kernels: borrowing apus_kernels) {
        item.metric.update(state.pointer + item.start, call, kernels)
    }

    /// The mean loss so far.
    var meanLoss: Double { loss / max(rows, 1) }

    /// What stands behind "loss" in `names`.
    var others: [Double] {
        var values = losses.count > 1 ? outputLosses.map { $0 / max(rows, 1) } : []
        for item in items {
            let start = values.count
            values += [Double](repeating: 0, count: item.shape.reduce(1, *))
            values.withUnsafeMutableBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return }
                item.metric.result(state.pointer + item.start, item.place, base + start)
            }
        }
        return values
    }

    var values: [Double] { [meanLoss] + others }
}
