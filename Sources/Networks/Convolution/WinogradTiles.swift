import CVector
import Core

/// The four by four places that windows of three by three neighbours, one step apart, are computed in at once: for a
/// quarter of the multiplications, at the price of a few bits (docs/decisions.md). nil where it does not pay.
///
/// A tile depends on its own places alone, so that neither the batch nor threads change a bit.
struct WinogradTiles {
    /// Extents, and where the first window begins.
    let sourceRows: Int
    let sourceColumns: Int
    let rows: Int
    let columns: Int
    let firstRow: Int
    let firstColumn: Int
    let sourceChannels: Int
    let destinationChannels: Int

    /// Products, one for each place of a transformed tile.
    static let products = 36
    /// Floats that a transform needs.
    static let room = 36 * 16
    /// Channels of either side from which it pays.
    private static let leastChannels = 32

    init?(rows: TapPlan, columns: TapPlan, sourceChannels: Int, destinationChannels: Int, groups: Int) {
        func start(_ plan: TapPlan) -> Int? {
            guard plan.phases.count == 1, let phase = plan.phases.first, plan.step == 1, plan.advance == 1,
                phase.taps.count == 3, phase.isRun
            else { return nil }
            return phase.taps[0].offset
        }
        guard groups == 1, min(sourceChannels, destinationChannels) >= Self.leastChannels,
            let firstRow = start(rows), let firstColumn = start(columns)
        else { return nil }
        (sourceRows, sourceColumns) = (rows.source, columns.source)
        (self.rows, self.columns) = (rows.destination, columns.destination)
        (self.firstRow, self.firstColumn) = (firstRow, firstColumn)
        (self.sourceChannels, self.destinationChannels) = (sourceChannels, destinationChannels)
        // At least half of the places that the tiles cover must exist.
        guard self.rows >= 1, self.columns >= 1,
            cappedProduct(2, self.rows, self.columns) >= cappedProduct(16, tilesOfPicture)
        else { return nil }
    }

    var tilesDown: Int { (rows + 3) / 4 }
    var tilesAcross: Int { (columns + 3) / 4 }
    var tilesOfPicture: Int { cappedProduct(tilesDown, tilesAcross) }

    /// Tiles taken at once: as many as stay in the cache with their transforms, in multiples of the product's rows.
    var share: Int {
        let floats = cappedProduct(Self.products, sourceChannels + destinationChannels)
        return max(24, min(96, 300_000 / floats) / 12 * 12)
    }

    /// Where a tile's source lies, and which of its lines and columns exist.
    func source(_ number: Int) -> (start: Int, lines: Range<Int>, columns: Range<Int>) {
        let (picture, down, across) = place(number)
        let (y, x) = (4 * down + firstRow, 4 * across + firstColumn)
        func part(_ first: Int, _ extent: Int) -> Range<Int> {
            let low = min(max(-first, 0), 6)
            return low..<max(low, min(6, extent - first))
        }
        return (
            ((picture * sourceRows + y) * sourceColumns + x) * sourceChannels, part(y, sourceRows),
            part(x, sourceColumns)
        )
    }

    /// Where a tile's destination lies as a place, and how many of its lines and columns exist.
    func destination(_ number: Int) -> (place: Int, lines: Int, columns: Int) {
        let (picture, down, across) = place(number)
        return (
            (picture * rows + 4 * down) * columns + 4 * across, min(4, rows - 4 * down), min(4, columns - 4 * across)
        )
    }

    private func place(_ number: Int) -> (picture: Int, down: Int, across: Int) {
        let (picture, inside) = number.quotientAndRemainder(dividingBy: tilesOfPicture)
        let (down, across) = inside.quotientAndRemainder(dividingBy: tilesAcross)
        return (picture, down, across)
    }

    /// The tiles `from` to `to` of the source, transformed: [product, tile, channel], `distance` floats a product.
    func transform(
        _ source: UnsafePointer<Float>, from: Int, to: Int, into out: UnsafeMutablePointer<Float>, distance: Int,
        room: UnsafeMutablePointer<Float>, _ kernels: borrowing apus_kernels
    ) {
        for number in from..<to {
            let tile = self.source(number)
            kernels.winograd.source(
                source + tile.start, Int64(sourceColumns * sourceChannels), Int64(sourceChannels),
                Int64(tile.lines.lowerBound), Int64(tile.lines.upperBound), Int64(tile.columns.lowerBound),
                Int64(tile.columns.upperBound), room, out + (number - from) * sourceChannels, Int64(distance))
        }
    }

    /// Channels as a packed factor holds them.
    static func padded(_ channels: Int) -> Int { (channels + 15) / 16 * 16 }
}
