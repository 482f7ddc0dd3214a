import CApus
import CVector
import Core
import Glibc
import Synchronization

/// What an `apus_context *` points to: the context, its last message, and who is inside.
final class ContextHandle {
    let context: Context
    private let busy = Atomic<Bool>(false)
    private var message: UnsafeMutablePointer<CChar>?

    init(_ context: Context) { self.context = context }
    deinit { free(message) }

    /// "" after a success; valid until the next call.
    var lastError: UnsafePointer<CChar> { message.map { UnsafePointer($0) } ?? emptyText }

    @inline(__always)
    fileprivate func enter() -> Bool {
        busy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
    }

    @inline(__always)
    fileprivate func leave() { busy.store(false, ordering: .releasing) }

    @inline(__always)
    fileprivate func clearMessage() {
        if message != nil {
            free(message)
            message = nil
        }
    }

    fileprivate func setMessage(_ text: String) { message = strdup(text) }
}

/// Static empty text.
nonisolated(unsafe) let emptyText: UnsafePointer<CChar> = {
    let pointer = UnsafeMutablePointer<CChar>.allocate(capacity: 1)
    pointer.pointee = 0
    return UnsafePointer(pointer)
}()

/// A handle of type `T` behind an opaque pointer, unretained. The header's types keep handles apart.
@inline(__always)
func object<T: AnyObject>(_ pointer: OpaquePointer, as type: T.Type) -> T {
    Unmanaged<T>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
}

/// A new handle for an object, owned by the caller.
@inline(__always)
func handle<T: AnyObject>(_ object: T) -> OpaquePointer {
    OpaquePointer(Unmanaged.passRetained(object).toOpaque())
}

/// Ends a handle; nil is fine.
func release<T: AnyObject>(_ pointer: OpaquePointer?, as type: T.Type) {
    if let pointer { Unmanaged<T>.fromOpaque(UnsafeRawPointer(pointer)).release() }
}

/// What becomes of numbers below the normal range while a call runs, on its thread and on the workers.
enum Denormals {
    /// Zero, for the speed of training and inference.
    case flushed
    /// Kept, as IEEE 754 says: for the numerics, whose users expect every number that they know.
    case kept
}

/// Every call with a context goes through here: one thread at a time, denormals flushed or kept, OpenBLAS on one thread
/// while it is used, errors turned into a status and a message, all put back on return.
@inline(__always)
func boundary(
    _ pointer: OpaquePointer?, denormals: Denormals = .flushed, _ body: (Context) throws(ApusError) -> Void
) -> apus_status {
    guard let pointer else { return APUS_E_INVALID_ARGUMENT }
    let handle = object(pointer, as: ContextHandle.self)
    guard handle.enter() else { return APUS_E_BUSY }
    handle.clearMessage()
    let floatingPoint = denormals == .flushed ? apus_fp_flush_denormals() : apus_fp_keep_denormals()
    handle.context.callersFloatingPoint = floatingPoint
    var status = APUS_OK
    do {
        try body(handle.context)
    } catch {
        status = error.code.rawValue
        handle.setMessage(error.message)
    }
    handle.context.releaseBLAS()
    handle.context.clearInterrupt()
    apus_fp_restore(floatingPoint)
    handle.leave()
    return status
}

/// Runs a callback of the caller in the caller's floating-point state.
@inline(__always)
func inCallersState<Result>(_ context: Context, _ body: () -> Result) -> Result {
    let own = apus_fp_current()
    if own == context.callersFloatingPoint { return body() }
    apus_fp_restore(context.callersFloatingPoint)
    defer { apus_fp_restore(own) }
    return body()
}

/// A pointer argument that must be there.
@inline(__always)
func require<T>(_ pointer: T?, _ name: StaticString) throws(ApusError) -> T {
    guard let pointer else { throw .invalid("\(name) must not be NULL.") }
    return pointer
}

/// Text from the caller, which must be there and UTF-8.
func text(_ pointer: UnsafePointer<CChar>?, _ name: StaticString) throws(ApusError) -> String {
    try optionalText(require(pointer, name), name)
}

/// Text from the caller; NULL is "".
func optionalText(_ pointer: UnsafePointer<CChar>?, _ name: StaticString) throws(ApusError) -> String {
    guard let pointer else { return "" }
    guard let text = String(validatingCString: pointer) else { throw .invalid("\(name) must be UTF-8.") }
    return text
}

/// Text to the caller's buffer, by the rules of the header.
func write(
    _ text: String, to buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int, _ needed: UnsafeMutablePointer<Int>?
) throws(ApusError) {
    let needed = try require(needed, "needed")
    var text = text
    let size = text.utf8.count + 1
    needed.pointee = size
    guard let buffer else {
        if capacity == 0 { return }
        throw .invalid("buffer must not be NULL with a capacity of \(capacity).")
    }
    // A size_t above Int.max comes as a negative Int.
    guard UInt(bitPattern: capacity) >= UInt(size) else {
        throw ApusError(.bufferTooSmall, "The text needs \(size) bytes, the buffer has \(capacity).")
    }
    text.withUTF8 { bytes in
        if let base = bytes.baseAddress { memcpy(buffer, base, bytes.count) }
    }
    buffer[size - 1] = 0
}

/// The fields of an options struct that the caller knows; the rest are its defaults.
func options<T>(_ pointer: UnsafePointer<T>?, standard: T, atLeast smallest: Int, _ name: StaticString)
    throws(ApusError) -> T
{
    guard let pointer else { return standard }
    let size = Int(UnsafeRawPointer(pointer).loadUnaligned(as: UInt32.self))
    guard size >= smallest else {
        throw .invalid(
            "\(name) has struct_size \(size), expected at least \(smallest): initialise it with its _INIT macro.")
    }
    var result = standard
    withUnsafeMutableBytes(of: &result) { bytes in
        if let base = bytes.baseAddress { memcpy(base, pointer, min(size, bytes.count)) }
    }
    return result
}
