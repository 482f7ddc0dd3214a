import Core

extension Copying {
    /// `out[.., i.., ..] = a[.., indices[i..], ..]`: elements along an axis by their places, which count from the end
    /// when negative. `out` has the shape of `a` with the axis replaced by the shape of `indices`. Throws
    /// `invalidArgument` for a place out of range (before anything is written) or an overlap, `shape`, `dtype`.
    package static func take(
        _ a: ArrayView, _ indices: ArrayView, axis: Int, to out: ArrayView, in context: Context
    ) throws(ApusError) {
        try context.checkInterrupt()
        let axis = try Views.axis(axis, of: a.shape.rank)
        guard indices.dtype == .int64 || indices.dtype == .int32 else {
            throw .dtype("indices must be int64 or int32, got \(indices.dtype.name).")
        }
        let rank = a.shape.rank - 1 + indices.shape.rank
        guard rank <= Shape.maximumRank else {
            throw .shape("The result would have \(rank) dimensions; at most \(Shape.maximumRank) are possible.")
        }
        var shape = Shape()
        for index in 0..<axis { shape.append(a.shape[index]) }
        for index in 0..<indices.shape.rank { shape.append(indices.shape[index]) }
        for index in axis + 1..<max(a.shape.rank, axis + 1) { shape.append(a.shape[index]) }
        guard out.shape == shape else { throw .shape("out must have shape \(shape), got \(out.shape).") }
        try requireWide(out, for: a, "a")
        try out.requireApart(from: a, named: "a", inPlace: false)
        try out.requireApart(from: indices, named: "indices", inPlace: false)
        let places = try placesOf(indices, extent: a.shape[axis], axis: axis, in: context)
        guard out.count > 0 else { return }

        let count = indices.count
        let chosen = strided(out, axis, indices.shape.rank)
        var offsets = Offsets(chosen.extents, chosen.strides)
        let targets = try Buffer<Int>(count, in: context.allocator)
        for index in 0..<count { targets.pointer[index] = offsets.next() }

        let outer = Shape(Array(a.shape.extents.prefix(axis)))
        var inner = Shape()
        var (sourceStrides, targetStrides) = (Shape(), Shape())
        for index in axis + 1..<max(a.shape.rank, axis + 1) {
            inner.append(a.shape[index])
            sourceStrides.append(a.strides[index])
            targetStrides.append(out.strides[index - 1 + indices.shape.rank])
        }
        let block = Block(
            source: ArrayView(data: a.data, dtype: a.dtype, shape: inner, strides: sourceStrides),
            target: ArrayView(data: out.data, dtype: out.dtype, shape: inner, strides: targetStrides))
        var sources = Offsets(outer, a.strides)
        var results = Offsets(outer, out.strides)
        for _ in 0..<outer.count {
            let (from, to) = (sources.next(), results.next())
            for index in 0..<count {
                let source = from &+ places.pointer[index] &* a.strides[axis]
                try block.copy(source, to &+ targets.pointer[index], context)
            }
        }
    }

    /// The indices, counted from the beginning.
    private static func placesOf(
        _ indices: ArrayView, extent: Int, axis: Int, in context: Context
    ) throws(ApusError) -> Buffer<Int> {
        let places = try Buffer<Int>(indices.count, in: context.allocator)
        var fault: Int?
        indices.forEachElement { number, address in
            let given =
                indices.dtype == .int64
                ? Int(address.loadUnaligned(as: Int64.self)) : Int(address.loadUnaligned(as: Int32.self))
            let place = given < 0 ? given &+ extent : given
            if place < 0 || place >= extent, fault == nil { fault = given }
            places.pointer[number] = place
        }
        if let fault {
            throw .invalid("indices holds \(fault), out of range for axis \(axis) of extent \(extent).")
        }
        return places
    }

    private static func strided(_ view: ArrayView, _ first: Int, _ count: Int) -> (extents: Shape, strides: Shape) {
        var (extents, strides) = (Shape(), Shape())
        for index in first..<first + count {
            extents.append(view.shape[index])
            strides.append(view.strides[index])
        }
        return (extents, strides)
    }
}

/// The byte offsets of the elements of a shape, one after the other, last index fastest.
private struct Offsets {
    private let extents: Shape
    private let strides: Shape
    private var index = Shape(Array(repeating: 0, count: Shape.maximumRank))
    private var offset = 0

    init(_ extents: Shape, _ strides: Shape) {
        self.extents = extents
        self.strides = strides
    }

    mutating func next() -> Int {
        let result = offset
        var dimension = extents.rank - 1
        while dimension >= 0 {
            index[dimension] += 1
            offset &+= strides[dimension]
            if index[dimension] < extents[dimension] { break }
            offset &-= strides[dimension] &* extents[dimension]
            index[dimension] = 0
            dimension -= 1
        }
        return result
    }
}

/// What is copied for one place along the axis.
private struct Block {
    let source: ArrayView
    let target: ArrayView

    func copy(_ from: Int, _ to: Int, _ context: Context) throws(ApusError) {
        let (x, y) = (source.data + from, target.data + to)
        let one = source.count == 1
        if one || source.dtype == target.dtype && isRun(source) && isRun(target) {
            let (step, width) = (source.dtype.size, target.dtype.size)
            let tile = ElementTile(
                source: x, row: 0, column: step, target: y, targetRow: 0, targetColumn: width, rows: 1,
                columns: source.count)
            _ = tile.convert(source.dtype, to: .value(target.dtype))
            return
        }
        try Copying.widen(
            ArrayView(data: x, dtype: source.dtype, shape: source.shape, strides: source.strides),
            to: ArrayView(data: y, dtype: target.dtype, shape: target.shape, strides: target.strides),
            name: "a", in: context)
    }

    /// Whether the elements are neighbours, in order, aligned or not.
    private func isRun(_ view: ArrayView) -> Bool {
        var stride = view.dtype.size
        var index = view.shape.rank - 1
        while index >= 0 {
            if view.shape[index] > 1, view.strides[index] != stride { return false }
            stride = stride &* view.shape[index]
            index -= 1
        }
        return true
    }
}
