import Core
import Glibc
import Numerics
import Testing

/// Runs an operation of the catalog on doubles.
private func apply(
    _ name: String, _ a: Doubles, _ b: Doubles? = nil, shape: Shape, threads: Int = 1,
    instructionSet: InstructionSet? = nil
) throws -> [Double] {
    let out = try Doubles(zeros: shape)
    try withExtendedLifetime((a, b)) {
        try Elementwise.apply(
            OperationCatalog.named(name), a.view, b?.view, to: out.view,
            in: Context(threads: threads, instructionSet: instructionSet))
    }
    return out.buffer.array
}

@Suite struct ElementwiseTests {
    @Test func addsARowToAColumn() throws {
        let column = try Doubles([10, 20, 30], Shape(3, 1)), row = try Doubles([1, 2])
        #expect(try apply("add", column, row, shape: Shape(3, 2)) == [11, 12, 21, 22, 31, 32])
        #expect(try apply("subtract", row, column, shape: Shape(3, 2)) == [-9, -8, -19, -18, -29, -28])
    }

    @Test func everyNameOfTheCatalogIsFoundAndNoOther() throws {
        for entry in OperationCatalog.entries {
            #expect(try OperationCatalog.named(entry.text).code == entry.code)
        }
        #expect(Set(OperationCatalog.entries.map(\.code)).count == OperationCatalog.entries.count)
        for name in ["", "ad", "addd", "ADD", "a name that is longer than any of the catalog"] {
            #expect(throws: ApusError.self) { try OperationCatalog.named(name) }
        }
    }

    @Test func everyOperationAgreesWithItselfOverStridesAndSizes() throws {
        for entry in OperationCatalog.entries {
            for size in [1, 7, 8, 9, 40, 1500] {
                let values = spread(2 * size).map { 1.5 + $0 / 3 }
                let dense = try Doubles((0..<size).map { values[2 * $0] })
                let wide = try Doubles(values)
                let other = try Doubles(spread(size, seed: 2).map { 1.2 + $0 / 4 })
                let second = entry.arity == 2 ? other : nil
                let wanted = try apply(entry.text, dense, second, shape: Shape(size))
                let view = ArrayView(data: wide.buffer.pointer, dtype: .float64, shape: Shape(size), strides: Shape(16))
                let out = try Doubles(zeros: Shape(size))
                try withExtendedLifetime(wide) {
                    try Elementwise.apply(entry, view, second?.view, to: out.view, in: Context(threads: 1))
                }
                #expect(out.buffer.array.map(\.bitPattern) == wanted.map(\.bitPattern), "\(entry.name), \(size)")
            }
        }
    }

    @Test func threadsDoNotChangeABit() throws {
        let a = try Doubles(spread(200_000).map { 2 + $0 }), b = try Doubles(spread(200_000, seed: 3))
        for name in ["multiply", "power", "exp", "erf", "arctan"] {
            let second = ["multiply", "power"].contains(name) ? b : nil
            let one = try apply(name, a, second, shape: Shape(200_000))
            let three = try apply(name, a, second, shape: Shape(200_000), threads: 3)
            #expect(one.map(\.bitPattern) == three.map(\.bitPattern), "\(name)")
        }
    }

    @Test func instructionSetsDifferByRoundingAlone() throws {
        let a = try Doubles(spread(3000).map { 3 + 2.5 * $0 })
        for entry in OperationCatalog.entries where entry.arity == 1 && entry.result == .real {
            let wanted = try apply(entry.text, a, shape: Shape(3000), instructionSet: .baseline)
            for set in InstructionSet.available {
                let found = try apply(entry.text, a, shape: Shape(3000), instructionSet: set)
                for (x, y) in zip(found, wanted) where !(x.isNaN && y.isNaN) {
                    #expect(abs(x - y) <= 4 * y.ulp, "\(entry.name) on \(set.name)")
                }
            }
        }
    }

    @Test func rightOperandsGiveInverses() throws {
        let x = try Doubles(spread(1000).map { 1.5 + $0 })
        let pairs = [("exp", "log"), ("exp2", "log2"), ("expm1", "log1p"), ("sinh", "arcsinh"), ("square", "sqrt")]
        for (forth, back) in pairs {
            let there = try Doubles(apply(forth, x, shape: Shape(1000)))
            let again = try apply(back, there, shape: Shape(1000))
            for (found, wanted) in zip(again, x.buffer.array) {
                #expect(abs(found - wanted) <= 1e-14 * max(1, abs(wanted)), "\(back) of \(forth)")
            }
        }
    }

    @Test func cubeRootsOfCubesAreExact() throws {
        let roots = (-60...60).map(Double.init)
        let cubes = try Doubles(roots.map { $0 * $0 * $0 })
        #expect(try apply("cbrt", cubes, shape: Shape(roots.count)) == roots)
        let extremes = try Doubles([5e-324, -1e-300, 1.7e308, .infinity])
        let found = try apply("cbrt", extremes, shape: Shape(4))
        for (x, y) in zip(found, [1.7031839360032603e-108, -1e-100, 5.539658256754465e102, .infinity]) {
            #expect(x == y || abs(x - y) <= x.ulp)
        }
    }

    @Test func overlapsAreFoundExactly() throws {
        let memory = try Doubles((0..<36).map(Double.init), Shape(6, 6))
        let square = memory.view
        let left = try Views.slice(square, axis: 1, start: 0, stop: 3, step: 1)
        let right = try Views.slice(square, axis: 1, start: 3, stop: 6, step: 1)
        let middle = try Views.slice(square, axis: 1, start: 2, stop: 5, step: 1)
        let even = try Views.slice(square, axis: 0, start: 0, stop: 6, step: 2)
        let odd = try Views.slice(square, axis: 0, start: 5, stop: Int.min, step: -2)
        #expect(!left.sharesMemory(with: right) && left.sharesMemory(with: middle))
        #expect(!even.sharesMemory(with: odd) && even.sharesMemory(with: left))
        let context = try Context(threads: 1)
        let add = try OperationCatalog.named("add")
        try Elementwise.apply(add, right, right, to: left, in: context)
        #expect(memory.buffer.array[0..<6] == [6, 8, 10, 3, 4, 5])
        #expect(throws: ApusError.self) { try Elementwise.apply(add, left, left, to: middle, in: context) }
        #expect(throws: ApusError.self) {
            try Elementwise.apply(add, square, Views.transpose(square), to: square, in: context)
        }
    }
}
