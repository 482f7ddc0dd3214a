import CVector
import Core

/// A convolution, or the transpose of one, as products: windows are gathered in blocks that stay in the cache, and
/// multiplied with the kernel's taps.
///
/// Pictures are rows of lines by columns by channels, channels last. The kernel is [taps down, taps across, in, out]; as
/// a transpose it is read from out to in. Channels may be in groups that do not mix. Blocks are cut by size alone, so
/// threads do not change a bit. Three by three taps of many channels go through Winograd's transforms instead, and
/// transposes to fewer channels are spread from products of the source's places.
struct ConvolutionProduct {
    let rows: TapPlan
    let columns: TapPlan
    /// Channels of all groups.
    let sourceChannels: Int
    let destinationChannels: Int
    let groups: Int
    let isTransposed: Bool
    /// Columns of taps in the kernel.
    let tapsAcross: Int
    private let winograd: WinogradProduct?
    private let spread: SpreadProduct?
    private let parts: [Part]
    /// Floats of all packed kernels.
    private let packedCount: Int
    private let laneCount: Int

    /// The product of one phase and group.
    private struct Part {
        let gather: TapGather
        let group: Int
        /// Where its packed kernel begins.
        let packed: Int
        /// Windows in each of its slices.
        let share: Int

        func slices(_ pictures: Int) -> Int { (pictures * gather.places + share - 1) / share }
    }

    /// Floats gathered at once: half of a level 2 cache.
    private static let block = 1 << 16
    /// Multiplications worth a thread.
    private static let worthwhile = 400_000
    private static let padding = 16
    /// Rows of a tile of the product, of every instruction set.
    private static let tile = 36

    init(
        rows: TapPlan, columns: TapPlan, sourceChannels: Int, destinationChannels: Int, groups: Int,
        isTransposed: Bool, tapsAcross: Int
    ) {
        (self.rows, self.columns) = (rows, columns)
        (self.sourceChannels, self.destinationChannels) = (sourceChannels, destinationChannels)
        (self.groups, self.isTransposed, self.tapsAcross) = (groups, isTransposed, tapsAcross)
        winograd = WinogradProduct(
            rows: rows, columns: columns, sourceChannels: sourceChannels, destinationChannels: destinationChannels,
            groups: groups, isTransposed: isTransposed)
        spread = winograd != nil || groups > 1 || !isTransposed ? nil : SpreadProduct(
            rows: rows, columns: columns, sourceChannels: sourceChannels, destinationChannels: destinationChannels)
        let (taken, made) = (sourceChannels / groups, destinationChannels / groups)
        let panels = (made + Self.padding - 1) / Self.padding * Self.padding
        var parts: [Part] = []
        var (packed, lane) = (0, 0)
        for rowPhase in rows.phases {
            for columnPhase in columns.phases {
                for group in 0..<groups {
                    let gather = TapGather(
                        rows: rows, columns: columns, rowPhase: rowPhase, columnPhase: columnPhase,
                        channels: sourceChannels, firstChannel: group * taken, taken: taken)
                    let width = max(1, gather.width)
                    let most = max(Self.tile, Self.block / width)
                    let least = Self.worthwhile / max(1, cappedProduct(width, made)) + 1
                    let share = (min(most, max(least, Self.tile)) + Self.tile - 1) / Self.tile * Self.tile
                    parts.append(Part(gather: gather, group: group, packed: packed, share: share))
                    let kernel = cappedProduct(gather.width, panels)
                    packed = min(packed + (kernel + 15) / 16 * 16, 1 << 56)
                    let room = min(cappedProduct(share, gather.stride) + cappedProduct(share, made) + 64, 1 << 56)
                    lane = max(lane, max(room, cappedProduct(gather.width, made) + 64))
                }
            }
        }
        self.parts = parts
        packedCount = packed
        laneCount = (lane + 15) / 16 * 16
    }

    /// Floats of the kernel as the products take it.
    var packed: Int { winograd?.packed ?? spread?.packed ?? packedCount }

    /// Floats of workspace.
    func workspace(lanes: Int) -> Int {
        winograd?.workspace(lanes: lanes) ?? spread?.workspace(lanes: lanes) ?? directWorkspace(lanes: lanes)
    }

    private func directWorkspace(lanes: Int) -> Int { min(packedCount + cappedProduct(laneCount, lanes), 1 << 56) }

    /// Whether the destination's places are filled in order, all channels at once: an activation may then follow at once.
    private var fillsInOrder: Bool {
        groups == 1 && rows.phases.count == 1 && columns.phases.count == 1 && rows.step == 1 && columns.step == 1
    }

    /// Source to destination, of so many pictures. `finish` gets (unless it is not wanted) runs of whole destination
    /// places: those of a slice, while they are in the cache, where that is possible. The kernel is packed into `kept`, or
    /// into the workspace, unless `isPacked` says that it is there.
    func run(
        _ source: UnsafePointer<Float>, kernel: UnsafePointer<Float>, to destination: UnsafeMutablePointer<Float>,
        pictures: Int, packed kept: UnsafeMutablePointer<Float>? = nil, isPacked: Bool = false,
        workspace: UnsafeMutablePointer<Float>, lanes: Int, in context: Context, finishes: Bool = true,
        finish: (_ places: Range<Int>) -> Void
    ) {
        if let winograd {
            winograd.run(
                source, kernel: kernel, to: destination, pictures: pictures, packed: kept, isPacked: isPacked,
                workspace: workspace, lanes: lanes, in: context, finishes: finishes, finish: finish)
            return
        }
        if let spread {
            spread.run(
                source, kernel: kernel, to: destination, pictures: pictures, packed: kept, isPacked: isPacked,
                workspace: workspace, lanes: lanes, in: context, finishes: finishes, finish: finish)
            return
        }
        let room = workspace + packedCount
        let count = pictures * rows.destination * columns.destination
        if rows.hasGaps || columns.hasGaps {
            context.parallel(over: count * destinationChannels, by: 1 << 16) { range in
                (destination + range.lowerBound).update(repeating: 0, count: range.count)
            }
        }
        let factors = kept ?? workspace
        if !isPacked {
            context.parallel(parts.count, lanes: lanes) { number, lane in
                pack(parts[number], kernel, into: factors, room + lane * laneCount, context.kernels)
            }
        }
        var slices = 0
        for part in parts { slices += part.slices(pictures) }
        context.parallel(slices, lanes: lanes) { slice, lane in
            var (number, first) = (0, slice)
            while first >= parts[number].slices(pictures) {
                first -= parts[number].slices(pictures)
                number += 1
            }
            let part = parts[number]
            let from = first * part.share
            let to = min(pictures * part.gather.places, from + part.share)
            multiply(part, from, to, source, destination, factors, room + lane * laneCount, context.kernels)
            if fillsInOrder, finishes { finish(from..<to) }
        }
        if !fillsInOrder, finishes {
            context.parallel(over: count, by: max(1, (1 << 14) / max(1, destinationChannels)), finish)
        }
    }

    private func pack(
        _ part: Part, _ kernel: UnsafePointer<Float>, into workspace: UnsafeMutablePointer<Float>,
        _ room: UnsafeMutablePointer<Float>, _ kernels: borrowing apus_kernels
    ) {
        let gather = part.gather
        let (taken, made) = (gather.taken, destinationChannels / groups)
        let panels = (made + Int(kernels.panel_columns) - 1) / Int(kernels.panel_columns)
        if !isTransposed {
            // [taps, in] rows by out, as it lies.
            kernels.pack_columns(
                0, Int64(gather.width), Int64(made), kernel + part.group * made, Int64(destinationChannels), 0,
                Int64(panels), workspace + part.packed)
            return
        }
        // A tap is [made, taken of all sources]: turned round, one below the other.
        var row = room
        for down in gather.rowPhase.taps {
            for across in gather.columnPhase.taps {
                let tap = kernel + (down.number * tapsAcross + across.number) * made * sourceChannels
                    + part.group * taken
                for channel in 0..<taken {
                    for place in 0..<made { row[place] = tap[place * sourceChannels + channel] }
                    row += made
                }
            }
        }
        kernels.pack_columns(
            0, Int64(gather.width), Int64(made), room, Int64(made), 0, Int64(panels), workspace + part.packed)
    }

    private func multiply(
        _ part: Part, _ from: Int, _ to: Int, _ source: UnsafePointer<Float>,
        _ destination: UnsafeMutablePointer<Float>, _ workspace: UnsafeMutablePointer<Float>,
        _ room: UnsafeMutablePointer<Float>, _ kernels: borrowing apus_kernels
    ) {
        let gather = part.gather
        let made = destinationChannels / groups
        let panels = (made + Int(kernels.panel_columns) - 1) / Int(kernels.panel_columns)
        let isStraight = rows.step == 1 && columns.step == 1
        let out = isStraight
            ? destination + from * destinationChannels + part.group * made : room + part.share * gather.stride
        let distance = isStraight ? destinationChannels : made
        var left = UnsafePointer(room)
        var stride = gather.stride
        if isPointwise {
            left = source + from * sourceChannels + gather.firstChannel
            stride = sourceChannels
        } else {
            gather.copy(source, from: from, to: to, into: room, kernels)
        }
        kernels.packed_product(
            0, Int64(to - from), Int64(made), Int64(gather.width), left, Int64(stride), workspace + part.packed, 0,
            Int64(panels), 0, out, Int64(distance))
        if !isStraight { scatter(part, from, to, UnsafePointer(out), destination + part.group * made, made) }
    }

    /// One tap, every source element once: nothing to gather.
    private var isPointwise: Bool {
        func isPlain(_ plan: TapPlan) -> Bool {
            plan.phases.count == 1 && plan.step == 1 && plan.advance == 1 && plan.source == plan.destination
                && plan.phases[0].taps.count == 1 && plan.phases[0].taps[0].offset == 0
        }
        return isPlain(rows) && isPlain(columns)
    }

    /// Elements of a phase to their places.
    private func scatter(
        _ part: Part, _ from: Int, _ to: Int, _ values: UnsafePointer<Float>,
        _ destination: UnsafeMutablePointer<Float>, _ made: Int
    ) {
        let (rowPhase, columnPhase) = (part.gather.rowPhase, part.gather.columnPhase)
        var value = values
        for place in from..<to {
            let (number, inside) = place.quotientAndRemainder(dividingBy: part.gather.places)
            let (row, column) = inside.quotientAndRemainder(dividingBy: columnPhase.count)
            let y = number * rows.destination + rowPhase.first + row * rows.step
            let x = columnPhase.first + column * columns.step
            (destination + (y * columns.destination + x) * destinationChannels).update(from: value, count: made)
            value += made
        }
    }
}
