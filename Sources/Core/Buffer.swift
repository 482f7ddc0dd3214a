import Glibc

/// An owned, 64-byte aligned run of elements from a context's allocator. The memory lives as long as the buffer.
package final class Buffer<Element: BitwiseCopyable>: @unchecked Sendable {
    package let pointer: UnsafeMutablePointer<Element>
    package let count: Int
    private let allocator: Allocator
    private let size: Int
    /// Whose memory it is, when it is part of another buffer's.
    private let owner: AnyObject?

    /// Uninitialised memory for `count` elements. Throws `outOfMemory` or `limit`.
    package init(_ count: Int, in allocator: Allocator) throws(ApusError) {
        let (size, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
        if overflow || count < 0 {
            throw ApusError(.outOfMemory, "Out of memory: \(count) elements of \(MemoryLayout<Element>.stride) bytes.")
        }
        let raw = try allocator.allocate(size)
        self.pointer = raw.bindMemory(to: Element.self, capacity: max(count, 1))
        self.count = count
        self.allocator = allocator
        self.size = size
        owner = nil
    }

    /// `count` elements in memory of `whole`, which lives as long, from a byte of it on. Throws `internal` for a part
    /// that is not all inside, or not aligned.
    package init<Other>(_ count: Int, at offset: Int, of whole: Buffer<Other>) throws(ApusError) {
        let (size, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
        guard !overflow, count >= 0, offset >= 0, offset <= whole.size, size <= whole.size - offset,
            offset % MemoryLayout<Element>.alignment == 0
        else {
            throw ApusError(.internal, "A part of \(count) elements at byte \(offset) of a buffer of \(whole.size) bytes.")
        }
        self.pointer = (UnsafeMutableRawPointer(whole.pointer) + offset).assumingMemoryBound(to: Element.self)
        self.count = count
        self.allocator = whole.allocator
        self.size = size
        owner = whole.owner ?? whole
    }

    /// Memory filled with zero bytes.
    package convenience init(zeros count: Int, in allocator: Allocator) throws(ApusError) {
        try self.init(count, in: allocator)
        clear()
    }

    /// A copy of `count` elements.
    package convenience init(copying source: UnsafePointer<Element>, count: Int, in allocator: Allocator)
        throws(ApusError)
    {
        try self.init(count, in: allocator)
        if count > 0 { pointer.update(from: source, count: count) }
    }

    /// A copy of an array (of small, learned or listed things).
    package convenience init(_ elements: [Element], in allocator: Allocator) throws(ApusError) {
        try self.init(elements.count, in: allocator)
        for (index, element) in elements.enumerated() { pointer[index] = element }
    }

    /// Sets every byte to zero.
    package func clear() { memset(pointer, 0, size) }

    package var elements: UnsafeMutableBufferPointer<Element> {
        UnsafeMutableBufferPointer(start: pointer, count: count)
    }

    /// The elements as a Swift array, for small results.
    package var array: [Element] { Array(elements) }

    package func copy(in allocator: Allocator) throws(ApusError) -> Buffer<Element> {
        try Buffer(copying: pointer, count: count, in: allocator)
    }

    deinit { if owner == nil { allocator.deallocate(UnsafeMutableRawPointer(pointer), size: size) } }
}
