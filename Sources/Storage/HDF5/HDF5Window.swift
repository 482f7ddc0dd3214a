import Core
import Networks

/// Rows of the file in memory.
final class HDF5Window: @unchecked Sendable {
    struct Segment {
        let start: Int
        let count: Int
    }

    /// A run of rows of the file, and where in the window it begins.
    private struct Placed {
        let segment: Segment
        let place: Int
    }

    let data: Dataset
    let order: Buffer<Int>?
    private let buffers: [Buffer<UInt8>]
    private let rowSizes: [Int]
    /// What lies in it, one run of rows after the other, and how many rows that are.
    private var segments: [Placed] = []
    private(set) var count = 0

    init(_ source: HDF5Source, rows: Int, shuffles: Bool, in allocator: Allocator) throws(ApusError) {
        var buffers: [Buffer<UInt8>] = []
        for column in source.columns { buffers.append(try Buffer(rows * column.rowSize, in: allocator)) }
        self.buffers = buffers
        rowSizes = source.columns.map(\.rowSize)
        order = shuffles ? try Buffer(rows, in: allocator) : nil
        func view(_ index: Int) -> ArrayView {
            let column = source.columns[index]
            return ArrayView(
                data: UnsafeMutableRawPointer(buffers[index].pointer), dtype: column.dtype,
                shape: column.shape.dropFirst(1).prefixed(by: rows))
        }
        data = Dataset(
            rows: rows, inputs: source.inputs.map(view), targets: source.targets.map(view),
            sampleWeights: source.weights.map { $0.map(view) })
        data.numbering = { [weak self] place in self?.rowOfFile(place) ?? place }
    }

    /// The row of the file at a place.
    private func rowOfFile(_ place: Int) -> Int {
        // The last run that begins at the place or before it.
        var (low, high) = (0, segments.count)
        while low < high {
            let middle = low + (high - low) / 2
            if segments[middle].place <= place { low = middle + 1 } else { high = middle }
        }
        guard low > 0, place < count else { return place }
        let run = segments[low - 1]
        return run.segment.start + (place - run.place)
    }

    /// Says what is to lie in it.
    func hold(_ runs: [Segment]) {
        segments = []
        count = 0
        for run in runs {
            segments.append(Placed(segment: run, place: count))
            count += run.count
        }
    }

    func fill(from readers: [RowReader], check: () throws(ApusError) -> Void) throws(ApusError) {
        for (index, reader) in readers.enumerated() {
            reader.forget()
            for run in segments {
                try reader.read(
                    run.segment.start..<run.segment.start + run.segment.count,
                    into: UnsafeMutableRawPointer(buffers[index].pointer) + run.place * rowSizes[index], check: check)
            }
        }
        try data.checkWeightValues(rows: count)
    }

    /// Puts the rows in an order for an epoch; that of arrays for a window of all rows.
    func shuffle(_ seed: UInt64, epoch: Int, window: Int?) {
        guard let order else { return }
        if let window {
            RowOrder.permute(order.pointer, count: count, seed: seed, epoch: epoch, window: window)
        } else {
            RowOrder.permute(order.pointer, count: count, seed: seed, epoch: epoch)
        }
    }
}
