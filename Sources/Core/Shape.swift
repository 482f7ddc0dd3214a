/// Extents of an array of up to eight dimensions, held inline.
package struct Shape: Equatable, Sendable, CustomStringConvertible {
    @inlinable package static var maximumRank: Int { 8 }
    /// What numbers of axes lie in, counted from either end.
    package static let axes = -maximumRank...maximumRank
    /// An extent that is not known before data comes: time steps of a sequence, sides of a picture.
    package static let unknown = -1

    @usableFromInline var storage: InlineArray<8, Int>
    @usableFromInline package internal(set) var rank: Int

    /// A scalar's shape.
    @inlinable package init() {
        storage = InlineArray(repeating: 0)
        rank = 0
    }

    /// The first eight extents given.
    package init(_ extents: [Int]) {
        self.init()
        for extent in extents.prefix(Shape.maximumRank) { append(extent) }
    }

    package init(_ extents: Int...) { self.init(extents) }

    /// Adds a last dimension; beyond eight it changes nothing.
    @inlinable package mutating func append(_ extent: Int) {
        guard rank < Shape.maximumRank else { return }
        storage[rank] = extent
        rank += 1
    }

    /// Extent of dimension `index`, which must lie below the rank.
    @inlinable package subscript(index: Int) -> Int {
        get { storage[index] }
        set { storage[index] = newValue }
    }

    /// The last extent; 1 for a scalar.
    package var last: Int { rank == 0 ? 1 : storage[rank - 1] }

    /// Number of elements, or nil when it exceeds Int.
    package var checkedCount: Int? {
        var product = 1
        var overflow = false
        var hasZero = false
        for index in 0..<rank {
            if storage[index] < 0 { return nil }
            if storage[index] == 0 { hasZero = true; continue }
            let (value, carry) = product.multipliedReportingOverflow(by: storage[index])
            product = value
            overflow = overflow || carry
        }
        if hasZero { return 0 }
        return overflow ? nil : product
    }

    /// Number of elements of a shape that was checked before; saturates instead of trapping.
    package var count: Int { checkedCount ?? Int.max }

    package var extents: [Int] { (0..<rank).map { storage[$0] } }

    /// Whether no extent is `unknown`.
    package var isKnown: Bool {
        for index in 0..<rank where storage[index] < 0 { return false }
        return true
    }

    /// Whether an array of shape `other` may come where this shape is declared: equal but for unknown extents.
    package func admits(_ other: Shape) -> Bool {
        guard rank == other.rank else { return false }
        for index in 0..<rank where storage[index] != other.storage[index] && storage[index] >= 0 { return false }
        return true
    }

    /// Elements of the known extents; 1 for none. For limits on what is declared.
    package var knownCount: Int? {
        var known = Shape()
        for index in 0..<rank where storage[index] >= 0 { known.append(storage[index]) }
        return known.checkedCount
    }

    /// Dimensions from `start` on.
    package func dropFirst(_ start: Int) -> Shape {
        var result = Shape()
        var index = start
        while index < rank {
            result.append(storage[index])
            index += 1
        }
        return result
    }

    /// This shape with `extent` in front.
    package func prefixed(by extent: Int) -> Shape {
        var result = Shape()
        result.append(extent)
        for index in 0..<rank { result.append(storage[index]) }
        return result
    }

    @inlinable package static func == (a: Shape, b: Shape) -> Bool {
        guard a.rank == b.rank else { return false }
        for index in 0..<a.rank where a.storage[index] != b.storage[index] { return false }
        return true
    }

    /// This shape without its last dimension.
    package var dropLast: Shape {
        var result = Shape()
        for index in 0..<max(0, rank - 1) { result.append(storage[index]) }
        return result
    }

    /// As in messages: "(3, 4)"; an unknown extent is "any".
    package var description: String {
        "(" + extents.map { $0 < 0 ? "any" : String($0) }.joined(separator: ", ") + (rank == 1 ? ",)" : ")")
    }
}

/// The product of two sizes for an allocation, each taken as at least 0; 2^56, which no allocator gives, for one that
/// cannot be counted. Layers ask in every pass, so there are forms without a list.
package func cappedProduct(_ a: Int, _ b: Int) -> Int {
    let (value, overflow) = max(a, 0).multipliedReportingOverflow(by: max(b, 0))
    return overflow || value > 1 << 56 ? 1 << 56 : value
}

/// The same of three.
package func cappedProduct(_ a: Int, _ b: Int, _ c: Int) -> Int {
    if min(a, b, c) <= 0 { return 0 }
    return cappedProduct(cappedProduct(a, b), c)
}

/// The same of any number.
package func cappedProduct(_ factors: Int...) -> Int {
    if factors.contains(where: { $0 <= 0 }) { return 0 }
    return factors.reduce(1) { cappedProduct($0, $1) }
}
