import Core

/// A measure that a callback follows, and when it has improved.
struct Monitor {
    /// Its name in histories.
    let name: String
    private let mode: String
    /// Changes below this are none.
    private let minDelta: Double
    private let owner: String
    private var isRising = false
    /// Where it stands among the measures of an epoch.
    private var place = 0

    static let name = ParameterSpec("monitor", .text, default: "val_loss", "the measure to follow, \"val_loss\"")
    static let mode = ParameterSpec(
        "mode", .choice(["auto", "min", "max"]), default: "auto", "what is better; auto goes by the measure's name")

    static func minDelta(_ standard: Double) -> ParameterSpec {
        ParameterSpec(
            "min_delta", .real(from: 0, to: .infinity), default: .number(standard),
            "the least change that counts, >= 0")
    }

    init(_ parameters: Parameters) {
        name = parameters.text("monitor")
        mode = parameters.text("mode")
        minDelta = parameters.real("min_delta")
        owner = parameters.kind
    }

    private static let rising = [
        "acc", "auc", "precision", "recall", "specificity", "sensitivity", "f1", "fbeta", "iou", "io_u", "r2",
        "similarity", "true_",
    ]
    private static let falling = [
        "loss", "error", "mse", "mae", "mape", "msle", "rmse", "entropy", "divergence", "hinge", "poisson", "cosh",
        "huber", "perplexity", "false_",
    ]

    /// Finds the measure. Throws `invalidArgument` when this fit has none of its name, or its name does not say what is
    /// better.
    mutating func find(in fit: FitRun) throws(ApusError) {
        guard let place = fit.names.firstIndex(of: name) else {
            let names = fit.names.joined(separator: ", ")
            throw .parameter("monitor", of: owner, mustBe: "one of the measures of this fit (\(names))", got: name)
        }
        self.place = place
        switch mode {
        case "min": isRising = false
        case "max": isRising = true
        default:
            if Monitor.falling.contains(where: { name.contains($0) }) {
                isRising = false
            } else if Monitor.rising.contains(where: { name.contains($0) }) {
                isRising = true
            } else {
                throw .parameter(
                    "mode", of: owner, mustBe: "min or max for '\(name)', whose name does not say what is better",
                    got: mode)
            }
        }
    }

    /// The measure of the last epoch.
    func value(_ fit: FitRun) -> Double { place < fit.logs.count ? fit.logs[place] : .nan }

    /// Whether a value is better than the best so far (nil: there is none) by more than the least change. NaN never is.
    func improves(_ value: Double, on best: Double?) -> Bool {
        guard let best else { return !value.isNaN }
        return isRising ? value - minDelta > best : value + minDelta < best
    }
}
