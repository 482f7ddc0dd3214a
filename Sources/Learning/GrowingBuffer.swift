import Core

/// Elements in the order they came, in memory from a context's allocator that doubles as they grow.
struct GrowingBuffer<Element: BitwiseCopyable> {
    private var buffer: Buffer<Element>
    private(set) var count = 0
    private let allocator: Allocator

    init(capacity: Int = 16, in allocator: Allocator) throws(ApusError) {
        self.allocator = allocator
        buffer = try Buffer(max(capacity, 1), in: allocator)
    }

    /// Good until the next `append`.
    var pointer: UnsafeMutablePointer<Element> { buffer.pointer }

    mutating func append(_ element: Element) throws(ApusError) {
        if count == buffer.count {
            let larger = try Buffer<Element>(cappedProduct(2, count), in: allocator)
            larger.pointer.update(from: buffer.pointer, count: count)
            buffer = larger
        }
        buffer.pointer[count] = element
        count += 1
    }

    mutating func removeAll() { count = 0 }

    mutating func removeLast() { count = max(count - 1, 0) }
}
