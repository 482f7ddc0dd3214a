import CVector
import Core

/// The largest element, or the mean, of each channel over windows along one axis or two, channels last: what
/// MaxPooling1D, MaxPooling2D, AveragePooling1D and AveragePooling2D are. Padding does not count.
final class Pooling: Layer {
    enum Form: Sendable { case largest, mean }

    let parameters: Parameters
    private let form: Form
    private let axes: [ConvolutionAxis]

    static func specs(_ rank: Int) -> [ParameterSpec] {
        [
            ConvolutionParameters.sizes("pool_size", default: 2, rank, "length of the window"),
            ParameterSpec(
                "strides", .any(rank == 1 ? "a whole number >= 1, or null" : "a whole number >= 1, an array of two, or null"),
                default: .null, "steps from window to window; null: the window's length"),
            ConvolutionParameters.padding(), ConvolutionParameters.dataFormat,
        ]
    }

    static func entry(_ kind: String, alias: String, _ form: Form, rank: Int, _ doc: String) -> Entry<any Layer> {
        Entry(kind, aliases: [alias], doc: doc, parameters: specs(rank)) { (parameters) throws(ApusError) in
            try ChannelsFirst.wrapping(parameters) { (parameters) throws(ApusError) in
                try Pooling(parameters, form, rank: rank)
            }
        }
    }

    init(_ parameters: Parameters, _ form: Form, rank: Int) throws(ApusError) {
        self.parameters = parameters
        self.form = form
        axes = try ConvolutionParameters.axes(parameters, rank, window: "pool_size", dilates: false)
    }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        var shape = try ConvolutionParameters.check(inputs, axes, parameters.kind)
        for (index, axis) in axes.enumerated() { shape[index] = axis.windows(shape[index]) }
        return [shape]
    }

    /// The place of each largest element.
    func scratch(_ call: LayerCall) -> Int {
        form == .largest && call.training ? cappedProduct(call.rows, call.output.count) : 0
    }

    /// The part of a window that lies inside of the picture.
    private struct Cut {
        let first: Int
        let count: Int

        init(_ axis: ConvolutionAxis, _ extent: Int, before: Int, window: Int) {
            let start = window * axis.stride - before
            first = max(start, 0)
            count = min(start + axis.taps, extent) - first
        }
    }

    /// Calls `body` for each window of lines `lines` of one picture: the offsets of its first element and of its place in
    /// the output, its lines and columns.
    private func eachWindow(
        _ plane: ConvolutionPlane, _ channels: Int, lines: Range<Int>,
        _ body: (_ from: Int, _ place: Int, _ lines: Int, _ columns: Int) -> Void
    ) {
        let across = plane.across.windows(plane.columns)
        let (above, before) = (plane.down.padBefore(plane.rows), plane.across.padBefore(plane.columns))
        for line in lines {
            let rows = Cut(plane.down, plane.rows, before: above, window: line)
            for column in 0..<across {
                let columns = Cut(plane.across, plane.columns, before: before, window: column)
                body(
                    (rows.first * plane.columns + columns.first) * channels, (line * across + column) * channels,
                    rows.count, columns.count)
            }
        }
    }

    func forward(_ step: LayerStep, in context: Context) {
        let plane = ConvolutionPlane(axes, step.inputShape)
        let channels = step.inputShape.last
        let lines = plane.down.windows(plane.rows)
        let stride = Int64(plane.columns * channels)
        let keeps = form == .largest && step.isDifferentiable
        let share = max(1, (1 << 14) / max(1, step.outputCount / lines))
        context.parallel(over: step.rows * lines, by: share) { range in
            var line = range.lowerBound
            while line < range.upperBound {
                let (row, first) = line.quotientAndRemainder(dividingBy: lines)
                let last = min(lines, first + range.upperBound - line)
                let (x, y) = (step.input + row * step.inputCount, step.output + row * step.outputCount)
                let index = keeps ? step.scratch + row * step.outputCount : nil
                eachWindow(plane, channels, lines: first..<last) { from, place, high, wide in
                    if form == .largest {
                        context.kernels.pool_max(
                            x + from, stride, Int64(high), Int64(wide), Int64(channels), y + place, index.map { $0 + place })
                    } else {
                        context.kernels.pool_sum(
                            x + from, stride, Int64(high), Int64(wide), Int64(channels), 1 / Float(high * wide), y + place)
                    }
                }
                line += last - first
            }
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient, let dx = step.inputGradient else { return }
        let plane = ConvolutionPlane(axes, step.inputShape)
        let channels = step.inputShape.last
        let lines = plane.down.windows(plane.rows)
        let stride = Int64(plane.columns * channels)
        context.parallel(over: step.rows, by: max(1, (1 << 14) / step.inputCount)) { rows in
            for row in rows {
                let (gradient, out) = (dy + row * step.outputCount, dx + row * step.inputCount)
                let index = step.scratch + row * step.outputCount
                out.update(repeating: 0, count: step.inputCount)
                eachWindow(plane, channels, lines: 0..<lines) { from, place, high, wide in
                    if form == .largest {
                        context.kernels.pool_max_gradient(
                            gradient + place, index + place, stride, Int64(high), Int64(wide), Int64(channels), out + from)
                    } else {
                        context.kernels.pool_sum_gradient(
                            gradient + place, stride, Int64(high), Int64(wide), Int64(channels), 1 / Float(high * wide),
                            out + from)
                    }
                }
            }
        }
    }

    var config: [(key: String, value: JSON)] {
        [
            (key: "pool_size", value: ConvolutionParameters.list(axes.map(\.taps))),
            (key: "padding", value: parameters["padding"]),
            (key: "strides", value: ConvolutionParameters.list(axes.map(\.stride))),
            (key: "data_format", value: "channels_last"),
        ]
    }
}
