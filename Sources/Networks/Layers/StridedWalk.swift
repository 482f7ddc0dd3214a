import Core

/// The elements of some axes of an array in the order of those axes, the last one fastest.
struct StridedWalk {
    private(set) var extents = Shape()
    private(set) var steps = Shape()

    /// Adds an axis that is walked faster than those before.
    mutating func append(_ extent: Int, step: Int) {
        extents.append(extent)
        steps.append(step)
    }

    /// Elements of all axes together.
    var count: Int { extents.count }

    /// Calls `body` with the number of each element in this order, and where it lies in the array.
    @inline(__always)
    func forEach(_ body: (_ number: Int, _ offset: Int) -> Void) {
        let rank = extents.rank
        guard rank > 0 else { return body(0, 0) }
        var position = Shape()
        for _ in 0..<rank { position.append(0) }
        let (last, step) = (extents[rank - 1], steps[rank - 1])
        guard last > 0, count > 0 else { return }
        var (number, offset) = (0, 0)
        for _ in 0..<(count / last) {
            for index in 0..<last { body(number + index, offset + index * step) }
            number += last
            var axis = rank - 2
            while axis >= 0 {
                position[axis] += 1
                offset += steps[axis]
                if position[axis] < extents[axis] { break }
                offset -= steps[axis] * extents[axis]
                position[axis] = 0
                axis -= 1
            }
        }
    }
}
