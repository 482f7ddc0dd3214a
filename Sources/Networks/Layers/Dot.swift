import Core

/// The sum of products of two inputs over one axis of each: for every row, y[i..., j...] = sum over k a[i..., k] b[k, j...],
/// the axes of k anywhere. With `normalize` both are first given length 1 along that axis, so that y is the cosine.
final class Dot: Layer {
    static let entry = Entry<any Layer>(
        "Dot", doc: "sum of products of two inputs over an axis of each",
        parameters: [
            ParameterSpec(
                "axes", .any("a whole number, or an array of two"), default: nil,
                "the axis of each that the sum is over, the batch counted as axis 0"),
            ParameterSpec("normalize", .boolean, default: false, "whether to give both length 1 along the axis first"),
        ]
    ) { (parameters) throws(ApusError) in
        let given = parameters["axes"]
        let listed = given.arrayValue ?? [given, given]
        let axes = listed.compactMap(\.integerValue)
        guard listed.count == 2, axes.count == 2, axes.allSatisfy({ $0 != 0 && Shape.axes.contains($0) }) else {
            throw .parameter(
                "axes", of: "Dot", mustBe: "a whole number, or an array of two, none of them 0", got: given.text)
        }
        return Dot(parameters: parameters, axes: (axes[0], axes[1]))
    }

    let parameters: Parameters
    private let axes: (Int, Int)
    private let normalizes: Bool

    init(parameters: Parameters, axes: (Int, Int)) {
        self.parameters = parameters
        self.axes = axes
        normalizes = parameters.boolean("normalize")
    }

    var inputCount: ClosedRange<Int> { 2...2 }

    /// The axis of an input within a row; nil when rows of that rank have none.
    private static func place(_ axis: Int, _ rank: Int) -> Int? {
        let place = axis < 0 ? axis + rank : axis - 1
        return place >= 0 && place < rank ? place : nil
    }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        guard inputs.count == 2, let a = Dot.place(axes.0, inputs[0].rank), let b = Dot.place(axes.1, inputs[1].rank) else {
            let shapes = inputs.map(\.description).joined(separator: ", ")
            throw .shape("Dot sums over the axes \(axes.0) and \(axes.1), which rows of shapes \(shapes) do not have.")
        }
        let (first, second) = (inputs[0][a], inputs[1][b])
        guard first == second || first < 0 || second < 0 else {
            throw .shape(
                "Dot needs axes of one extent, got \(first) on axis \(axes.0) of \(inputs[0]) and \(second) on axis \(axes.1) of \(inputs[1])."
            )
        }
        guard inputs[0].rank + inputs[1].rank - 2 < Shape.maximumRank else {
            throw .shape("Dot of rows of shapes \(inputs[0]) and \(inputs[1]) has too many axes.")
        }
        var shape = Shape()
        for axis in 0..<inputs[0].rank where axis != a { shape.append(inputs[0][axis]) }
        for axis in 0..<inputs[1].rank where axis != b { shape.append(inputs[1][axis]) }
        return [shape.rank == 0 ? Shape(1) : shape]
    }

    /// One input as vectors along its axis: element k of vector (o, i) is o * k extent * inner + k * inner + i.
    private struct Side {
        let vectors: Int
        let length: Int
        let inner: Int

        init(_ shape: Shape, _ axis: Int) {
            let place = Dot.place(axis, shape.rank) ?? 0
            length = shape.rank > 0 ? shape[place] : 1
            inner = shape.dropFirst(place + 1).count
            vectors = shape.count / max(1, length)
        }

        /// Floats of a row of vectors, and of the factors that give them length 1.
        var room: Int { (cappedProduct(vectors, length) + 15) / 16 * 16 + (vectors + 15) / 16 * 16 }

        func start(_ vector: Int) -> Int { vector / inner * inner * length + vector % inner }
    }

    func workspace(_ call: LayerCall) -> Int {
        let room = min(Side(call.inputs[0], axes.0).room + Side(call.inputs[1], axes.1).room, 1 << 56)
        return cappedProduct(call.lanes, call.training ? 2 : 1, room)
    }

    /// Copies the vectors of a row one after the other, of length 1 where asked; the factors come behind them.
    private func gather(_ x: UnsafePointer<Float>, _ side: Side, _ room: UnsafeMutablePointer<Float>) {
        let factors = room + (side.vectors * side.length + 15) / 16 * 16
        for vector in 0..<side.vectors {
            let (from, to) = (x + side.start(vector), room + vector * side.length)
            var sum = 0.0
            for index in 0..<side.length {
                to[index] = from[index * side.inner]
                sum += Double(to[index]) * Double(to[index])
            }
            guard normalizes else { continue }
            let inverse = UnitNormalization.inverse(ofSquares: sum)
            factors[vector] = Float(inverse)
            for index in 0..<side.length { to[index] = Float(Double(to[index]) * inverse) }
        }
    }

    /// The gradients by the vectors of a row to where they belong.
    private func scatter(
        _ gradient: UnsafeMutablePointer<Float>, _ side: Side, _ room: UnsafePointer<Float>,
        to dx: UnsafeMutablePointer<Float>
    ) {
        let factors = room + (side.vectors * side.length + 15) / 16 * 16
        for vector in 0..<side.vectors {
            let own = gradient + vector * side.length
            if normalizes {
                UnitNormalization.gradient(
                    room + vector * side.length, own, own, inverse: Double(factors[vector]), width: side.length, inner: 1)
            }
            let to = dx + side.start(vector)
            for index in 0..<side.length { to[index * side.inner] = own[index] }
        }
    }

    func forward(_ step: LayerStep, in context: Context) {
        let (a, b) = (Side(step.inputShapes[0], axes.0), Side(step.inputShapes[1], axes.1))
        let room = a.room + b.room
        let work = a.vectors * b.vectors * max(1, a.length)
        context.parallel(slices(step, work), lanes: step.lanes) { slice, lane in
            let (left, right) = (step.workspace + lane * room, step.workspace + lane * room + a.room)
            for row in rows(step, work, slice) {
                gather(step.inputs[0] + row * a.vectors * a.length, a, left)
                gather(step.inputs[1] + row * b.vectors * b.length, b, right)
                Product.inPlace(
                    context.kernels, transposesB: true, a.vectors, b.vectors, a.length, left, a.length, right, b.length,
                    step.output + row * step.outputCount, b.vectors)
            }
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient else { return }
        let (a, b) = (Side(step.inputShapes[0], axes.0), Side(step.inputShapes[1], axes.1))
        let room = a.room + b.room
        let work = a.vectors * b.vectors * max(1, a.length)
        context.parallel(slices(step, work), lanes: step.lanes) { slice, lane in
            let left = step.workspace + lane * 2 * room
            let right = left + a.room
            for row in rows(step, work, slice) {
                gather(step.inputs[0] + row * a.vectors * a.length, a, left)
                gather(step.inputs[1] + row * b.vectors * b.length, b, right)
                let gradient = dy + row * step.outputCount
                if let dx = step.inputGradients[0] {
                    Product.inPlace(
                        context.kernels, a.vectors, a.length, b.vectors, gradient, b.vectors, right, b.length,
                        left + room, a.length)
                    scatter(left + room, a, left, to: dx + row * a.vectors * a.length)
                }
                if let dx = step.inputGradients[1] {
                    Product.inPlace(
                        context.kernels, transposesA: true, b.vectors, b.length, a.vectors, gradient, b.vectors, left,
                        a.length, right + room, b.length)
                    scatter(right + room, b, right, to: dx + row * b.vectors * b.length)
                }
            }
        }
    }

    private func share(_ work: Int) -> Int { max(1, (1 << 16) / max(1, work)) }
    private func slices(_ step: LayerStep, _ work: Int) -> Int { (step.rows + share(work) - 1) / share(work) }
    private func rows(_ step: LayerStep, _ work: Int, _ slice: Int) -> Range<Int> {
        slice * share(work)..<min(step.rows, (slice + 1) * share(work))
    }
}
