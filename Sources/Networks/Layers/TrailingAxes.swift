import Core

/// The last axes of a row, which a layer takes together: the parameter `axis`, a number or a list of them, the batch
/// counted as axis 0, numbers below 0 from the end.
struct TrailingAxes {
    private let axes: [Int]
    private let kind: String

    static let spec = ParameterSpec(
        "axis", .any("a whole number, or an array of them"), default: -1,
        "the axes, which must be the last of a row; the batch is axis 0")

    init(_ parameters: Parameters) throws(ApusError) {
        let given = parameters["axis"]
        let listed = given.arrayValue ?? [given]
        axes = listed.compactMap(\.integerValue)
        kind = parameters.kind
        let limit = Shape.maximumRank
        guard axes.count == listed.count, !axes.isEmpty, axes.allSatisfy({ abs($0) <= limit && $0 != 0 }) else {
            throw .parameter("axis", of: kind, mustBe: "a whole number, or an array of them, none of them 0", got: given.text)
        }
    }

    /// How many of a row's last axes they are. Throws `shape` for others.
    func count(_ shape: Shape) throws(ApusError) -> Int {
        let places = Set(axes.map { $0 < 0 ? $0 + shape.rank : $0 - 1 })
        guard places.count == axes.count, places == Set(max(0, shape.rank - axes.count)..<shape.rank) else {
            throw .shape("\(kind) takes the last axes of a row; axis \(axes) are others of rows of shape \(shape).")
        }
        return axes.count
    }

    /// The extents of those axes.
    func extents(_ shape: Shape) -> Shape { shape.dropFirst(max(0, shape.rank - axes.count)) }

    /// As Keras reads it in every version.
    var config: JSON { .array(axes.map { .integer($0) }) }
    /// Whether they are one.
    var isSingle: Bool { axes.count == 1 }
}
