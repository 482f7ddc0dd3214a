import Core

/// In training whole channels of a row are set to zero, each with probability `rate`, the others scaled by
/// 1 / (1 - rate); otherwise the identity. What SpatialDropout1D and SpatialDropout2D are.
///
/// Tompson, Goroshin, Jain, LeCun, Bregler (2015), "Efficient object localization using convolutional networks",
/// doi:10.1109/CVPR.2015.7298664.
final class SpatialDropout: Layer {
    static let rate = ParameterSpec(
        "rate", .real(from: 0, to: 0x1.fffffep-1), default: nil, "share of the channels set to zero, in [0, 1)")
    static let seed = ParameterSpec("seed", .any("a whole number or null"), default: .null, "kept for Keras")

    let parameters: Parameters
    /// Axes of a row.
    private let rank: Int
    private let channelsFirst: Bool
    private let rate: Double

    init(_ parameters: Parameters, rank: Int, channelsFirst: Bool = false) {
        self.parameters = parameters
        self.rank = rank
        self.channelsFirst = channelsFirst
        rate = parameters.real("rate")
    }

    var passesMask: Bool { true }
    var isIdentityInInference: Bool { true }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        guard let input = inputs.first, input.rank == rank else {
            throw .shape("\(parameters.kind) needs rows of \(rank) axes, got \(inputs.first ?? Shape()).")
        }
        return [input]
    }

    private func channels(_ shape: Shape) -> Int { channelsFirst ? shape[0] : shape.last }

    /// In each lane the factors of one row's channels.
    func workspace(_ call: LayerCall) -> Int { cappedProduct(call.lanes, (channels(call.input) + 15) / 16 * 16) }

    func forward(_ step: LayerStep, in context: Context) { apply(step, from: step.input, to: step.output, in: context) }

    /// The factors are a function of the step's random key, so they are made again instead of being kept.
    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient, let dx = step.inputGradient else { return }
        apply(step, from: dy, to: dx, in: context)
    }

    private func apply(
        _ step: LayerStep, from x: UnsafeMutablePointer<Float>, to y: UnsafeMutablePointer<Float>, in context: Context
    ) {
        let count = step.outputCount
        guard step.training, rate > 0, count > 0 else {
            y.update(from: x, count: step.rows * count)
            return
        }
        let channels = channels(step.inputShape)
        let places = count / channels
        let kept = Float(1 / (1 - rate))
        let share = max(1, (1 << 14) / count)
        context.parallel((step.rows + share - 1) / share, lanes: step.lanes) { slice, lane in
            let factors = step.workspace + lane * ((channels + 15) / 16 * 16)
            for row in slice * share..<min(step.rows, (slice + 1) * share) {
                for channel in 0..<channels {
                    factors[channel] = step.random.uniform(UInt64(row * channels + channel)) < rate ? 0 : kept
                }
                let (from, to) = (x + row * count, y + row * count)
                if channelsFirst {
                    for channel in 0..<channels {
                        let (factor, start) = (factors[channel], channel * places)
                        for index in start..<start + places { to[index] = from[index] * factor }
                    }
                } else {
                    for place in 0..<places {
                        context.kernels.multiply(
                            from + place * channels, factors, to + place * channels, Int64(channels))
                    }
                }
            }
        }
    }

    /// Keras's constructor takes neither `trainable` nor `noise_shape`.
    var configSaysTrainable: Bool { false }
}
