import Core
import Glibc

/// Reads the elements of strided boxes in dense blocks: the caller's memory where it lies dense, a copy otherwise;
/// float32 as it is, everything else as float64.
struct ElementReader: @unchecked Sendable {
    let dtype: DType
    /// Blocks are floats, otherwise doubles.
    let isSingle: Bool
    /// The box, outermost dimension first.
    private let outer: [Dimension]
    private let inner: Dimension
    private let isDirect: Bool

    /// All elements lie next to each other in memory that needs no copy.
    var isWhole: Bool { isDirect && outer.isEmpty }
    /// Element `index` of such a box.
    func element(_ index: Int, _ base: UnsafeRawPointer) -> UnsafeRawPointer { base + index &* dtype.size }
    /// The distance in bytes of neighbours in the innermost dimension.
    var columnStride: Int { inner.stride }

    /// Elements of a block at most, and of the scratch that a reader needs.
    static let blockLength = 2048

    /// `asDoubles` widens float32 too.
    init(_ dtype: DType, _ box: [Dimension], isAligned: Bool, asDoubles: Bool = false) {
        self.dtype = dtype
        isSingle = dtype == .float32 && !asDoubles
        inner = box.last ?? Dimension(extent: 1, stride: dtype.size)
        outer = box.dropLast()
        isDirect =
            (isSingle || dtype == .float64) && isAligned && (inner.stride == dtype.size || inner.extent == 1)
    }

    /// Calls `body` with elements `from` to `to` of the box at `base`, in blocks: address, number.
    @inline(__always)
    func blocks(
        _ base: UnsafeRawPointer, _ from: Int, _ to: Int, _ scratch: UnsafeMutableRawPointer,
        _ body: (UnsafeRawPointer, Int) -> Void
    ) {
        var at = from
        while at < to {
            let wanted = min(ElementReader.blockLength, to &- at)
            var (pointer, run) = place(base, at)
            if isDirect && run >= wanted {
                body(pointer, wanted)
                at &+= wanted
                continue
            }
            var filled = 0
            while true {
                let count = min(run, wanted &- filled)
                copy(pointer, inner.stride, count, to: scratch, at: filled)
                filled &+= count
                if filled == wanted { break }
                (pointer, run) = place(base, at &+ filled)
            }
            body(scratch, wanted)
            at &+= wanted
        }
    }

    /// The address of an element, and how many more the innermost dimension has from there.
    @inline(__always)
    private func place(_ base: UnsafeRawPointer, _ index: Int) -> (UnsafeRawPointer, Int) {
        if outer.isEmpty { return (base + index &* inner.stride, inner.extent &- index) }
        let (quotient, rest) = index.quotientAndRemainder(dividingBy: inner.extent)
        return (base + (outer.offset(of: quotient) &+ rest &* inner.stride), inner.extent &- rest)
    }

    /// Copies `count` elements a stride apart to the scratch, as floats or doubles, from its element `at` on.
    func copy(
        _ source: UnsafeRawPointer, _ stride: Int, _ count: Int, to scratch: UnsafeMutableRawPointer, at: Int
    ) {
        let doubles = scratch.assumingMemoryBound(to: Double.self) + (isSingle ? 0 : at)
        switch dtype {
        case .float32:
            let floats = scratch.assumingMemoryBound(to: Float.self) + at
            if !isSingle, stride == 4 {
                for i in 0..<count { doubles[i] = Double((source + i &* 4).loadUnaligned(as: Float.self)) }
            } else if !isSingle {
                for i in 0..<count { doubles[i] = Double((source + i &* stride).loadUnaligned(as: Float.self)) }
            } else if stride == 4 {
                memcpy(floats, source, count &* 4)
            } else {
                for i in 0..<count { floats[i] = (source + i &* stride).loadUnaligned(as: Float.self) }
            }
        case .float64:
            if stride == 8 {
                memcpy(doubles, source, count &* 8)
            } else {
                for i in 0..<count { doubles[i] = (source + i &* stride).loadUnaligned(as: Double.self) }
            }
        case .int32:
            for i in 0..<count { doubles[i] = Double((source + i &* stride).loadUnaligned(as: Int32.self)) }
        case .int64:
            for i in 0..<count { doubles[i] = Double((source + i &* stride).loadUnaligned(as: Int64.self)) }
        case .uint8:
            for i in 0..<count { doubles[i] = Double((source + i &* stride).loadUnaligned(as: UInt8.self)) }
        case .bool:
            for i in 0..<count { doubles[i] = (source + i &* stride).loadUnaligned(as: UInt8.self) == 0 ? 0 : 1 }
        }
    }
}

extension Array where Element == Dimension {
    /// Elements of the box, which has been counted before.
    var elements: Int { reduce(1) { $0 &* $1.extent } }

    /// The distance in bytes of element `index`, counted row by row, from the first.
    @inline(__always)
    func offset(of index: Int) -> Int {
        var (rest, offset) = (index, 0)
        var dimension = count - 1
        while dimension > 0 {
            let (quotient, position) = rest.quotientAndRemainder(dividingBy: self[dimension].extent)
            offset &+= position &* self[dimension].stride
            rest = quotient
            dimension -= 1
        }
        return dimension < 0 ? 0 : offset &+ rest &* self[0].stride
    }

    /// Neighbouring dimensions made one where a step of the outer is all steps of the inner; extents of 1 dropped.
    var merged: [Dimension] {
        var result: [Dimension] = []
        for dimension in self where dimension.extent != 1 {
            if let last = result.last, last.stride == dimension.stride &* dimension.extent {
                result[result.count - 1] = Dimension(extent: last.extent &* dimension.extent, stride: dimension.stride)
            } else {
                result.append(dimension)
            }
        }
        return result
    }
}

extension ArrayView {
    /// Address and strides suit the element type.
    var isAligned: Bool {
        var bits = Int(bitPattern: data)
        for index in 0..<shape.rank where shape[index] > 1 { bits |= strides[index] }
        return bits & (dtype.size - 1) == 0
    }

    /// Throws `dtype` for an int64 that float64 would round.
    package func requireExact(_ name: String) throws(ApusError) {
        guard dtype == .int64 else { return }
        var inexact: Int64?
        forEachElement {
            let value = $1.loadUnaligned(as: Int64.self)
            if value.magnitude > 1 << 53 { inexact = value }
        }
        if let inexact {
            throw .dtype("\(name) holds \(inexact), which float64 cannot hold exactly (whole numbers to 2^53).")
        }
    }
}
