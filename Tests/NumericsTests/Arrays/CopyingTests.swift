import Core
import Numerics
import Testing

@Suite struct CopyingTests {
    @Test func transposedCopiesOfEverySize() throws {
        let context = try Context(threads: 2)
        for (rows, columns) in [(1, 1), (3, 5), (16, 16), (33, 17), (100, 70), (257, 300)] {
            let a = try Doubles((0..<rows * columns).map(Double.init), Shape(rows, columns))
            let turned = try Doubles(zeros: Shape(columns, rows))
            try Copying.copy(Views.transpose(a.view), to: turned.view, in: context)
            let single = try Tensor(.float32, Shape(rows, columns), in: Allocator())
            try Copying.copy(a.view, to: single.view, in: context)
            let turnedSingle = try Tensor(.float32, Shape(columns, rows), in: Allocator())
            try Copying.copy(Views.transpose(single.view), to: turnedSingle.view, in: context)
            // Views borrow their memory.
            withExtendedLifetime((a, turned, single, turnedSingle)) {}
            for r in 0..<rows {
                for c in 0..<columns {
                    #expect(turned.buffer.pointer[c * rows + r] == Double(r * columns + c))
                    #expect(turnedSingle.floats[c * rows + r] == Float(r * columns + c))
                }
            }
            withExtendedLifetime((turned, turnedSingle)) {}
        }
    }

    @Test func wholeNumbersAreHeldExactlyOrRefused() throws {
        let context = try Context(threads: 1)
        let a = try Doubles([1, 2, -3])
        let whole = try Tensor(.int64, Shape(3), in: Allocator())
        defer { withExtendedLifetime((a, whole)) {} }
        try Copying.copy(a.view, to: whole.view, in: context)
        #expect((0..<3).map { whole.int64s[$0] } == [1, 2, -3])
        for value in [0.5, .nan, .infinity, 0x1p63, -0x1p64] {
            a.buffer.pointer[2] = value
            #expect(throws: ApusError.self) { try Copying.copy(a.view, to: whole.view, in: context) }
        }
    }

    @Test func typesTakeWhatTheyHold() {
        for dtype in [DType.float32, .float64, .int32, .int64, .uint8, .bool] {
            #expect(dtype.takes(dtype) && dtype.takes(.bool))
            #expect(DType.float64.takes(dtype))
            #expect(!DType.bool.takes(dtype) || dtype == .bool)
        }
        #expect(!DType.float32.takes(.int32) && !DType.int32.takes(.int64) && !DType.uint8.takes(.int32))
    }

    @Test func takesPlacesFromBothEnds() throws {
        let context = try Context(threads: 1)
        let a = try Doubles([10, 11, 12, 20, 21, 22], Shape(2, 3))
        let places = try Tensor(int64s: [-1, 0], Shape(2), in: Allocator())
        let (out, turned) = (try Doubles(zeros: Shape(2, 2)), try Doubles(zeros: Shape(3, 2)))
        defer { withExtendedLifetime((a, places, out, turned)) {} }
        try Copying.take(a.view, places.view, axis: -1, to: out.view, in: context)
        #expect(out.buffer.array == [12, 10, 22, 20])
        #expect(throws: ApusError.self) {
            try Copying.take(Views.transpose(a.view), places.view, axis: 2, to: turned.view, in: context)
        }
        try Copying.take(Views.transpose(a.view), places.view, axis: 1, to: turned.view, in: context)
        #expect(turned.buffer.array == [20, 10, 21, 11, 22, 12])
        places.int64s[1] = 3
        #expect(throws: ApusError.self) {
            try Copying.take(a.view, places.view, axis: 1, to: out.view, in: context)
        }
    }

    @Test func joinsAlongEachAxis() throws {
        let context = try Context(threads: 1)
        let a = try Doubles([1, 2, 3, 4], Shape(2, 2)), b = try Doubles([5, 6], Shape(1, 2))
        let out = try Doubles(zeros: Shape(3, 2))
        try Copying.concatenate([a.view, b.view], axis: 0, to: out.view, in: context)
        #expect(out.buffer.array == [1, 2, 3, 4, 5, 6])
        let wide = try Doubles(zeros: Shape(2, 3))
        defer { withExtendedLifetime((a, b, out, wide)) {} }
        try Copying.concatenate([a.view, Views.transpose(b.view)], axis: 1, to: wide.view, in: context)
        #expect(wide.buffer.array == [1, 2, 5, 3, 4, 6])
        #expect(throws: ApusError.self) {
            try Copying.concatenate([a.view, b.view], axis: 1, to: wide.view, in: context)
        }
        #expect(throws: ApusError.self) { try Copying.concatenate([], axis: 0, to: wide.view, in: context) }
    }
}
