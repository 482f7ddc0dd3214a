import Core

/// Moves elements without changing them: transpose, reshape and slice.
struct RearrangeOperation: LinearOperation {
    let name: String
    let shape: Shape
    let settings: [String]
    /// Places of y and x.
    private let loop: StridedLoop
    /// The place in x of the first element.
    private let first: Int

    static let sliceSpecs = [
        ParameterSpec(
            "axis", .integer(-Shape.maximumRank...Shape.maximumRank - 1), default: .integer(0), "The dimension to cut."),
        ParameterSpec("start", .integer(Int.min...Int.max), default: .integer(0), "First index; negative: from the end."),
        ParameterSpec(
            "stop", .nullable(.integer(Int.min...Int.max)), default: .null, "Index after the last; null: the end."),
        ParameterSpec("step", .integer(1...Int.max), default: .integer(1), "From one index to the next."),
    ]
    static let transposeSpecs = [
        ParameterSpec(
            "axes", .nullable(.integers(-Shape.maximumRank...Shape.maximumRank - 1)), default: .null,
            "Dimension i of the result is dimension axes[i]; null: reversed.")
    ]
    static let reshapeSpecs = [
        ParameterSpec("shape", .integers(-1...Int.max), default: nil, "The shape; one extent may be -1.")
    ]

    /// Every `step`-th index from start up to stop of one dimension, by Python's rules.
    init(slice input: Shape, _ parameters: Parameters) throws(ApusError) {
        let axis = parameters.integer("axis")
        let place = axis < 0 ? axis + input.rank : axis
        guard place >= 0, place < input.rank else {
            throw .shape("The axis of slice must be a dimension of shape \(input), got \(axis).")
        }
        let extent = input[place]
        func index(_ given: Int) -> Int { given < 0 ? max(given, -extent) + extent : min(given, extent) }
        let start = index(parameters.integer("start"))
        let stop = parameters["stop"].integerValue.map(index) ?? extent
        let step = parameters.integer("step")
        var result = input
        result[place] = stop > start ? (stop - start - 1) / step + 1 : 0
        shape = result
        name = "slice"
        var settings: [String] = []
        if axis != 0 { settings.append("axis=\(axis)") }
        settings.append("start=\(start)")
        if stop != extent { settings.append("stop=\(stop)") }
        if step != 1 { settings.append("step=\(step)") }
        self.settings = settings
        var steps = [SIMD4<Int>](repeating: SIMD4(repeating: 0), count: input.rank)
        var from = 1
        var to = 1
        var first = 0
        for index in stride(from: input.rank - 1, through: 0, by: -1) {
            // A step over an extent of one is never taken.
            steps[index] = SIMD4(to, index == place && result[index] > 1 ? from &* step : from, 0, 0)
            if index == place { first = start &* from }
            from = from &* input[index]
            to = to &* result[index]
        }
        self.first = first
        loop = StridedLoop(extents: result.extents, steps: steps)
    }

    init(transpose input: Shape, _ parameters: Parameters) throws(ApusError) {
        let given = parameters["axes"].isNull ? nil : parameters.integers("axes").compactMap { $0 }
        let axes = (given ?? Array((0..<input.rank).reversed())).map { $0 < 0 ? $0 + input.rank : $0 }
        guard axes.sorted() == Array(0..<input.rank) else {
            throw .invalid("The axes of transpose must be a permutation of the \(input.rank) dimensions, got \(given ?? []).")
        }
        name = "transpose"
        first = 0
        settings = given.map { ["axes=[" + $0.map(String.init).joined(separator: ", ") + "]"] } ?? []
        shape = Shape(axes.map { input[$0] })
        var strides = [Int](repeating: 1, count: input.rank)
        for index in stride(from: input.rank - 2, through: 0, by: -1) {
            strides[index] = strides[index + 1] &* input[index + 1]
        }
        var steps = [SIMD4<Int>](repeating: SIMD4(repeating: 0), count: input.rank)
        var step = 1
        for index in stride(from: input.rank - 1, through: 0, by: -1) {
            steps[index] = SIMD4(step, strides[axes[index]], 0, 0)
            step = step &* shape[index]
        }
        loop = StridedLoop(extents: shape.extents, steps: steps)
    }

    init(reshape input: Shape, _ parameters: Parameters) throws(ApusError) {
        var extents = parameters.integers("shape").compactMap { $0 }
        guard extents.count <= Shape.maximumRank else {
            throw .shape("The shape of reshape may have \(Shape.maximumRank) dimensions, got \(extents.count).")
        }
        let open = extents.indices.filter { extents[$0] == -1 }
        guard open.count <= 1 else { throw .invalid("The shape of reshape may have one -1, got \(open.count).") }
        if let place = open.first {
            extents[place] = 1
            let rest = Shape(extents).checkedCount ?? 0
            guard rest > 0, input.count % rest == 0 else {
                throw .shape("An array of shape \(input) cannot be reshaped to \(parameters["shape"].text).")
            }
            extents[place] = input.count / rest
        }
        name = "reshape"
        first = 0
        shape = Shape(extents)
        guard shape.checkedCount == input.count else {
            throw .shape("An array of shape \(input) cannot be reshaped to \(shape).")
        }
        settings = ["shape=[" + extents.map(String.init).joined(separator: ", ") + "]"]
        loop = StridedLoop(extents: [input.count], steps: [SIMD4(1, 1, 0, 0)])
    }

    func value(_ x: Operands, _ y: UnsafeMutablePointer<Double>, _ context: Context) {
        guard let x = x[0] else { return }
        loop.forEach { y[$0[0]] = x[first &+ $0[1]] }
    }

    func tangent(
        _ x: Operands, _ y: UnsafePointer<Double>, _ dx: Operands, _ dy: UnsafeMutablePointer<Double>, _ context: Context
    ) {
        guard let dx = dx[0] else { return dy.update(repeating: 0, count: shape.count) }
        loop.forEach { dy[$0[0]] = dx[first &+ $0[1]] }
    }

    func reverse(
        _ x: Operands, _ y: UnsafePointer<Double>, _ ybar: UnsafePointer<Double>, _ xbar: Results, _ context: Context
    ) {
        guard let xbar = xbar[0] else { return }
        loop.forEach { xbar[first &+ $0[1]] += ybar[$0[0]] }
    }
}

/// Joins arrays along an axis.
struct ConcatenateOperation: LinearOperation {
    let shape: Shape
    private let axis: Int
    private let outer: Int
    /// Elements that each operand gives to one row of the result.
    private let runs: [Int]
    var name: String { "concatenate" }
    var settings: [String] { axis == 0 ? [] : ["axis=\(axis)"] }

    static let specs = [
        ParameterSpec(
            "axis", .integer(-Shape.maximumRank...Shape.maximumRank - 1), default: .integer(0),
            "The dimension along which arrays are joined.")
    ]

    init(_ inputs: [Shape], _ parameters: Parameters) throws(ApusError) {
        axis = parameters.integer("axis")
        guard let first = inputs.first else { throw .invalid("concatenate needs at least one operand.") }
        let place = axis < 0 ? axis + first.rank : axis
        guard place >= 0, place < first.rank else {
            throw .shape("The axis of concatenate must be a dimension of shape \(first), got \(axis).")
        }
        var result = first
        var total = 0
        for input in inputs {
            var same = input
            if same.rank == first.rank { same[place] = first[place] }
            guard same == first else {
                throw .shape("concatenate along axis \(axis) cannot join shapes \(first) and \(input).")
            }
            let (sum, overflow) = total.addingReportingOverflow(input[place])
            if overflow { throw .shape("The result of concatenate is too large.") }
            total = sum
        }
        result[place] = total
        shape = result
        outer = Shape(Array(first.extents.prefix(place))).count
        let inner = first.dropFirst(place + 1).count
        runs = inputs.map { $0[place] &* inner }
    }

    /// Calls `body` with the place of each piece in the result, the operand, the place in it and the length.
    private func forEachPiece(_ body: (_ place: Int, _ operand: Int, _ from: Int, _ length: Int) -> Void) {
        var place = 0
        for row in 0..<outer {
            for (operand, length) in runs.enumerated() {
                body(place, operand, row &* length, length)
                place += length
            }
        }
    }

    func value(_ x: Operands, _ y: UnsafeMutablePointer<Double>, _ context: Context) {
        forEachPiece { place, operand, from, length in
            if let x = x[operand] { (y + place).update(from: x + from, count: length) }
        }
    }

    func tangent(
        _ x: Operands, _ y: UnsafePointer<Double>, _ dx: Operands, _ dy: UnsafeMutablePointer<Double>, _ context: Context
    ) {
        forEachPiece { place, operand, from, length in
            if let dx = dx[operand] {
                (dy + place).update(from: dx + from, count: length)
            } else {
                (dy + place).update(repeating: 0, count: length)
            }
        }
    }

    func reverse(
        _ x: Operands, _ y: UnsafePointer<Double>, _ ybar: UnsafePointer<Double>, _ xbar: Results, _ context: Context
    ) {
        forEachPiece { place, operand, from, length in
            guard let xbar = xbar[operand] else { return }
            for index in 0..<length { xbar[from &+ index] += ybar[place &+ index] }
        }
    }
}

/// a where the condition is not 0, else b; all three broadcast. No derivative goes to the condition.
struct WhereOperation: LinearOperation {
    let shape: Shape
    /// Places of y, condition, a, b.
    private let loop: StridedLoop
    var name: String { "where" }

    init(_ inputs: [Shape]) throws(ApusError) {
        guard let shape = Shape.broadcast(inputs) else {
            throw .shape("where: shapes \(inputs.map(\.description).joined(separator: ", ")) do not broadcast.")
        }
        self.shape = shape
        loop = StridedLoop(shape, [shape] + inputs)
    }

    func value(_ x: Operands, _ y: UnsafeMutablePointer<Double>, _ context: Context) {
        guard let condition = x[0], let a = x[1], let b = x[2] else { return }
        loop.forEach { y[$0[0]] = condition[$0[1]] != 0 ? a[$0[2]] : b[$0[3]] }
    }

    func tangent(
        _ x: Operands, _ y: UnsafePointer<Double>, _ dx: Operands, _ dy: UnsafeMutablePointer<Double>, _ context: Context
    ) {
        guard let condition = x[0] else { return }
        loop.forEach { dy[$0[0]] = condition[$0[1]] != 0 ? dx[1]?[$0[2]] ?? 0 : dx[2]?[$0[3]] ?? 0 }
    }

    func reverse(
        _ x: Operands, _ y: UnsafePointer<Double>, _ ybar: UnsafePointer<Double>, _ xbar: Results, _ context: Context
    ) {
        guard let condition = x[0] else { return }
        loop.forEach {
            if condition[$0[1]] != 0 { xbar[1]?[$0[2]] += ybar[$0[0]] } else { xbar[2]?[$0[3]] += ybar[$0[0]] }
        }
    }
}
