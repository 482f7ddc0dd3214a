import Core
import Glibc

/// y = gamma (x - mean) / sqrt(variance + epsilon) + beta, with mean and (biased) variance of each row over one group of
/// channels and everything beside the channels.
///
/// gamma, beta [channels]. Wu and He (2018), "Group normalization", doi:10.1007/978-3-030-01261-8_1.
final class GroupNormalization: Layer {
    static let entry = Entry<any Layer>(
        "GroupNormalization", doc: "groups of channels of a row with mean 0 and variance 1, then scaled and shifted",
        parameters: [
            ParameterSpec(
                "groups", .integer(-1...Int(Int32.max)), default: 32,
                "groups that the channels are divided into; -1 for one channel each"),
            ParameterSpec(
                "axis", .any("a whole number that is not 0"), default: -1,
                "the axis of the channels, the batch counted as axis 0"),
            ParameterSpec("epsilon", .real(from: 0, to: .infinity), default: 0.001, "added to the variance, >= 0"),
            ParameterSpec("center", .boolean, default: true, "whether there is a beta"),
            ParameterSpec("scale", .boolean, default: true, "whether there is a gamma"),
        ] + WeightSettings.specs("beta", initializer: "zeros") + WeightSettings.specs("gamma", initializer: "ones")
    ) { (parameters) throws(ApusError) in
        guard parameters.integer("groups") != 0 else {
            throw .parameter("groups", of: "GroupNormalization", mustBe: "a whole number >= 1, or -1", got: "0")
        }
        guard let axis = parameters["axis"].integerValue, axis != 0 else {
            throw .parameter(
                "axis", of: "GroupNormalization", mustBe: "a whole number that is not 0", got: parameters["axis"].text)
        }
        return GroupNormalization(
            parameters: parameters, axis: axis, gamma: try WeightSettings("gamma", parameters),
            beta: try WeightSettings("beta", parameters))
    }

    let parameters: Parameters
    private let axis: Int
    private let groups: Int
    private let epsilon: Double
    private let gamma: WeightSettings?
    private let beta: WeightSettings?

    init(parameters: Parameters, axis: Int, gamma: WeightSettings, beta: WeightSettings) {
        self.parameters = parameters
        self.axis = axis
        groups = parameters.integer("groups")
        epsilon = parameters.real("epsilon")
        self.gamma = parameters.boolean("scale") ? gamma : nil
        self.beta = parameters.boolean("center") ? beta : nil
    }

    var passesMask: Bool { true }

    /// The axis of the channels within a row; nil when a row of that rank has none.
    private func rowAxis(_ rank: Int) -> Int? {
        let place = axis < 0 ? axis + rank : axis - 1
        return place >= 0 && place < rank ? place : nil
    }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        let input = inputs.first ?? Shape()
        guard let place = rowAxis(input.rank) else {
            throw .shape("GroupNormalization has no axis \(axis) in rows of shape \(input).")
        }
        let channels = input[place]
        guard channels > 0 else {
            throw .shape("GroupNormalization needs a known number of channels, got rows of shape \(input).")
        }
        guard groups == -1 || channels % groups == 0 else {
            throw .shape("GroupNormalization has \(groups) groups, which \(channels) channels cannot be divided into.")
        }
        return [input]
    }

    func weights(_ inputs: [Shape]) -> [WeightSpec] {
        let input = inputs.first ?? Shape()
        let shape = Shape(rowAxis(input.rank).map { input[$0] } ?? 1)
        return [gamma, beta].compactMap { $0?.spec(shape) }
    }

    private var gammaPlace: Int? { gamma == nil ? nil : 0 }
    private var betaPlace: Int? { beta == nil ? nil : gamma == nil ? 0 : 1 }

    /// A row as `outer` blocks of channels of `inner` neighbours each; channels of one group, rows of one slice.
    private struct Layout {
        let outer: Int
        let channels: Int
        let inner: Int
        let groups: Int
        let width: Int
        let share: Int

        /// Elements that are normalized together.
        var members: Int { outer * width * inner }

        /// Calls `body` with each channel of a group, and where its runs of `inner` begin in a row.
        @inline(__always)
        func eachRun(_ group: Int, _ body: (_ channel: Int, _ start: Int) -> Void) {
            for block in 0..<outer {
                for channel in group * width..<(group + 1) * width {
                    body(channel, (block * channels + channel) * inner)
                }
            }
        }
    }

    private func layout(_ shape: Shape) -> Layout {
        let axis = rowAxis(shape.rank) ?? 0
        let (channels, inner) = (max(1, shape[axis]), shape.dropFirst(axis + 1).count)
        let count = shape.count
        let groups = self.groups == -1 ? channels : self.groups
        return Layout(
            outer: count / max(1, cappedProduct(channels, inner)), channels: channels, inner: inner, groups: groups,
            width: channels / groups, share: max(1, (1 << 13) / max(1, count)))
    }

    /// Mean and 1 / sqrt(variance + epsilon) of each row and group.
    func scratch(_ call: LayerCall) -> Int { cappedProduct(2, call.rows, layout(call.input).groups) }

    /// Sums for gamma and beta of each slice of rows.
    func workspace(_ call: LayerCall) -> Int {
        guard call.training else { return 0 }
        let layout = layout(call.input)
        return cappedProduct(2, call.rows / layout.share + 1, layout.channels)
    }

    func forward(_ step: LayerStep, in context: Context) {
        let layout = layout(step.inputShape)
        let scale = gammaPlace.map { UnsafePointer(step.weights[$0]) }
        let shift = betaPlace.map { UnsafePointer(step.weights[$0]) }
        let members = Double(max(1, layout.members))
        context.parallel(over: step.rows, by: layout.share) { rows in
            for row in rows {
                let (x, y) = (step.input + row * step.inputCount, step.output + row * step.inputCount)
                for group in 0..<layout.groups {
                    var sum = 0.0
                    layout.eachRun(group) { _, start in
                        for index in start..<start + layout.inner { sum += Double(x[index]) }
                    }
                    let mean = sum / members
                    var squares = 0.0
                    layout.eachRun(group) { _, start in
                        for index in start..<start + layout.inner {
                            let difference = Double(x[index]) - mean
                            squares += difference * difference
                        }
                    }
                    let inverse = Float(1 / (squares / members + epsilon).squareRoot())
                    let middle = Float(mean)
                    let kept = step.scratch + 2 * (row * layout.groups + group)
                    (kept[0], kept[1]) = (middle, inverse)
                    layout.eachRun(group) { channel, start in
                        let (factor, offset) = (inverse * (scale?[channel] ?? 1), shift?[channel] ?? 0)
                        for index in start..<start + layout.inner { y[index] = (x[index] - middle) * factor + offset }
                    }
                }
            }
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient else { return }
        let layout = layout(step.inputShape)
        let (count, channels, inner) = (step.inputCount, layout.channels, layout.inner)
        let scale = gammaPlace.map { UnsafePointer(step.weights[$0]) }
        let members = Double(max(1, layout.members))
        let slices = (step.rows + layout.share - 1) / layout.share
        context.parallel(slices) { slice in
            let sums = step.workspace + slice * 2 * channels
            sums.update(repeating: 0, count: 2 * channels)
            for row in slice * layout.share..<min(step.rows, (slice + 1) * layout.share) {
                let (x, gradient) = (step.input + row * count, dy + row * count)
                for group in 0..<layout.groups {
                    let kept = step.scratch + 2 * (row * layout.groups + group)
                    let (middle, inverse) = (kept[0], kept[1])
                    var (sum, product) = (0.0, 0.0)
                    layout.eachRun(group) { channel, start in
                        var (own, ownProduct): (Float, Float) = (0, 0)
                        for index in start..<start + inner {
                            own += gradient[index]
                            ownProduct += gradient[index] * ((x[index] - middle) * inverse)
                        }
                        sums[channel] += ownProduct
                        sums[channels + channel] += own
                        sum += Double(own) * Double(scale?[channel] ?? 1)
                        product += Double(ownProduct) * Double(scale?[channel] ?? 1)
                    }
                    guard let dx = step.inputGradient.map({ $0 + row * count }) else { continue }
                    let (meanSum, meanProduct) = (Float(sum / members), Float(product / members))
                    layout.eachRun(group) { channel, start in
                        let factor = scale?[channel] ?? 1
                        for index in start..<start + inner {
                            let normal = (x[index] - middle) * inverse
                            dx[index] = inverse * (gradient[index] * factor - meanSum - normal * meanProduct)
                        }
                    }
                }
            }
        }
        for (place, offset) in [(gammaPlace, 0), (betaPlace, channels)] {
            guard let place, let out = step.gradients[place] else { continue }
            if !step.accumulates { out.update(repeating: 0, count: channels) }
            for slice in 0..<slices {
                context.kernels.add(out, step.workspace + slice * 2 * channels + offset, out, Int64(channels))
            }
        }
    }
}
