import Core
import Numerics
import Testing

/// Doubles as an array, in memory that lives as long as this.
struct Doubles {
    let buffer: Buffer<Double>
    let view: ArrayView

    init(_ values: [Double], _ shape: Shape) throws {
        buffer = try Buffer(values, in: Allocator())
        view = ArrayView(data: buffer.pointer, dtype: .float64, shape: shape)
    }

    init(zeros shape: Shape) throws { try self.init(Array(repeating: 0, count: shape.count), shape) }

    init(_ values: [Double]) throws { try self.init(values, Shape(values.count)) }
}

/// Numbers in [-1, 1) that look random and are the same everywhere.
func spread(_ count: Int, seed: UInt64 = 1) -> [Double] {
    let stream = Philox(seed: seed, stream: 1)
    return (0..<count).map { 2 * stream.uniform(UInt64($0)) - 1 }
}

private func reduce(
    _ operation: Reduction, _ a: Doubles, axes: [Int]?, shape: Shape, threads: Int = 1
) throws -> [Double] {
    try reduce(operation, a.view, of: a, axes: axes, shape: shape, threads: threads)
}

/// Reduces a view of the memory of `owner`.
private func reduce(
    _ operation: Reduction, _ view: ArrayView, of owner: Doubles, axes: [Int]?, shape: Shape, threads: Int = 1
) throws -> [Double] {
    let out = try Doubles(zeros: shape)
    try withExtendedLifetime(owner) {
        try ArrayReduction.reduce(operation, view, axes: axes, into: out.view, in: Context(threads: threads))
    }
    return out.buffer.array
}

private func all(_ operation: Reduction, _ values: Doubles, threads: Int = 1) throws -> Double {
    try withExtendedLifetime(values) {
        try ArrayReduction.reduceAll(operation, values.view, in: Context(threads: threads))
    }
}

private func all(_ operation: Reduction, _ values: [Double]) throws -> Double {
    try all(operation, Doubles(values))
}

@Suite struct ArrayReductionTests {
    @Test func reducesTwoRowsOfThree() throws {
        let a = try Doubles([1, 2, 3, 4, 5, 6], Shape(2, 3))
        #expect(try reduce(.sum, a, axes: [0], shape: Shape(3)) == [5, 7, 9])
        #expect(try reduce(.sum, a, axes: [1], shape: Shape(2)) == [6, 15])
        #expect(try reduce(.mean, a, axes: [-1], shape: Shape(2, 1)) == [2, 5])
        #expect(try reduce(.product, a, axes: nil, shape: Shape()) == [720])
        #expect(try reduce(.normInfinity, a, axes: nil, shape: Shape(1, 1)) == [6])
    }

    @Test func runsThroughEveryLayoutAlike() throws {
        // Whole numbers: every order of adding gives the same sum.
        let values = (0..<2 * 3 * 700).map { Double($0 % 97) }
        let a = try Doubles(values, Shape(2, 3, 700))
        let strides = a.view.strides
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let view = ArrayView(
                data: a.view.data, dtype: .float64, shape: Shape(order.map { a.view.shape[$0] }),
                strides: Shape(order.map { strides[$0] }))
            for axis in 0..<3 {
                let kept = (0..<3).filter { $0 != axis }.map { view.shape[$0] }
                var expected: [Double] = []
                for i in 0..<kept[0] {
                    for j in 0..<kept[1] {
                        var sum = 0.0
                        for k in 0..<view.shape[axis] {
                            var at = [i, j]
                            at.insert(k, at: axis)
                            sum += values[zip(order, at).map { strides[$0] / 8 * $1 }.reduce(0, +)]
                        }
                        expected.append(sum)
                    }
                }
                #expect(try reduce(.sum, view, of: a, axes: [axis], shape: Shape(kept)) == expected)
            }
        }
    }

    @Test(arguments: [Reduction.sum, .norm1, .norm2, .product, .logSumExp, .argmax])
    func givesTheSameBitsForAnyNumberOfThreads(operation: Reduction) throws {
        let a = try Doubles(spread(300_000), Shape(300, 1000))
        for axes in [nil, [0], [1]] as [[Int]?] {
            let kept = axes == nil ? Shape() : axes == [0] ? Shape(1000) : Shape(300)
            if operation == .argmax { continue }
            let one = try reduce(operation, a, axes: axes, shape: kept, threads: 1)
            #expect(try reduce(operation, a, axes: axes, shape: kept, threads: 5) == one)
        }
        #expect(try all(operation, a, threads: 7) == all(operation, a))
    }

    @Test func addsAMillionTenthsToWithinItsBound() throws {
        let n = 1_000_000
        let sum = try all(.sum, Array(repeating: 0.1, count: n))
        // A tenth as a double is 0.1 + 5.55e-18, so the exact sum is 100000.00000000000555.
        #expect(abs(sum - 100_000.0) <= 100_000 * (38 + 9) * 0x1p-53)
    }

    @Test func losesNothingBesideLargeElementsOfOtherBlocks() throws {
        var values = Array(repeating: 1.0, count: 1 << 17)
        values[0] = 0x1p53
        values[values.count - 1] = -0x1p53
        #expect(abs(try all(.sum, values) - Double((1 << 17) - 2)) <= 256)
    }

    @Test func takesNormsWithoutOverflowOrUnderflow() throws {
        #expect(try all(.norm2, [3e300, 4e300]) == 5e300)
        #expect(abs(try all(.norm2, [3e-300, 4e-300]) - 5e-300) <= 0x1p-52 * 5e-300)
        #expect(try all(.norm2, [3 * 0x1p-1074, 4 * 0x1p-1074]) == 5 * 0x1p-1074)
        #expect(try all(.norm2, [.infinity, 1]) == .infinity)
        #expect(try all(.norm2, [.infinity, .nan]).isNaN)
        #expect(try all(.norm2, [0, 0]) == 0)
        #expect(try all(.norm1, [-1, 2]) == 3)
    }

    @Test func takesLogarithmsOfSumsThatOverflow() throws {
        #expect(abs(try all(.logSumExp, [1000, 1000]) - (1000 + 0.6931471805599453)) <= 1e-12)
        #expect(try all(.logSumExp, [-.infinity, -.infinity]) == -.infinity)
        #expect(try all(.logSumExp, [.infinity, 1]) == .infinity)
        #expect(try all(.logSumExp, [.nan, 1]).isNaN)
        // ln(1 + exp(-40)), which 1 + exp(-40) has forgotten.
        #expect(abs(try all(.logSumExp, [0, -40]) / 4.248354255291589e-18 - 1) <= 1e-14)
    }

    @Test func letsNaNWin() throws {
        #expect(try all(.min, [1, .nan, -1]).isNaN)
        #expect(try all(.max, [.nan, 1]).isNaN)
        #expect(try all(.argmin, [1, .nan, -1, .nan]) == 1)
        #expect(try all(.argmax, [5, 7, 7, 1]) == 1)
        #expect(try all(.argmax, [-.infinity, -.infinity]) == 0)
        #expect(try all(.countNonzero, [0, .nan, -0.0, 3]) == 2)
    }

    @Test func findsTheFirstOfEqualsAcrossRowsAndAlongThem() throws {
        let a = try Doubles((0..<4000).map { Double($0 / 10 % 7) }, Shape(400, 10))
        let out = try Buffer<Int64>(zeros: 10, in: Allocator())
        let view = ArrayView(data: out.pointer, dtype: .int64, shape: Shape(10))
        try ArrayReduction.reduce(.argmax, a.view, axes: [0], into: view, in: Context(threads: 2))
        #expect(out.array == Array(repeating: 6, count: 10))
        #expect(try all(.argmax, a, threads: 2) == 60)
    }

    @Test func knowsWhatNothingReducesTo() throws {
        #expect(try all(.sum, []) == 0)
        #expect(try all(.product, []) == 1)
        #expect(try all(.all, []) == 1)
        #expect(try all(.norm2, []) == 0)
        for operation in [Reduction.mean, .min, .max, .argmin, .argmax, .normInfinity, .logSumExp] {
            #expect(throws: ApusError.self) { try all(operation, []) }
        }
        let a = try Doubles([], Shape(0, 3))
        #expect(try reduce(.sum, a, axes: [0], shape: Shape(3)) == [0, 0, 0])
        #expect(try reduce(.max, a, axes: [1], shape: Shape(0)) == [])
    }

    @Test func refusesAxesAndShapesThatDoNotFit() throws {
        let a = try Doubles([1, 2, 3, 4], Shape(2, 2))
        #expect(throws: ApusError.self) { try reduce(.sum, a, axes: [2], shape: Shape(2)) }
        #expect(throws: ApusError.self) { try reduce(.sum, a, axes: [0, -2], shape: Shape(2)) }
        #expect(throws: ApusError.self) { try reduce(.sum, a, axes: [0], shape: Shape(3)) }
        #expect(throws: ApusError.self) {
            try ArrayReduction.reduce(.sum, a.view, axes: [0], into: a.view.rowView(0), in: Context(threads: 1))
        }
    }
}
