import Core
import Synchronization

/// A mark that any thread may set.
final class Flag: Sendable {
    private let raised = Atomic<Bool>(false)
    func raise() { raised.store(true, ordering: .relaxed) }
    var isRaised: Bool { raised.load(ordering: .relaxed) }
}

/// Work on each matrix of a stack: one after the other with threads inside of each, or spread over the threads. The
/// matrices do not know of each other, so neither way changes a bit.
struct StackWork {
    let context: Context
    /// Matrices.
    let count: Int
    /// Scratch for one matrix.
    let doubles: Int
    let integers: Int
    /// Whether the work on one matrix uses threads by itself.
    var divides = false
    /// Elements of one matrix, for the length of slices.
    let elements: Int

    typealias Body = (
        _ index: Int, _ doubles: UnsafeMutablePointer<Double>, _ integers: UnsafeMutablePointer<Int32>
    ) throws(ApusError) -> Void

    /// Calls `body` for each matrix. Throws the error of the first matrix, by number, that has one; those after it may
    /// or may not have been done.
    func run(_ body: Body) throws(ApusError) {
        try context.checkInterrupt()
        if count == 0 { return }
        context.holdBLAS()
        if count == 1 {
            // One allocation for both: a small matrix is done in less time than a second one takes.
            let (sum, overflow) = doubles.addingReportingOverflow(integers / 2 + 1)
            if overflow { throw ApusError(.outOfMemory, "The scratch of a matrix is too large.") }
            let reals = try Buffer<Double>(sum, in: context.allocator)
            let whole = UnsafeMutableRawPointer(reals.pointer + doubles).bindMemory(
                to: Int32.self, capacity: max(integers, 1))
            try body(0, reals.pointer, whole)
            return
        }
        if context.threads == 1 || (divides && count < context.threads) {
            let reals = try Buffer<Double>(doubles, in: context.allocator)
            let whole = try Buffer<Int32>(integers, in: context.allocator)
            for index in 0..<count {
                try context.checkInterrupt()
                try body(index, reals.pointer, whole.pointer)
            }
            return
        }
        try spread(body)
    }

    private func spread(_ body: Body) throws(ApusError) {
        // A slice is worth waking a thread for; a few slices for each thread even out the pace of cores.
        let least = max(2048 / max(elements, 1), 1)
        let share = max(least, (count - 1) / (4 * context.threads) + 1)
        let slices = (count - 1) / share + 1
        // Odd lengths keep the scratch of two slices off the same cache lines.
        let (reals, overflow) = (doubles + 16).multipliedReportingOverflow(by: slices)
        let (whole, carry) = (integers + 32).multipliedReportingOverflow(by: slices)
        guard !overflow, !carry else { throw ApusError(.outOfMemory, "The scratch of \(slices) slices is too large.") }
        let realScratch = try Buffer<Double>(reals, in: context.allocator)
        let wholeScratch = try Buffer<Int32>(whole, in: context.allocator)
        let failure = FirstFailure()
        context.parallel(slices) { slice in
            let real = realScratch.pointer + slice &* (doubles + 16)
            let whole = wholeScratch.pointer + slice &* (integers + 32)
            let start = slice &* share
            for index in start..<min(count, start + share) {
                if failure.isBefore(index) || context.isInterrupted { return }
                do throws(ApusError) { try body(index, real, whole) } catch {
                    failure.record(error, at: index)
                    return
                }
            }
        }
        try context.checkInterrupt()
        if let error = failure.error { throw error }
    }
}

/// The error of the matrix with the lowest number.
private final class FirstFailure: Sendable {
    private let first = Mutex<(index: Int, error: ApusError)?>(nil)

    func record(_ error: ApusError, at index: Int) {
        first.withLock { if $0.map({ index < $0.index }) ?? true { $0 = (index, error) } }
    }

    func isBefore(_ index: Int) -> Bool { first.withLock { $0.map { $0.index < index } ?? false } }

    var error: ApusError? { first.withLock { $0?.error } }
}

/// Which matrices of a stack were nearly singular: reciprocal condition below 2^-52. Any thread may note one; the
/// warning is given by the context's thread.
final class NearlySingular: Sendable {
    private let noted = Mutex<(index: Int, rcond: Double, count: Int)?>(nil)

    func note(_ rcond: Double, at index: Int) {
        if rcond >= 0x1p-52 { return }
        noted.withLock { now in
            guard let old = now else { return now = (index, rcond, 1) }
            now = index < old.index ? (index, rcond, old.count + 1) : (old.index, old.rcond, old.count + 1)
        }
    }

    /// "a is nearly singular: ..." once for the stack.
    func warn(_ stack: MatrixStack, in context: Context) {
        guard let noted = noted.withLock({ $0 }) else { return }
        let others = noted.count > 1 ? " (and \(noted.count - 1) more)" : ""
        context.warn(
            "\(stack.name) is nearly singular\(stack.place(noted.index))\(others): its reciprocal condition is about \(noted.rcond), the result may have no correct digit."
        )
    }
}
