import CHDF5
import Core
import Glibc

/// The memory in which libhdf5's core driver builds a file: one growing block from a context's allocator.
///
/// libhdf5 takes it through callbacks that know no owner, so the block in use is a global, guarded by `Library`'s lock.
///
/// A file whose memory is refused midway cannot be closed: libhdf5 1.10 keeps it for good and says so on stderr when the
/// process ends. So a refusal is kept for the end, and the C library's memory serves until the file is closed.
final class ImageMemory {
    private let allocator: Allocator
    private var block: UnsafeMutableRawPointer?
    private var capacity = 0
    /// The block is the C library's, since the allocator refused.
    private var isStopgap = false
    /// Why a request for memory was refused: there will be no file.
    private(set) var refusal: ApusError?

    private static nonisolated(unsafe) var current: ImageMemory?

    /// A block with room for about `expected` bytes at first.
    init(expected: Int, in allocator: Allocator) throws(ApusError) {
        self.allocator = allocator
        let size = max(expected, 4096)
        self.block = try allocator.allocate(size)
        self.capacity = size
    }

    /// Makes files of this access list live in this block until `body` ends.
    func serve<Result: ~Copyable>(
        _ access: borrowing Identifier, _ body: () throws(ApusError) -> Result
    ) throws(ApusError) -> Result {
        ImageMemory.current = self
        defer { ImageMemory.current = nil }
        var callbacks = H5FD_file_image_callbacks_t()
        callbacks.image_malloc = { size, _, _ in ImageMemory.current?.resize(to: size) }
        callbacks.image_realloc = { _, size, _, _ in ImageMemory.current?.resize(to: size) }
        callbacks.image_memcpy = { to, from, size, _, _ in
            guard let to, let from else { return nil }
            return memmove(to, from, size)
        }
        callbacks.image_free = { _, _, _ in 0 }
        try check(H5Pset_file_image_callbacks(access.raw, &callbacks), .internal, "A file image cannot be prepared")
        return try body()
    }

    /// The block with at least `size` bytes, its contents kept. Grows by half.
    private func resize(to size: Int) -> UnsafeMutableRawPointer? {
        guard size > capacity, let block else { return block }
        let (grown, overflow) = max(size, capacity).addingReportingOverflow(capacity / 2)
        let wanted = overflow ? size : grown
        var larger: UnsafeMutableRawPointer?
        if refusal == nil {
            do throws(ApusError) { larger = try allocator.allocate(wanted) } catch { refusal = error }
        }
        let isStopgapNow = larger == nil
        guard let larger = larger ?? malloc(wanted) else { return nil }
        memcpy(larger, block, capacity)
        release(block)
        self.block = larger
        capacity = wanted
        isStopgap = isStopgapNow
        return larger
    }

    private func release(_ block: UnsafeMutableRawPointer) {
        if isStopgap { free(block) } else { allocator.deallocate(block, size: capacity) }
    }

    /// The block, cut to `count` bytes, for its new owner. Throws the refusal there was, `internal` when it is shorter.
    func take(_ count: Int) throws(ApusError) -> Buffer<UInt8> {
        if let refusal { throw refusal }
        guard let block, count >= 0, count <= capacity else {
            throw ApusError(.internal, "A file image has \(capacity) bytes, \(count) were expected.")
        }
        self.block = nil
        return Buffer(adopting: block, size: capacity, count: count, in: allocator)
    }

    /// The first bytes of the block.
    func head(_ count: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: block, count: min(count, capacity))
    }

    deinit {
        if let block { release(block) }
    }
}
