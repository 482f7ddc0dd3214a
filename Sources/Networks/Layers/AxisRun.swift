import Core

/// One axis of a row, or neighbouring ones, which a layer takes together: the parameter `axis`, a number or a list of
/// them, the batch counted as axis 0, numbers below 0 from the end.
struct AxisRun {
    private let axes: [Int]
    private let kind: String

    static let spec = ParameterSpec(
        "axis", .any("a whole number, or an array of them"), default: -1,
        "an axis, or neighbouring ones together; the batch is axis 0")

    init(_ parameters: Parameters) throws(ApusError) {
        let given = parameters["axis"]
        let listed = given.arrayValue ?? [given]
        axes = listed.compactMap(\.integerValue)
        kind = parameters.kind
        guard axes.count == listed.count, !axes.isEmpty, axes.allSatisfy({ Shape.axes.contains($0) && $0 != 0 }) else {
            throw .parameter("axis", of: kind, mustBe: "a whole number, or an array of them, none of them 0", got: given.text)
        }
    }

    /// The places of the axes in a row. Throws `shape` where there are none, or not side by side.
    func range(_ shape: Shape) throws(ApusError) -> Range<Int> {
        // In every pass, so without an array: as many places as axes, each taken once.
        var (first, taken) = (shape.rank, 0)
        for axis in axes {
            let place = axis < 0 ? axis + shape.rank : axis - 1
            guard place >= 0, place < shape.rank else { continue }
            first = min(first, place)
            taken |= 1 << place
        }
        guard first + axes.count <= shape.rank, taken >> first == 1 << axes.count - 1 else {
            throw .shape("\(kind) needs axes side by side in a row; rows of shape \(shape) do not have axis \(axes) so.")
        }
        return first..<first + axes.count
    }

    /// The extents of the axes. Throws `shape` where `range` does.
    func extents(_ shape: Shape) throws(ApusError) -> Shape {
        let range = try range(shape)
        var result = Shape()
        for place in range { result.append(shape[place]) }
        return result
    }

    /// Elements of the axes of a row of known shape, and neighbours that lie between two of them.
    func layout(_ shape: Shape) -> (width: Int, inner: Int) {
        guard let range = try? range(shape) else { return (1, 1) }
        let inner = shape.dropFirst(range.upperBound).count
        return (max(1, shape.dropFirst(range.lowerBound).count / max(1, inner)), max(1, inner))
    }

    /// As Keras reads it in every version.
    var config: JSON { .array(axes.map { .integer($0) }) }
    /// Whether it is the last axis alone, said so.
    var isLast: Bool { axes == [-1] }
}
