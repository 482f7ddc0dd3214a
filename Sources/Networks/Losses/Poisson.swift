import Core
import Glibc

/// Mean of p - t ln(p + 1e-7): the negative log-likelihood of counts t with mean p, without the term of t alone.
struct Poisson: ElementwiseLoss {
    static let entry = Entry<any Loss>(
        "Poisson", doc: "mean of p - t ln p", parameters: [LossCatalog.reduction]
    ) { Poisson(parameters: $0) }
    let parameters: Parameters

    func term(_ p: Float, _ t: Float) -> (value: Double, slope: Float) {
        let shifted = p + 1e-7
        return (Double(p) - Double(t) * log(Double(shifted)), 1 - t / shifted)
    }
}
