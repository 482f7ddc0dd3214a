/// A node while its tree grows: rows `start` ..< `start + count` of every column's order.
struct GrownNode: BitwiseCopyable {
    var start: Int
    var count: Int
    var depth: Int
    /// For the random numbers of this node.
    var key: UInt64
    var weight = 0.0
    var impurity = 0.0
    /// Regression: what the node predicts.
    var value = 0.0
    /// What monotonic constraints leave it to predict.
    var lower = -Double.infinity
    var upper = Double.infinity
    var threshold = 0.0
    /// -1 for a leaf.
    var feature = -1
    /// Index of the left child, the right one follows it; of a branch grown on its own: -2 - its number.
    var children = -1
    var missingLeft = false
    /// No split is to be looked for.
    var isTerminal = false
    var leftCount = 0

    init(start: Int, count: Int, depth: Int, key: UInt64) {
        self.start = start
        self.count = count
        self.depth = depth
        self.key = key
    }
}

/// A split of a node: rows whose rank in the column is at most `lastRank` go left.
struct Split: BitwiseCopyable {
    var score = -Double.infinity
    var feature = -1
    var lastRank: UInt64 = 0
    /// Rows whose values lie next to the threshold; `highRow` -1: the missing values alone go right.
    var lowRow = 0
    var highRow = -1
    var leftCount = 0
    var missingLeft = false
    var leftValue = 0.0
    var rightValue = 0.0
}

/// How the splits of a tree are judged.
enum SplitCriterion {
    case gini, entropy, squaredError, absoluteError, poisson

    /// By scikit-learn's names; log_loss is entropy, and friedman_mse orders splits as squared_error does.
    init(_ name: String) {
        switch name {
        case "entropy", "log_loss": self = .entropy
        case "squared_error", "friedman_mse": self = .squaredError
        case "absolute_error": self = .absoluteError
        case "poisson": self = .poisson
        default: self = .gini
        }
    }
}
