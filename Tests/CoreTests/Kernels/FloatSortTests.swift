import CVector
import Core
import Testing

@Suite struct FloatSortTests {
    private static let counts = [
        1, 2, 8, 9, 31, 64, 65, 100, 127, 128, 129, 191, 200, 256, 257, 264, 300, 384, 511, 512, 513, 600, 1000, 1025,
        2047, 2048, 5000,
    ]

    /// Numbers of several kinds: random, few, rising, falling, infinite, equal, denormal, like a saw.
    private static func kinds(_ count: Int) -> [[Double]] {
        let random = Philox(seed: 3, stream: 1)
        var draw: UInt64 = 0
        let spread = (0..<count).map { _ in Double(random.below(1 << 40, draw: &draw)) - 5e11 }
        return [
            spread, spread.map { ($0 / 1e11).rounded() }, spread.sorted(), spread.sorted(by: >),
            spread.map { $0 < 0 ? -.infinity : .infinity }, spread.map { _ in 3 }, spread.map { $0 * 5e-324 },
            (0..<count).map { Double($0 % 17) },
        ]
    }

    @Test(arguments: InstructionSet.available)
    func sortsDoubles(set: InstructionSet) {
        for count in FloatSortTests.counts {
            for values in FloatSortTests.kinds(count) {
                for toOther in [false, true] {
                    // One element more, which must stay.
                    var (own, other) = (values + [77], Array(repeating: 77.0, count: count + 1))
                    set.kernels.reductions.sort_doubles(&own, &other, Int64(count), toOther ? 1 : 0)
                    #expect((toOther ? other : own).dropLast() == values.sorted()[...])
                    #expect(own[count] == 77 && other[count] == 77)
                }
            }
        }
    }

    @Test(arguments: InstructionSet.available)
    func sortsFloats(set: InstructionSet) {
        for count in FloatSortTests.counts {
            for values in FloatSortTests.kinds(count).map({ $0.map(Float.init) }) {
                for toOther in [false, true] {
                    var (own, other) = (values + [77], Array(repeating: Float(77), count: count + 1))
                    set.kernels.reductions.sort_floats(&own, &other, Int64(count), toOther ? 1 : 0)
                    #expect((toOther ? other : own).dropLast() == values.sorted()[...])
                    #expect(own[count] == 77 && other[count] == 77)
                }
            }
        }
    }

    @Test(arguments: InstructionSet.available)
    func splitsAtOneOfTheValues(set: InstructionSet) {
        for count in [100, 2048, 2061, 5000] {
            for values in FloatSortTests.kinds(count) {
                var other = Array(repeating: 0.0, count: count)
                let front = Int(set.kernels.reductions.split_doubles(values, &other, Int64(count)))
                if front == 0 { continue }
                #expect(other[..<front].max() ?? 0 < other[front...].min() ?? 0)
                #expect(other.sorted() == values.sorted())
                let floats = values.map(Float.init)
                var others = Array(repeating: Float(0), count: count)
                let floatFront = Int(set.kernels.reductions.split_floats(floats, &others, Int64(count)))
                #expect(others[..<floatFront].max() ?? -1 < others[floatFront...].min() ?? 0)
                #expect(others.sorted() == floats.sorted())
            }
        }
    }

    /// Every sample of these is among the least: what is split thus again and again ends in a heap sort.
    @Test(arguments: InstructionSet.available)
    func endsOnWhatSplitsBadly(set: InstructionSet) {
        let count = 4096
        var values = (0..<count).map { Double($0 % 64 == 32 ? $0 : $0 + 100_000) }
        var other = values
        let wanted = values.sorted()
        set.kernels.reductions.sort_doubles(&values, &other, Int64(count), 0)
        #expect(values == wanted)
    }

    @Test(arguments: InstructionSet.available)
    func movesTheFirstOfEqualNeighboursToTheFront(set: InstructionSet) {
        for count in 0...70 {
            for step in [1, 2, 3, 40] {
                var values = (0..<count).map { Double($0 / step) } + [-1]
                var floats = values.map(Float.init)
                let distinct = (count + step - 1) / step
                #expect(set.kernels.reductions.distinct_doubles(&values, Int64(count)) == Int64(distinct))
                #expect(set.kernels.reductions.distinct_floats(&floats, Int64(count)) == Int64(distinct))
                #expect(values[..<distinct] == (0..<distinct).map(Double.init)[...] && values[count] == -1)
                #expect(floats[..<distinct] == (0..<distinct).map(Float.init)[...] && floats[count] == -1)
            }
        }
        var zeros = [-0.0, 0, -0.0, 1]
        #expect(set.kernels.reductions.distinct_doubles(&zeros, 4) == 2)
        #expect(zeros[0].sign == .minus && zeros[1] == 1)
    }

    @Test(arguments: InstructionSet.available)
    func noticesNaNAndNegativeZeros(set: InstructionSet) {
        let kernels = set.kernels.reductions
        for count in [0, 1, 7, 8, 15, 16, 31, 33, 64, 65, 130] {
            var values = [Double](repeating: 0, count: count) + [.nan]
            for i in 0..<count { values[i] = i % 3 == 0 ? -.infinity : i % 3 == 1 ? 0 : -5e-324 }
            #expect(kernels.any_special_doubles(values, Int64(count)) == 0)
            #expect(kernels.any_special_floats(values.map { Float($0 == 0 ? 0 : $0 * 1e280) }, Int64(count)) == 0)
            for i in 0..<count {
                for special in [-0.0, .nan, -.nan] {
                    var other = values
                    other[i] = special
                    #expect(kernels.any_special_doubles(other, Int64(count)) != 0)
                    #expect(kernels.any_special_floats(other.map(Float.init), Int64(count)) != 0)
                }
            }
        }
    }
}
