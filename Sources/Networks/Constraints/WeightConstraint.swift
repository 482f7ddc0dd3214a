import Core
import Glibc

/// What a weight must be after each update: a projection of it.
package protocol WeightConstraint: Sendable {
    /// Parameters; `kind` is Keras's class name.
    var parameters: Parameters { get }
    /// Throws `shape` for a weight that it cannot be put on.
    func check(_ shape: Shape) throws(ApusError)
    /// Changes a weight of that shape to what it must be.
    func apply(_ weight: UnsafeMutablePointer<Float>, _ shape: Shape)
}

extension WeightConstraint {
    package func check(_ shape: Shape) throws(ApusError) {}

    /// As Keras writes it.
    package var config: JSON { ["class_name": .string(parameters.kind), "config": parameters.json] }
}

/// Every constraint of weights, one line each.
package enum ConstraintCatalog {
    package static let family = Family<any WeightConstraint>(
        "constraint",
        [
            MaxNorm.entry,
            MinMaxNorm.entry,
            NonNeg.entry,
            UnitNorm.entry,
        ])

    /// From a layer's parameter: null for none.
    package static func make(_ json: JSON, lenient: Bool = false) throws(ApusError) -> (any WeightConstraint)? {
        json.isNull ? nil : try family.make(json, lenient: lenient)
    }
}

/// The vectors of a weight along some of its axes, whose lengths constraints are about.
struct WeightNorms: Sendable {
    /// Beside the lengths, as in Keras.
    static let epsilon: Float = 1e-7

    static let axis = ParameterSpec(
        "axis", .any("a whole number or an array of them"), default: 0, "the axes that a norm goes over")

    let axes: [Int]

    /// Throws `invalidArgument` for what is no axis.
    init(_ parameters: Parameters) throws(ApusError) {
        let given = parameters["axis"]
        let axes = (given.arrayValue ?? [given]).compactMap(\.integerValue)
        guard !axes.isEmpty, axes.count == (given.arrayValue ?? [given]).count else {
            throw .parameter(
                "axis", of: parameters.kind, mustBe: "a whole number or an array of them", got: given.text)
        }
        self.axes = axes
    }

    /// Throws `shape` when the weight lacks an axis.
    func check(_ shape: Shape, _ kind: String) throws(ApusError) {
        for axis in axes where axis >= shape.rank || axis < -shape.rank {
            throw .shape("The axis \(axis) of \(kind) is not one of a weight of shape \(shape).")
        }
    }

    /// Multiplies each vector by a function of its length.
    func scale(_ weight: UnsafeMutablePointer<Float>, _ shape: Shape, _ factor: (Float) -> Float) {
        let count = shape.count
        if count == 0 { return }
        // The axes split into those that a vector goes along and those that number the vectors.
        var (along, across) = (Shape(), Shape())
        var (alongSteps, acrossSteps) = (Shape(), Shape())
        var step = count
        for axis in 0..<shape.rank {
            step /= shape[axis]
            if axes.contains(axis) || axes.contains(axis - shape.rank) {
                along.append(shape[axis])
                alongSteps.append(step)
            } else {
                across.append(shape[axis])
                acrossSteps.append(step)
            }
        }
        for vector in 0..<across.count {
            let start = weight + WeightNorms.offset(vector, across, acrossSteps)
            var squares: Float = 0
            for place in 0..<along.count {
                let value = start[WeightNorms.offset(place, along, alongSteps)]
                squares += value * value
            }
            let ratio = factor(squares.squareRoot())
            for place in 0..<along.count { start[WeightNorms.offset(place, along, alongSteps)] *= ratio }
        }
    }

    /// Where element `number` of some axes lies.
    private static func offset(_ number: Int, _ extents: Shape, _ steps: Shape) -> Int {
        var rest = number
        var offset = 0
        var axis = extents.rank - 1
        while axis >= 0 {
            offset += rest % extents[axis] * steps[axis]
            rest /= extents[axis]
            axis -= 1
        }
        return offset
    }
}
