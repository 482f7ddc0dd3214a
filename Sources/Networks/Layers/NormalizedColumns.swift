import CVector
import Core

/// Normalization of the columns of rows, channels last and nothing left out: the common case of BatchNormalization, a
/// pass over memory for each thing that needs one.
///
/// Few channels are taken several rows at a time, so that vectors are full. Slices are cut by size alone.
struct NormalizedColumns {
    let channels: Int
    /// Rows side by side in one folded row, its width, whole folded rows, and the rows left over.
    private let fold: Int
    private let width: Int
    private let folded: Int
    private let rest: Int
    private let share: Int
    private let slices: Int
    let rows: Int

    /// Floats of one slice.
    private static let slice = 1 << 14
    private static let narrow = 64

    init(rows: Int, channels: Int) {
        (self.rows, self.channels) = (rows, channels)
        // Sixteen rows of a few channels are whole vectors, whatever their number.
        let wanted = channels >= Self.narrow ? 1 : channels >= 16 ? 4 : 16 * max(1, 4 / max(1, channels))
        fold = max(1, min(rows, wanted))
        width = cappedProduct(fold, channels)
        (folded, rest) = rows.quotientAndRemainder(dividingBy: fold)
        share = max(16, Self.slice / max(1, width))
        slices = max(1, (folded + share - 1) / share)
    }

    /// Floats: two numbers of each channel and slice, five of each column, three more in each lane.
    func workspace(lanes: Int) -> Int {
        min(cappedProduct(2, channels, slices) + cappedProduct(5, width) + cappedProduct(3, width, lanes), 1 << 56)
    }

    private struct Rooms {
        let partial: UnsafeMutablePointer<Float>
        let columns: UnsafeMutablePointer<Float>
        let lanes: UnsafeMutablePointer<Float>
    }

    private func rooms(_ workspace: UnsafeMutablePointer<Float>) -> Rooms {
        let columns = workspace + 2 * channels * slices
        return Rooms(partial: workspace, columns: columns, lanes: columns + 5 * width)
    }

    /// Calls body(offset, rows, columns) for the folded rows of a slice, and for what is left over after the last.
    private func each(_ slice: Int, _ body: (_ offset: Int, _ rows: Int, _ columns: Int) -> Void) {
        let from = slice * share
        let to = min(folded, from + share)
        if to > from { body(from * width, to - from, width) }
        if slice == slices - 1, rest > 0 { body(folded * width, 1, rest * channels) }
    }

    /// Rows of a slice.
    private func count(_ slice: Int) -> Int {
        (min(folded, (slice + 1) * share) - slice * share) * fold + (slice == slices - 1 ? rest : 0)
    }

    /// A number of each channel, for each column.
    private func spread(_ number: Int, _ rooms: Rooms, _ value: (_ channel: Int) -> Float) -> UnsafePointer<Float> {
        let out = rooms.columns + number * width
        for c in 0..<channels { out[c] = value(c) }
        for copy in 1..<max(fold, 1) { (out + copy * channels).update(from: out, count: channels) }
        return UnsafePointer(out)
    }

    /// Adds the columns of each channel to `out`.
    private func gather(_ sums: UnsafePointer<Float>, _ columns: Int, to out: UnsafeMutablePointer<Float>) {
        var place = 0
        while place < columns {
            for c in 0..<channels { out[c] += sums[place + c] }
            place += channels
        }
    }

    /// Mean and biased variance of each channel: those of slices by two passes within the cache, put together by the
    /// update of Chan, Golub and LeVeque (1983), doi:10.1080/00031305.1983.10483115, in the order of the slices.
    func statistics(
        _ x: UnsafePointer<Float>, mean: UnsafeMutablePointer<Float>, variance: UnsafeMutablePointer<Float>,
        workspace: UnsafeMutablePointer<Float>, lanes: Int, in context: Context
    ) {
        let rooms = rooms(workspace)
        context.parallel(slices, lanes: lanes) { slice, lane in
            let means = rooms.partial + 2 * slice * channels
            let squares = means + channels
            let (sums, spread) = (rooms.lanes + 3 * lane * width, rooms.lanes + (3 * lane + 1) * width)
            means.update(repeating: 0, count: 2 * channels)
            each(slice) { offset, rows, columns in
                context.kernels.sum_rows(x + offset, Int64(rows), Int64(columns), Int64(columns), sums)
                gather(sums, columns, to: means)
            }
            let count = Float(count(slice))
            for c in 0..<channels { means[c] /= count }
            for copy in 0..<fold { (spread + copy * channels).update(from: means, count: channels) }
            each(slice) { offset, rows, columns in
                context.kernels.channels.sum_squares(x + offset, spread, Int64(rows), Int64(columns), sums)
                gather(sums, columns, to: squares)
            }
        }
        for c in 0..<channels {
            var (total, center, squares) = (0.0, 0.0, 0.0)
            for slice in 0..<slices {
                let part = rooms.partial + 2 * slice * channels
                let count = Double(count(slice))
                let step = Double(part[c]) - center
                squares += Double(part[channels + c]) + step * step * total * count / (total + count)
                total += count
                center += step * count / total
            }
            mean[c] = Float(center)
            variance[c] = Float(squares / total)
        }
    }

    /// y = (x - mean) factor + shift.
    func apply(
        _ x: UnsafePointer<Float>, mean: UnsafePointer<Float>, factor: (_ channel: Int) -> Float,
        shift: (_ channel: Int) -> Float, to y: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>,
        in context: Context
    ) {
        let rooms = rooms(workspace)
        let means = spread(0, rooms) { mean[$0] }
        let factors = spread(1, rooms, factor)
        let shifts = spread(2, rooms, shift)
        context.parallel(slices) { slice in
            each(slice) { offset, rows, columns in
                context.kernels.channels.normalize(
                    x + offset, means, factors, shifts, y + offset, Int64(rows), Int64(columns))
            }
        }
    }

    /// The sums over rows of dy, and of dy (x - mean).
    func sums(
        _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, mean: UnsafePointer<Float>,
        sums: UnsafeMutablePointer<Float>, products: UnsafeMutablePointer<Float>,
        workspace: UnsafeMutablePointer<Float>, lanes: Int, in context: Context
    ) {
        let rooms = rooms(workspace)
        let means = spread(0, rooms) { mean[$0] }
        context.parallel(slices, lanes: lanes) { slice, lane in
            let partial = rooms.partial + 2 * slice * channels
            let (first, second) = (rooms.lanes + 3 * lane * width, rooms.lanes + (3 * lane + 1) * width)
            partial.update(repeating: 0, count: 2 * channels)
            each(slice) { offset, rows, columns in
                context.kernels.channels.sum_gradients(
                    x + offset, dy + offset, means, Int64(rows), Int64(columns), first, second)
                gather(first, columns, to: partial)
                gather(second, columns, to: partial + channels)
            }
        }
        for c in 0..<channels {
            var (first, second) = (0.0, 0.0)
            for slice in 0..<slices {
                first += Double(rooms.partial[2 * slice * channels + c])
                second += Double(rooms.partial[(2 * slice + 1) * channels + c])
            }
            sums[c] = Float(first)
            products[c] = Float(second)
        }
    }

    /// dx = dy factor + (x - mean) slope + shift.
    func gradient(
        _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, mean: UnsafePointer<Float>,
        factor: (_ channel: Int) -> Float, slope: (_ channel: Int) -> Float, shift: (_ channel: Int) -> Float,
        to dx: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>, in context: Context
    ) {
        let rooms = rooms(workspace)
        let means = spread(0, rooms) { mean[$0] }
        let factors = spread(1, rooms, factor)
        let slopes = spread(2, rooms, slope)
        let shifts = spread(3, rooms, shift)
        context.parallel(slices) { slice in
            each(slice) { offset, rows, columns in
                context.kernels.channels.normalize_gradient(
                    x + offset, dy + offset, means, factors, slopes, shifts, dx + offset, Int64(rows), Int64(columns))
            }
        }
    }
}
