import Core

/// The positions that sort lines of floats: stable, NaN last.
///
/// An element and its position make one double, in the order of the elements and then of the positions, and doubles are
/// sorted by a kernel. The position takes the lowest bits: below a whole float32, in the place of the last bits of a
/// float64. Where these would have mattered the few elements concerned are sorted once more, by what was lost.
struct FloatPositions<Element: PackedFloat>: @unchecked Sendable {
    private let sorter: FloatSorter<Double>
    private let keys: Buffer<Double>

    /// Elements of a line at most.
    static var most: Int { 1 << 29 }
    /// Runs that are sorted by insertion.
    private static var few: Int { 16 }

    /// Room for lines of `capacity` elements, at most `most`. Throws `outOfMemory`.
    init(capacity: Int, in context: Context) throws(ApusError) {
        sorter = try FloatSorter(capacity: capacity, in: context)
        keys = try Buffer(capacity, in: context.allocator)
    }

    /// Calls `body(place, position)` for each place in the sorted order of `count` elements, `stride` bytes apart.
    @inline(__always)
    func each(
        _ start: UnsafeRawPointer, _ stride: Int, _ count: Int, descending: Bool, _ body: (Int, Int) -> Void
    ) {
        let (keys, nans) = (self.keys.pointer, sorter.aside.pointer)
        let width = Element.positionBits(count)
        let mask = UInt64(1) &<< UInt64(width) &- 1
        var kept = 0
        for i in 0..<count {
            let x = (start + i &* stride).loadUnaligned(as: Element.self)
            keys[kept] = Double(bitPattern: FloatPositions.key(x, i, mask, descending))
            // Each NaN is written to both and stays in one.
            nans[i &- kept] = Double(i)
            kept &+= x == x ? 1 : 0
        }
        sorter.sortNumbers(keys, kept)
        if !Element.isWhole { mend(start, stride, kept, count &- kept, mask, descending) }
        for i in 0..<kept { body(i, FloatPositions.position(keys[i], mask)) }
        for i in kept..<count { body(i, Int(nans[i &- kept])) }
    }

    /// The sign and the upper bits of the element, then its position and one, upside down below zero, where larger bits
    /// are smaller numbers. Never a zero, of which a kernel may make another.
    @inline(__always)
    private static func key(_ x: Element, _ position: Int, _ mask: UInt64, _ descending: Bool) -> UInt64 {
        var bits = x == 0 ? 0 : x.wideBits
        if descending && bits != 0 { bits ^= 1 << 63 }
        let sign = UInt64(bitPattern: Int64(bitPattern: bits) >> 63)
        return bits & ~mask | (UInt64(truncatingIfNeeded: position &+ 1) ^ sign) & mask
    }

    @inline(__always)
    private static func position(_ key: Double, _ mask: UInt64) -> Int {
        let bits = key.bitPattern
        let sign = UInt64(bitPattern: Int64(bitPattern: bits) >> 63)
        return Int(truncatingIfNeeded: (bits ^ sign) & mask) &- 1
    }

    /// Puts the elements that agree in their upper bits into order.
    private func mend(
        _ start: UnsafeRawPointer, _ stride: Int, _ kept: Int, _ nans: Int, _ mask: UInt64, _ descending: Bool
    ) {
        let keys = self.keys.pointer
        func whole(_ i: Int) -> Element.Key {
            let at = FloatPositions.position(keys[i], mask) &* stride
            return (start + at).loadUnaligned(as: Element.self).key(descending: descending)
        }
        var begin = 0
        while begin &+ 1 < kept {
            var end = begin &+ 1
            let upper = keys[begin].bitPattern & ~mask
            var isSorted = true
            if keys[end].bitPattern & ~mask == upper {
                var last = whole(begin)
                while end < kept, keys[end].bitPattern & ~mask == upper {
                    let next = whole(end)
                    if next < last { isSorted = false }
                    last = next
                    end &+= 1
                }
            }
            if !isSorted {
                let isFew = end &- begin <= FloatPositions.few
                if isFew { insert(begin, end, whole) } else { sort(begin, end, nans, whole) }
            }
            begin = end
        }
    }

    private func insert(_ begin: Int, _ end: Int, _ whole: (Int) -> Element.Key) {
        let keys = self.keys.pointer
        for i in begin &+ 1..<end {
            let key = keys[i]
            let value = whole(i)
            var j = i
            while j > begin, whole(j &- 1) > value {
                keys[j] = keys[j &- 1]
                j &-= 1
            }
            keys[j] = key
        }
    }

    /// The same by doubles of what each is above the least, 2^30 at most, and of its place in the run.
    private func sort(_ begin: Int, _ end: Int, _ nans: Int, _ whole: (Int) -> Element.Key) {
        let count = end &- begin
        let (run, other) = (sorter.aside.pointer + nans, sorter.other.pointer)
        var least = Element.Key.max
        for i in begin..<end { least = min(least, whole(i)) }
        for i in 0..<count {
            let above = UInt64(truncatingIfNeeded: whole(begin &+ i) &- least)
            run[i] = Double(bitPattern: above &<< 32 | UInt64(truncatingIfNeeded: i))
        }
        sorter.sortNumbers(run, count)
        let keys = self.keys.pointer + begin
        for i in 0..<count { other[i] = keys[Int(truncatingIfNeeded: run[i].bitPattern & 0xffff_ffff)] }
        keys.update(from: other, count: count)
    }
}

/// Floats whose order, down to some bit, is that of doubles with the same upper bits.
protocol PackedFloat: KernelSorted {
    /// The number as the upper bits of a double that is neither infinite nor NaN.
    var wideBits: UInt64 { get }
    /// Whether no bit has to give way to the position.
    static var isWhole: Bool { get }
    /// The bits for positions from 1 to `count`, with some number to spare at both ends.
    static func positionBits(_ count: Int) -> Int
}

extension Float: PackedFloat {
    var wideBits: UInt64 { UInt64(bitPattern) &<< 32 }
    static var isWhole: Bool { true }
    static func positionBits(_ count: Int) -> Int { 32 }
}

extension Double: PackedFloat {
    /// Infinity takes the bits of the greatest number.
    var wideBits: UInt64 { bitPattern &- (magnitude == .infinity ? 1 : 0) }
    static var isWhole: Bool { false }
    static func positionBits(_ count: Int) -> Int { Int.bitWidth - (count + 1).leadingZeroBitCount }
}
