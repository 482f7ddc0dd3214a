import Core

/// Extents of one image, channels last.
package struct ImageShape: Equatable, Sendable {
    package var height: Int
    package var width: Int
    package var channels: Int

    package init(height: Int, width: Int, channels: Int) {
        (self.height, self.width, self.channels) = (height, width, channels)
    }

    /// Of one row of a batch. Throws `shape` for anything but (height, width, channels) without an extent of 0.
    package init(row: Shape, _ name: String) throws(ApusError) {
        guard row.rank == 3, row[0] > 0, row[1] > 0, row[2] > 0, row.checkedCount != nil else {
            throw .shape(
                "\(name) must have shape (images, height, width, channels), each >= 1, got \(row) for each row.")
        }
        self.init(height: row[0], width: row[1], channels: row[2])
    }

    /// Numbers of one image; 2^56 for more than can be counted.
    package var count: Int { cappedProduct(height, width, channels) }
    package var shape: Shape { Shape(height, width, channels) }
}
