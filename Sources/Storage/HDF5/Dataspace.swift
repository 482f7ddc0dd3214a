import Core

/// Extents of an array or attribute in a file.
struct Dataspace {
    /// nil for a null dataspace, which holds nothing.
    let extents: [Int]?

    /// Reads a dataspace message, version 1 or 2.
    init(_ cursor: inout Cursor) throws(ApusError) {
        let version = try cursor.byte()
        let rank = try cursor.byte()
        _ = try cursor.byte()
        guard rank <= 32 else { throw FileBytes.damaged("a dataspace has \(rank) dimensions") }
        switch version {
        case 1: try cursor.skip(5)
        case 2:
            if try cursor.byte() == 2 {
                extents = nil
                return
            }
        default: throw FileBytes.damaged("a dataspace has version \(version)")
        }
        var extents: [Int] = []
        for _ in 0..<rank { extents.append(try cursor.length()) }
        self.extents = extents
    }

    /// Number of elements. Throws `corrupt` when it exceeds what can be addressed.
    func count() throws(ApusError) -> Int {
        guard let extents else { return 0 }
        var product = 1
        for extent in extents {
            let (value, overflow) = product.multipliedReportingOverflow(by: extent)
            if overflow { throw FileBytes.damaged("an array has an absurd shape") }
            product = value
        }
        return product
    }

    /// The shape of an array. Throws `corrupt` for a null dataspace, `unsupported` past eight dimensions.
    func shape(of name: String) throws(ApusError) -> Shape {
        guard let extents else { throw FileBytes.damaged("the array '\(name)' has no extents") }
        guard extents.count <= Shape.maximumRank else {
            throw .unsupported("The array '\(name)' has \(extents.count) dimensions; at most 8 are supported.")
        }
        return Shape(extents)
    }
}
