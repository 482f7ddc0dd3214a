import Core

/// What the random numbers of samples are keyed by.
package struct SampleKey: @unchecked Sendable {
    package let seed: UInt64
    package let epoch: UInt64
    /// The number of the first sample, and those of all where they do not follow each other.
    package let first: Int
    let rows: UnsafePointer<Int>?
    /// What a sample's number is in data of which only a part lies in memory.
    let numbering: ((Int) -> Int)?

    package init(
        seed: UInt64, epoch: UInt64, first: Int = 0, rows: UnsafePointer<Int>? = nil, numbering: ((Int) -> Int)? = nil
    ) {
        (self.seed, self.epoch, self.first, self.rows, self.numbering) = (seed, epoch, first, rows, numbering)
    }

    /// Streams with these bits are of no layer and no order of rows.
    private static let streams: UInt64 = 5 << 61

    /// The random numbers of step `step` for sample `index` of the batch.
    func draws(_ index: Int, step: Int) -> Draws {
        let place = rows.map { $0[index] } ?? first &+ index
        let number = numbering?(place) ?? place
        let own = Philox(seed: seed, stream: SampleKey.streams | epoch).bits64(UInt64(bitPattern: Int64(number)))
        return Draws(random: Philox(seed: own, stream: UInt64(truncatingIfNeeded: step)))
    }

    /// The numbers that what concerns a whole batch is drawn from, keyed by its first sample.
    func batchRandom(step: Int) -> Philox {
        Philox(seed: draws(0, step: step).random.seed, stream: 1 << 32 | UInt64(truncatingIfNeeded: step))
    }
}
