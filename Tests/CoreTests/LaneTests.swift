import Core
import Testing

struct LaneTests {
    /// Slices of one lane never overlap: each lane counts in a place of its own without loss.
    @Test(arguments: [1, 2, 3, 8]) func lanesHaveWorkingMemoryOfTheirOwn(threads: Int) throws {
        let context = try Context(threads: threads)
        for lanes in [1, 2, 5] {
            let counts = try Buffer<Int>(zeros: lanes * 64, in: context.allocator)
            let done = try Buffer<Int>(zeros: 1000, in: context.allocator)
            context.parallel(1000, lanes: lanes) { slice, lane in
                done.pointer[slice] += lane < lanes ? 1 : 100
                for _ in 0..<100 { counts.pointer[lane * 64] += 1 }
            }
            #expect(done.array.allSatisfy { $0 == 1 })
            #expect(counts.array.reduce(0, +) == 100_000)
        }
    }
}
