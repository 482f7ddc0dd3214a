import CVector

/// Copies the source elements of windows into rows, one row for each destination element: the left operand of the
/// product that a convolution is. Of one phase, and the channels of one group.
struct TapGather {
    let rows: TapPlan
    let columns: TapPlan
    let rowPhase: TapPlan.Phase
    let columnPhase: TapPlan.Phase
    /// Channels of the source, and those that are copied.
    let channels: Int
    let firstChannel: Int
    let taken: Int
    /// Windows of a line whose taps all lie in the source, where the taps are neighbours.
    private let whole: Range<Int>

    init(
        rows: TapPlan, columns: TapPlan, rowPhase: TapPlan.Phase, columnPhase: TapPlan.Phase, channels: Int,
        firstChannel: Int, taken: Int
    ) {
        (self.rows, self.columns, self.rowPhase, self.columnPhase) = (rows, columns, rowPhase, columnPhase)
        (self.channels, self.firstChannel, self.taken) = (channels, firstChannel, taken)
        let offset = columnPhase.taps.first?.offset ?? 0
        let from = max(0, -offset + columns.advance - 1) / columns.advance
        let room = columns.source - columnPhase.taps.count - offset
        whole = from..<(room < 0 ? from : max(from, room / columns.advance + 1))
    }

    /// Length of a row: taps by channels.
    var width: Int { rowPhase.taps.count * columnPhase.taps.count * taken }
    /// Floats from row to row: an odd number of cache lines, so that rows do not fall into the same few sets of a cache.
    var stride: Int { ((width + 15) / 16 | 1) * 16 }
    /// Destination elements of one picture.
    var places: Int { rowPhase.count * columnPhase.count }

    /// Rows `from` to `to` of all pictures' places, into `out`.
    func copy(
        _ source: UnsafePointer<Float>, from: Int, to: Int, into out: UnsafeMutablePointer<Float>,
        _ kernels: borrowing apus_kernels
    ) {
        let picture = rows.source * columns.source * channels
        let lineLength = columns.source * channels
        var place = from
        var target = out
        while place < to {
            let (number, inside) = place.quotientAndRemainder(dividingBy: places)
            let (row, column) = inside.quotientAndRemainder(dividingBy: columnPhase.count)
            let count = min(to - place, columnPhase.count - column)
            let base = source + number * picture + firstChannel
            var ahead = 0
            for tap in rowPhase.taps {
                let y = row * rows.advance + tap.offset
                if y < 0 || y >= rows.source {
                    clear(target + ahead, count: count)
                } else if columnPhase.isRun && taken == channels {
                    copyRuns(base + y * lineLength, column, count, target + ahead, kernels)
                } else {
                    copyTaps(base + y * lineLength, column, count, target + ahead)
                }
                ahead += columnPhase.taps.count * taken
            }
            target += count * stride
            place += count
        }
    }

    private func clear(_ target: UnsafeMutablePointer<Float>, count: Int) {
        let length = columnPhase.taps.count * taken
        let step = stride
        var target = target
        for _ in 0..<count {
            target.update(repeating: 0, count: length)
            target += step
        }
    }

    /// All taps of a line are neighbours: one run for each window, cut where it leaves the source.
    private func copyRuns(
        _ line: UnsafePointer<Float>, _ column: Int, _ count: Int, _ target: UnsafeMutablePointer<Float>,
        _ kernels: borrowing apus_kernels
    ) {
        let taps = columnPhase.taps.count
        guard let offset = columnPhase.taps.first?.offset else { return }
        let (advance, step) = (columns.advance, stride)
        let first = column * advance + offset
        let before = min(max(whole.lowerBound - column, 0), count)
        let end = min(max(whole.upperBound - column, before), count)
        func copyPart(_ window: Int) {
            let x = first + window * advance
            let place = target + window * step
            let low = min(max(-x, 0), taps)
            let high = max(min(taps, columns.source - x), low)
            clearFloats(place, low * taken)
            if high > low { copyFloats(line + (x + low) * channels, place + low * taken, (high - low) * taken) }
            clearFloats(place + high * taken, (taps - high) * taken)
        }
        for window in 0..<before { copyPart(window) }
        if end > before {
            kernels.copy_rows(
                line + (first + before * advance) * channels, Int64(advance * channels), target + before * step,
                Int64(step), Int64(end - before), Int64(taps * taken))
        }
        for window in end..<count { copyPart(window) }
    }

    private func copyTaps(
        _ line: UnsafePointer<Float>, _ column: Int, _ count: Int, _ target: UnsafeMutablePointer<Float>
    ) {
        let step = stride
        var target = target
        for window in column..<column + count {
            var place = target
            for tap in columnPhase.taps {
                let x = window * columns.advance + tap.offset
                if x < 0 || x >= columns.source {
                    place.update(repeating: 0, count: taken)
                } else {
                    copyFloats(line + x * channels, place, taken)
                }
                place += taken
            }
            target += step
        }
    }

    /// A call costs more than a few floats do.
    @inline(__always)
    private func copyFloats(_ from: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>, _ count: Int) {
        if count >= 24 {
            to.update(from: from, count: count)
        } else {
            var index = 0
            while index < count {
                to[index] = from[index]
                index += 1
            }
        }
    }
    @inline(__always)
    private func clearFloats(_ place: UnsafeMutablePointer<Float>, _ count: Int) {
        if count >= 24 {
            place.update(repeating: 0, count: count)
        } else {
            for index in 0..<count { place[index] = 0 }
        }
    }
}
