import Core
import Glibc

/// Mean of ln cosh(p - t): a square near 0, an absolute value far from it, without overflow.
struct LogCosh: ElementwiseLoss {
    static let entry = Entry<any Loss>(
        "LogCosh", aliases: ["logcosh", "log_cosh"], doc: "mean of ln cosh(p - t)", parameters: [LossCatalog.reduction]
    ) { LogCosh(parameters: $0) }
    let parameters: Parameters

    func term(_ p: Float, _ t: Float) -> (value: Double, slope: Float) {
        let error = abs(Double(p) - Double(t))
        // ln cosh e = ln(1 + 2 sinh^2(e / 2)) keeps the digits of a small e.
        let half = sinh(min(error, 1) / 2)
        let value = error < 1 ? log1p(2 * half * half) : error + log1p(exp(-2 * error)) - 0.693_147_180_559_945_3
        return (value, Float(tanh(Double(p) - Double(t))))
    }
}
