import Glibc
import Synchronization

/// A thread beside the caller's that runs one job at a time: reading what comes next while the caller works on what is
/// there. Jobs must not allocate from the context and must bear being run twice.
///
/// Without a thread, because none was wanted or the system had none, a job runs when it is waited for. After `fork` the
/// child does so with the job that was under way, and starts a thread of its own for the next one.
package final class BackgroundReader: @unchecked Sendable {
    /// Throws what `wait` is to throw. `checkCancelled` throws when nobody waits any more.
    package typealias Job = (_ checkCancelled: () throws(ApusError) -> Void) throws(ApusError) -> Void

    private let usesThread: Bool
    private var job: Job?
    private var shared: BackgroundWork?
    private var thread = pthread_t()
    private var process: pid_t = 0
    /// Whether the job was given to the thread.
    private var isSubmitted = false

    package init(thread: Bool) { usesThread = thread }

    deinit { stop() }

    /// Begins a job; the one before must have been waited for.
    package func start(_ job: @escaping Job) {
        self.job = job
        isSubmitted = false
        if usesThread, let shared = started() {
            shared.submit(job)
            isSubmitted = true
        }
    }

    /// Waits for the job, if there is one, and throws its error; or `interrupted` when the context is asked to stop.
    package func wait(in context: Context) throws(ApusError) {
        guard let job else { return }
        if isSubmitted, let shared, process == getpid() {
            while !shared.isDone(waiting: 20_000_000) { try context.checkInterrupt() }
            self.job = nil
            if let error = shared.error { throw error }
        } else {
            self.job = nil
            try job { () throws(ApusError) in try context.checkInterrupt() }
        }
    }

    /// Ends the job under way, if there is one, and the thread.
    package func stop() {
        job = nil
        guard let shared else { return }
        self.shared = nil
        if process == getpid() {
            shared.stop()
            pthread_join(thread, nil)
        } else {
            // In a forked child the thread does not exist: what it had is left alone, locks and all.
            _ = Unmanaged.passRetained(shared)
        }
    }

    private func started() -> BackgroundWork? {
        let current = getpid()
        if let shared {
            if process == current { return shared }
            _ = Unmanaged.passRetained(shared)
            self.shared = nil
        }
        let fresh = BackgroundWork()
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        // Signals belong to the host's threads.
        pthread_sigmask(SIG_SETMASK, &all, &before)
        let argument = Unmanaged.passRetained(fresh).toOpaque()
        let status = pthread_create(&thread, nil, { argument in
            guard let argument else { return nil }
            Unmanaged<BackgroundWork>.fromOpaque(argument).takeRetainedValue().work()
            return nil
        }, argument)
        pthread_sigmask(SIG_SETMASK, &before, nil)
        guard status == 0 else {
            Unmanaged<BackgroundWork>.fromOpaque(argument).release()
            return nil
        }
        shared = fresh
        process = current
        return fresh
    }
}

/// What the caller and the thread share.
private final class BackgroundWork: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let stopping = Atomic<Bool>(false)
    private var job: BackgroundReader.Job?
    private var result: ApusError?

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    func submit(_ job: @escaping BackgroundReader.Job) {
        pthread_mutex_lock(mutex)
        self.job = job
        result = nil
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(mutex)
    }

    /// Whether the job is done, within so many nanoseconds.
    func isDone(waiting nanoseconds: Int) -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        if job == nil { return true }
        var end = timespec()
        clock_gettime(CLOCK_REALTIME, &end)
        let total = end.tv_nsec + nanoseconds
        end.tv_sec += total / 1_000_000_000
        end.tv_nsec = total % 1_000_000_000
        while job != nil {
            if pthread_cond_timedwait(changed, mutex, &end) != 0 { break }
        }
        return job == nil
    }

    /// Of the job that is done.
    var error: ApusError? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return result
    }

    func stop() {
        stopping.store(true, ordering: .sequentiallyConsistent)
        pthread_mutex_lock(mutex)
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(mutex)
    }

    func work() {
        while let job = next() {
            var error: ApusError?
            do throws(ApusError) {
                try job { () throws(ApusError) in
                    if stopping.load(ordering: .relaxed) { throw ApusError(.interrupted, "The read was cancelled.") }
                }
            } catch let caught { error = caught }
            pthread_mutex_lock(mutex)
            result = error
            self.job = nil
            pthread_cond_broadcast(changed)
            pthread_mutex_unlock(mutex)
        }
        pthread_mutex_lock(mutex)
        job = nil
        pthread_mutex_unlock(mutex)
    }

    private func next() -> BackgroundReader.Job? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while job == nil, !stopping.load(ordering: .relaxed) { pthread_cond_wait(changed, mutex) }
        return stopping.load(ordering: .relaxed) ? nil : job
    }
}
