import Core
import Networks

/// Rows of the file in memory.
final class HDF5Window: @unchecked Sendable {
    struct Segment {
        let start: Int
        let count: Int
    }

    let data: Dataset
    let order: Buffer<Int>?
    private let buffers: [Buffer<UInt8>]
    private let rowSizes: [Int]
    /// What lies in it, one run of rows after the other, and how many rows that are.
    var segments: [Segment] = []
    var count = 0

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
        var left = place
        for segment in segments {
            if left < segment.count { return segment.start + left }
            left -= segment.count
        }
        return place
    }

    func fill(from readers: [RowReader], check: () throws(ApusError) -> Void) throws(ApusError) {
        for (index, reader) in readers.enumerated() {
            reader.forget()
            var place = 0
            for segment in segments {
                try reader.read(
                    segment.start..<segment.start + segment.count,
                    into: UnsafeMutableRawPointer(buffers[index].pointer) + place * rowSizes[index], check: check)
                place += segment.count
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
