import Core
import Networks

/// A pass over an HDF5 file. Blocks of rows come in random order into a window, whose rows are then shuffled; while
/// batches are taken from one window, the next is read into another. A window that holds all rows is read once.
final class HDF5Pass: DataPass {
    private let source: HDF5Source
    private let context: Context
    private let batchSize: Int
    private let seed: UInt64
    private let shuffles: Bool
    private let range: Range<Int>
    private let size: HDF5Source.Windows
    private let windows: [HDF5Window]
    private let readers: [RowReader]
    private let background: BackgroundReader
    /// The blocks of the epoch in their order; nil without shuffling, and when one window holds all.
    private let blocks: Buffer<Int>?
    private var epoch = 0
    /// Where the next window begins among the blocks: which, and after how many of its rows.
    private var block = 0
    private var rowOfBlock = 0
    /// The window that batches are taken from, if it is there, and its number; the next batch in it.
    private var current: HDF5Window?
    private var number = 0
    private var batch = 0
    /// Which window is being read, or was read last.
    private var turn = 0

    init(_ source: HDF5Source, _ plan: PassPlan, in context: Context) throws(ApusError) {
        self.source = source
        self.context = context
        batchSize = plan.batchSize
        seed = plan.seed
        shuffles = plan.shuffles && source.shuffles
        let own = plan.rows ?? 0..<source.range.count
        range = source.range.lowerBound + own.lowerBound..<source.range.lowerBound + own.upperBound
        size = try source.windows(rows: range.count, batchSize: batchSize, shuffles: shuffles, in: context)
        let allocator = context.allocator
        var readers: [RowReader] = []
        for column in source.columns { readers.append(try RowReader(column, in: allocator)) }
        self.readers = readers
        var windows: [HDF5Window] = []
        for _ in 0..<size.count {
            windows.append(try HDF5Window(source, rows: size.rows, shuffles: shuffles, in: allocator))
        }
        self.windows = windows
        let first = range.lowerBound / size.blockRows
        let last = (range.upperBound - 1) / size.blockRows
        blocks = shuffles && size.count > 1 ? try Buffer(last - first + 1, in: allocator) : nil
        background = BackgroundReader(thread: source.prefetches && size.count > 1)
    }

    var batches: Int? { (range.count - 1) / batchSize + 1 }

    func begin(epoch: Int, batch: Int) throws(ApusError) {
        // A window on its way may be that of an epoch that a stop cut short.
        try background.wait(in: context)
        try within { () throws(ApusError) in try source.file.checkUnchanged() }
        self.epoch = epoch
        if let blocks {
            RowOrder.permuteBlocks(blocks.pointer, count: blocks.count, seed: seed, epoch: epoch)
        }
        (block, rowOfBlock) = (0, 0)
        number = batch * batchSize / size.rows
        self.batch = batch - number * (size.rows / batchSize)
        if size.count == 1 {
            number = 0
            self.batch = batch
            if current == nil {
                read(0, into: windows[0])
            } else {
                windows[0].shuffle(seed, epoch: epoch, window: nil)
            }
            return
        }
        current = nil
        for _ in 0..<number { _ = segments(skipping: true) }
        turn = 0
        read(number, into: windows[0])
    }

    func next() throws(ApusError) -> Batch? {
        if let window = current, batch * batchSize >= window.count {
            // Its rows are done with, so that the window after the next goes there.
            current = nil
            number += 1
            batch = 0
        }
        if current == nil {
            try within { () throws(ApusError) in try background.wait(in: context) }
            let window = windows[turn]
            current = window
            let done = number * size.rows + window.count
            if windows.count > 1, done < range.count {
                turn = 1 - turn
                read(number + 1, into: windows[turn])
            }
        }
        guard let window = current else { throw ApusError(.internal, "A pass without a window.") }
        let start = batch * batchSize
        batch += 1
        let order = window.order.map { UnsafePointer($0.pointer) }
        return Batch(window.data, order: order, start: start, count: min(batchSize, window.count - start))
    }

    func end() { background.stop() }

    private func within(_ body: () throws(ApusError) -> Void) throws(ApusError) {
        do { try body() } catch {
            throw error.within(source.file)
        }
    }

    /// Begins to read window `number` of the epoch, the next one of the blocks.
    private func read(_ number: Int, into window: HDF5Window) {
        window.hold(segments(skipping: false))
        let (readers, seed, epoch, file) = (readers, seed, epoch, source.file)
        let which = windows.count > 1 ? number : nil
        background.start { (check) throws(ApusError) in
            try window.fill(from: readers, check: check)
            try file.checkUnchanged()
            window.shuffle(seed, epoch: epoch, window: which)
        }
    }

    /// The rows of the next window as runs of rows of the file, in its order; or none, when they are only passed over.
    private func segments(skipping: Bool) -> [HDF5Window.Segment] {
        var segments: [HDF5Window.Segment] = []
        var left = size.rows
        guard let blocks else {
            let start = range.lowerBound + rowOfBlock
            let count = min(left, range.upperBound - start)
            rowOfBlock += count
            return skipping ? [] : [HDF5Window.Segment(start: start, count: count)]
        }
        let first = range.lowerBound / size.blockRows
        while left > 0, block < blocks.count {
            let whole = (first + blocks.pointer[block]) * size.blockRows
            let start = max(whole, range.lowerBound) + rowOfBlock
            let end = min(whole + size.blockRows, range.upperBound)
            let count = min(left, end - start)
            if !skipping { segments.append(HDF5Window.Segment(start: start, count: count)) }
            left -= count
            rowOfBlock += count
            if start + count == end {
                block += 1
                rowOfBlock = 0
            }
        }
        segments.sort { $0.start < $1.start }
        return segments
    }
}
