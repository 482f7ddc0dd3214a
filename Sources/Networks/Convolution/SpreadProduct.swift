import CVector
import Core

/// The transpose of a convolution to few channels: the source's places times the kernel's taps, in one product without
/// gathering, then each place's taps added where they fall in the destination.
///
/// Gathering windows would copy each source channel for every tap, and a product of one channel would leave most of its
/// columns empty; here the taps are the columns. The destination is cut into bands of lines by size alone, each with all
/// windows that reach it, and a place's terms are added in the order of the windows, so threads do not change a bit.
struct SpreadProduct {
    private let down: (axis: ConvolutionAxis, before: Int)
    private let across: (axis: ConvolutionAxis, before: Int)
    /// Lines and columns of the windows, and of the destination.
    private let windows: (lines: Int, columns: Int)
    private let places: (lines: Int, columns: Int)
    private let sourceChannels: Int
    private let channels: Int
    /// Columns of the product: taps by channels.
    private let width: Int
    /// Windows of a line whose taps all fall into the destination.
    private let whole: Range<Int>
    /// Lines of the destination in a band; pictures taken at once where a band is a whole one.
    private let band: Int
    private let together: Int

    /// Floats of a product: what stays in the cache.
    private static let block = 1 << 16

    /// nil where gathering is the better way.
    init?(rows: TapPlan, columns: TapPlan, sourceChannels: Int, destinationChannels: Int) {
        guard let down = rows.spread, let across = columns.spread, rows.destination > 0, columns.destination > 0 else {
            return nil
        }
        let width = cappedProduct(down.axis.taps, across.axis.taps, destinationChannels)
        let wastes = cappedProduct(destinationChannels, 2) <= (destinationChannels + 15) / 16 * 16
        guard width > destinationChannels, width <= 1 << 20, wastes || cappedProduct(destinationChannels, 2) <= sourceChannels
        else { return nil }
        (self.down, self.across, self.width) = (down, across, width)
        windows = (rows.source, columns.source)
        places = (rows.destination, columns.destination)
        (self.sourceChannels, channels) = (sourceChannels, destinationChannels)
        let stride = across.axis.stride
        let from = min(columns.source, (across.before + stride - 1) / stride)
        let room = columns.destination - across.axis.reach + across.before
        whole = from..<(room < 0 ? from : max(from, min(columns.source, room / stride + 1)))
        let line = cappedProduct(max(columns.source, 1), width)
        let picture = cappedProduct(max(rows.source, 1), line)
        if picture <= Self.block {
            (band, together) = (places.lines, max(1, Self.block / picture))
        } else {
            // Windows on the border of bands are computed for both: four times as many lines keep that small.
            let reaching = (down.axis.reach - 1) / down.axis.stride + 1
            let lines = max(Self.block / line, cappedProduct(4, reaching))
            (band, together) = (min(places.lines, cappedProduct(lines, down.axis.stride)), 1)
        }
    }

    /// Floats of the kernel as the product takes it.
    var packed: Int { cappedProduct(sourceChannels, (width + 15) / 16 * 16) }

    private var lane: Int {
        let reaching = (band + down.axis.reach - 2) / down.axis.stride + 1
        let lines = together > 1 ? windows.lines * together : min(windows.lines, reaching)
        return min((cappedProduct(lines, windows.columns, width) + 15) / 16 * 16, 1 << 56)
    }

    func workspace(lanes: Int) -> Int { min((packed + 15) / 16 * 16 + cappedProduct(lane, lanes), 1 << 56) }

    /// Source to destination; `finish` gets runs of whole destination places, unless it is not wanted. The kernel,
    /// [taps, made, taken], is packed into `kept`, or into the workspace, unless `isPacked` says that it is there.
    func run(
        _ source: UnsafePointer<Float>, kernel: UnsafePointer<Float>, to destination: UnsafeMutablePointer<Float>,
        pictures: Int, packed kept: UnsafeMutablePointer<Float>?, isPacked: Bool,
        workspace: UnsafeMutablePointer<Float>, lanes: Int, in context: Context, finishes: Bool,
        finish: (_ places: Range<Int>) -> Void
    ) {
        let factors = kept ?? workspace
        let rooms = workspace + (packed + 15) / 16 * 16
        let columns = Int(context.kernels.panel_columns)
        let panels = (width + columns - 1) / columns
        if !isPacked {
            context.parallel(over: panels, by: max(1, (1 << 14) / max(1, sourceChannels * columns))) { range in
                context.kernels.pack_columns(
                    1, Int64(sourceChannels), Int64(width), kernel, Int64(sourceChannels), Int64(range.lowerBound),
                    Int64(range.upperBound), factors)
            }
        }
        let bands = (places.lines + band - 1) / band
        let picture = places.lines * places.columns
        context.parallel((pictures * bands + together - 1) / together, lanes: lanes) { slice, number in
            let room = rooms + number * lane
            if together > 1 {
                let first = slice * together
                let count = min(together, pictures - first)
                multiply(source, first * windows.lines, count * windows.lines, factors, room, context.kernels)
                for index in 0..<count {
                    add(
                        room + index * windows.lines * windows.columns * width, 0..<windows.lines, 0..<places.lines,
                        to: destination + (first + index) * picture * channels, context.kernels)
                }
                if finishes { finish(first * picture..<(first + count) * picture) }
                return
            }
            let (index, part) = slice.quotientAndRemainder(dividingBy: bands)
            let lines = part * band..<min(places.lines, (part + 1) * band)
            let reaching = windowLines(reaching: lines)
            multiply(
                source, index * windows.lines + reaching.lowerBound, reaching.count, factors, room, context.kernels)
            add(room, reaching, lines, to: destination + index * picture * channels, context.kernels)
            let place = index * picture
            if finishes { finish(place + lines.lowerBound * places.columns..<place + lines.upperBound * places.columns) }
        }
    }

    /// The lines of windows with a tap in some lines of the destination.
    private func windowLines(reaching lines: Range<Int>) -> Range<Int> {
        let stride = down.axis.stride
        let first = lines.lowerBound + down.before - (down.axis.reach - 1)
        let from = min(windows.lines, max(0, (max(first, 0) + stride - 1) / stride))
        let to = min(windows.lines, max(0, lines.upperBound - 1 + down.before) / stride + 1)
        return from..<max(from, to)
    }

    private func multiply(
        _ source: UnsafePointer<Float>, _ line: Int, _ lines: Int, _ factors: UnsafePointer<Float>,
        _ room: UnsafeMutablePointer<Float>, _ kernels: borrowing apus_kernels
    ) {
        let panels = (width + Int(kernels.panel_columns) - 1) / Int(kernels.panel_columns)
        kernels.packed_product(
            0, Int64(lines * windows.columns), Int64(width), Int64(sourceChannels),
            source + line * windows.columns * sourceChannels, Int64(sourceChannels), factors, 0, Int64(panels), 0, room,
            Int64(width))
    }

    /// Adds the products of the windows in `reaching` to the places in `lines` of one picture.
    private func add(
        _ products: UnsafePointer<Float>, _ reaching: Range<Int>, _ lines: Range<Int>,
        to picture: UnsafeMutablePointer<Float>, _ kernels: borrowing apus_kernels
    ) {
        let line = places.columns * channels
        (picture + lines.lowerBound * line).update(repeating: 0, count: lines.count * line)
        let run = across.axis.taps * channels
        var product = products
        for window in reaching {
            let top = window * down.axis.stride - down.before
            for tap in 0..<down.axis.taps {
                let y = top + tap * down.axis.dilation
                guard lines.contains(y) else { continue }
                addLine(product + tap * run, to: picture + y * line, kernels)
            }
            product += windows.columns * width
        }
    }

    /// Adds one tap down of a line of windows to a line of the destination.
    private func addLine(
        _ products: UnsafePointer<Float>, to line: UnsafeMutablePointer<Float>, _ kernels: borrowing apus_kernels
    ) {
        let (taps, stride, dilation) = (across.axis.taps, across.axis.stride, across.axis.dilation)
        func addPart(_ window: Int) {
            let x = window * stride - across.before
            let product = products + window * width
            if dilation == 1 {
                let low = min(max(-x, 0), taps)
                let high = max(min(taps, places.columns - x), low)
                kernels.add_rows(
                    product + low * channels, 0, line + (x + low) * channels, 0, 1, Int64((high - low) * channels))
                return
            }
            for tap in 0..<taps where x + tap * dilation >= 0 && x + tap * dilation < places.columns {
                let sums = line + (x + tap * dilation) * channels
                kernels.add(sums, product + tap * channels, sums, Int64(channels))
            }
        }
        for window in 0..<whole.lowerBound { addPart(window) }
        if dilation == 1, !whole.isEmpty {
            let first = whole.lowerBound
            kernels.add_rows(
                products + first * width, Int64(width), line + (first * stride - across.before) * channels,
                Int64(stride * channels), Int64(whole.count), Int64(taps * channels))
        } else {
            for window in whole { addPart(window) }
        }
        for window in whole.upperBound..<windows.columns { addPart(window) }
    }
}
