/// Sums over rows of gradients, of second derivatives, and of ones.
typealias GradientSums = SIMD4<Double>

extension SIMD4<Double> {
    var gradient: Double { self[0] }
    var hessian: Double { self[1] }
    var rows: Double { self[2] }
}

/// A set of bins or categories below 256.
struct BinSet: BitwiseCopyable {
    var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    @inline(__always)
    func contains(_ bin: Int) -> Bool {
        let word = bin < 128 ? (bin < 64 ? words.0 : words.1) : (bin < 192 ? words.2 : words.3)
        return word >> UInt64(bin & 63) & 1 != 0
    }

    mutating func insert(_ bin: Int) {
        let bit: UInt64 = 1 << UInt64(bin & 63)
        switch bin >> 6 {
        case 0: words.0 |= bit
        case 1: words.1 |= bit
        case 2: words.2 |= bit
        default: words.3 |= bit
        }
    }
}

/// A split of a leaf: the bins of `column` that go left.
struct BoostingSplit: BitwiseCopyable {
    var gain = 0.0
    var column = -1
    /// The last bin on the left; of a categorical column it says nothing.
    var bin = 0
    var missingLeft = false
    var isCategorical = false
    var left = GradientSums(repeating: 0)
    var set = BinSet()
}

/// A leaf while its tree grows.
struct BoostingLeaf {
    var start: Int
    var count: Int
    var depth: Int
    var node: Int
    var sums: GradientSums
    /// What monotonic constraints leave it.
    var lower = -Double.infinity
    var upper = Double.infinity
    /// The interaction constraints that its columns so far belong to; nil without any.
    var interactions: [Int]?
    var split = BoostingSplit()
    var histogram: Int?
}

/// A node of a tree that is being grown, over bins.
struct BoostingNode: BitwiseCopyable {
    var split = BoostingSplit()
    /// -1 for a leaf; the right child follows the left one.
    var children = -1
    var value = 0.0
    var lower = -Double.infinity
    var upper = Double.infinity
}
