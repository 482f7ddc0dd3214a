import Core
import Numerics
import Testing

private func sorted(_ values: [Double], descending: Bool = false, threads: Int = 1) throws -> [Double] {
    let a = try Doubles(values)
    try ArraySorting.sort(a.view, axis: 0, descending: descending, into: a.view, in: Context(threads: threads))
    return a.buffer.array
}

private func order(_ values: [Double], descending: Bool = false, threads: Int = 1) throws -> [Int64] {
    let a = try Doubles(values)
    let out = try Buffer<Int64>(values.count, in: Allocator())
    let view = ArrayView(data: out.pointer, dtype: .int64, shape: Shape(values.count))
    try ArraySorting.argsort(a.view, axis: 0, descending: descending, into: view, in: Context(threads: threads))
    return out.array
}

@Suite struct ArraySortingTests {
    @Test func putsNaNLastInEitherDirection() throws {
        let up = try sorted([2, .nan, -1, .infinity, 0, -.infinity])
        #expect(up.dropLast() == [-.infinity, -1, 0, 2, .infinity] && up[5].isNaN)
        let down = try sorted([2, .nan, -1, .infinity, 0, -.infinity], descending: true)
        #expect(down.dropLast() == [.infinity, 2, 0, -1, -.infinity] && down[5].isNaN)
    }

    @Test func keepsZerosInTheirOrder() throws {
        let zeros = try sorted([1, -0.0, 0, -0.0, -1])
        #expect(zeros.map(\.sign) == [.minus, .minus, .plus, .minus, .plus])
        #expect(try order([0, -0.0, 0, -1]) == [3, 0, 1, 2])
        #expect(try order([0, -0.0, 0, -1], descending: true) == [0, 1, 2, 3])
    }

    @Test(arguments: [0, 1, 24, 25, 32, 33, 64, 1000, 70_000, 200_000])
    func sortsEveryLength(count: Int) throws {
        let values = spread(count)
        #expect(try sorted(values) == values.sorted())
        let few = values.map { ($0 * 5).rounded() }
        #expect(try sorted(few, threads: 3) == few.sorted())
        let expected = few.indices.sorted { (few[$0], $0) < (few[$1], $1) }.map(Int64.init)
        #expect(try order(few, threads: 3) == expected)
        #expect(try order(few) == expected)
    }

    @Test(arguments: [5_000, 150_000])
    func sortsWhatIsSortedReversedOrAllEqual(count: Int) throws {
        let rising = (0..<count).map(Double.init)
        #expect(try sorted(rising) == rising)
        #expect(try sorted(rising.reversed()) == rising)
        #expect(try sorted(Array(repeating: 3, count: count)) == Array(repeating: 3, count: count))
        let pipes = (0..<count).map { Double(min($0, count - $0)) }
        #expect(try sorted(pipes) == pipes.sorted())
        let greatest = (0..<count).map { $0 % 2 == 0 ? Double.infinity : -.infinity }
        #expect(try sorted(greatest) == greatest.sorted())
    }

    /// Zeros, and NaN by what they carry, in the order in which they stood, on each instruction set and number of threads.
    @Test(arguments: InstructionSet.available, [200, 150_000])
    func keepsTheOrderOfZerosAndOfNaN(set: InstructionSet, count: Int) throws {
        let values = spread(count).enumerated().map { index, x in
            switch index % 7 {
            case 0: 0.0
            case 2: -0.0
            case 5: Double(bitPattern: 0x7ff8_0000_0000_0000 | UInt64(index))
            default: x
            }
        }
        let zeros = values.filter { $0 == 0 }.map(\.bitPattern)
        let others = values.filter(\.isNaN).map(\.bitPattern)
        let below = values.filter { $0 < 0 }.sorted()
        let above = values.filter { $0 > 0 }.sorted()
        for threads in [1, 3] {
            let context = try Context(threads: threads, instructionSet: set)
            for descending in [false, true] {
                let a = try Doubles(values)
                let wide = try Doubles(zeros: Shape(2 * count))
                let out = ArrayView(data: wide.buffer.pointer, dtype: .float64, shape: Shape(count), strides: Shape(16))
                try ArraySorting.sort(a.view, axis: 0, descending: descending, into: out, in: context)
                try ArraySorting.sort(a.view, axis: 0, descending: descending, into: a.view, in: context)
                let front = descending ? Array(above.reversed()) : below
                let back = descending ? Array(below.reversed()) : above
                let wanted = front.map(\.bitPattern) + zeros + back.map(\.bitPattern) + others
                #expect(a.buffer.array.map { $0.bitPattern } == wanted)
                let spaced = wide.buffer.array
                #expect((0..<count).map { spaced[2 * $0].bitPattern } == wanted)
                #expect((0..<count).allSatisfy { spaced[2 * $0 + 1].bitPattern == 0 })
            }
        }
    }

    @Test(arguments: InstructionSet.available)
    func sortsFloatsAndCountsThem(set: InstructionSet) throws {
        let count = 140_000
        let values = spread(count).map { Float(($0 * 300).rounded()) }
        let a = try Buffer<Float>(count, in: Allocator())
        for (index, x) in values.enumerated() { a.pointer[index] = x }
        let view = ArrayView(data: a.pointer, dtype: .float32, shape: Shape(count))
        let wanted = Dictionary(grouping: values, by: { $0 }).mapValues(\.count).sorted { $0.key < $1.key }
        let found = try Buffer<Float>(wanted.count, in: Allocator())
        let counts = try Buffer<Int64>(wanted.count, in: Allocator())
        for threads in [1, 2] {
            let context = try Context(threads: threads, instructionSet: set)
            let outputs = Unique.Outputs(
                values: ArrayView(data: found.pointer, dtype: .float32, shape: Shape(wanted.count)), first: nil,
                inverse: nil, counts: ArrayView(data: counts.pointer, dtype: .int64, shape: Shape(wanted.count)))
            #expect(try Unique.find(in: view, outputs, in: context) { _ in } == wanted.count)
            #expect(found.array == wanted.map { $0.key } && counts.array == wanted.map { Int64($0.value) })
        }
        try ArraySorting.sort(
            view, axis: 0, descending: false, into: view, in: Context(threads: 2, instructionSet: set))
        #expect(a.array == values.sorted())
        withExtendedLifetime((a, found, counts)) {}
    }

    @Test func countsNaNOnce() throws {
        let a = try Doubles([2, .nan, 2, -0.0, .nan, 0, .nan])
        let (values, counts) = (try Doubles(zeros: Shape(3)), try Buffer<Int64>(3, in: Allocator()))
        let outputs = Unique.Outputs(
            values: values.view, first: nil, inverse: nil,
            counts: ArrayView(data: counts.pointer, dtype: .int64, shape: Shape(3)))
        #expect(try Unique.find(in: a.view, outputs, in: Context(threads: 1)) { _ in } == 3)
        #expect(counts.array == [2, 2, 3])
        let found = values.buffer.array
        #expect(found[0].bitPattern == (-0.0).bitPattern && found[1] == 2 && found[2].isNaN)
    }

    @Test func findsDistinctValues() throws {
        let a = try Doubles([3, 1, .nan, 3, -0.0, 0, .nan])
        let values = try Doubles(zeros: Shape(4))
        let outputs = Unique.Outputs(values: values.view, first: nil, inverse: nil, counts: nil)
        #expect(try Unique.find(in: a.view, outputs, in: Context(threads: 1)) { _ in } == 4)
        let found = values.buffer.array
        #expect(found.dropLast() == [0, 1, 3] && found[0].sign == .minus && found[3].isNaN)
        let small = try Doubles(zeros: Shape(3))
        var needed = 0
        #expect(throws: ApusError.self) {
            _ = try Unique.find(
                in: a.view, Unique.Outputs(values: small.view, first: nil, inverse: nil, counts: nil),
                in: Context(threads: 1)
            ) { needed = $0 }
        }
        #expect(needed == 4 && small.buffer.array == [0, 0, 0])
    }
}
