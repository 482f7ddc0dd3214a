import Core
import Numerics
import Testing

struct MatrixStackTests {
    private func stack(_ shape: [Int]) throws -> MatrixStack { try TestArray(random: shape).stack("a") }

    @Test func leadingDimensionsAreTheStack() throws {
        let stack = try stack([4, 5, 2, 3])
        #expect(stack.count == 20 && stack.rows == 2 && stack.columns == 3 && stack.batch == Shape(4, 5))
        #expect(stack.place(7) == " of matrix (1, 2)")
        #expect(try self.stack([2, 3]).place(0) == "")
    }

    @Test(arguments: [([], [3], [3]), ([4, 1], [3], [4, 3]), ([1], [5], [5]), ([2, 3], [2, 1], [2, 3]), ([0], [1], [0])])
    func stacksBroadcastAsInNumpy(first: [Int], second: [Int], wanted: [Int]) throws {
        let a = try stack(first + [2, 2])
        let b = try stack(second + [2, 2])
        let batch = try MatrixStack.broadcast(a, b)
        #expect(batch == Shape(wanted))
        #expect(try a.stretched(to: batch).count == wanted.reduce(1, *))
        #expect(try b.stretched(to: batch).count == wanted.reduce(1, *))
    }

    @Test func stacksThatDoNotFitAreRefused() throws {
        let a = try stack([2, 2, 2])
        let b = try stack([3, 2, 2])
        let error = #expect(throws: ApusError.self) { try MatrixStack.broadcast(a, b) }
        #expect(error?.code == .shape)
        #expect(throws: ApusError.self) { try a.stretched(to: Shape(3)) }
        #expect(throws: ApusError.self) { try self.stack([2, 3]).requireSquare() }
    }

    @Test func aHalfIsReadAndTheOtherIsZero() throws {
        let context = try Context(threads: 1)
        let a = try TestArray([1, .nan, 2, 3], [2, 2])
        let out = try Buffer<Double>(4, in: context.allocator)
        try a.stack().load(0, into: out.pointer, leading: 2, part: .lower, in: context)
        #expect(out.array == [1, 2, 0, 3])
        let error = #expect(throws: ApusError.self) {
            try a.stack().load(0, into: out.pointer, leading: 2, part: .upper, in: context)
        }
        #expect(error?.message == "a holds NaN at row 0, column 1 (counted from 0); every value must be finite.")
    }

    @Test func largeMatricesAreCopiedInSlices() throws {
        let context = try Context(threads: 3)
        let a = try TestArray(random: [301, 333])
        let columns = try Buffer<Double>(301 * 333, in: context.allocator)
        try a.stack().load(0, into: columns.pointer, leading: 301, in: context)
        for (r, c) in [(0, 0), (300, 332), (17, 331), (299, 16)] {
            #expect(columns.pointer[c * 301 + r] == a[r, c])
        }
        let back = try TestArray(zeros: [301, 333])
        try back.stack().store(columns.pointer, leading: 301, to: 0, in: context)
        #expect(back.values == a.values)
        a[300, 200] = .infinity
        let error = #expect(throws: ApusError.self) {
            try a.stack().load(0, into: columns.pointer, leading: 301, in: context)
        }
        #expect(error?.message.contains("infinity at row 300, column 200 ") == true)
    }
}
