import Core
import Glibc
import Synchronization
import Testing

/// The thread that reads ahead.
struct BackgroundReaderTests {
    private func message(_ body: () throws(ApusError) -> Void) -> String? {
        do throws(ApusError) {
            try body()
            return nil
        } catch { return error.message }
    }

    @Test(arguments: [true, false]) func jobsRunOneAfterTheOtherAndTheirErrorsComeOut(thread: Bool) throws {
        let context = try Context(threads: 1)
        let reader = BackgroundReader(thread: thread)
        let sum = Atomic<Int>(0)
        try reader.wait(in: context)
        for number in 1...100 {
            reader.start { (_) throws(ApusError) in
                sum.wrappingAdd(number, ordering: .relaxed)
                if number == 50 { throw .io("number 50") }
            }
            let error = message { () throws(ApusError) in try reader.wait(in: context) }
            #expect(error == (number == 50 ? "number 50" : nil))
        }
        let total = sum.load(ordering: .relaxed)
        #expect(total == 5050)
        reader.stop()
        reader.stop()
    }

    @Test func aJobUnderWayIsCancelledAndJoined() throws {
        let reader = BackgroundReader(thread: true)
        let begun = Atomic<Bool>(false)
        let ended = Atomic<Bool>(false)
        reader.start { (check) throws(ApusError) in
            begun.store(true, ordering: .releasing)
            defer { ended.store(true, ordering: .releasing) }
            while true {
                try check()
                usleep(100)
            }
        }
        while !begun.load(ordering: .acquiring) { usleep(100) }
        reader.stop()
        let hasEnded = ended.load(ordering: .acquiring)
        #expect(hasEnded)
    }

    @Test(arguments: [true, false]) func anInterruptEndsTheWait(thread: Bool) throws {
        let context = try Context(threads: 1)
        let reader = BackgroundReader(thread: thread)
        reader.start { (check) throws(ApusError) in
            while true {
                try check()
                usleep(100)
            }
        }
        context.interrupt()
        #expect(message { () throws(ApusError) in try reader.wait(in: context) }?.contains("interrupted") == true)
        reader.stop()
    }
}
