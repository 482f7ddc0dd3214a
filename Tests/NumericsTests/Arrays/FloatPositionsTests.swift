import Core
import Numerics
import Testing

/// Positions by a sort of pairs: NaN last, equal elements in their order.
private func expected(_ values: [Double], descending: Bool) -> [Int64] {
    values.indices.sorted {
        let (x, y) = (values[$0], values[$1])
        if x.isNaN || y.isNaN { return x.isNaN == y.isNaN ? $0 < $1 : y.isNaN }
        return x == y ? $0 < $1 : descending ? x > y : x < y
    }.map(Int64.init)
}

@Suite struct FloatPositionsTests {
    /// Elements that agree in their upper bits: few, many, next to infinity, about zero.
    private static func kinds(_ count: Int) -> [[Double]] {
        let random = Philox(seed: 4, stream: 2)
        var draw: UInt64 = 0
        let whole = (0..<count).map { _ in Double(random.below(1_000_000, draw: &draw)) }
        let edges: [Double] = [
            .infinity, -.infinity, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .nan, 0, -0.0, 5e-324, -5e-324,
            Double.greatestFiniteMagnitude.nextDown, -Double.greatestFiniteMagnitude.nextDown, 1, 1.0.nextUp,
        ]
        return [
            whole, whole.map { 1 + $0 * 0x1p-52 }, whole.map { -1 - $0 * 0x1p-52 }, whole.map { 1.7e9 + $0 * 1e-6 },
            whole.map { edges[Int($0) % edges.count] }, whole.map { ($0 - 500_000) * 5e-324 },
            whole.map { $0 < 500_000 ? .nan : -$0 }, whole.map { $0.truncatingRemainder(dividingBy: 3) - 1 },
        ]
    }

    private static func check<Element: BitwiseCopyable>(
        _ elements: [Element], _ dtype: DType, _ values: [Double], _ context: Context
    ) throws {
        let count = elements.count
        let a = try Buffer<Element>(count, in: Allocator())
        for (i, x) in elements.enumerated() { a.pointer[i] = x }
        let out = try Buffer<Int64>(count, in: Allocator())
        let small = try Buffer<Int32>(count, in: Allocator())
        defer { withExtendedLifetime((a, out, small)) {} }
        let view = ArrayView(data: a.pointer, dtype: dtype, shape: Shape(count))
        for descending in [false, true] {
            let wanted = expected(values, descending: descending)
            try ArraySorting.argsort(
                view, axis: 0, descending: descending,
                into: ArrayView(data: out.pointer, dtype: .int64, shape: Shape(count)), in: context)
            #expect(out.array == wanted)
            try ArraySorting.argsort(
                view, axis: 0, descending: descending,
                into: ArrayView(data: small.pointer, dtype: .int32, shape: Shape(count)), in: context)
            #expect(small.array == wanted.map(Int32.init))
        }
    }

    @Test(arguments: InstructionSet.available, [1, 2, 3, 16, 17, 63, 64, 300, 5_000, 140_000])
    func positionsAreThoseOfAStableSort(set: InstructionSet, count: Int) throws {
        for threads in count > 100_000 ? [1, 3] : [1] {
            let context = try Context(threads: threads, instructionSet: set)
            for values in FloatPositionsTests.kinds(count) {
                try FloatPositionsTests.check(values, .float64, values, context)
                let floats = values.map(Float.init)
                try FloatPositionsTests.check(floats, .float32, floats.map(Double.init), context)
            }
        }
    }

    @Test(arguments: InstructionSet.available)
    func distinctValuesGoWhereThereIsRoomForAll(set: InstructionSet) throws {
        let values: [Double] = (0..<3_000).map { Double($0 * 7919 % 500) - 250 } + [.nan, .nan]
        let a = try Doubles(values)
        let found = try Doubles(zeros: Shape(values.count))
        let outputs = Unique.Outputs(values: found.view, first: nil, inverse: nil, counts: nil)
        let count = try Unique.find(in: a.view, outputs, in: Context(threads: 1, instructionSet: set)) { _ in }
        let distinct = found.buffer.array.prefix(count)
        #expect(count == 501 && distinct.dropLast() == (0..<500).map { Double($0) - 250 }[...])
        #expect(distinct.last?.isNaN == true)
        #expect(a.buffer.array.dropLast(2) == values.dropLast(2))
    }
}
