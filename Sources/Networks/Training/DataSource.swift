import Core

/// Where the rows of a fit or an evaluation come from: arrays, a file, a callback. A source says what its rows are; a
/// pass over it hands them out batch by batch.
package protocol DataSource: AnyObject {
    /// Views with the shapes and dtypes of the rows. Only those of arrays have elements that may be read.
    var form: Dataset { get }
    /// Rows of an epoch; nil when only its end tells.
    var rows: Int? { get }
    /// Makes the memory for a pass. Throws `invalidArgument` for a range from a source that has none, `limit` or
    /// `outOfMemory` with the bytes needed.
    func pass(_ plan: PassPlan, in context: Context) throws(ApusError) -> any DataPass
}

/// Which rows a pass goes over, and how.
package struct PassPlan {
    /// A part of the rows, nil for all.
    package var rows: Range<Int>?
    package var batchSize: Int
    package var shuffles = false
    /// What the order of an epoch is a function of, with the number of the epoch.
    package var seed: UInt64 = 0

    package init(rows: Range<Int>? = nil, batchSize: Int, shuffles: Bool = false, seed: UInt64 = 0) {
        self.rows = rows
        self.batchSize = batchSize
        self.shuffles = shuffles
        self.seed = seed
    }
}

/// Goes over the rows of a source, epoch after epoch, on one thread.
package protocol DataPass: AnyObject {
    /// Batches of an epoch; nil when only its end tells.
    var batches: Int? { get }
    /// Goes to a batch of an epoch. The order of the rows depends on the plan and these numbers alone.
    func begin(epoch: Int, batch: Int) throws(ApusError)
    /// The next batch, whose rows stay until the next call; nil at an end that was not known. Not to be called past
    /// `batches`.
    func next() throws(ApusError) -> Batch?
    /// Ends what the pass has running. To be called on every way out.
    func end()
}

/// Some rows: those at the places `order[start...]`, or `start...` without an order.
package struct Batch {
    package let data: Dataset
    package let order: UnsafePointer<Int>?
    package let start: Int
    package let count: Int

    package init(_ data: Dataset, order: UnsafePointer<Int>? = nil, start: Int = 0, count: Int) {
        self.data = data
        self.order = order
        self.start = start
        self.count = count
    }
}

extension Dataset: DataSource {
    package var form: Dataset { self }
    package var rows: Int? { count }

    package func pass(_ plan: PassPlan, in context: Context) throws(ApusError) -> any DataPass {
        try ArrayPass(self, plan, in: context)
    }
}

/// A pass over arrays, where they lie.
private final class ArrayPass: DataPass {
    private let data: Dataset
    private let plan: PassPlan
    private let range: Range<Int>
    private let order: Buffer<Int>?
    private var position = 0

    init(_ data: Dataset, _ plan: PassPlan, in context: Context) throws(ApusError) {
        self.data = data
        self.plan = plan
        range = plan.rows ?? 0..<data.count
        order = plan.shuffles ? try Buffer<Int>(range.count, in: context.allocator) : nil
    }

    var batches: Int? { (range.count - 1) / plan.batchSize + 1 }

    func begin(epoch: Int, batch: Int) {
        position = batch
        guard let order else { return }
        RowOrder.permute(order.pointer, count: range.count, seed: plan.seed, epoch: epoch)
        if range.lowerBound > 0 { for index in 0..<range.count { order.pointer[index] += range.lowerBound } }
    }

    func next() -> Batch? {
        let start = position * plan.batchSize
        let count = min(plan.batchSize, range.count - start)
        position += 1
        if let order { return Batch(data, order: UnsafePointer(order.pointer), start: start, count: count) }
        return Batch(data, start: range.lowerBound + start, count: count)
    }

    func end() {}
}

/// The order of the rows of an epoch, a function of the seed and the epoch's number.
package enum RowOrder {
    /// A permutation of all rows.
    package static func permute(_ order: UnsafeMutablePointer<Int>, count: Int, seed: UInt64, epoch: Int) {
        Philox(seed: seed, stream: 1 << 63 | UInt64(epoch)).permute(order, count: count)
    }

    /// A permutation of the blocks that rows are read in.
    package static func permuteBlocks(_ order: UnsafeMutablePointer<Int>, count: Int, seed: UInt64, epoch: Int) {
        Philox(seed: seed, stream: 3 << 62 | UInt64(epoch)).permute(order, count: count)
    }

    /// A permutation of the rows within one window of an epoch.
    package static func permute(
        _ order: UnsafeMutablePointer<Int>, count: Int, seed: UInt64, epoch: Int, window: Int
    ) {
        let key = Philox(seed: seed, stream: 7 << 61 | UInt64(epoch)).bits64(UInt64(window))
        Philox(seed: key, stream: 1 << 63 | UInt64(epoch)).permute(order, count: count)
    }
}
