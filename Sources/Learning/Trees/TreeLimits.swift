import Core
import Glibc

/// When a tree stops growing, in rows and weights of the data at hand.
struct TreeLimits: Sendable {
    var depth = Int.max
    var leastToSplit = 2
    var leastInLeaf = 1
    /// The weight that a leaf needs.
    var leastWeight = 0.0
    var leaves = Int.max
    /// The weighted decrease of impurity that a split needs.
    var leastDecrease = 0.0
    /// Columns looked at for each split.
    var features = Int.max

    static let countOrShare = Constraint.real(from: 0, to: .infinity, open: true)

    private static let expectedFeatures = "a whole number >= 1, a share in (0, 1], sqrt, log2 or null"

    /// The parameters that every kind of tree shares.
    static func specs(maxFeatures: JSON, leastInLeaf: JSON = 1) -> [ParameterSpec] {
        [
            ParameterSpec(
                "max_depth", .nullable(.integer(1...Int.max)), default: .null,
                "The longest way from the root to a leaf; null: until the other limits hold."),
            ParameterSpec(
                "min_samples_split", countOrShare, default: 2,
                "A node with fewer rows is a leaf; a whole number >= 2, or a share of the rows in (0, 1]."),
            ParameterSpec(
                "min_samples_leaf", countOrShare, default: leastInLeaf,
                "A split must leave as many rows on each side; a whole number, or a share of the rows in (0, 1)."),
            ParameterSpec(
                "min_weight_fraction_leaf", .real(from: 0, to: 0.5), default: 0,
                "The share of the summed weights that a leaf needs."),
            ParameterSpec(
                "max_features", .nullable(.any(expectedFeatures)), default: maxFeatures,
                "Columns drawn for each split: a whole number, a share of them in (0, 1], sqrt, log2, or null for all."),
            ParameterSpec(
                "max_leaf_nodes", .nullable(.integer(2...Int.max)), default: .null,
                "Leaves at most; the best split anywhere is then made first."),
            ParameterSpec(
                "min_impurity_decrease", .real(from: 0, to: .infinity), default: 0,
                "A split must lessen the impurity, weighted by the node's share of the weights, by as much."),
        ]
    }

    static let randomState = ParameterSpec(
        "random_state", .nullable(.integer(0...Int.max)), default: .null,
        "The seed of what is drawn; null takes the context's next random numbers.")

    /// Every limit off.
    init() {}

    init(_ parameters: Parameters, rows: Int, columns: Int, weight: Double) throws(ApusError) {
        depth = parameters["max_depth"].integerValue ?? Int.max
        leaves = parameters["max_leaf_nodes"].integerValue ?? Int.max
        leastDecrease = parameters.real("min_impurity_decrease")
        leastWeight = parameters.real("min_weight_fraction_leaf") * weight
        leastInLeaf = try TreeLimits.count(
            "min_samples_leaf", parameters, rows, least: 1, "a whole number >= 1 or a share in (0, 1)")
        leastToSplit = try TreeLimits.count(
            "min_samples_split", parameters, rows, least: 2, "a whole number >= 2 or a share in (0, 1]")
        features = try TreeLimits.features(parameters, columns)
    }

    /// A count, or a share of the rows rounded up: 1.0 is a share, 1 a count.
    private static func count(
        _ name: String, _ parameters: Parameters, _ rows: Int, least: Int, _ expected: String
    ) throws(ApusError) -> Int {
        let value = parameters[name]
        if case .integer(let whole) = value {
            guard whole >= least else {
                throw .parameter(name, of: parameters.kind, mustBe: expected, got: value.text)
            }
            return whole
        }
        let share = value.doubleValue ?? 0
        if share <= 1, !(share == 1 && least == 1) { return max(least, Int((share * Double(rows)).rounded(.up))) }
        guard let whole = Int(exactly: share), whole >= least else {
            throw .parameter(name, of: parameters.kind, mustBe: expected, got: value.text)
        }
        return whole
    }

    /// Columns drawn for each split.
    static func features(_ parameters: Parameters, _ columns: Int) throws(ApusError) -> Int {
        let value = parameters["max_features"]
        if value.isNull { return columns }
        switch value.stringValue {
        case "sqrt": return max(1, Int(Double(columns).squareRoot()))
        case "log2": return max(1, Int(log2(Double(columns))))
        default: break
        }
        if case .integer(let whole) = value, whole >= 1 { return min(whole, columns) }
        if case .number(let number) = value, number > 0 {
            if number <= 1 { return max(1, Int(number * Double(columns))) }
            if let whole = Int(exactly: number) { return min(whole, columns) }
        }
        throw .parameter("max_features", of: parameters.kind, mustBe: expectedFeatures, got: value.text)
    }
}

/// Random numbers that depend on a place in the work alone: a seed, and a key that is derived step by step.
struct TreeRandom: Sendable {
    let seed: UInt64
    let key: UInt64

    init(seed: UInt64, key: UInt64) {
        self.seed = seed
        self.key = key
    }

    /// From random_state, or the context's next stream.
    init(_ parameters: Parameters, _ context: Context) {
        if let state = parameters["random_state"].integerValue {
            self.init(seed: UInt64(bitPattern: Int64(state)), key: 0)
        } else {
            let stream = context.nextStream()
            self.init(seed: stream.seed, key: stream.stream << 32)
        }
    }

    /// Those of part `index` of this place.
    func part(_ index: Int) -> TreeRandom {
        TreeRandom(seed: seed, key: TreeRandom.mixed(key &+ TreeRandom.step &* (UInt64(bitPattern: Int64(index)) &+ 1)))
    }

    var generator: Philox { Philox(seed: seed, stream: key) }

    private static let step: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// The finaliser of SplitMix64 (Steele, Lea, Flood 2014, doi:10.1145/2660193.2660195).
    private static func mixed(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
