import Glibc
import Synchronization

/// Where bulk memory comes from: the caller's allocator or the C library's, counted against a limit.
package final class Allocator: Sendable {
    package typealias Allocate = @convention(c) (UnsafeMutableRawPointer?, Int, Int) -> UnsafeMutableRawPointer?
    package typealias Deallocate = @convention(c) (
        UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, Int, Int
    ) -> Void

    /// A caller's pair of functions.
    package struct Custom: @unchecked Sendable {
        let user: UnsafeMutableRawPointer?
        let allocate: Allocate
        let deallocate: Deallocate

        package init(
            user: UnsafeMutableRawPointer?, allocate: @escaping Allocate, deallocate: @escaping Deallocate
        ) {
            self.user = user
            self.allocate = allocate
            self.deallocate = deallocate
        }
    }

    private let custom: Custom?
    /// Bytes that may be held at once; Int.max without a limit.
    package let limit: Int
    private let used = Atomic<Int>(0)

    package init(custom: Custom? = nil, limit: Int = Int.max) {
        self.custom = custom
        self.limit = limit
    }

    /// Bytes held now.
    package var bytesInUse: Int { used.load(ordering: .relaxed) }

    /// Memory of `size` bytes (at least one) with the given alignment. Throws `limit` past the context's limit and
    /// `outOfMemory` when the allocator refuses.
    package func allocate(_ size: Int, alignment: Int = 64) throws(ApusError) -> UnsafeMutableRawPointer {
        guard size >= 0 else { throw ApusError(.outOfMemory, "A size of \(size) bytes cannot be allocated.") }
        let before = used.wrappingAdd(size, ordering: .relaxed).oldValue
        let (total, overflow) = before.addingReportingOverflow(size)
        if overflow || total > limit {
            used.wrappingSubtract(size, ordering: .relaxed)
            throw ApusError(
                .limit,
                "This needs \(size) bytes more, on top of \(before) in use; the context's memory limit is \(limit) bytes."
            )
        }
        let bytes = max(size, 1)
        var pointer: UnsafeMutableRawPointer?
        if let custom {
            pointer = custom.allocate(custom.user, bytes, alignment)
        } else if posix_memalign(&pointer, max(alignment, MemoryLayout<Int>.size), bytes) != 0 {
            pointer = nil
        }
        guard let pointer else {
            used.wrappingSubtract(size, ordering: .relaxed)
            throw ApusError(.outOfMemory, "Out of memory: \(size) bytes were asked for.")
        }
        return pointer
    }

    /// Gives memory back; size and alignment as it was asked for.
    package func deallocate(_ pointer: UnsafeMutableRawPointer, size: Int, alignment: Int = 64) {
        if let custom {
            custom.deallocate(custom.user, pointer, max(size, 1), alignment)
        } else {
            free(pointer)
        }
        used.wrappingSubtract(size, ordering: .relaxed)
    }
}
