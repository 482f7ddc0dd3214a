import Core

/// What every optimizer does around its rule, under Keras's names: clipping of gradients, decay of weights, a moving
/// average of weights.
package struct UpdateSettings: Sendable {
    /// How gradients are kept small.
    package enum Clipping: Sendable {
        case none
        /// Each number within [-limit, limit].
        case value(Double)
        /// Each weight's gradient g to g limit / max(|g|, limit).
        case norm(Double)
        /// All gradients together likewise.
        case globalNorm(Double)
    }
    package let clipping: Clipping
    /// w -= w decay rate before the rule, on every trainable weight; nil for none.
    ///
    /// Loshchilov and Hutter (2019), "Decoupled weight decay regularization", doi:10.48550/arXiv.1711.05101.
    package let weightDecay: Double?
    /// Parts of paths: weights whose path has one of them keep out of the decay.
    package let decayExclusions: [String]
    /// average = momentum average + (1 - momentum) w after the rule; w itself after the first. Nil for none.
    ///
    /// Polyak and Juditsky (1992), doi:10.1137/0330046.
    package let averageMomentum: Double?
    /// Every so many updates the weights become their average; nil for never.
    package let overwriteFrequency: Int?
    /// Batches that make one update, the mean of their gradients; 1 for none accumulated.
    package let accumulationSteps: Int

    /// Those of `specs` that Keras's constructors lack.
    static let ownNames = ["weight_decay_exclusions"]

    static func specs(decay: Double?) -> [ParameterSpec] {
        let size = Constraint.nullable(.real(from: 0, to: .infinity, open: true))
        return [
            ParameterSpec(
                "weight_decay", .nullable(.real(from: 0, to: .infinity)), default: decay.map { .number($0) } ?? .null,
                "share of the weights taken off at each update, times the learning rate"),
            ParameterSpec("clipnorm", size, default: .null, "largest norm of the gradient of one weight, > 0"),
            ParameterSpec("clipvalue", size, default: .null, "largest size of a number in a gradient, > 0"),
            ParameterSpec("global_clipnorm", size, default: .null, "largest norm of all gradients together, > 0"),
            ParameterSpec("use_ema", .boolean, default: false, "keep a moving average of the weights"),
            ParameterSpec("ema_momentum", .real(from: 0, to: 1), default: 0.99, "how long the average remembers"),
            ParameterSpec(
                "ema_overwrite_frequency", .nullable(.integer(1...Int.max)), default: .null,
                "updates after which the weights become their average each time, or null"),
            ParameterSpec(
                "gradient_accumulation_steps", .nullable(.integer(2...Int(Int32.max))), default: .null,
                "batches whose mean gradient makes one update, or null for each its own"),
            ParameterSpec(
                "weight_decay_exclusions", .any("null, a text or an array of texts, none of them empty"),
                default: .null, "weights whose path has one of these in it are not decayed"),
        ]
    }

    /// Throws `invalidArgument` for two ways of clipping at once.
    package init(_ parameters: Parameters) throws(ApusError) {
        let clippings = ["clipnorm", "clipvalue", "global_clipnorm"].filter { !parameters[$0].isNull }
        guard clippings.count <= 1 else {
            let names = clippings.joined(separator: " and ")
            throw .invalid("\(parameters.kind) can have one of clipnorm, clipvalue and global_clipnorm, got \(names).")
        }
        switch clippings.first {
        case "clipnorm": clipping = .norm(parameters.real("clipnorm"))
        case "clipvalue": clipping = .value(parameters.real("clipvalue"))
        case "global_clipnorm": clipping = .globalNorm(parameters.real("global_clipnorm"))
        default: clipping = .none
        }
        weightDecay = parameters["weight_decay"].doubleValue
        averageMomentum = parameters.boolean("use_ema") ? parameters.real("ema_momentum") : nil
        overwriteFrequency = parameters["ema_overwrite_frequency"].integerValue
        accumulationSteps = parameters["gradient_accumulation_steps"].integerValue ?? 1
        let given = parameters["weight_decay_exclusions"]
        let names = given.isNull ? [] : (given.arrayValue ?? [given]).map { $0.stringValue ?? "" }
        guard !names.contains("") else {
            throw .parameter(
                "weight_decay_exclusions", of: parameters.kind,
                mustBe: "null, a text or an array of texts, none of them empty", got: given.text)
        }
        decayExclusions = names
    }

    /// Where the trainable weights decay, in their buffer.
    func decayRanges(_ slots: [WeightSlot]) -> [Range<Int>] {
        guard weightDecay != nil else { return [] }
        var ranges: [Range<Int>] = []
        for slot in slots where slot.isTrainable {
            if decayExclusions.contains(where: { slot.path.contains($0) }) { continue }
            if let last = ranges.last, last.upperBound == slot.offset {
                ranges[ranges.count - 1] = last.lowerBound..<slot.offset + slot.count
            } else {
                ranges.append(slot.offset..<slot.offset + slot.count)
            }
        }
        return ranges
    }

    /// The average, before the optimizer's own slots as in Keras's files.
    var slots: [OptimizerSlot] { averageMomentum == nil ? [] : [OptimizerSlot("average", group: -1)] }
}
