import Core
import Testing

struct ContextTests {
    @Test func threadCountsOutOfRangeAreRefused() {
        #expect(throws: ApusError.self) { try Context(threads: -1) }
        #expect(throws: ApusError.self) { try Context(threads: 1025) }
    }

    @Test func streamsDifferAndAReseedBringsThemBack() throws {
        let context = try Context(threads: 1, seed: 5)
        let first = context.nextStream().bits64(0)
        let second = context.nextStream().bits64(0)
        #expect(first != second)
        context.reseed(5)
        #expect(context.nextStream().bits64(0) == first)
        context.reseed(6)
        #expect(context.nextStream().bits64(0) != first)
    }

    @Test func everyInstructionSetOfTheMachineCanBeForced() throws {
        for set in InstructionSet.available {
            let context = try Context(threads: 1, instructionSet: set)
            #expect(context.instructionSet == set)
            #expect(String(cString: context.kernels.name) == set.name)
        }
    }

    @Test func anInterruptIsSeenAndCleared() throws {
        let context = try Context(threads: 1)
        context.interrupt()
        #expect(throws: ApusError.self) { try context.checkInterrupt() }
        context.clearInterrupt()
        #expect(throws: Never.self) { try context.checkInterrupt() }
    }

    /// Blocks of a range do not depend on the number of threads.
    @Test func rangesAreCutBySizeAlone() throws {
        for threads in [1, 4] {
            let context = try Context(threads: threads)
            var seen = [Int](repeating: -1, count: 4)
            seen.withUnsafeMutableBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return }
                context.parallel(over: 10, by: 3) { range in base[range.lowerBound / 3] = range.count }
            }
            #expect(seen == [3, 3, 3, 1])
        }
    }

    @Test func productsAreExactOnWholeNumbers() throws {
        let context = try Context(threads: 1)
        context.holdBLAS()
        defer { context.releaseBLAS() }
        let a = (0..<6).map { Float($0) }
        let b = (0..<6).map { Float($0 * $0) }
        var c = [Float](repeating: 1, count: 4)
        BLAS.product(transposeA: false, transposeB: false, 2, 2, 3, a, 3, b, 2, beta: 1, &c, 2)
        #expect(c == [37, 60, 97, 165])
    }
}
