import Core
import Glibc

/// Minus the cosine of the angle between output and target: -1 when they point the same way, 0 when one is 0.
struct CosineSimilarity: RowLoss {
    static let entry = Entry<any Loss>(
        "CosineSimilarity", doc: "minus the cosine between t and p over the last axis",
        parameters: [LossCatalog.reduction, LossCatalog.axis]
    ) { CosineSimilarity(parameters: $0) }
    let parameters: Parameters

    func row(
        _ p: UnsafePointer<Float>, _ t: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>?, width: Int
    ) -> Double {
        var (inner, ofOutput, ofTarget) = (0.0, 0.0, 0.0)
        for index in 0..<width {
            inner += Double(p[index]) * Double(t[index])
            ofOutput += Double(p[index]) * Double(p[index])
            ofTarget += Double(t[index]) * Double(t[index])
        }
        // Squares of lengths are taken as at least 1e-12.
        let long = ofOutput > 1e-12
        let length = (long ? ofOutput : 1e-12).squareRoot() * max(ofTarget, 1e-12).squareRoot()
        let cosine = inner / length
        if let gradient {
            for index in 0..<width {
                let across = long ? cosine * Double(p[index]) / ofOutput : 0
                gradient[index] = Float(across - Double(t[index]) / length)
            }
        }
        return -cosine
    }
}
