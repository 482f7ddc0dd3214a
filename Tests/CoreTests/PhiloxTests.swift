import Core
import Testing

struct PhiloxTests {
    /// Known answers of the paper's library (Random123, kat_vectors, philox4x32 with 10 rounds).
    @Test func givesThePublishedAnswers() {
        let zeros = Philox(seed: 0, stream: 0).block(0)
        #expect(zeros == (0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8))
        let ones = Philox(seed: .max, stream: .max).block(.max)
        #expect(ones == (0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD))
        let digits = Philox(seed: 0x299F_31D0_A409_3822, stream: 0x0370_7344_1319_8A2E).block(0x85A3_08D3_243F_6A88)
        #expect(digits == (0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1))
    }

    @Test func permutationsHoldEveryNumberOnce() {
        var order = [Int](repeating: 0, count: 1000)
        order.withUnsafeMutableBufferPointer { buffer in
            if let base = buffer.baseAddress { Philox(seed: 7, stream: 1).permute(base, count: 1000) }
        }
        #expect(order.sorted() == Array(0..<1000))
        #expect(order != Array(0..<1000))
    }

    @Test func normalsHaveMeanZeroAndDeviationOne() {
        let stream = Philox(seed: 1, stream: 2)
        var sum = 0.0, squares = 0.0
        let count = 200_000
        for index in 0..<count {
            let value = stream.normal(UInt64(index))
            sum += value
            squares += value * value
        }
        #expect(abs(sum / Double(count)) < 0.01)
        #expect(abs(squares / Double(count) - 1) < 0.02)
    }
}
