import Core

/// A recurrent layer over a sequence and another one over the same sequence backwards, their outputs merged. Outputs of
/// all steps are merged step by step of the input. Initial states and states: those of the forward layer, then those of
/// the backward one. Schuster and Paliwal (1997), doi:10.1109/78.650093.
final class Bidirectional: CompositeLayer {
    static let entry = Entry<any Layer>(
        "Bidirectional", doc: "a recurrent layer in both directions",
        parameters: [
            ParameterSpec("layer", .object("a layer"), default: nil, "the recurrent layer"),
            ParameterSpec(
                "merge_mode", .nullable(.choice(["concat", "sum", "mul", "ave"])), default: "concat",
                "how the outputs of both are merged; null gives both"),
            ParameterSpec(
                "backward_layer", .nullable(.object("a layer")), default: .null,
                "of the other direction; null for one like the first"),
        ]
    ) { (parameters) throws(ApusError) in
        let given = parameters["layer"]
        let forward = try part(given, of: parameters, "layer") { name, _ in direct("forward_", name) }
        let own = parameters["backward_layer"]
        let backward: GraphLayer
        if own.isNull {
            backward = try part(given, of: parameters, "layer", reversed: true) { name, _ in
                direct("backward_", name.hasPrefix("forward_") ? String(name.dropFirst(8)) : name)
            }
        } else {
            backward = try part(own, of: parameters, "backward_layer") { name, isNamed in
                isNamed ? name : direct("backward_", name)
            }
        }
        return try Bidirectional(parameters: parameters, forward: forward, backward: backward)
    }

    let parameters: Parameters
    private let forwardLayer: GraphLayer
    private let backwardLayer: GraphLayer
    private let forwardPart: any SequenceLayer
    private let backwardPart: any SequenceLayer
    private let mode: BidirectionalMerge.Mode?

    private init(parameters: Parameters, forward: GraphLayer, backward: GraphLayer) throws(ApusError) {
        guard let first = forward.layer as? any SequenceLayer, let second = backward.layer as? any SequenceLayer else {
            throw .internalOrder
        }
        self.parameters = parameters
        forwardLayer = forward
        backwardLayer = backward
        forwardPart = first
        backwardPart = second
        mode = parameters["merge_mode"].stringValue.flatMap { BidirectionalMerge.Mode(rawValue: $0) }
        let (a, b) = (first.settings, second.settings)
        let agree =
            a.returnsSequences == b.returnsSequences && a.returnsState == b.returnsState && a.isStateful == b.isStateful
        guard agree, a.goesBackwards != b.goesBackwards, forward.name != backward.name else {
            throw .parameter(
                "backward_layer", of: "Bidirectional",
                mustBe:
                    "a layer of another name and go_backwards than layer, with the same return_sequences, return_state and stateful",
                got: "one that is not")
        }
    }

    private static func direct(_ direction: String, _ name: String) -> String {
        name.hasPrefix(direction) ? name : direction + name
    }

    /// An inner layer from its configuration, with outputs of zeros where steps do not count, as Keras has it here.
    private static func part(
        _ json: JSON, of parameters: Parameters, _ parameter: String, reversed: Bool = false,
        _ name: (_ given: String, _ isNamed: Bool) -> String
    ) throws(ApusError) -> GraphLayer {
        func made(_ changes: [(key: String, value: JSON)]) throws(ApusError) -> GraphLayer {
            var config = (json["config"]?.objectValue ?? []).filter { item in !changes.contains { $0.key == item.key } }
            config += changes
            let kind = json["class_name"] ?? json
            return try KerasConfig.inner(
                ["class_name": kind, "config": .object(config)], lenient: parameters.isLenient)
        }
        guard json["class_name"]?.stringValue != nil || json.stringValue != nil else {
            return try KerasConfig.inner(json, lenient: parameters.isLenient)
        }
        let isNamed = json["config"]?["name"]?.stringValue != nil
        let plain = json["config"]?["name"]?.stringValue
            ?? snakeCase(json["class_name"]?.stringValue ?? json.stringValue ?? "")
        let plainLayer = try made([(key: "name", value: .string(plain))])
        guard let inner = plainLayer.layer as? any SequenceLayer else {
            throw .parameter(
                parameter, of: "Bidirectional", mustBe: "a SimpleRNN, LSTM or GRU", got: plainLayer.layer.parameters.kind)
        }
        return try made([
            (key: "name", value: .string(name(plain, isNamed))),
            (key: "go_backwards", value: .bool(inner.settings.goesBackwards != reversed)),
            (key: "zero_output_for_mask", value: .bool(inner.settings.returnsSequences)),
        ])
    }

    var parts: [GraphLayer] { [forwardLayer, backwardLayer] }
    var partKeys: [String] { ["forward_layer", "backward_layer"] }
    /// Keras 3.0 keeps the layer that it made both of.
    var emptyParts: [(key: String, parts: [String])] { [("layer", ["cell"])] }
    private var settings: RecurrentSettings { forwardPart.settings }

    var inputCount: ClosedRange<Int> { 1...1 + forwardPart.stateCount + backwardPart.stateCount }
    var inputNames: [String] { forwardPart.inputNames }

    /// The inputs of both layers.
    private func split<T>(_ inputs: [T]) -> (forward: [T], backward: [T]) {
        guard inputs.count > 1 else { return (inputs, inputs) }
        let half = 1 + forwardPart.stateCount
        return (Array(inputs.prefix(half)), Array(inputs.prefix(1) + inputs.dropFirst(half)))
    }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        guard inputs.count == 1 || inputs.count == inputCount.upperBound else {
            throw .shape(
                "Bidirectional takes one input, or one and its \(inputCount.upperBound - 1) initial states, got \(inputs.count).")
        }
        let (first, second) = split(inputs)
        let (a, b): ([Shape], [Shape])
        do { a = try forwardPart.outputShapes(first) } catch { throw error.within("layer '\(forwardLayer.name)'") }
        do { b = try backwardPart.outputShapes(second) } catch { throw error.within("layer '\(backwardLayer.name)'") }
        let states = Array(a.dropFirst() + b.dropFirst())
        guard let mode else { return [a[0], b[0]] + states }
        return try [BidirectionalMerge(mode, reverses: settings.returnsSequences).shape(a[0], b[0])] + states
    }

    func weights(_ inputs: [Shape]) -> [WeightSpec] {
        let (first, second) = split(inputs)
        return forwardPart.weights(first).map { $0.within(forwardLayer.name, isTrainable: forwardLayer.isTrainable) }
            + backwardPart.weights(second).map { $0.within(backwardLayer.name, isTrainable: backwardLayer.isTrainable) }
    }

    func expand(_ inputs: [Program.Flow], in expansion: Expansion) throws(ApusError) -> [Program.Flow] {
        let (first, second) = split(inputs)
        let count = forwardPart.weights(first.map(\.shape)).count
        let a = try expansion.call(forwardLayer, first, weights: 0..<count)
        let b = try expansion.call(
            backwardLayer, second, weights: count..<count + backwardPart.weights(second.map(\.shape)).count)
        let states = Array(a.dropFirst() + b.dropFirst())
        let reverses = settings.returnsSequences
        let mask = reverses ? inputs[0] : nil
        guard let mode else {
            let turned = reverses ? try expansion.call(BidirectionalMerge(nil, reverses: true), [b[0]]) : [b[0]]
            return [a[0]] + turned.map { $0.masked(like: mask) } + states
        }
        let merged = try expansion.call(BidirectionalMerge(mode, reverses: reverses), [a[0], b[0]])
        return merged.map { $0.masked(like: mask) } + states
    }

    /// The layer under its plain name, the other one only where it is not like it: so that every Keras reads it.
    var config: [(key: String, value: JSON)] {
        let layer = Bidirectional.portable(forwardLayer, without: "forward_")
        var items: [(key: String, value: JSON)] = [
            (key: "merge_mode", value: parameters["merge_mode"]), (key: "layer", value: layer),
        ]
        let backward = Bidirectional.portable(backwardLayer, without: "backward_")
        var expected = layer["config"]?.objectValue ?? []
        for index in expected.indices where expected[index].key == "go_backwards" {
            expected[index].value = .bool(backwardPart.settings.goesBackwards)
        }
        if backward["config"] != .object(expected) || backward["class_name"] != layer["class_name"]
            || !backwardLayer.name.hasPrefix("backward_")
        {
            items.append((key: "backward_layer", value: Bidirectional.portable(backwardLayer, without: "")))
        }
        return items
    }

    private static func portable(_ layer: GraphLayer, without direction: String) -> JSON {
        let wrapped = KerasConfig.wrapped(layer)
        let items = (wrapped.objectValue ?? []).map { item -> (key: String, value: JSON) in
            guard item.key == "config", let config = item.value.objectValue else { return item }
            let kept = config.compactMap { entry -> (key: String, value: JSON)? in
                if entry.key == "zero_output_for_mask" { return nil }
                guard entry.key == "name", !direction.isEmpty, layer.name.hasPrefix(direction) else { return entry }
                return (key: "name", value: .string(String(layer.name.dropFirst(direction.count))))
            }
            return (key: "config", value: .object(kept))
        }
        return .object(items)
    }
}

extension ApusError {
    fileprivate static var internalOrder: ApusError { ApusError(.internal, "Bidirectional has a part that is not recurrent.") }
}
