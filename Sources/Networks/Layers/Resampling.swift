import Core

/// Output places as weighted sums of one or two input places along each axis: what UpSampling1D and UpSampling2D are.
///
/// Nearest repeats elements; bilinear takes the two nearest centres, the outermost repeated beyond the border.
final class Resampling: Layer {
    let parameters: Parameters
    private let sizes: [Int]
    private let isBilinear: Bool

    init(_ parameters: Parameters, rank: Int) throws(ApusError) {
        self.parameters = parameters
        sizes = try ConvolutionParameters.values(parameters, "size", rank)
        isBilinear = parameters.text("interpolation") == "bilinear"
    }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        let input = inputs.first ?? Shape()
        guard input.rank == sizes.count + 1 else {
            throw .shape("\(parameters.kind) needs rows of \(sizes.count + 1) axes, got \(input).")
        }
        var shape = input
        for (index, size) in sizes.enumerated() where input[index] != Shape.unknown {
            shape[index] = cappedProduct(input[index], size)
        }
        return [shape]
    }

    /// The input places of an output place along one axis, and the share of the second.
    private struct Source {
        let first: Int
        let second: Int
        let share: Float
    }

    private func source(_ place: Int, size: Int, extent: Int) -> Source {
        if !isBilinear { return Source(first: place / size, second: place / size, share: 0) }
        let center = (Float(place) + 0.5) / Float(size) - 0.5
        let low = Int(center.rounded(.down))
        let share = center - Float(low)
        return Source(first: min(max(low, 0), extent - 1), second: min(max(low + 1, 0), extent - 1), share: share)
    }

    /// Rows as planes: a sequence is a plane of one line.
    private func plane(_ shape: Shape) -> (rows: Int, columns: Int, down: Int, across: Int) {
        sizes.count > 1 ? (shape[0], shape[1], sizes[0], sizes[1]) : (1, shape[0], 1, sizes[0])
    }

    /// Calls `body` with the offsets of an output place and of an input place that is part of it, and its weight.
    private func eachPart(
        _ shape: Shape, lines: Range<Int>, _ body: (_ place: Int, _ from: Int, _ weight: Float) -> Void
    ) {
        let (rows, columns, down, across) = plane(shape)
        let channels = shape.last
        for line in lines {
            let y = source(line, size: down, extent: rows)
            for column in 0..<columns * across {
                let x = source(column, size: across, extent: columns)
                let place = (line * columns * across + column) * channels
                func part(_ row: Int, _ column: Int, _ weight: Float) {
                    if weight != 0 { body(place, (row * columns + column) * channels, weight) }
                }
                part(y.first, x.first, (1 - y.share) * (1 - x.share))
                part(y.first, x.second, (1 - y.share) * x.share)
                part(y.second, x.first, y.share * (1 - x.share))
                part(y.second, x.second, y.share * x.share)
            }
        }
    }

    func forward(_ step: LayerStep, in context: Context) {
        let (rows, _, down, _) = plane(step.inputShape)
        let lines = rows * down
        let channels = Int64(step.inputShape.last)
        let length = step.outputCount / max(1, lines)
        context.parallel(over: step.rows * lines, by: max(1, (1 << 14) / max(1, length))) { range in
            for number in range {
                let (row, line) = number.quotientAndRemainder(dividingBy: lines)
                let (x, y) = (step.input + row * step.inputCount, step.output + row * step.outputCount)
                (y + line * length).update(repeating: 0, count: length)
                eachPart(step.inputShape, lines: line..<line + 1) { place, from, weight in
                    context.kernels.axpy(weight, x + from, y + place, channels)
                }
            }
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient, let dx = step.inputGradient else { return }
        let (rows, _, down, _) = plane(step.inputShape)
        let channels = Int64(step.inputShape.last)
        context.parallel(over: step.rows, by: max(1, (1 << 14) / max(1, step.inputCount))) { range in
            for row in range {
                let (gradient, out) = (dy + row * step.outputCount, dx + row * step.inputCount)
                out.update(repeating: 0, count: step.inputCount)
                eachPart(step.inputShape, lines: 0..<rows * down) { place, from, weight in
                    context.kernels.axpy(weight, gradient + place, out + from, channels)
                }
            }
        }
    }

    var config: [(key: String, value: JSON)] {
        if sizes.count == 1 { return [(key: "size", value: .integer(sizes[0]))] }
        return [
            (key: "size", value: ConvolutionParameters.list(sizes)), (key: "data_format", value: "channels_last"),
            (key: "interpolation", value: parameters["interpolation"]),
        ]
    }
}
