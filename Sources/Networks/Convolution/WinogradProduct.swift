import CVector
import Core

/// A convolution of three by three taps, or the transpose of one, by Winograd's transforms.
struct WinogradProduct {
    let tiles: WinogradTiles
    let isTransposed: Bool
    /// Numbers of the taps down and across by ascending offset.
    private let down: [Int]
    private let across: [Int]

    init?(
        rows: TapPlan, columns: TapPlan, sourceChannels: Int, destinationChannels: Int, groups: Int, isTransposed: Bool
    ) {
        guard
            let tiles = WinogradTiles(
                rows: rows, columns: columns, sourceChannels: sourceChannels,
                destinationChannels: destinationChannels, groups: groups)
        else { return nil }
        self.tiles = tiles
        self.isTransposed = isTransposed
        down = rows.phases[0].taps.map(\.number)
        across = columns.phases[0].taps.map(\.number)
    }

    private var inner: Int { tiles.sourceChannels }
    private var outer: Int { tiles.destinationChannels }
    /// Floats of one packed factor.
    private var factor: Int { cappedProduct(inner, WinogradTiles.padded(outer)) }
    /// Floats of the taps turned round.
    private var turned: Int { isTransposed ? WinogradTiles.padded(cappedProduct(9, inner, outer)) : 0 }
    /// Floats of the kernel as the products take it.
    var packed: Int { min(cappedProduct(WinogradTiles.products, factor) + turned, 1 << 56) }
    private var lane: Int {
        let tile = cappedProduct(WinogradTiles.products, inner + outer)
        return WinogradTiles.padded(min(cappedProduct(tiles.share, tile) + WinogradTiles.room, 1 << 56))
    }

    func workspace(lanes: Int) -> Int { min(packed + cappedProduct(lane, lanes), 1 << 56) }

    /// Source to destination; `finish` gets runs of whole destination places, unless it is not wanted. The kernel is
    /// packed into `kept`, or into the workspace, unless `isPacked` says that it is there.
    func run(
        _ source: UnsafePointer<Float>, kernel: UnsafePointer<Float>, to destination: UnsafeMutablePointer<Float>,
        pictures: Int, packed kept: UnsafeMutablePointer<Float>?, isPacked: Bool,
        workspace: UnsafeMutablePointer<Float>, lanes: Int, in context: Context, finishes: Bool,
        finish: (_ places: Range<Int>) -> Void
    ) {
        let rooms = workspace + packed
        let factors = kept ?? workspace
        if !isPacked { transformKernel(kernel, factors, rooms, lanes: lanes, in: context) }
        let count = pictures * tiles.tilesOfPicture
        let share = tiles.share
        context.parallel((count + share - 1) / share, lanes: lanes) { block, number in
            let from = block * share
            let to = min(count, from + share)
            multiply(source, from, to, destination, factors, rooms + number * lane, context.kernels)
            guard finishes else { return }
            for tile in from..<to {
                let at = tiles.destination(tile)
                for line in 0..<at.lines {
                    let place = at.place + line * tiles.columns
                    finish(place..<place + at.columns)
                }
            }
        }
    }

    private func transformKernel(
        _ kernel: UnsafePointer<Float>, _ factors: UnsafeMutablePointer<Float>,
        _ rooms: UnsafeMutablePointer<Float>, lanes: Int, in context: Context
    ) {
        var taps = kernel
        let size = inner * outer
        if isTransposed {
            let copy = factors + WinogradTiles.products * factor
            context.parallel(9) { number in
                let tap = kernel + (down[number / 3] * 3 + across[number % 3]) * size
                context.kernels.transpose4(
                    tap, Int64(inner), Int64(outer), Int64(inner), copy + number * size, Int64(outer))
            }
            taps = UnsafePointer(copy)
        }
        let rows = max(1, (1 << 12) / outer)
        context.parallel((inner + rows - 1) / rows, lanes: lanes) { part, number in
            context.kernels.winograd.kernel(
                taps, Int64(inner), Int64(outer), Int64(part * rows), Int64(min(inner, (part + 1) * rows)),
                rooms + number * lane, factors, Int64(factor))
        }
    }

    private func multiply(
        _ source: UnsafePointer<Float>, _ from: Int, _ to: Int, _ destination: UnsafeMutablePointer<Float>,
        _ factors: UnsafeMutablePointer<Float>, _ room: UnsafeMutablePointer<Float>,
        _ kernels: borrowing apus_kernels
    ) {
        let count = to - from
        let left = room + WinogradTiles.room
        let products = left + WinogradTiles.products * count * inner
        tiles.transform(source, from: from, to: to, into: left, distance: count * inner, room: room, kernels)
        let panels = (outer + Int(kernels.panel_columns) - 1) / Int(kernels.panel_columns)
        for number in 0..<WinogradTiles.products {
            kernels.packed_product(
                0, Int64(count), Int64(outer), Int64(inner), left + number * count * inner, Int64(inner),
                factors + number * factor, 0, Int64(panels), 0, products + number * count * outer, Int64(outer))
        }
        for tile in from..<to {
            let at = tiles.destination(tile)
            kernels.winograd.output(
                products + (tile - from) * outer, Int64(count * outer), room, destination + at.place * outer,
                Int64(tiles.columns * outer), Int64(outer), Int64(at.lines), Int64(at.columns))
        }
    }
}
