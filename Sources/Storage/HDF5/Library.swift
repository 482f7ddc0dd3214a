import CHDF5
import Core
import Glibc

/// The one way into libhdf5, which is neither safe for threads nor for forks: a lock around every use.
enum Library {
    /// A heap cell, so that its address outlives every use. Only touched through pthread calls.
    private static nonisolated(unsafe) let mutex: UnsafeMutablePointer<pthread_mutex_t> = {
        let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
        return mutex
    }()

    /// A fork waits until libhdf5 is at rest. The child gets a new mutex: it may not unlock its parent's.
    private static let forkHandlers: Int32 = pthread_atfork(
        { pthread_mutex_lock(Library.mutex) },
        { pthread_mutex_unlock(Library.mutex) },
        { pthread_mutex_init(Library.mutex, nil) })

    /// Runs `body` alone in libhdf5, its error printing and its plug-ins off; the host's own settings come back after.
    /// `body` must not call `locked` again.
    static func locked<Result: ~Copyable>(_ body: () throws(ApusError) -> Result) throws(ApusError) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard forkHandlers == 0 else { throw ApusError(.outOfMemory, "Out of memory: fork handlers for HDF5.") }
        guard H5open() >= 0 else { throw ApusError(.internal, "libhdf5 cannot be started.") }

        var print: H5E_auto2_t?
        var printTo: UnsafeMutableRawPointer?
        let stack = apus_h5_error_stack()
        let saved = H5Eget_auto2(stack, &print, &printTo) >= 0
        H5Eset_auto2(stack, nil, nil)
        var plugins: UInt32 = 0
        let savedPlugins = H5PLget_loading_state(&plugins) >= 0
        H5PLset_loading_state(0)
        defer {
            if savedPlugins { H5PLset_loading_state(plugins) }
            H5Eclear2(stack)
            if saved { H5Eset_auto2(stack, print, printTo) }
        }
        return try body()
    }

    /// The error for a call of libhdf5 that just failed: its innermost cause. Out of memory stays out of memory.
    static func failure(_ code: ApusError.Code, _ message: String) -> ApusError {
        struct Cause {
            var text = ""
            var memory = false
        }
        var cause = Cause()
        withUnsafeMutablePointer(to: &cause) { cause in
            _ = H5Ewalk2(
                apus_h5_error_stack(), H5E_WALK_DOWNWARD,
                { _, error, client in
                    guard let error, let cause = client?.assumingMemoryBound(to: Cause.self) else { return 0 }
                    if let text = error.pointee.desc { cause.pointee.text = String(cString: text) }
                    if apus_h5_is_memory_error(error) != 0 { cause.pointee.memory = true }
                    return 0
                }, cause)
        }
        H5Eclear2(apus_h5_error_stack())
        let reason = cause.text.isEmpty ? "" : " (HDF5: \(cause.text))"
        return ApusError(cause.memory ? .outOfMemory : code, "\(message)\(reason).")
    }

    /// Ids that are open in libhdf5.
    static func openIdentifiers() throws(ApusError) -> Int {
        try locked { () throws(ApusError) in Int(apus_h5_open_ids()) }
    }

    /// The version of libhdf5 in use, "1.10.8".
    static var version: String {
        var parts: (UInt32, UInt32, UInt32) = (0, 0, 0)
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return H5get_libversion(&parts.0, &parts.1, &parts.2) < 0 ? "" : "\(parts.0).\(parts.1).\(parts.2)"
    }
}
