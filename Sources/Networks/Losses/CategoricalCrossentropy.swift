import CVector
import Core
import Glibc

/// -sum t ln p over the last axis, p scaled to sum 1 and clipped to [1e-7, 1 - 1e-7]; or stably from logits.
struct CategoricalCrossentropy: Loss {
    static let entry = Entry<any Loss>(
        "CategoricalCrossentropy", doc: "-sum of t ln p over the last axis",
        parameters: [LossCatalog.fromLogits, LossCatalog.labelSmoothing, LossCatalog.axis, LossCatalog.reduction]
    ) { parameters in
        CategoricalCrossentropy(
            parameters: parameters, fromLogits: parameters.boolean("from_logits"),
            smoothing: Float(parameters.real("label_smoothing")))
    }
    let parameters: Parameters
    let fromLogits: Bool
    let smoothing: Float

    func fuses(with activation: Activation?) -> Bool { !fromLogits && activation?.isSoftmax == true }

    func evaluate(_ call: LossCall, _ kernels: borrowing apus_kernels) -> Double {
        var sum = 0.0
        for position in 0..<call.positions {
            let offset = position * call.width
            let target = call.target + offset
            let output = call.output + offset
            let gradient = call.gradient.map { $0 + offset }
            if fromLogits {
                sum += fromLogits(output, target, gradient, call)
            } else if call.isFused, let gradient {
                sum += behindSoftmax(output, target, gradient, call)
            } else {
                sum += Crossentropy.fromProbabilities(
                    output, width: call.width, gradient: gradient, scale: call.scale
                ) { smooth(target[$0], call.width) }
            }
        }
        return sum
    }

    @inline(__always)
    private func smooth(_ target: Float, _ width: Int) -> Float {
        target * (1 - smoothing) + smoothing / Float(width)
    }

    /// d/dx = p sum(t) - t.
    private func behindSoftmax(
        _ p: UnsafePointer<Float>, _ target: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>,
        _ call: LossCall
    ) -> Double {
        var total: Float = 0
        var loss = 0.0
        for index in 0..<call.width {
            let t = smooth(target[index], call.width)
            total += t
            if t != 0 { loss -= Double(t * logf(Crossentropy.clip(p[index]))) }
        }
        for index in 0..<call.width {
            gradient[index] = call.scale * (p[index] * total - smooth(target[index], call.width))
        }
        return loss
    }

    private func fromLogits(
        _ x: UnsafePointer<Float>, _ target: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>?,
        _ call: LossCall
    ) -> Double {
        let logSum = Crossentropy.logSumExp(x, call.width)
        var total: Float = 0
        var loss = 0.0
        for index in 0..<call.width {
            let t = smooth(target[index], call.width)
            total += t
            if t != 0 { loss += Double(t) * Double(logSum - x[index]) }
        }
        if let gradient {
            for index in 0..<call.width {
                gradient[index] =
                    call.scale * (expf(x[index] - logSum) * total - smooth(target[index], call.width))
            }
        }
        return loss
    }
}

/// What the two categorical cross-entropies share.
enum Crossentropy {
    static let epsilon: Float = 1e-7

    @inline(__always)
    static func clip(_ p: Float) -> Float { min(max(p, epsilon), 1 - epsilon) }

    static func logSumExp(_ x: UnsafePointer<Float>, _ width: Int) -> Float {
        var largest = x[0]
        for index in 1..<max(width, 1) { largest = max(largest, x[index]) }
        if !largest.isFinite { return largest }
        var sum: Float = 0
        for index in 0..<width { sum += expf(x[index] - largest) }
        return largest + logf(sum)
    }

    /// -sum t ln clip(p / sum p) with its gradient by p, through the division, 0 where clipped.
    static func fromProbabilities(
        _ p: UnsafePointer<Float>, width: Int, gradient: UnsafeMutablePointer<Float>?, scale: Float,
        target: (Int) -> Float
    ) -> Double {
        var total: Float = 0
        for index in 0..<width { total += p[index] }
        var loss = 0.0
        var weighted: Float = 0
        for index in 0..<width {
            let t = target(index)
            let share = p[index] / total
            if t != 0 { loss -= Double(t * logf(clip(share))) }
            let inside = share > epsilon && share < 1 - epsilon
            let slope = inside ? -t / share : 0
            weighted += slope * share
            if let gradient { gradient[index] = slope }
        }
        if let gradient {
            for index in 0..<width { gradient[index] = scale * (gradient[index] - weighted) / total }
        }
        return loss
    }
}
