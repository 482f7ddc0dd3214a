import Core

/// Normal noise on the trainable weights: each pass of training runs forward and backward on weights w + deviation e, drawn
/// anew, and its gradients change the weights w themselves. Passes of inference, penalties and constraints see w.
///
/// Murray and Edwards (1994), "Enhanced MLP performance and fault tolerance resulting from synaptic weight noise during
/// training", doi:10.1109/72.317730; Graves (2011), "Practical variational inference for neural networks", NIPS 24.
final class WeightNoise: @unchecked Sendable {
    static let spec = ParameterSpec(
        "weight_noise", .real(from: 0, to: .infinity), default: 0.0,
        "deviation of normal noise on the weights in each pass of training, >= 0")
    /// Numbers of streams with this bit are those of the noise.
    static let streams: UInt64 = 1 << 63

    /// What the passes use.
    let weights: Buffer<Float>
    private let deviation: Double
    private let count: Int

    /// nil for a deviation of 0. Throws `outOfMemory`.
    init?(_ parameters: Parameters, count: Int, in allocator: Allocator) throws(ApusError) {
        deviation = parameters.real("weight_noise")
        guard deviation > 0 else { return nil }
        self.count = count
        weights = try Buffer(max(count, 1), in: allocator)
    }

    /// Makes the weights of the next pass.
    func prepare(_ source: Buffer<Float>, training: Bool, random: Philox, in context: Context) {
        let (from, to) = (source.pointer, weights.pointer)
        context.parallel(over: count, by: 1 << 13) { range in
            if training {
                for index in range { to[index] = from[index] + Float(deviation * random.normal(UInt64(index))) }
            } else {
                (to + range.lowerBound).update(from: from + range.lowerBound, count: range.count)
            }
        }
    }
}
