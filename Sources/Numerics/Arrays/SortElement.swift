import Core

/// An element type that sorts by a key: an unsigned number in the same order, equal for equal elements, the greatest for
/// NaN, ascending or descending.
protocol SortElement: BitwiseCopyable, Sendable {
    associatedtype Key: FixedWidthInteger & UnsignedInteger & BitwiseCopyable & Sendable
    /// The key of ascending order.
    var key: Key { get }
    /// The element of a key: zero for both zeros.
    init(key: Key)
    /// The key of zero.
    static var zeroKey: Key { get }
    /// The element as it is in memory, and back.
    var bits: Key { get }
    init(bits: Key)
    var isNotANumber: Bool { get }
    /// -0.
    var isNegativeZero: Bool { get }
}

extension SortElement {
    var isNotANumber: Bool { false }
    var isNegativeZero: Bool { false }

    /// The key in the order asked for; NaN comes last in both.
    @inline(__always)
    func key(descending: Bool) -> Key { descending && !isNotANumber ? ~key : key }

    @inline(__always)
    init(key: Key, descending: Bool) { self.init(key: descending ? ~key : key) }
}

extension Double: SortElement {
    static var zeroKey: UInt64 { 1 << 63 }
    var bits: UInt64 { bitPattern }
    init(bits: UInt64) { self.init(bitPattern: bits) }
    var key: UInt64 {
        if self != self { return .max }
        let bits = self == 0 ? 0 : bitPattern
        return bits >> 63 == 0 ? bits | 1 << 63 : ~bits
    }
    init(key: UInt64) { self.init(bitPattern: key >> 63 == 0 ? ~key : key & ~(1 << 63)) }
    var isNotANumber: Bool { self != self }
    var isNegativeZero: Bool { bitPattern == 1 << 63 }
}

extension Float: SortElement {
    static var zeroKey: UInt32 { 1 << 31 }
    var bits: UInt32 { bitPattern }
    init(bits: UInt32) { self.init(bitPattern: bits) }
    var key: UInt32 {
        if self != self { return .max }
        let bits = self == 0 ? 0 : bitPattern
        return bits >> 31 == 0 ? bits | 1 << 31 : ~bits
    }
    init(key: UInt32) { self.init(bitPattern: key >> 31 == 0 ? ~key : key & ~(1 << 31)) }
    var isNotANumber: Bool { self != self }
    var isNegativeZero: Bool { bitPattern == 1 << 31 }
}

extension Int64: SortElement {
    static var zeroKey: UInt64 { 1 << 63 }
    var bits: UInt64 { UInt64(bitPattern: self) }
    init(bits: UInt64) { self.init(bitPattern: bits) }
    var key: UInt64 { UInt64(bitPattern: self) ^ 1 << 63 }
    init(key: UInt64) { self.init(bitPattern: key ^ 1 << 63) }
}

extension Int32: SortElement {
    static var zeroKey: UInt32 { 1 << 31 }
    var bits: UInt32 { UInt32(bitPattern: self) }
    init(bits: UInt32) { self.init(bitPattern: bits) }
    var key: UInt32 { UInt32(bitPattern: self) ^ 1 << 31 }
    init(key: UInt32) { self.init(bitPattern: key ^ 1 << 31) }
}

extension UInt8: SortElement {
    static var zeroKey: UInt32 { 0 }
    var bits: UInt32 { UInt32(self) }
    init(bits: UInt32) { self.init(truncatingIfNeeded: bits) }
    var key: UInt32 { UInt32(self) }
    init(key: UInt32) { self.init(truncatingIfNeeded: key) }
}
