import CVector
import Glibc
import Synchronization

/// What every call works in: seed, threads, memory, kernels, log and the interrupt flag. One thread at a time.
package final class Context: @unchecked Sendable {
    package typealias Log = (_ level: Int32, _ message: String) -> Void

    package private(set) var seed: UInt64
    package let pool: ThreadPool
    package let allocator: Allocator
    package let instructionSet: InstructionSet
    /// The kernels of the instruction set in use.
    package let kernels: apus_kernels
    private let log: Log?
    private let interrupted = Atomic<Bool>(false)
    private var streams: UInt64 = 0
    private var holdsBLAS = false
    /// The floating-point state of the caller, for its callbacks.
    package var callersFloatingPoint: apus_fp_state = 0

    /// Throws `unsupported` for an instruction set the processor lacks, `invalidArgument` for a thread count out of
    /// range.
    package init(
        threads: Int = 0, seed: UInt64 = 0, allocator: Allocator = Allocator(),
        instructionSet: InstructionSet? = nil, log: Log? = nil
    ) throws(ApusError) {
        guard threads >= 0, threads <= 1024 else {
            throw .invalid("threads must be 0 (automatic) to 1024, got \(threads).")
        }
        self.pool = ThreadPool(threads: threads == 0 ? Context.availableProcessors : threads)
        self.seed = seed
        self.allocator = allocator
        self.instructionSet = try InstructionSet.choose(instructionSet)
        self.kernels = self.instructionSet.kernels
        self.log = log
    }

    /// Processors this process may run on.
    package static var availableProcessors: Int {
        min(Int(apus_available_processors()), 1024)
    }

    package var threads: Int { pool.threads }

    // Random numbers

    /// Starts the sequence of random streams anew.
    package func reseed(_ seed: UInt64) {
        self.seed = seed
        streams = 0
    }

    /// A random stream that no earlier call on this context has had.
    package func nextStream() -> Philox {
        streams &+= 1
        return Philox(seed: seed, stream: streams)
    }

    // Interruption

    /// Asks the running call, or the next one, to stop. Any thread, any signal handler.
    package func interrupt() { interrupted.store(true, ordering: .relaxed) }

    package func clearInterrupt() { interrupted.store(false, ordering: .relaxed) }

    package var isInterrupted: Bool { interrupted.load(ordering: .relaxed) }

    /// Throws `interrupted` when someone asked for it. Long work calls this at least every few milliseconds.
    package func checkInterrupt() throws(ApusError) {
        if isInterrupted { throw ApusError(.interrupted, "The call was interrupted.") }
    }

    /// Reports progress and turns "abort" into an error; true means stop and keep.
    package func report(_ report: ProgressReport, to sink: ProgressSink?) throws(ApusError) -> Bool {
        try checkInterrupt()
        guard let sink else { return false }
        switch sink(report) {
        case .go: return false
        case .stop: return true
        case .abort: throw ApusError(.interrupted, "The progress callback asked to abort.")
        }
    }

    // Log

    package func warn(_ message: String) { log?(1, message) }
    package func note(_ message: String) { log?(2, message) }

    // Work

    /// Runs slices in parallel; see ThreadPool.run.
    package func parallel(_ count: Int, _ body: (Int) -> Void) { pool.run(count, body) }

    /// Runs slices in parallel, in lanes that have working memory of their own; see ThreadPool.run.
    package func parallel(_ count: Int, lanes: Int, _ body: (_ slice: Int, _ lane: Int) -> Void) {
        pool.run(count, lanes: lanes, body)
    }

    /// Cuts 0..<count into runs of `chunk` elements, whatever the number of threads, and runs them in parallel.
    package func parallel(over count: Int, by chunk: Int, _ body: (Range<Int>) -> Void) {
        guard count > 0 else { return }
        let step = max(chunk, 1)
        let slices = (count - 1) / step + 1
        if slices == 1 {
            body(0..<count)
            return
        }
        pool.run(slices) { slice in
            let start = slice * step
            body(start..<min(count, start + step))
        }
    }

    /// Keeps OpenBLAS on one thread from here until `releaseBLAS`: products are cut and spread by Apus itself. To be
    /// called, on the context's thread, before the first product of a call.
    package func holdBLAS() {
        if !holdsBLAS {
            holdsBLAS = true
            BLAS.enter()
        }
    }

    /// Gives OpenBLAS its threads back; at the end of every call.
    package func releaseBLAS() {
        if holdsBLAS {
            holdsBLAS = false
            BLAS.leave()
        }
    }

    deinit { releaseBLAS() }
}
