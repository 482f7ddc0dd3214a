import Core

/// y = (x - mean) / max(sqrt(variance), 1e-7), with one mean and variance for each place on the axes kept: features as
/// their own data have them. Inverted, y = mean + x max(sqrt(variance), 1e-7).
///
/// Mean and variance are parameters, or weights that do not train: "mean", "variance" and, for Keras's files, "count".
/// Someone sets them from data; until then the mean is 0 and the variance 1.
final class Normalization: Layer {
    static let entry = Entry<any Layer>(
        "Normalization", doc: "features shifted and scaled by the mean and variance of data",
        parameters: [
            ParameterSpec(
                "axis", .any("null, a whole number, or an array of them, none of them 0"), default: -1,
                "the axes whose places have a mean and variance each, the batch being axis 0; null for one of all"),
            ParameterSpec("mean", .any(numbers), default: .null, "of each place; null for a weight"),
            ParameterSpec("variance", .any(numbers), default: .null, "of each place, >= 0; null for a weight"),
            ParameterSpec("invert", .boolean, default: false, "turns normalized values back"),
        ]
    ) { (parameters) throws(ApusError) in try Normalization(parameters) }

    private static let numbers = "null, a finite number, or arrays of them"

    let parameters: Parameters
    private let axes: [Int]
    private let mean: Constants?
    private let variance: Constants?
    private let inverts: Bool
    private let zeros: any Initializer
    private let ones: any Initializer
    /// Elements handled as one slice.
    private static let chunk = 1 << 14
    private static let smallest: Float = 1e-7

    /// Numbers given as nested arrays of one shape.
    private struct Constants {
        let values: [Float]
        let shape: [Int]

        /// An extent counted from the last; 1 where there are fewer.
        func extent(fromEnd depth: Int) -> Int { depth < shape.count ? shape[shape.count - 1 - depth] : 1 }

        /// nil for what is no array of one shape of finite numbers.
        init?(_ json: JSON, depth: Int = 0) {
            if let items = json.arrayValue {
                guard depth < Shape.maximumRank, let first = items.first.flatMap({ Constants($0, depth: depth + 1) })
                else { return nil }
                var all = first.values
                for item in items.dropFirst() {
                    guard let next = Constants(item, depth: depth + 1), next.shape == first.shape else { return nil }
                    all += next.values
                }
                (values, shape) = (all, [items.count] + first.shape)
            } else if let number = json.doubleValue, Float(number).isFinite {
                (values, shape) = ([Float(number)], [])
            } else {
                return nil
            }
        }
    }

    private init(_ parameters: Parameters) throws(ApusError) {
        self.parameters = parameters
        let given = parameters["axis"]
        let listed = given.isNull ? [] : given.arrayValue ?? [given]
        axes = listed.compactMap(\.integerValue)
        guard axes.count == listed.count, axes.allSatisfy({ Shape.axes.contains($0) && $0 != 0 }) else {
            throw .parameter(
                "axis", of: parameters.kind, mustBe: "null, a whole number, or an array of them, none of them 0",
                got: given.text)
        }
        func constants(_ name: String) throws(ApusError) -> Constants? {
            if parameters[name].isNull { return nil }
            guard let result = Constants(parameters[name]) else {
                throw .parameter(name, of: parameters.kind, mustBe: Normalization.numbers, got: parameters[name].text)
            }
            return result
        }
        mean = try constants("mean")
        variance = try constants("variance")
        if let variance, !variance.values.allSatisfy({ $0 >= 0 }) {
            throw .parameter("variance", of: parameters.kind, mustBe: "numbers >= 0", got: parameters["variance"].text)
        }
        guard (mean == nil) == (variance == nil) else {
            throw .invalid("The mean and variance of \(parameters.kind) must be given together.")
        }
        guard mean?.shape == variance?.shape else {
            throw .invalid("The mean and variance of \(parameters.kind) must have one shape.")
        }
        inverts = parameters.boolean("invert")
        zeros = try InitializerCatalog.family.make("zeros", lenient: true)
        ones = try InitializerCatalog.family.make("ones", lenient: true)
    }

    var passesMask: Bool { true }

    /// The axes kept, as bits by their places in a row. Throws `shape`.
    private func kept(_ shape: Shape) throws(ApusError) -> Int {
        var bits = 0
        for axis in axes {
            let place = axis < 0 ? axis + shape.rank : axis - 1
            guard place >= 0, place < shape.rank else {
                throw .shape("Normalization has no axis \(axis) in rows of shape \(shape).")
            }
            bits |= 1 << place
        }
        return bits
    }

    /// The extents of the axes kept, in their order.
    private func keptShape(_ shape: Shape) throws(ApusError) -> Shape {
        let bits = try kept(shape)
        var result = Shape()
        for place in 0..<shape.rank where bits >> place & 1 == 1 { result.append(shape[place]) }
        return result
    }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        let input = inputs.first ?? Shape()
        let own = try keptShape(input)
        guard own.isKnown else {
            throw .shape("Normalization needs axes of known extents, got rows of shape \(input).")
        }
        if let given = mean?.shape {
            // From the last axis, each as long or 1.
            let wanted = own.extents
            let pairs = zip(given.reversed(), wanted.reversed())
            guard given.count <= wanted.count, pairs.allSatisfy({ $0 == $1 || $0 == 1 }) else {
                throw .shape(
                    "Normalization has a mean of shape \(given), but the axes kept of rows \(input) have \(own).")
            }
        }
        return [input]
    }

    func weights(_ inputs: [Shape]) -> [WeightSpec] {
        guard mean == nil else { return [] }
        let shape = (try? keptShape(inputs.first ?? Shape())) ?? Shape(1)
        return [
            WeightSpec("mean", shape, zeros, isTrainable: false),
            WeightSpec("variance", shape, ones, isTrainable: false),
            WeightSpec("count", Shape(), zeros, isTrainable: false),
        ]
    }

    /// Mean and deviation of each element of a row.
    func scratch(_ call: LayerCall) -> Int { cappedProduct(2, call.input.count) }

    /// Spreads mean and deviation over the elements of a row.
    private func spread(_ step: LayerStep) {
        let shape = step.inputShape
        let bits = (try? kept(shape)) ?? 0
        let (means, deviations) = (step.scratch, step.scratch + step.inputCount)
        for element in 0..<step.inputCount {
            var (rest, place, size) = (element, 0, 1)
            var depth = 0
            var axis = shape.rank - 1
            while axis >= 0 {
                let coordinate = rest % shape[axis]
                rest /= shape[axis]
                if bits >> axis & 1 == 1 {
                    // Constants may have fewer axes, and extents of 1.
                    let extent = mean?.extent(fromEnd: depth) ?? shape[axis]
                    if extent > 1 { place += coordinate * size }
                    size *= extent
                    depth += 1
                }
                axis -= 1
            }
            means[element] = mean?.values[place] ?? step.weights[0][place]
            let variance = variance?.values[place] ?? step.weights[1][place]
            // A NaN stays one.
            let deviation = variance.squareRoot()
            deviations[element] = deviation < Normalization.smallest ? Normalization.smallest : deviation
        }
    }

    private func eachRow(_ step: LayerStep, in context: Context, _ body: (_ start: Int, _ count: Int) -> Void) {
        let count = step.inputCount
        context.parallel(over: step.rows, by: max(1, Normalization.chunk / max(1, count))) { range in
            for row in range { body(row * count, count) }
        }
    }

    func forward(_ step: LayerStep, in context: Context) {
        if step.weightsAreNew { spread(step) }
        let (x, y) = (step.input, step.output)
        let (means, deviations) = (step.scratch, step.scratch + step.inputCount)
        eachRow(step, in: context) { start, count in
            if inverts {
                for index in 0..<count { y[start + index] = means[index] + x[start + index] * deviations[index] }
            } else {
                for index in 0..<count { y[start + index] = (x[start + index] - means[index]) / deviations[index] }
            }
        }
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient, let dx = step.inputGradient else { return }
        let deviations = step.scratch + step.inputCount
        eachRow(step, in: context) { start, count in
            if inverts {
                for index in 0..<count { dx[start + index] = dy[start + index] * deviations[index] }
            } else {
                for index in 0..<count { dx[start + index] = dy[start + index] / deviations[index] }
            }
        }
    }

    var config: [(key: String, value: JSON)] {
        [
            (key: "axis", value: axes.isEmpty ? .null : .array(axes.map { .integer($0) })),
            (key: "mean", value: parameters["mean"]), (key: "variance", value: parameters["variance"]),
            (key: "invert", value: .bool(inverts)),
        ]
    }
}
