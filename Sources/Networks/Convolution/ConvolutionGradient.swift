import CVector
import Core

/// The gradient by a kernel: for each tap, the sum over all windows of source times destination gradient.
///
/// Windows are cut into parts by size alone; the parts' sums are added in order, so threads do not change a bit.
struct ConvolutionGradient {
    let pictures: Int
    let rows: TapPlan
    let columns: TapPlan
    let sourceChannels: Int
    let destinationChannels: Int
    let groups: Int
    private let parts: Int
    private let windows: Int
    private let block: Int
    private let laneCount: Int
    private let kernelCount: Int

    private static let floatsOfBlock = 3 << 15
    /// Multiplications worth a thread, and sums added up in the end.
    private static let worthwhile = 2_000_000
    private static let mostParts = 8

    /// - Parameters:
    ///   - rows, columns: of windows over a source (one phase each).
    init(
        pictures: Int, rows: TapPlan, columns: TapPlan, sourceChannels: Int, destinationChannels: Int, groups: Int
    ) {
        (self.pictures, self.rows, self.columns) = (pictures, rows, columns)
        (self.sourceChannels, self.destinationChannels, self.groups) = (sourceChannels, destinationChannels, groups)
        let gather = ConvolutionGradient.gather(rows, columns, sourceChannels, groups, 0)
        let made = destinationChannels / groups
        windows = cappedProduct(pictures, gather.places)
        kernelCount = cappedProduct(gather.width, destinationChannels)
        block = max(32, min(768, Self.floatsOfBlock / max(1, gather.width)))
        let work = Double(windows) * Double(kernelCount)
        parts = max(1, min(Self.mostParts, Int(min(work / Double(Self.worthwhile), 1e6)), (windows + block - 1) / block))
        let panels = (made + 15) / 16 * 16
        let room = min(cappedProduct(block, gather.width) + cappedProduct(block, panels) + 64, 1 << 56)
        laneCount = (room + 15) / 16 * 16
    }

    private static func gather(_ rows: TapPlan, _ columns: TapPlan, _ channels: Int, _ groups: Int, _ group: Int) -> TapGather
    {
        let taken = channels / groups
        return TapGather(
            rows: rows, columns: columns, rowPhase: rows.phases[0], columnPhase: columns.phases[0], channels: channels,
            firstChannel: group * taken, taken: taken)
    }

    /// Floats of one part's sums: of the kernel, then of the bias.
    private var sumCount: Int { min(kernelCount + destinationChannels + 15, 1 << 56) / 16 * 16 }

    func workspace(lanes: Int) -> Int {
        min(cappedProduct(laneCount, lanes) + cappedProduct(sumCount, parts), 1 << 56)
    }

    /// Sets (or, where `accumulates`, adds to) the gradients; either may be nil.
    func run(
        _ source: UnsafePointer<Float>, gradient dy: UnsafePointer<Float>, kernel: UnsafeMutablePointer<Float>?,
        bias: UnsafeMutablePointer<Float>?, accumulates: Bool, workspace: UnsafeMutablePointer<Float>, lanes: Int,
        in context: Context
    ) {
        let rooms = workspace + parts * sumCount
        context.parallel(parts, lanes: lanes) { part, lane in
            let from = windows * part / parts
            let to = windows * (part + 1) / parts
            let sums = workspace + part * sumCount
            sum(from, to, source, dy, into: sums, kernel != nil, rooms + lane * laneCount, context.kernels)
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
            let gather = ConvolutionGradient.gather(rows, columns, sourceChannels, groups, group)
            let packed = room + block * gather.width
            var start = from
            while start < to {
                let end = min(to, start + block)
                gather.copy(source, from: start, to: end, into: room)
                kernels.pack_columns(
                    0, Int64(end - start), Int64(made), dy + start * destinationChannels + group * made,
                    Int64(destinationChannels), 0, panels, packed)
                kernels.packed_product(
                    1, Int64(gather.width), Int64(made), Int64(end - start), room, Int64(gather.width), packed, 0, panels,
                    start == from ? 0 : 1, sums + group * made, Int64(destinationChannels))
                start = end
            }
            if from == to {
                for row in 0..<gather.width {
                    (sums + row * destinationChannels + group * made).update(repeating: 0, count: made)
                }
            }
        }
    }
}
