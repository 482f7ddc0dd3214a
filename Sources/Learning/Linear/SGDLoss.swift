import Glibc

/// A loss of one row for stochastic gradient descent: of a score and a target, which is -1 or 1 for classes.
enum SGDLoss: String {
    case hinge
    case squaredHinge = "squared_hinge"
    case perceptron
    case logLoss = "log_loss"
    case modifiedHuber = "modified_huber"
    case squaredError = "squared_error"
    case huber
    case epsilonInsensitive = "epsilon_insensitive"
    case squaredEpsilonInsensitive = "squared_epsilon_insensitive"

    /// For classes; the losses of regression serve them too.
    static let classification = [
        hinge, logLoss, modifiedHuber, squaredHinge, perceptron, squaredError, huber, epsilonInsensitive,
        squaredEpsilonInsensitive,
    ].map(\.rawValue)
    static let regression = [squaredError, huber, epsilonInsensitive, squaredEpsilonInsensitive].map(\.rawValue)

    /// The loss and its derivative by the score.
    @inline(__always)
    func callAsFunction(_ score: Double, _ target: Double, epsilon: Double) -> (loss: Double, slope: Double) {
        let margin = score * target
        let error = score - target
        switch self {
        case .hinge: return margin <= 1 ? (1 - margin, -target) : (0, 0)
        case .squaredHinge: return margin < 1 ? ((1 - margin) * (1 - margin), -2 * target * (1 - margin)) : (0, 0)
        case .perceptron: return margin <= 0 ? (-margin, -target) : (0, 0)
        case .logLoss:
            let small = exp(-abs(margin))
            return (max(-margin, 0) + log1p(small), -target * (margin >= 0 ? small : 1) / (1 + small))
        case .modifiedHuber:
            if margin >= 1 { return (0, 0) }
            if margin >= -1 { return ((1 - margin) * (1 - margin), -2 * target * (1 - margin)) }
            return (-4 * margin, -4 * target)
        case .squaredError: return (0.5 * error * error, error)
        case .huber:
            if abs(error) <= epsilon { return (0.5 * error * error, error) }
            return (epsilon * abs(error) - 0.5 * epsilon * epsilon, error > 0 ? epsilon : -epsilon)
        case .epsilonInsensitive:
            return abs(error) > epsilon ? (abs(error) - epsilon, error > 0 ? 1 : -1) : (0, 0)
        case .squaredEpsilonInsensitive:
            let excess = abs(error) - epsilon
            return excess > 0 ? (excess * excess, error > 0 ? 2 * excess : -2 * excess) : (0, 0)
        }
    }
}
