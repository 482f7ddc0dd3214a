import Core
import Synchronization
import Testing

struct ThreadPoolTests {
    @Test(arguments: [1, 2, 3, 8]) func everySliceRunsOnce(_ threads: Int) {
        let pool = ThreadPool(threads: threads)
        for count in [0, 1, 2, 7, 100, 1000] {
            var counts = [Int32](repeating: 0, count: max(count, 1))
            counts.withUnsafeMutableBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return }
                pool.run(count) { base[$0] += 1 }
            }
            #expect(counts.prefix(count).allSatisfy { $0 == 1 })
        }
    }

    /// Short regions after one another: where a pool loses wake-ups, this does not end.
    @Test func manyShortRegionsEnd() {
        let pool = ThreadPool(threads: 3)
        let total = Atomic<Int>(0)
        for _ in 0..<20_000 { pool.run(4) { _ in total.wrappingAdd(1, ordering: .relaxed) } }
        #expect(total.load(ordering: .relaxed) == 80_000)
    }

    @Test func regionsInsideRegionsRunInPlace() {
        let pool = ThreadPool(threads: 2)
        let total = Atomic<Int>(0)
        pool.run(8) { _ in pool.run(8) { _ in total.wrappingAdd(1, ordering: .relaxed) } }
        #expect(total.load(ordering: .relaxed) == 64)
    }

    @Test func poolsComeAndGo() {
        for _ in 0..<50 {
            let pool = ThreadPool(threads: 4)
            let total = Atomic<Int>(0)
            pool.run(16) { _ in total.wrappingAdd(1, ordering: .relaxed) }
            #expect(total.load(ordering: .relaxed) == 16)
        }
    }
}
