import Core
import Numerics
import Testing

/// The elements of a view in their order.
private func elements(_ view: ArrayView) -> [Double] {
    var values: [Double] = []
    view.forEachElement { values.append($1.loadUnaligned(as: Double.self)) }
    return values
}

@Suite struct ViewsTests {
    private let memory: Doubles

    init() throws { memory = try Doubles((0..<24).map(Double.init), Shape(2, 3, 4)) }

    @Test func reversesAndPermutesDimensions() throws {
        let back = Views.transpose(memory.view)
        #expect(back.shape == Shape(4, 3, 2) && elements(back).prefix(3) == [0, 12, 4])
        let turned = try Views.permute(memory.view, [2, 0, 1])
        #expect(turned.shape == Shape(4, 2, 3) && elements(turned).prefix(4) == [0, 4, 8, 12])
        #expect(throws: ApusError.self) { try Views.permute(memory.view, [0, 1, 1]) }
        #expect(throws: ApusError.self) { try Views.permute(memory.view, [0, 1]) }
        #expect(throws: ApusError.self) { try Views.permute(memory.view, [0, 1, 3]) }
    }

    /// Reshapes of every view either keep the order of elements or are refused.
    @Test func reshapesKeepTheOrderOfElements() throws {
        let a = memory.view
        let views = [
            a, Views.transpose(a), try Views.slice(a, axis: 1, start: 0, stop: 2, step: 1),
            try Views.slice(a, axis: 2, start: 3, stop: Int.min, step: -1),
            try Views.slice(a, axis: 0, start: 1, stop: 2, step: 1), try Views.broadcast(a, to: Shape(2, 2, 3, 4)),
        ]
        var refused = 0
        for view in views {
            for shape in [[-1], [2, -1], [-1, 4], [4, -1, 1], [1, -1, 2, 1], [2, 2, -1], [3, -1], [8, -1]] {
                do {
                    let seen = try Views.reshape(view, shape)
                    #expect(elements(seen) == elements(view))
                } catch {
                    refused += 1
                }
            }
        }
        #expect(refused > 0 && refused < 30)
    }

    @Test func slicesByPythonsRules() throws {
        let ten = try Doubles((0..<10).map(Double.init))
        func slice(_ start: Int, _ stop: Int, _ step: Int) throws -> [Double] {
            elements(try Views.slice(ten.view, axis: -1, start: start, stop: stop, step: step))
        }
        #expect(try slice(2, 5, 1) == [2, 3, 4])
        #expect(try slice(-3, Int.max, 1) == [7, 8, 9])
        #expect(try slice(Int.min, Int.max, 4) == [0, 4, 8])
        #expect(try slice(Int.max, Int.min, -3) == [9, 6, 3, 0])
        #expect(try slice(5, 2, 1).isEmpty && slice(2, 5, -1).isEmpty && slice(20, 30, 1).isEmpty)
        #expect(try slice(8, -20, -4) == [8, 4, 0])
        #expect(try slice(0, 10, Int.max) == [0])
        #expect(throws: ApusError.self) { try slice(0, 1, 0) }
    }

    @Test func broadcastsOnlyExtentsOfOne() throws {
        let row = try Doubles([1, 2, 3])
        #expect(elements(try Views.broadcast(row.view, to: Shape(2, 3))) == [1, 2, 3, 1, 2, 3])
        #expect(throws: ApusError.self) { try Views.broadcast(row.view, to: Shape(3, 2)) }
        #expect(throws: ApusError.self) { try Views.broadcast(memory.view, to: Shape(4)) }
        #expect(throws: ApusError.self) { try Views.broadcast(row.view, to: Shape(Int.max, Int.max, 3)) }
    }

    @Test func commonShapesAreAlignedFromTheEnd() throws {
        #expect(try Broadcasting.shape(Shape(4, 1), Shape(3)) == Shape(4, 3))
        #expect(try Broadcasting.shape(Shape(), Shape(0, 2)) == Shape(0, 2))
        #expect(try Broadcasting.shape(Shape(1), Shape(0)) == Shape(0))
        #expect(throws: ApusError.self) { try Broadcasting.shape(Shape(2), Shape(0)) }
        #expect(throws: ApusError.self) { try Broadcasting.shape(Shape(4, 3), Shape(4)) }
    }
}
