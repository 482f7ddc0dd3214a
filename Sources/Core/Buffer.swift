import Glibc

/// An owned, 64-byte aligned run of elements from a context's allocator. The memory lives as long as the buffer.
package final class Buffer<Element: BitwiseCopyable>: @unchecked Sendable {
    package let pointer: UnsafeMutablePointer<Element>
    package let count: Int
    private let allocator: Allocator
    private let size: Int

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
    }

    /// Takes over memory that came from `allocator.allocate(size)`; the elements are its first `count`, which must fit.
    package init(adopting raw: UnsafeMutableRawPointer, size: Int, count: Int, in allocator: Allocator) {
        self.pointer = raw.bindMemory(to: Element.self, capacity: max(count, 1))
        self.count = count
        self.allocator = allocator
        self.size = size
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

    deinit { allocator.deallocate(UnsafeMutableRawPointer(pointer), size: size) }
}
