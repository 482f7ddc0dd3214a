import CVector
import Core

/// 1 minus the overlap of target and output: b / (b + alpha m + beta f) of their products b, of what the output misses
/// of the target, m, and of what it has beside it, f. Dice's coefficient is the case alpha = beta = 1/2.
///
/// Salehi et al. (2017), "Tversky loss function for image segmentation using 3D fully convolutional deep networks",
/// doi:10.1007/978-3-319-67389-9_44.
struct Overlap: Loss {
    private static let axis = ParameterSpec(
        "axis", .any("null, an axis or an array of axes"), default: JSON.null,
        "null: one value for the batch; all axes but that of the rows: one for each row; an axis: one along it")
    static let dice = Entry<any Loss>(
        "Dice", doc: "1 - 2 sum t p / (sum t + sum p)", parameters: [LossCatalog.reduction, axis]
    ) { Overlap(parameters: $0, alpha: nil, beta: 0) }
    static let tversky = Entry<any Loss>(
        "Tversky", doc: "1 - sum t p / (sum t p + alpha sum t (1 - p) + beta sum (1 - t) p)",
        parameters: [
            ParameterSpec(
                "alpha", .real(from: 0, to: .infinity), default: 0.5, "weight of what the output misses, >= 0"),
            ParameterSpec("beta", .real(from: 0, to: .infinity), default: 0.5, "weight of what it has too much, >= 0"),
            LossCatalog.reduction, axis,
        ]
    ) { Overlap(parameters: $0, alpha: $0.real("alpha"), beta: $0.real("beta")) }

    let parameters: Parameters
    /// nil for Dice.
    let alpha: Double?
    let beta: Double

    func layout(rank: Int) throws(ApusError) -> LossLayout {
        let given = parameters["axis"]
        if given.isNull { return .batch }
        var axes: [Int] = []
        for item in given.arrayValue ?? [given] {
            let axis = item.integerValue.flatMap { $0 < 0 && $0 >= -8 ? $0 + rank : $0 >= 1 && $0 <= 8 ? $0 - 1 : nil }
            if let axis, axis >= 0, axis < rank, !axes.contains(axis) { axes.append(axis) } else { axes.append(-1) }
        }
        if axes.count == rank, !axes.contains(-1) { return rank == 1 ? .axis(0) : .row }
        guard axes.count == 1, axes[0] >= 0 else {
            throw .parameter(
                "axis", of: parameters.kind,
                mustBe: "null, one axis of the output after that of the rows, or all \(rank) of these", got: given.text)
        }
        return .axis(axes[0])
    }

    func evaluate(_ call: LossCall, _ kernels: borrowing apus_kernels) -> Double {
        var sum = 0.0
        for position in 0..<call.positions {
            let offset = position * call.width
            sum += one(
                call.output + offset, call.target + offset, call.gradient.map { $0 + offset }, call.scale, call.width)
        }
        return sum
    }

    /// With n / d the overlap, its slope by p is (n' - n d' / d) / d.
    private func one(
        _ p: UnsafePointer<Float>, _ t: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>?, _ scale: Float,
        _ width: Int
    ) -> Double {
        var (both, ofT, ofP) = (0.0, 0.0, 0.0)
        for index in 0..<width {
            both += Double(t[index]) * Double(p[index])
            ofT += Double(t[index])
            ofP += Double(p[index])
        }
        let top = alpha == nil ? 2 * both : both
        let bottom = (alpha.map { both + $0 * (ofT - both) + beta * (ofP - both) } ?? ofT + ofP) + 1e-7
        if let gradient {
            for index in 0..<width {
                let target = Double(t[index])
                let rise = alpha == nil ? 2 * target : target
                let fall = alpha.map { target - $0 * target + beta * (1 - target) } ?? 1
                gradient[index] = Float(-Double(scale) * (rise - top / bottom * fall) / bottom)
            }
        }
        return 1 - top / bottom
    }
}
