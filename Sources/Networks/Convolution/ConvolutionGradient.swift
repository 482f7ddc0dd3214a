import CVector
import Core

/// The gradient by a kernel: for each tap, the sum over all windows of source times destination gradient.
///
/// Windows are cut into parts by size alone; the parts' sums are added in order, so threads do not change a bit. A
/// block's product is made turned, destination channels by taps, and a part's sum turned back once: the windows then
/// lie as the right factor must, and only the few columns of the destination's gradient are read across. Three by three
/// taps of many channels go through Winograd's transforms instead.
struct ConvolutionGradient {
    let rows: TapPlan
    let columns: TapPlan
    let sourceChannels: Int
    let destinationChannels: Int
    let groups: Int
    private let winograd: WinogradGradient?
    /// Of each group.
    private let gathers: [TapGather]
    private let block: Int
    /// Whether products are made turned.
    private let turns: Bool
    private let laneCount: Int
    private let kernelCount: Int

    private static let floatsOfBlock = 3 << 15
    /// Multiplications worth a thread, and sums added up in the end.
    private static let worthwhile = 2_000_000
    private static let mostParts = 8
    /// Taps by channels that fill a vector.
    private static let floatsOfVector = 16

    /// - Parameters:
    ///   - rows, columns: of windows over a source (one phase each).
    init(rows: TapPlan, columns: TapPlan, sourceChannels: Int, destinationChannels: Int, groups: Int) {
        (self.rows, self.columns) = (rows, columns)
        (self.sourceChannels, self.destinationChannels, self.groups) = (sourceChannels, destinationChannels, groups)
        winograd = WinogradTiles(
            rows: rows, columns: columns, sourceChannels: sourceChannels, destinationChannels: destinationChannels,
            groups: groups
        ).map { WinogradGradient(tiles: $0) }
        let taken = sourceChannels / groups
        gathers = (0..<groups).map { group in
            TapGather(
                rows: rows, columns: columns, rowPhase: rows.phases[0], columnPhase: columns.phases[0],
                channels: sourceChannels, firstChannel: group * taken, taken: taken)
        }
        let width = rows.phases[0].taps.count * columns.phases[0].taps.count * taken
        kernelCount = cappedProduct(width, destinationChannels)
        block = max(32, min(768, Self.floatsOfBlock / max(1, width)))
        turns = width >= Self.floatsOfVector
        // Beside the windows: the turned sums, or the gradient packed.
        let made = destinationChannels / groups
        let rest = turns ? cappedProduct(made, width) : cappedProduct(block, (made + 15) / 16 * 16)
        let room = min(cappedProduct(block, gathers[0].stride) + rest + 64, 1 << 56)
        laneCount = (room + 15) / 16 * 16
    }

    private func windows(_ pictures: Int) -> Int { cappedProduct(pictures, gathers[0].places) }

    /// Parts for so many pictures: more pictures never make fewer.
    private func parts(_ pictures: Int) -> Int {
        let windows = windows(pictures)
        let work = Double(windows) * Double(kernelCount) / Double(Self.worthwhile)
        return max(1, min(Self.mostParts, Int(min(work, 1e6)), (windows + block - 1) / block))
    }

    /// Floats of one part's sums: of the kernel, then of the bias.
    private var sumCount: Int { min(kernelCount + destinationChannels + 15, 1 << 56) / 16 * 16 }

    func workspace(pictures: Int, lanes: Int) -> Int {
        max(
            winograd?.workspace(pictures: pictures, lanes: lanes) ?? 0,
            min(cappedProduct(laneCount, lanes) + cappedProduct(sumCount, parts(pictures)), 1 << 56))
    }

    /// Sets (or, where `accumulates`, adds to) the gradients; either may be nil.
    func run(
        _ source: UnsafePointer<Float>, gradient dy: UnsafePointer<Float>, kernel: UnsafeMutablePointer<Float>?,
        bias: UnsafeMutablePointer<Float>?, pictures: Int, accumulates: Bool, workspace: UnsafeMutablePointer<Float>,
        lanes: Int, in context: Context
    ) {
        var kernel = kernel
        if let winograd, let target = kernel {
            winograd.run(
                source, gradient: dy, kernel: target, pictures: pictures, accumulates: accumulates,
                workspace: workspace, lanes: lanes, in: context)
            kernel = nil
            if bias == nil { return }
        }
        let wantsKernel = kernel != nil
        let (parts, windows) = (parts(pictures), windows(pictures))
        let rooms = workspace + parts * sumCount
        context.parallel(parts, lanes: lanes) { part, lane in
            let from = windows * part / parts
            let to = windows * (part + 1) / parts
            let sums = workspace + part * sumCount
            sum(from, to, source, dy, into: sums, wantsKernel, rooms + lane * laneCount, context.kernels)
            if bias != nil {
                context.kernels.sum_rows(
                    dy + from * destinationChannels, Int64(to - from), Int64(destinationChannels),
                    Int64(destinationChannels), sums + kernelCount)
            }
        }
        func add(_ offset: Int, _ count: Int, to target: UnsafeMutablePointer<Float>) {
            context.parallel(over: count, by: 1 << 13) { range in
                let first = workspace + offset + range.lowerBound
                let out = target + range.lowerBound
                if accumulates {
                    context.kernels.add(out, first, out, Int64(range.count))
                } else {
                    out.update(from: first, count: range.count)
                }
                for part in 1..<max(parts, 1) {
                    context.kernels.add(out, first + part * sumCount, out, Int64(range.count))
                }
            }
        }
        if let kernel { add(0, kernelCount, to: kernel) }
        if let bias { add(kernelCount, destinationChannels, to: bias) }
    }

    private func sum(
        _ from: Int, _ to: Int, _ source: UnsafePointer<Float>, _ dy: UnsafePointer<Float>,
        into sums: UnsafeMutablePointer<Float>, _ wanted: Bool, _ room: UnsafeMutablePointer<Float>,
        _ kernels: borrowing apus_kernels
    ) {
        guard wanted else { return }
        let made = destinationChannels / groups
        let panels = Int64((made + Int(kernels.panel_columns) - 1) / Int(kernels.panel_columns))
        for group in 0..<groups {
            let gather = gathers[group]
            let rest = room + block * gather.stride
            let target = sums + group * made
            var start = from
            while start < to {
                let end = min(to, start + block)
                gather.copy(source, from: start, to: end, into: room, kernels)
                let gradient = dy + start * destinationChannels + group * made
                let keep: Float = start == from ? 0 : 1
                if turns {
                    kernels.direct_product(
                        1, 0, Int64(made), Int64(gather.width), Int64(end - start), gradient,
                        Int64(destinationChannels), room, Int64(gather.stride), keep, rest, Int64(gather.width))
                } else {
                    kernels.pack_columns(
                        0, Int64(end - start), Int64(made), gradient, Int64(destinationChannels), 0, panels, rest)
                    kernels.packed_product(
                        1, Int64(gather.width), Int64(made), Int64(end - start), room, Int64(gather.stride), rest, 0,
                        panels, keep, target, Int64(destinationChannels))
                }
                start = end
            }
            if from == to {
                for row in 0..<gather.width { (target + row * destinationChannels).update(repeating: 0, count: made) }
            } else if turns {
                kernels.transpose4(
                    rest, Int64(gather.width), Int64(made), Int64(gather.width), target, Int64(destinationChannels))
            }
        }
    }
}
