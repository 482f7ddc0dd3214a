import CVector
import Glibc
import Synchronization

/// A small pool of worker threads for one context.
///
/// Work comes as slices 0, ..., count - 1 that threads take one by one as they come free, so a slow core takes fewer.
/// Workers start with the first parallel call, spin briefly for the next one, then sleep. A region is over when its
/// slices are done: a worker that was not scheduled in time is not waited for. They compute in the floating-point state of
/// the thread that began the region. After `fork` the child starts workers of
/// its own.
package final class ThreadPool: @unchecked Sendable {
    /// Threads that work on a region, the caller's included.
    package let threads: Int
    private var shared: Shared?
    private var handles: [pthread_t] = []
    private var process: pid_t = 0
    private var inside = false

    package init(threads: Int) {
        self.threads = max(1, threads)
    }

    deinit { stop() }

    /// Calls `body` once for each slice number, on this thread and the workers, and returns when all have finished.
    /// Called from inside a slice it runs in place, in order.
    package func run(_ count: Int, _ body: (Int) -> Void) {
        if count <= 1 || threads == 1 || inside {
            var slice = 0
            while slice < count {
                body(slice)
                slice += 1
            }
            return
        }
        let shared = started()
        inside = true
        withoutActuallyEscaping(body) { escaping in
            shared.run(count, escaping)
        }
        inside = false
    }

    /// Calls `body` once for each slice number with the number of the lane it runs in, below `lanes`: slices of one lane
    /// never run at the same time, so that each lane can have working memory of its own. Which slice runs in which lane
    /// differs from call to call.
    package func run(_ count: Int, lanes: Int, _ body: (_ slice: Int, _ lane: Int) -> Void) {
        let lanes = min(max(lanes, 1), count)
        if lanes <= 1 {
            var slice = 0
            while slice < count {
                body(slice, 0)
                slice += 1
            }
            return
        }
        let next = Atomic<Int>(0)
        run(lanes) { lane in
            while true {
                let slice = next.wrappingAdd(1, ordering: .relaxed).oldValue
                if slice >= count { return }
                body(slice, lane)
            }
        }
    }

    private func started() -> Shared {
        let current = getpid()
        if let shared, process == current { return shared }
        // In a forked child the old workers do not exist: their state is left alone, locks and all.
        if let old = shared, process != current {
            _ = Unmanaged.passRetained(old)
            handles = []
        }
        let fresh = Shared()
        shared = fresh
        process = current
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        // Signals belong to the host's threads.
        pthread_sigmask(SIG_SETMASK, &all, &before)
        for _ in 1..<threads {
            var handle = pthread_t()
            let argument = Unmanaged.passRetained(fresh).toOpaque()
            let status = pthread_create(&handle, nil, { argument in
                guard let argument else { return nil }
                Unmanaged<Shared>.fromOpaque(argument).takeRetainedValue().work()
                return nil
            }, argument)
            if status == 0 {
                handles.append(handle)
            } else {
                // Fewer workers than asked for: slower, never wrong.
                Unmanaged<Shared>.fromOpaque(argument).release()
                break
            }
        }
        pthread_sigmask(SIG_SETMASK, &before, nil)
        return fresh
    }

    private func stop() {
        guard let shared, process == getpid() else { return }
        shared.stop()
        for handle in handles { pthread_join(handle, nil) }
        handles = []
    }
}

/// What the caller and the workers of a pool share.
private final class Shared: @unchecked Sendable {
    // generation (high 32 bits) | open (bit 31) | workers inside (low bits)
    private let state = Atomic<UInt64>(0)
    private let next = Atomic<Int>(0)
    private let sleepers = Atomic<Int>(0)
    private let stopping = Atomic<Bool>(false)
    private var body: ((Int) -> Void)?
    private var count = 0
    private var floatingPoint: apus_fp_state = 0
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    private static let open: UInt64 = 1 << 31
    private static let inside: UInt64 = open - 1
    private static let spins = 4000

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(wake, nil)
    }

    deinit {
        pthread_cond_destroy(wake)
        pthread_mutex_destroy(mutex)
        wake.deallocate()
        mutex.deallocate()
    }

    func run(_ count: Int, _ body: @escaping (Int) -> Void) {
        self.body = body
        self.count = count
        floatingPoint = apus_fp_current()
        next.store(0, ordering: .relaxed)
        let generation = (state.load(ordering: .relaxed) >> 32) &+ 1
        state.store(generation << 32 | Shared.open, ordering: .sequentiallyConsistent)
        if sleepers.load(ordering: .sequentiallyConsistent) > 0 {
            pthread_mutex_lock(mutex)
            pthread_cond_broadcast(wake)
            pthread_mutex_unlock(mutex)
        }
        takeSlices(body, count)
        // Late workers find the region closed; those inside are finishing their last slice.
        var seen = state.bitwiseAnd(~Shared.open, ordering: .acquiringAndReleasing).newValue
        var turns = 0
        while seen & Shared.inside != 0 {
            turns += 1
            if turns > Shared.spins { sched_yield() } else { apus_pause() }
            seen = state.load(ordering: .acquiring)
        }
        self.body = nil
    }

    private func takeSlices(_ body: (Int) -> Void, _ count: Int) {
        while true {
            let slice = next.wrappingAdd(1, ordering: .relaxed).oldValue
            if slice >= count { return }
            body(slice)
        }
    }

    func work() {
        var seen: UInt64 = 0
        while true {
            guard let current = awaitChange(from: seen) else { return }
            seen = current >> 32
            var expected = current
            while expected & Shared.open != 0 {
                let (entered, now) = state.weakCompareExchange(
                    expected: expected, desired: expected + 1, ordering: .acquiringAndReleasing)
                if entered {
                    apus_fp_restore(floatingPoint)
                    if let body { takeSlices(body, count) }
                    state.wrappingSubtract(1, ordering: .releasing)
                    break
                }
                expected = now
                seen = now >> 32
            }
        }
    }

    /// The state once its generation differs from `seen`; nil when the pool stops.
    private func awaitChange(from seen: UInt64) -> UInt64? {
        var turns = 0
        while turns < Shared.spins {
            if stopping.load(ordering: .relaxed) { return nil }
            let current = state.load(ordering: .acquiring)
            if current >> 32 != seen { return current }
            apus_pause()
            turns += 1
        }
        sleepers.wrappingAdd(1, ordering: .sequentiallyConsistent)
        pthread_mutex_lock(mutex)
        while state.load(ordering: .sequentiallyConsistent) >> 32 == seen
            && !stopping.load(ordering: .sequentiallyConsistent)
        {
            pthread_cond_wait(wake, mutex)
        }
        pthread_mutex_unlock(mutex)
        sleepers.wrappingSubtract(1, ordering: .sequentiallyConsistent)
        return stopping.load(ordering: .relaxed) ? nil : state.load(ordering: .acquiring)
    }

    func stop() {
        stopping.store(true, ordering: .sequentiallyConsistent)
        pthread_mutex_lock(mutex)
        pthread_cond_broadcast(wake)
        pthread_mutex_unlock(mutex)
    }
}
