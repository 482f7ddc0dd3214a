import CVector
import Core

/// The gradient by a kernel of three by three taps: the transpose of Winograd's product, summed over tiles.
///
/// Tiles are cut into parts by size alone; the parts' sums are added in order, so threads do not change a bit.
struct WinogradGradient {
    let tiles: WinogradTiles

    private static let mostParts = 4

    private var inner: Int { tiles.sourceChannels }
    private var outer: Int { tiles.destinationChannels }
    /// Floats of one of the sums, a part's sums, and a lane.
    private var size: Int { cappedProduct(inner, outer) }
    private var sums: Int { WinogradTiles.padded(cappedProduct(WinogradTiles.products, size)) }
    private var lane: Int {
        let tile = cappedProduct(WinogradTiles.products, inner + WinogradTiles.padded(outer))
        return WinogradTiles.padded(min(cappedProduct(tiles.share, tile) + WinogradTiles.room, 1 << 56))
    }

    /// More pictures never make fewer.
    private func parts(_ pictures: Int) -> Int {
        max(1, min(Self.mostParts, cappedProduct(pictures, tiles.tilesOfPicture) / tiles.share))
    }

    func workspace(pictures: Int, lanes: Int) -> Int {
        min(cappedProduct(lane, lanes) + cappedProduct(sums, parts(pictures)), 1 << 56)
    }

    /// Sets (or, where `accumulates`, adds to) the gradient.
    func run(
        _ source: UnsafePointer<Float>, gradient dy: UnsafePointer<Float>, kernel: UnsafeMutablePointer<Float>,
        pictures: Int, accumulates: Bool, workspace: UnsafeMutablePointer<Float>, lanes: Int, in context: Context
    ) {
        let (parts, count) = (parts(pictures), pictures * tiles.tilesOfPicture)
        let rooms = workspace + parts * sums
        context.parallel(parts, lanes: lanes) { part, number in
            let end = count * (part + 1) / parts
            var from = count * part / parts
            var isFirst = true
            repeat {
                let to = min(end, from + tiles.share)
                add(source, dy, from, to, to: workspace + part * sums, isFirst, rooms + number * lane, context.kernels)
                isFirst = false
                from = to
            } while from < end
        }
        let share = 1 << 11
        context.parallel((size + share - 1) / share, lanes: lanes) { piece, number in
            let from = piece * share
            let to = min(size, from + share)
            for part in 1..<max(parts, 1) {
                for product in 0..<WinogradTiles.products {
                    let target = workspace + product * size + from
                    context.kernels.add(target, target + part * sums, target, Int64(to - from))
                }
            }
            context.kernels.winograd.kernel_gradient(
                workspace, Int64(size), Int64(from), Int64(to), rooms + number * lane, kernel, Int64(size),
                accumulates ? 1 : 0)
        }
    }

    private func add(
        _ source: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ from: Int, _ to: Int,
        to sums: UnsafeMutablePointer<Float>, _ isFirst: Bool, _ room: UnsafeMutablePointer<Float>,
        _ kernels: borrowing apus_kernels
    ) {
        let count = to - from
        let left = room + WinogradTiles.room
        let factors = left + WinogradTiles.products * count * inner
        let factor = count * WinogradTiles.padded(outer)
        tiles.transform(source, from: from, to: to, into: left, distance: count * inner, room: room, kernels)
        for tile in from..<to {
            let at = tiles.destination(tile)
            kernels.winograd.output_gradient(
                dy + at.place * outer, Int64(tiles.columns * outer), Int64(outer), Int64(at.lines), Int64(at.columns),
                room, factors, Int64(factor), Int64(tile - from), Int64(count))
        }
        let panels = (outer + Int(kernels.panel_columns) - 1) / Int(kernels.panel_columns)
        for number in 0..<WinogradTiles.products {
            kernels.packed_product(
                1, Int64(inner), Int64(outer), Int64(count), left + number * count * inner, Int64(inner),
                factors + number * factor, 0, Int64(panels), isFirst ? 0 : 1, sums + number * size, Int64(outer))
        }
    }
}
