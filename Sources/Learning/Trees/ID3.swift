import Core
import Glibc
import Numerics

/// ID3: trees over categories with a branch for each value, by information gain in bits (Quinlan 1986,
/// doi:10.1007/BF00116251), or by C4.5's gain ratio (Quinlan 1993).
enum ID3 {
    static let entry = EstimatorEntry(
        kind: "id3", type: "classifier",
        doc: "A tree over categorical columns with a branch for each value, by information gain or gain ratio.",
        parameters: [
            ParameterSpec(
                "criterion", .choice(["information_gain", "gain_ratio"]), default: "information_gain",
                "gain_ratio divides the gain by the entropy of the branches' sizes, among columns of at least average gain."
            ),
            ParameterSpec(
                "max_depth", .nullable(.integer(1...Int.max)), default: .null,
                "The longest way from the root to a leaf; null: until columns or gains end."),
            ParameterSpec("min_samples_split", .integer(2...Int.max), default: 2, "A node with fewer rows is a leaf."),
        ], fit: fit, load: ID3Model.load)

    /// Gains below this are rounding.
    static let leastGain = 1e-12

    private struct Pending: BitwiseCopyable {
        let start: Int
        let count: Int
        let depth: Int
        let parent: Int
        let branch: Int
    }

    private static func fit(_ input: FitInput) throws(ApusError) -> any FittedModel {
        try TrainingData.requireRows(input)
        let (labels, numbers) = try TreeTarget.classes(input)
        let (weights, _) = try TrainingData.weights(input)
        let context = input.context
        let allocator = context.allocator
        let x = try Matrix(input.x, name: "x", in: allocator)
        try x.requireFinite("x")
        let categories = try Categories(x, in: allocator)
        let rows = x.rows
        let columns = x.columns
        let parameters = input.parameters
        let depth = parameters["max_depth"].integerValue ?? Int.max
        let least = parameters.integer("min_samples_split")
        let codes = try categories.codes(x, in: allocator)
        let order = try Buffer<UInt32>(rows, in: allocator)
        for row in 0..<rows { order.pointer[row] = UInt32(truncatingIfNeeded: row) }
        let spare = try Buffer<UInt32>(rows, in: allocator)
        let wide = categories.most
        let sums = try Buffer<Double>(cappedProduct(wide, labels.count), in: allocator)
        let places = try Buffer<Int>(wide + 1, in: allocator)
        var draft = try ID3Draft(columns: columns, branches: wide, classes: labels.count, in: allocator)
        var stack = try GrowingBuffer<Pending>(in: allocator)
        try stack.append(Pending(start: 0, count: rows, depth: 0, parent: -1, branch: 0))
        while stack.count > 0 {
            try context.checkInterrupt()
            let here = stack.pointer[stack.count - 1]
            stack.removeLast()
            let own = order.pointer + here.start
            let node = try draft.append(parent: here.parent, branch: here.branch)
            let counts = draft.counts(node)
            for i in 0..<here.count {
                let row = Int(own[i])
                counts[Int(numbers.pointer[row])] += weights.map { $0.pointer[row] } ?? 1
            }
            let entropy = bits(counts, labels.count)
            draft.setEntropy(node, entropy)
            let isOpen = entropy > 0 && here.depth < depth && here.count >= least
            var gains: [Double] = []
            var ratios: [Double] = []
            for column in 0..<columns {
                if draft.isUsed(column, above: here.parent) {
                    gains.append(.nan)
                    ratios.append(.nan)
                    continue
                }
                let (gain, ratio) = gain(
                    codes.pointer + column &* rows, own, here.count, categories.count(column), numbers, labels.count,
                    weights, sums.pointer, entropy)
                gains.append(gain)
                ratios.append(ratio)
            }
            draft.set(node, gains: gains, ratios: ratios)
            guard isOpen, let column = choose(gains, ratios, byRatio: parameters.text("criterion") == "gain_ratio")
            else { continue }
            draft.setFeature(node, column)
            let values = categories.count(column)
            part(own, here.count, codes.pointer + column &* rows, values, places.pointer, spare.pointer)
            for value in (0..<values).reversed() where places.pointer[value + 1] > places.pointer[value] {
                try stack.append(
                    Pending(
                        start: here.start + places.pointer[value],
                        count: places.pointer[value + 1] - places.pointer[value], depth: here.depth + 1, parent: node,
                        branch: value))
            }
        }
        return try ID3Model(
            parameters, FeatureNotes(features: columns, names: input.featureNames), labels, categories,
            draft.tensors(), in: allocator)
    }

    /// Entropy in bits of summed weights.
    private static func bits(_ sums: UnsafePointer<Double>, _ count: Int) -> Double {
        var total = 0.0
        for k in 0..<count { total += sums[k] }
        var entropy = 0.0
        for k in 0..<count where sums[k] > 0 && sums[k] < total { entropy -= sums[k] / total * log2(sums[k] / total) }
        return entropy
    }

    /// The gain of a column, and the gain divided by the entropy of the branches' weights.
    private static func gain(
        _ codes: UnsafePointer<UInt16>, _ rows: UnsafePointer<UInt32>, _ count: Int, _ values: Int,
        _ numbers: Buffer<UInt16>, _ classes: Int, _ weights: Buffer<Double>?, _ sums: UnsafeMutablePointer<Double>,
        _ entropy: Double
    ) -> (gain: Double, ratio: Double) {
        for i in 0..<(values &* classes) { sums[i] = 0 }
        var total = 0.0
        for i in 0..<count {
            let row = Int(rows[i])
            let w = weights.map { $0.pointer[row] } ?? 1
            sums[Int(codes[row]) &* classes &+ Int(numbers.pointer[row])] += w
            total += w
        }
        if total <= 0 { return (0, 0) }
        var rest = 0.0
        var size = 0.0
        for value in 0..<values {
            let own = sums + value &* classes
            var weight = 0.0
            for k in 0..<classes { weight += own[k] }
            if weight <= 0 { continue }
            rest += weight / total * bits(own, classes)
            if weight < total { size -= weight / total * log2(weight / total) }
        }
        let gain = max(entropy - rest, 0)
        return (gain, size > 0 ? gain / size : 0)
    }

    /// The best column; of equal ones the first. Nil when none gains.
    private static func choose(_ gains: [Double], _ ratios: [Double], byRatio: Bool) -> Int? {
        let useful = gains.indices.filter { gains[$0] > leastGain }
        if useful.isEmpty { return nil }
        let mean = useful.reduce(0) { $0 + gains[$1] } / Double(useful.count)
        let list = byRatio ? useful.filter { gains[$0] >= mean - leastGain } : useful
        let scores = byRatio ? ratios : gains
        var best = list[0]
        for column in list where scores[column] > scores[best] + leastGain { best = column }
        return best
    }

    /// Brings rows of equal codes together, in their order; value v then has places[v] ..< places[v + 1].
    private static func part(
        _ rows: UnsafeMutablePointer<UInt32>, _ count: Int, _ codes: UnsafePointer<UInt16>, _ values: Int,
        _ places: UnsafeMutablePointer<Int>, _ spare: UnsafeMutablePointer<UInt32>
    ) {
        for value in 0...values { places[value] = 0 }
        for i in 0..<count { places[Int(codes[Int(rows[i])]) + 1] += 1 }
        for value in 0..<values { places[value + 1] += places[value] }
        for i in 0..<count {
            let code = Int(codes[Int(rows[i])])
            spare[places[code]] = rows[i]
            places[code] += 1
        }
        var value = values
        while value > 0 {
            places[value] = places[value - 1]
            value -= 1
        }
        places[0] = 0
        rows.update(from: spare, count: count)
    }
}

/// The different values of each column, ascending.
struct Categories: Sendable {
    /// Those of column c at offsets[c] ..< offsets[c + 1].
    let values: Tensor
    let offsets: Tensor

    private static let mostOfColumn = 65_535

    func count(_ column: Int) -> Int { Int(offsets.int64s[column + 1] - offsets.int64s[column]) }
    var most: Int { (0..<(offsets.count - 1)).map { count($0) }.max() ?? 0 }

    init(_ x: Matrix, in allocator: Allocator) throws(ApusError) {
        let keyed = try Buffer<KeyedRow>(cappedProduct(2, x.rows), in: allocator)
        var found = try GrowingBuffer<Double>(in: allocator)
        let offsets = try Tensor(.int64, Shape(x.columns + 1), in: allocator)
        offsets.int64s[0] = 0
        for column in 0..<x.columns {
            for row in 0..<x.rows { keyed.pointer[row] = KeyedRow(x.row(row)[column] + 0, row) }
            let sorted = KeyedRow.sort(keyed.pointer, keyed.pointer + x.rows, x.rows)
            for i in 0..<x.rows where i == 0 || sorted[i].key != sorted[i - 1].key {
                try found.append(x.row(Int(sorted[i].row))[column] + 0)
            }
            offsets.int64s[column + 1] = Int64(found.count)
            guard found.count - Int(offsets.int64s[column]) <= Categories.mostOfColumn else {
                throw .limit("Column \(column) of x has more than \(Categories.mostOfColumn) categories.")
            }
        }
        values = try Tensor(doubles: found.pointer, Shape(found.count), in: allocator)
        self.offsets = offsets
    }

    /// From a file. Throws `corrupt`.
    init(_ record: Record, features: Int) throws(ApusError) {
        guard features < 1 << 30 else { throw .corrupt("A \(record.kind) cannot have \(features) features.") }
        values = try record.finite("categories_", shape: [nil])
        offsets = try record.tensor("category_offsets_", .int64, shape: [features + 1])
        guard offsets.int64s[0] == 0, offsets.int64s[features] == Int64(values.count) else {
            throw .corrupt("The categories of a \(record.kind) do not fit their offsets.")
        }
        for column in 0..<features {
            let (first, end) = (offsets.int64s[column], offsets.int64s[column + 1])
            guard first >= 0, first <= end, end <= Int64(values.count) else {
                throw .corrupt("The category offsets of a \(record.kind) must ascend.")
            }
        }
    }

    /// The number of a value's category; nil for one that training has not seen.
    @inline(__always)
    func code(_ value: Double, _ column: Int) -> Int? {
        let first = Int(offsets.int64s[column])
        let count = count(column)
        if count == 0 { return nil }
        let place = min(BinThresholds.bin(value, values.doubles + first, count), count - 1)
        return values.doubles[first + place] == value ? place : nil
    }

    /// The codes of all rows, column after column.
    func codes(_ x: Matrix, in allocator: Allocator) throws(ApusError) -> Buffer<UInt16> {
        let codes = try Buffer<UInt16>(cappedProduct(x.columns, x.rows), in: allocator)
        for column in 0..<x.columns {
            for row in 0..<x.rows {
                codes.pointer[column &* x.rows &+ row] = UInt16(code(x.row(row)[column], column) ?? 0)
            }
        }
        return codes
    }
}

/// Nodes in preorder while the tree grows.
private struct ID3Draft {
    private let columns: Int
    private let branches: Int
    private let classes: Int
    private let allocator: Allocator
    private var features: GrowingBuffer<Int64>
    private var parents: GrowingBuffer<Int>
    private var children: GrowingBuffer<Int64>
    private var weights: GrowingBuffer<Double>
    private var entropies: GrowingBuffer<Double>
    private var gains: GrowingBuffer<Double>
    private var ratios: GrowingBuffer<Double>

    init(columns: Int, branches: Int, classes: Int, in allocator: Allocator) throws(ApusError) {
        self.columns = columns
        self.branches = branches
        self.classes = classes
        self.allocator = allocator
        features = try GrowingBuffer(in: allocator)
        parents = try GrowingBuffer(in: allocator)
        children = try GrowingBuffer(in: allocator)
        weights = try GrowingBuffer(in: allocator)
        entropies = try GrowingBuffer(in: allocator)
        gains = try GrowingBuffer(in: allocator)
        ratios = try GrowingBuffer(in: allocator)
    }

    /// A new leaf.
    mutating func append(parent: Int, branch: Int) throws(ApusError) -> Int {
        let node = features.count
        try features.append(-1)
        try parents.append(parent)
        try entropies.append(0)
        for _ in 0..<branches { try children.append(-1) }
        for _ in 0..<classes { try weights.append(0) }
        for _ in 0..<columns {
            try gains.append(.nan)
            try ratios.append(.nan)
        }
        if parent >= 0 { children.pointer[parent &* branches &+ branch] = Int64(node) }
        return node
    }

    func counts(_ node: Int) -> UnsafeMutablePointer<Double> { weights.pointer + node &* classes }
    func setEntropy(_ node: Int, _ value: Double) { entropies.pointer[node] = value }
    func setFeature(_ node: Int, _ column: Int) { features.pointer[node] = Int64(column) }

    func set(_ node: Int, gains: [Double], ratios: [Double]) {
        for column in 0..<columns {
            self.gains.pointer[node &* columns &+ column] = gains[column]
            self.ratios.pointer[node &* columns &+ column] = ratios[column]
        }
    }

    /// Whether a node on the way to the root branches by a column.
    func isUsed(_ column: Int, above parent: Int) -> Bool {
        var node = parent
        while node >= 0 {
            if features.pointer[node] == Int64(column) { return true }
            node = parents.pointer[node]
        }
        return false
    }

    func tensors() throws(ApusError) -> ID3Nodes {
        let count = features.count
        return ID3Nodes(
            feature: try Tensor(.int64, Shape(count), in: allocator).filled(features.pointer),
            children: try Tensor(.int64, Shape(count, branches), in: allocator).filled(children.pointer),
            value: try Tensor(doubles: weights.pointer, Shape(count, classes), in: allocator),
            entropy: try Tensor(doubles: entropies.pointer, Shape(count), in: allocator),
            gains: try Tensor(doubles: gains.pointer, Shape(count, columns), in: allocator),
            ratios: try Tensor(doubles: ratios.pointer, Shape(count, columns), in: allocator))
    }
}

extension Tensor {
    fileprivate func filled(_ source: UnsafePointer<Int64>) -> Tensor {
        int64s.update(from: source, count: count)
        return self
    }
}
