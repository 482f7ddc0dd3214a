import Core
import Testing

struct AllocatorTests {
    @Test func memoryIsAlignedCountedAndGivenBack() throws {
        let allocator = Allocator()
        do {
            let buffer = try Buffer<Float>(1000, in: allocator)
            #expect(Int(bitPattern: buffer.pointer) % 64 == 0)
            #expect(allocator.bytesInUse == 4000)
            buffer.clear()
            #expect(buffer.array.allSatisfy { $0 == 0 })
        }
        #expect(allocator.bytesInUse == 0)
    }

    @Test func theLimitIsKeptAndNamed() throws {
        let allocator = Allocator(limit: 1000)
        let held = try Buffer<UInt8>(600, in: allocator)
        do throws(ApusError) {
            _ = try Buffer<UInt8>(500, in: allocator)
            Issue.record("1,100 bytes were given under a limit of 1,000")
        } catch {
            #expect(error.code == .limit && error.message.contains("1000"))
        }
        #expect(allocator.bytesInUse == 600)
        withExtendedLifetime(held) {}
    }

    @Test func sizesThatOverflowAreRefused() {
        #expect(throws: ApusError.self) { try Buffer<Double>(Int.max / 4, in: Allocator()) }
        #expect(throws: ApusError.self) { try Buffer<Double>(-1, in: Allocator()) }
    }
}
