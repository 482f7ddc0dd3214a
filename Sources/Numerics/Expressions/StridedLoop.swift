import Core

/// A walk over the elements of an array that keeps the places of up to four operands along: one run over the innermost
/// dimension after the other. Dimensions that lie together for all operands are joined.
struct StridedLoop: Sendable {
    /// Extents from the outside in, the last being the run.
    private var extents: [Int] = []
    private var steps: [SIMD4<Int>] = []
    private let count: Int

    /// Steps from one element of a run to the next.
    var step: SIMD4<Int> { steps.last ?? SIMD4(repeating: 0) }

    /// Over `shape`, with dense operands whose shapes broadcast to it.
    init(_ shape: Shape, _ operands: [Shape]) {
        var strides = [SIMD4<Int>](repeating: SIMD4(repeating: 0), count: shape.rank)
        for (number, operand) in operands.prefix(4).enumerated() {
            var stride = 1
            for back in 0..<operand.rank {
                let extent = operand[operand.rank - 1 - back]
                if extent != 1, back < shape.rank { strides[shape.rank - 1 - back][number] = stride }
                stride = stride &* extent
            }
        }
        self.init(extents: shape.extents, steps: strides)
    }

    /// Over extents with the steps of each operand.
    init(extents given: [Int], steps strides: [SIMD4<Int>]) {
        count = Shape(given).count
        for index in 0..<given.count where given[index] != 1 {
            if let last = steps.indices.last, steps[last] == strides[index] &* SIMD4(repeating: given[index]) {
                extents[last] *= given[index]
                steps[last] = strides[index]
            } else {
                extents.append(given[index])
                steps.append(strides[index])
            }
        }
    }

    /// Calls `body` with the places where each run begins and its length.
    @inline(__always)
    func forEachRun(_ body: (SIMD4<Int>, Int) -> Void) {
        if count == 0 { return }
        guard let length = extents.last else {
            body(SIMD4(repeating: 0), 1)
            return
        }
        let outer = extents.count - 1
        if outer == 0 {
            body(SIMD4(repeating: 0), length)
            return
        }
        var index = InlineArray<8, Int>(repeating: 0)
        var place = SIMD4<Int>(repeating: 0)
        while true {
            body(place, length)
            var dimension = outer - 1
            while dimension >= 0 {
                index[dimension] += 1
                place &+= steps[dimension]
                if index[dimension] < extents[dimension] { break }
                place &-= steps[dimension] &* SIMD4(repeating: extents[dimension])
                index[dimension] = 0
                dimension -= 1
            }
            if dimension < 0 { return }
        }
    }

    /// Calls `body` with the places of each element.
    @inline(__always)
    func forEach(_ body: (SIMD4<Int>) -> Void) {
        let step = self.step
        forEachRun { start, length in
            var place = start
            for _ in 0..<length {
                body(place)
                place &+= step
            }
        }
    }
}

extension Shape {
    /// The shape that shapes broadcast to, by NumPy's rules; nil when they do not.
    static func broadcast(_ shapes: [Shape]) -> Shape? {
        let rank = shapes.map(\.rank).max() ?? 0
        var extents = [Int](repeating: 1, count: rank)
        for shape in shapes {
            for back in 0..<shape.rank {
                let extent = shape[shape.rank - 1 - back]
                let place = rank - 1 - back
                if extents[place] == 1 {
                    extents[place] = extent
                } else if extent != 1, extent != extents[place] {
                    return nil
                }
            }
        }
        return Shape(extents)
    }
}
