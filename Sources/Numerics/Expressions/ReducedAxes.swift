import Core

/// Some dimensions of an array taken together: one group of elements for each element of the reduced result.
struct ReducedAxes: Sendable {
    let axes: [Int]?
    let keepsDimensions: Bool
    let shape: Shape
    /// Elements of a group.
    let size: Int
    /// Groups.
    let groups: Int
    private let kept: StridedLoop
    private let reduced: StridedLoop

    static let specs: [ParameterSpec] = [
        ParameterSpec(
            "axes", .nullable(.integers(-Shape.maximumRank...Shape.maximumRank - 1)), default: .null,
            "Dimensions to take together; null: all."),
        ParameterSpec("keepdims", .boolean, default: .bool(false), "Keep them with the extent 1."),
    ]

    init(_ input: Shape, _ parameters: Parameters) throws(ApusError) {
        let given = parameters["axes"].isNull ? nil : parameters.integers("axes").compactMap { $0 }
        try self.init(input, axes: given, keepsDimensions: parameters.boolean("keepdims"), kind: parameters.kind)
    }

    init(_ input: Shape, axes given: [Int]?, keepsDimensions: Bool, kind: String) throws(ApusError) {
        var isReduced = [Bool](repeating: given == nil, count: input.rank)
        for axis in given ?? [] {
            let place = axis < 0 ? axis + input.rank : axis
            guard place >= 0, place < input.rank else {
                throw .shape("The axes of \(kind) must be dimensions of shape \(input), got \(axis).")
            }
            guard !isReduced[place] else { throw .invalid("The axes of \(kind) name dimension \(place) twice.") }
            isReduced[place] = true
        }
        axes = given
        self.keepsDimensions = keepsDimensions
        var strides = [Int](repeating: 1, count: input.rank)
        var stride = 1
        for back in 0..<input.rank {
            strides[input.rank - 1 - back] = stride
            stride = stride &* input[input.rank - 1 - back]
        }
        var result = Shape()
        var outside: ([Int], [SIMD4<Int>]) = ([], [])
        var inside: ([Int], [SIMD4<Int>]) = ([], [])
        for index in 0..<input.rank {
            let step = SIMD4(strides[index], 0, 0, 0)
            if isReduced[index] {
                inside.0.append(input[index])
                inside.1.append(step)
                if keepsDimensions { result.append(1) }
            } else {
                outside.0.append(input[index])
                outside.1.append(step)
                result.append(input[index])
            }
        }
        shape = result
        size = Shape(inside.0).count
        groups = Shape(outside.0).count
        kept = StridedLoop(extents: outside.0, steps: outside.1)
        reduced = StridedLoop(extents: inside.0, steps: inside.1)
    }

    /// As they stand in a formula.
    var settings: [String] {
        var result: [String] = []
        if let axes { result.append("axes=[" + axes.map(String.init).joined(separator: ", ") + "]") }
        if keepsDimensions { result.append("keepdims=true") }
        return result
    }

    /// Calls `body` with the number of each group and the place of its first element.
    @inline(__always)
    func forEachGroup(_ body: (_ group: Int, _ start: Int) -> Void) {
        var group = 0
        kept.forEach {
            body(group, $0[0])
            group += 1
        }
    }

    /// Calls `body` with the place of each element of the group that starts at `start`.
    @inline(__always)
    func forEachElement(of start: Int, _ body: (Int) -> Void) { reduced.forEach { body(start &+ $0[0]) } }

    /// Calls `body` with each run of a group: its place, its length and its step.
    @inline(__always)
    func forEachRun(of start: Int, _ body: (_ place: Int, _ length: Int, _ step: Int) -> Void) {
        let step = reduced.step[0]
        reduced.forEachRun { body(start &+ $0[0], $1, step) }
    }
}
