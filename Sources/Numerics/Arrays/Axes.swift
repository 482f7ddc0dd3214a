import Core

/// Which dimensions of an array an operation runs along.
package enum Axes {
    /// An axis from 0 to rank - 1; negative ones count from the end. Throws `invalidArgument`.
    package static func resolve(_ axis: Int, rank: Int) throws(ApusError) -> Int {
        guard axis >= -rank, axis < rank else {
            throw .invalid("axis is \(axis), but a has \(rank) dimension\(rank == 1 ? "" : "s").")
        }
        return axis < 0 ? axis + rank : axis
    }

    /// Which of `rank` dimensions are named; all of them for nil. Throws `invalidArgument` for an axis out of range or
    /// named twice.
    package static func resolve(_ axes: [Int]?, rank: Int) throws(ApusError) -> [Bool] {
        guard let axes else { return Array(repeating: true, count: rank) }
        var named = Array(repeating: false, count: rank)
        for axis in axes {
            let dimension = try resolve(axis, rank: rank)
            if named[dimension] { throw .invalid("axes name dimension \(dimension) twice.") }
            named[dimension] = true
        }
        return named
    }
}

/// One dimension of a strided box: how often, and how many bytes apart.
struct Dimension: Equatable {
    var extent: Int
    var stride: Int
}

