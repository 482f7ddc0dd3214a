import CVector
import Core

/// A convolution of each channel by itself: y[place, c m + j] = sum over taps of x[tap, c] kernel[tap, c, j], channels
/// last, with `multiplier` results j for each channel.
struct DepthwiseProduct {
    /// Windows over the source.
    let rows: TapPlan
    let columns: TapPlan
    let channels: Int
    let multiplier: Int

    private static let mostParts = 8

    init(windowsOf axes: [ConvolutionAxis], over input: Shape, multiplier: Int) {
        let plane = ConvolutionPlane(axes, input)
        rows = TapPlan(windowsOf: plane.down, over: plane.rows)
        columns = TapPlan(windowsOf: plane.across, over: plane.columns)
        channels = input.last
        self.multiplier = multiplier
    }

    private var made: Int { channels * multiplier }
    private var source: Int { rows.source * columns.source * channels }
    private var destination: Int { rows.destination * columns.destination * made }
    private var kernelCount: Int { rows.phases[0].taps.count * columns.phases[0].taps.count * made }
    private func parts(_ pictures: Int) -> Int { max(1, min(Self.mostParts, pictures)) }

    /// Floats of workspace for the kernel's gradient.
    func workspace(pictures: Int) -> Int { cappedProduct(parts(pictures), kernelCount) }

    /// Calls `body` for each tap inside of the picture of each window of some lines: offsets of the source place, of the
    /// tap in the kernel and of the destination place.
    private func eachTap(
        lines: Range<Int>, place open: (_ place: Int) -> Void, _ body: (_ from: Int, _ tap: Int, _ place: Int) -> Void
    ) {
        let (down, across) = (rows.phases[0].taps, columns.phases[0].taps)
        for line in lines {
            for column in 0..<columns.destination {
                let place = (line * columns.destination + column) * made
                open(place)
                for tapDown in down {
                    let y = line * rows.advance + tapDown.offset
                    if y < 0 || y >= rows.source { continue }
                    for tapAcross in across {
                        let x = column * columns.advance + tapAcross.offset
                        if x < 0 || x >= columns.source { continue }
                        body(
                            (y * columns.source + x) * channels,
                            (tapDown.number * across.count + tapAcross.number) * made, place)
                    }
                }
            }
        }
    }

    func run(
        _ x: UnsafePointer<Float>, kernel: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, pictures: Int,
        in context: Context
    ) {
        let lines = rows.destination
        let share = max(1, (1 << 13) / max(1, columns.destination * made))
        context.parallel(over: pictures * lines, by: share) { range in
            var line = range.lowerBound
            while line < range.upperBound {
                let (picture, first) = line.quotientAndRemainder(dividingBy: lines)
                let last = min(lines, first + range.upperBound - line)
                let (from, to) = (x + picture * source, y + picture * destination)
                eachTap(lines: first..<last, place: { (to + $0).update(repeating: 0, count: made) }) { element, tap, place in
                    if multiplier == 1 {
                        context.kernels.multiply_add(from + element, kernel + tap, to + place, Int64(channels))
                    } else {
                        for c in 0..<channels {
                            let value = from[element + c]
                            for j in 0..<multiplier { to[place + c * multiplier + j] += value * kernel[tap + c * multiplier + j] }
                        }
                    }
                }
                line += last - first
            }
        }
    }

    func inputGradient(
        _ dy: UnsafePointer<Float>, kernel: UnsafePointer<Float>, to dx: UnsafeMutablePointer<Float>, pictures: Int,
        in context: Context
    ) {
        context.parallel(pictures) { picture in
            let (from, to) = (dy + picture * destination, dx + picture * source)
            to.update(repeating: 0, count: source)
            eachTap(lines: 0..<rows.destination, place: { _ in }) { element, tap, place in
                if multiplier == 1 {
                    context.kernels.multiply_add(from + place, kernel + tap, to + element, Int64(channels))
                } else {
                    for c in 0..<channels {
                        var sum: Float = 0
                        for j in 0..<multiplier { sum += from[place + c * multiplier + j] * kernel[tap + c * multiplier + j] }
                        to[element + c] += sum
                    }
                }
            }
        }
    }

    func kernelGradient(
        _ x: UnsafePointer<Float>, gradient dy: UnsafePointer<Float>, to sums: UnsafeMutablePointer<Float>,
        pictures: Int, accumulates: Bool, workspace: UnsafeMutablePointer<Float>, in context: Context
    ) {
        let parts = parts(pictures)
        context.parallel(parts) { part in
            let out = workspace + part * kernelCount
            out.update(repeating: 0, count: kernelCount)
            for picture in pictures * part / parts..<pictures * (part + 1) / parts {
                let (from, gradient) = (x + picture * source, dy + picture * destination)
                eachTap(lines: 0..<rows.destination, place: { _ in }) { element, tap, place in
                    if multiplier == 1 {
                        context.kernels.multiply_add(from + element, gradient + place, out + tap, Int64(channels))
                    } else {
                        for c in 0..<channels {
                            let value = from[element + c]
                            for j in 0..<multiplier { out[tap + c * multiplier + j] += value * gradient[place + c * multiplier + j] }
                        }
                    }
                }
            }
        }
        if !accumulates { sums.update(repeating: 0, count: kernelCount) }
        for part in 0..<parts { context.kernels.add(sums, workspace + part * kernelCount, sums, Int64(kernelCount)) }
    }
}
