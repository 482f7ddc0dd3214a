import CVector
import Core
import Testing

struct DropoutTests {
    /// The top 24 bits of the words of index `first` and on, found by halving the rate.
    private func topBits(_ set: InstructionSet, _ count: Int, seed: UInt64, stream: UInt64, first: UInt64) -> [UInt32] {
        var found = [UInt32](repeating: 0, count: count)
        let (x, y) = (Floats(count) { _ in 1 }, Floats(count))
        for i in 0..<count {
            for bit in (0..<24).reversed() {
                let candidate = found[i] | 1 << UInt32(bit)
                set.kernels.dropout(x.start, y.start, Int64(count), Float(candidate) * 0x1p-24, seed, stream, first)
                if y.start[i] != 0 { found[i] = candidate }
            }
        }
        return found
    }

    @Test(arguments: InstructionSet.available)
    func drawsThePublishedNumbersOfPhilox(_ set: InstructionSet) {
        #expect(
            topBits(set, 4, seed: 0, stream: 0, first: 0) == [0x6627E8, 0xE169C5, 0xBC57AC, 0x9B00DB])
    }

    @Test(arguments: InstructionSet.available)
    func keepsWhatTheStreamOfItsIndexSays(_ set: InstructionSet) {
        let (seed, stream): (UInt64, UInt64) = (0x299F_31D0_A409_3822, 0x0370_7344_1319_8A2E)
        let philox = Philox(seed: seed, stream: stream)
        for first: UInt64 in [0, 1, 2, 3, 4, 30, (1 << 34) - 6, 0x1234_5678_9ABC_DEF1] {
            for size in kernelSizes {
                let x = Floats(size, seed: 1, from: 1, to: 2)
                let y = Floats(size)
                set.kernels.dropout(x.start, y.start, Int64(size), 0.3, seed, stream, first)
                let expected = (0..<size).map { i -> Float in
                    let index = first + UInt64(i)
                    let words = philox.block(index / 4)
                    let word = [words.0, words.1, words.2, words.3][Int(index % 4)]
                    return Float(word >> 8) * 0x1p-24 >= 0.3 ? x.start[i] * (1 / (1 - 0.3 as Float)) : 0
                }
                #expect(y.values == expected && y.isIntact, "first \(first), size \(size)")
                set.kernels.dropout(x.start, x.start, Int64(size), 0.3, seed, stream, first)
                #expect(x.bits == y.bits, "in place, first \(first), size \(size)")
            }
        }
    }

    @Test(arguments: InstructionSet.available)
    func doesNotDependOnHowElementsAreCutIntoCalls(_ set: InstructionSet) {
        let x = Floats(1000, seed: 1)
        let (whole, pieces) = (Floats(1000), Floats(1000))
        set.kernels.dropout(x.start, whole.start, 1000, 0.5, 11, 12, 100)
        var start = 0
        for length in [1, 2, 3, 50, 7, 100, 837] {
            set.kernels.dropout(
                x.start + start, pieces.start + start, Int64(length), 0.5, 11, 12, UInt64(100 + start))
            start += length
        }
        #expect(start == 1000 && pieces.bits == whole.bits)
    }

    @Test(arguments: InstructionSet.available)
    func keepsAllAtRateZeroAndTheRightShareOtherwise(_ set: InstructionSet) {
        let x = Floats(100_000) { _ in 1 }
        let y = Floats(100_000)
        set.kernels.dropout(x.start, y.start, 100_000, 0, 1, 2, 3)
        #expect(y.bits == x.bits)
        set.kernels.dropout(x.start, y.start, 100_000, 0.25, 1, 2, 3)
        let kept = y.values.count { $0 != 0 }
        #expect(abs(kept - 75_000) < 700)
    }
}
