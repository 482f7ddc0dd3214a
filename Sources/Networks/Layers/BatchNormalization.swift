import Core
import Glibc

/// y = gamma (x - mean) / sqrt(variance + epsilon) + beta for each channel: with mean and (biased) variance of the batch in
/// training, which also go into moving averages; with those averages in inference and when the layer is frozen. Steps that
/// a mask leaves out do not count in the statistics.
///
/// Weights [gamma], [beta], moving_mean, moving_variance, each [channels]. Ioffe and Szegedy (2015), "Batch
/// normalization", doi:10.48550/arXiv.1502.03167.
final class BatchNormalization: Layer {
    static let entry = Entry<any Layer>(
        "BatchNormalization", doc: "channels with mean 0 and variance 1, then scaled and shifted",
        parameters: [
            ParameterSpec(
                "axis", .any("a whole number, or an array of one"), default: -1,
                "the axis of the channels, the batch counted as axis 0"),
            ParameterSpec("momentum", .real(from: 0, to: 1), default: 0.99, "share of the moving averages kept, in [0, 1]"),
            ParameterSpec("epsilon", .real(from: 0, to: .infinity), default: 0.001, "added to the variance, >= 0"),
            ParameterSpec("center", .boolean, default: true, "whether there is a beta"),
            ParameterSpec("scale", .boolean, default: true, "whether there is a gamma"),
        ] + WeightSettings.specs("beta", initializer: "zeros") + WeightSettings.specs("gamma", initializer: "ones") + [
            ParameterSpec(
                "moving_mean_initializer", .object("an initializer"), default: "zeros", "of the moving mean"),
            ParameterSpec(
                "moving_variance_initializer", .object("an initializer"), default: "ones", "of the moving variance"),
        ]
    ) { (parameters) throws(ApusError) in
        let given = parameters["axis"]
        let axes = (given.arrayValue ?? [given]).compactMap(\.integerValue)
        guard axes.count == 1, (given.arrayValue?.count ?? 1) == 1, axes[0] != 0 else {
            throw .parameter(
                "axis", of: "BatchNormalization", mustBe: "a whole number that is not 0, or an array of one",
                got: given.text)
        }
        return BatchNormalization(
            parameters: parameters, axis: axes[0], gamma: try WeightSettings("gamma", parameters),
            beta: try WeightSettings("beta", parameters),
            mean: try InitializerCatalog.family.make(parameters["moving_mean_initializer"], lenient: true),
            variance: try InitializerCatalog.family.make(parameters["moving_variance_initializer"], lenient: true))
    }

    let parameters: Parameters
    private let axis: Int
    private let momentum: Float
    private let epsilon: Float
    private let gamma: WeightSettings?
    private let beta: WeightSettings?
    private let movingMean: any Initializer
    private let movingVariance: any Initializer
    private let settings: [(key: String, value: JSON)]
    /// Elements handled as one slice.
    private static let chunk = 1 << 14
    /// Beside the number of steps that count, as in Keras.
    private static let smallest: Float = 1e-7

    init(
        parameters: Parameters, axis: Int, gamma: WeightSettings, beta: WeightSettings, mean: any Initializer,
        variance: any Initializer
    ) {
        self.parameters = parameters
        self.axis = axis
        momentum = Float(parameters.real("momentum"))
        epsilon = Float(parameters.real("epsilon"))
        self.gamma = parameters.boolean("scale") ? gamma : nil
        self.beta = parameters.boolean("center") ? beta : nil
        settings = beta.config + gamma.config
        movingMean = mean
        movingVariance = variance
    }

    var passesMask: Bool { true }

    /// The axis of the channels within a row; nil when a row of that rank has none.
    private func rowAxis(_ rank: Int) -> Int? {
        let place = axis < 0 ? axis + rank : axis - 1
        return place >= 0 && place < rank ? place : nil
    }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        guard let input = inputs.first, rowAxis(input.rank) != nil else {
            throw .shape("BatchNormalization has no axis \(axis) in rows of shape \(inputs.first ?? Shape()).")
        }
        return [input]
    }

    func weights(_ inputs: [Shape]) -> [WeightSpec] {
        let input = inputs.first ?? Shape()
        let shape = Shape(rowAxis(input.rank).map { input[$0] } ?? 1)
        var specs: [WeightSpec] = []
        if let gamma { specs.append(gamma.spec(shape)) }
        if let beta { specs.append(beta.spec(shape)) }
        specs.append(WeightSpec("moving_mean", shape, movingMean, isTrainable: false))
        specs.append(WeightSpec("moving_variance", shape, movingVariance, isTrainable: false))
        return specs
    }

    private var gammaPlace: Int? { gamma == nil ? nil : 0 }
    private var betaPlace: Int? { beta == nil ? nil : gamma == nil ? 0 : 1 }
    private var meanPlace: Int { (gamma == nil ? 0 : 1) + (beta == nil ? 0 : 1) }

    /// The array as blocks of channels of `inner` neighbours each.
    private struct Layout {
        let blocks: Int
        let channels: Int
        let inner: Int
        /// Blocks of one slice, and slices.
        let share: Int
        let slices: Int

        init(_ shape: Shape, axis: Int, rows: Int) {
            channels = shape[axis]
            inner = shape.dropFirst(axis + 1).count
            blocks = cappedProduct(rows, shape.count) / max(1, cappedProduct(channels, inner))
            share = max(1, BatchNormalization.chunk / max(1, cappedProduct(channels, inner)))
            slices = max(1, (blocks + share - 1) / share)
        }

        func range(_ slice: Int) -> Range<Int> { slice * share..<min(blocks, (slice + 1) * share) }
    }

    private func layout(_ shape: Shape, rows: Int) -> Layout {
        Layout(shape, axis: rowAxis(shape.rank) ?? 0, rows: rows)
    }

    /// Mean and 1 / sqrt(variance + epsilon) of the pass, and the sums of backward.
    func scratch(_ call: LayerCall) -> Int { cappedProduct(4, layout(call.input, rows: call.rows).channels) }

    /// Two partial sums for each channel and slice.
    func workspace(_ call: LayerCall) -> Int {
        let layout = layout(call.input, rows: call.rows)
        let columns = NormalizedColumns(rows: layout.blocks, channels: layout.channels)
        return max(
            cappedProduct(2, layout.channels, layout.slices),
            layout.inner == 1 ? columns.workspace(lanes: call.lanes) : 0)
    }

    /// Sums over blocks, slice by slice, added up in the order of the slices: `sums` gets the first of `count` sums for
    /// each channel, then the second.
    private func sum(
        _ step: LayerStep, _ layout: Layout, count: Int, into sums: UnsafeMutablePointer<Float>, in context: Context,
        _ body: (_ block: Int, _ partial: UnsafeMutablePointer<Float>) -> Void
    ) {
        let width = count * layout.channels
        context.parallel(layout.slices) { slice in
            let partial = step.workspace + slice * width
            partial.update(repeating: 0, count: width)
            for block in layout.range(slice) { body(block, partial) }
        }
        for index in 0..<width {
            var total = 0.0
            for slice in 0..<layout.slices { total += Double(step.workspace[slice * width + index]) }
            sums[index] = Float(total)
        }
    }

    /// Whether each block counts: a block is a step when channels come last, as masks need.
    private func mask(_ step: LayerStep) -> UnsafePointer<Float>? {
        rowAxis(step.inputShape.rank) == step.inputShape.rank - 1 ? step.mask(over: step.inputShape.dropLast) : nil
    }

    private func usesBatch(_ step: LayerStep) -> Bool { step.training && step.isTrainable }

    private func counted(_ mask: UnsafePointer<Float>?, _ layout: Layout) -> Float {
        guard let mask else { return Float(layout.blocks * layout.inner) }
        var sum: Float = 0
        for block in 0..<layout.blocks { sum += mask[block] }
        return sum * Float(layout.inner) + BatchNormalization.smallest
    }

    func forward(_ step: LayerStep, in context: Context) {
        if let columns = columns(step) { return forward(step, columns, in: context) }
        let layout = layout(step.inputShape, rows: step.rows)
        let (channels, inner) = (layout.channels, layout.inner)
        let (mean, inverse) = (step.scratch, step.scratch + channels)
        let x = UnsafePointer(step.input)
        let mask = mask(step)
        if usesBatch(step) {
            let count = counted(mask, layout)
            sum(step, layout, count: 1, into: mean, in: context) { block, partial in
                let weight = mask?[block] ?? 1
                for c in 0..<channels {
                    let values = x + (block * channels + c) * inner
                    for i in 0..<inner { partial[c] += weight * values[i] }
                }
            }
            for c in 0..<channels { mean[c] /= count }
            sum(step, layout, count: 1, into: inverse, in: context) { block, partial in
                let weight = mask?[block] ?? 1
                for c in 0..<channels {
                    let values = x + (block * channels + c) * inner
                    for i in 0..<inner {
                        let difference = values[i] - mean[c]
                        partial[c] += weight * difference * difference
                    }
                }
            }
            for c in 0..<channels { inverse[c] /= count }
            keep(step, mean, variance: inverse, channels)
        } else {
            takeMoving(step, mean, inverse, channels)
        }
        let gamma = gammaPlace.map { UnsafePointer(step.weights[$0]) }
        let beta = betaPlace.map { UnsafePointer(step.weights[$0]) }
        let y = step.output
        context.parallel(layout.slices) { slice in
            for block in layout.range(slice) {
                for c in 0..<channels {
                    let start = (block * channels + c) * inner
                    let factor = inverse[c] * (gamma?[c] ?? 1)
                    let shift = beta?[c] ?? 0
                    for i in 0..<inner { y[start + i] = (x[start + i] - mean[c]) * factor + shift }
                }
            }
        }
    }

    /// Moves the averages towards the statistics of a batch, and makes 1 / sqrt(variance + epsilon) of its variance.
    private func keep(
        _ step: LayerStep, _ mean: UnsafePointer<Float>, variance: UnsafeMutablePointer<Float>, _ channels: Int
    ) {
        let (movingMean, movingVariance) = (step.updates[meanPlace], step.updates[meanPlace + 1])
        for c in 0..<channels {
            if let movingMean { movingMean[c] = movingMean[c] * momentum + mean[c] * (1 - momentum) }
            if let movingVariance { movingVariance[c] = movingVariance[c] * momentum + variance[c] * (1 - momentum) }
            variance[c] = 1 / (variance[c] + epsilon).squareRoot()
        }
    }

    /// The averages in place of a batch's statistics.
    private func takeMoving(
        _ step: LayerStep, _ mean: UnsafeMutablePointer<Float>, _ inverse: UnsafeMutablePointer<Float>, _ channels: Int
    ) {
        for c in 0..<channels {
            mean[c] = step.weights[meanPlace][c]
            inverse[c] = 1 / (step.weights[meanPlace + 1][c] + epsilon).squareRoot()
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        if let columns = columns(step) { return backward(step, columns, in: context) }
        guard let dy = step.outputGradient else { return }
        let layout = layout(step.inputShape, rows: step.rows)
        let (channels, inner) = (layout.channels, layout.inner)
        let (mean, inverse) = (UnsafePointer(step.scratch), UnsafePointer(step.scratch + channels))
        let (sums, products) = (step.scratch + 2 * channels, step.scratch + 3 * channels)
        let x = UnsafePointer(step.input)
        let mask = mask(step)
        let usesBatch = usesBatch(step)
        if usesBatch || step.trains {
            // sum dy, and sum dy (x - mean) / sqrt(variance + epsilon)
            sum(step, layout, count: 2, into: sums, in: context) { block, partial in
                for c in 0..<channels {
                    let start = (block * channels + c) * inner
                    for i in 0..<inner {
                        partial[c] += dy[start + i]
                        partial[channels + c] += dy[start + i] * (x[start + i] - mean[c]) * inverse[c]
                    }
                }
            }
            give(step, sums, products, channels)
        }
        guard let dx = step.inputGradient else { return }
        let gamma = gammaPlace.map { UnsafePointer(step.weights[$0]) }
        let share = usesBatch ? 1 / counted(mask, layout) : 0
        context.parallel(layout.slices) { slice in
            for block in layout.range(slice) {
                let share = share * (mask?[block] ?? 1)
                for c in 0..<channels {
                    let start = (block * channels + c) * inner
                    let factor = inverse[c] * (gamma?[c] ?? 1)
                    for i in 0..<inner {
                        let normal = (x[start + i] - mean[c]) * inverse[c]
                        let through = usesBatch ? share * (sums[c] + normal * products[c]) : 0
                        dx[start + i] = factor * (dy[start + i] - through)
                    }
                }
            }
        }
    }

    // MARK: Channels last, no mask

    private func columns(_ step: LayerStep) -> NormalizedColumns? {
        let layout = layout(step.inputShape, rows: step.rows)
        return layout.inner == 1 && mask(step) == nil
            ? NormalizedColumns(rows: layout.blocks, channels: layout.channels) : nil
    }

    private func forward(_ step: LayerStep, _ columns: NormalizedColumns, in context: Context) {
        let channels = columns.channels
        let (mean, inverse) = (step.scratch, step.scratch + channels)
        if usesBatch(step) {
            columns.statistics(
                step.input, mean: mean, variance: inverse, workspace: step.workspace, lanes: step.lanes, in: context)
            keep(step, mean, variance: inverse, channels)
        } else {
            takeMoving(step, mean, inverse, channels)
        }
        let gamma = gammaPlace.map { UnsafePointer(step.weights[$0]) }
        let beta = betaPlace.map { UnsafePointer(step.weights[$0]) }
        columns.apply(
            step.input, mean: mean, factor: { inverse[$0] * (gamma?[$0] ?? 1) }, shift: { beta?[$0] ?? 0 },
            to: step.output, workspace: step.workspace, in: context)
    }

    private func backward(_ step: LayerStep, _ columns: NormalizedColumns, in context: Context) {
        guard let dy = step.outputGradient else { return }
        let channels = columns.channels
        let (mean, inverse) = (step.scratch, step.scratch + channels)
        let (sums, products) = (step.scratch + 2 * channels, step.scratch + 3 * channels)
        let usesBatch = usesBatch(step)
        if usesBatch || step.trains {
            columns.sums(
                step.input, dy, mean: mean, sums: sums, products: products, workspace: step.workspace,
                lanes: step.lanes, in: context)
            for c in 0..<channels { products[c] *= inverse[c] }
            give(step, sums, products, channels)
        }
        guard let dx = step.inputGradient else { return }
        let gamma = gammaPlace.map { UnsafePointer(step.weights[$0]) }
        func factor(_ c: Int) -> Float { inverse[c] * (gamma?[c] ?? 1) }
        guard usesBatch else {
            // The statistics are constants: sums and products are free to be zeros.
            sums.update(repeating: 0, count: channels)
            columns.apply(
                dy, mean: sums, factor: factor, shift: { _ in 0 }, to: dx, workspace: step.workspace, in: context)
            return
        }
        let share = 1 / Float(columns.rows)
        columns.gradient(
            step.input, dy, mean: mean, factor: factor, slope: { -factor($0) * share * products[$0] * inverse[$0] },
            shift: { -factor($0) * share * sums[$0] }, to: dx, workspace: step.workspace, in: context)
    }

    /// The gradients by gamma and beta.
    private func give(
        _ step: LayerStep, _ sums: UnsafePointer<Float>, _ products: UnsafePointer<Float>, _ channels: Int
    ) {
        if let place = gammaPlace, let out = step.gradients[place] {
            for c in 0..<channels { out[c] = (step.accumulates ? out[c] : 0) + products[c] }
        }
        if let place = betaPlace, let out = step.gradients[place] {
            for c in 0..<channels { out[c] = (step.accumulates ? out[c] : 0) + sums[c] }
        }
    }

    var config: [(key: String, value: JSON)] {
        [
            (key: "axis", value: [.integer(axis)]), (key: "momentum", value: parameters["momentum"]),
            (key: "epsilon", value: parameters["epsilon"]), (key: "center", value: parameters["center"]),
            (key: "scale", value: parameters["scale"]),
        ] + settings + [
            (key: "moving_mean_initializer", value: movingMean.config),
            (key: "moving_variance_initializer", value: movingVariance.config),
        ]
    }
}
