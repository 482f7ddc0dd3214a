import Core
import Glibc

/// sum t ln(t / p) over the last axis, both clipped to [1e-7, 1].
///
/// Kullback and Leibler (1951), "On information and sufficiency", doi:10.1214/aoms/1177729694.
struct KLDivergence: RowLoss {
    static let entry = Entry<any Loss>(
        "KLDivergence", aliases: ["kl_divergence", "kld", "KLD", "kullback_leibler_divergence"],
        doc: "sum of t ln(t / p) over the last axis", parameters: [LossCatalog.reduction]
    ) { KLDivergence(parameters: $0) }
    let parameters: Parameters

    func row(
        _ p: UnsafePointer<Float>, _ t: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>?, width: Int
    ) -> Double {
        var sum = 0.0
        for index in 0..<width {
            let target = min(max(t[index], 1e-7), 1)
            // NaN stays NaN.
            let share = p[index] < 1e-7 ? 1e-7 : p[index] > 1 ? 1 : p[index]
            sum += Double(target) * log(Double(target) / Double(share))
            if let gradient { gradient[index] = p[index] >= 1e-7 && p[index] <= 1 ? -target / share : 0 }
        }
        return sum
    }
}
