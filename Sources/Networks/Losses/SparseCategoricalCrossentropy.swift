import CVector
import Core
import Glibc

/// -ln p[label]: the categorical cross-entropy for class numbers 0, ..., classes - 1.
struct SparseCategoricalCrossentropy: Loss {
    static let entry = Entry<any Loss>(
        "SparseCategoricalCrossentropy", doc: "-ln p[label] over the last axis",
        parameters: [LossCatalog.fromLogits, LossCatalog.ignoreClass, LossCatalog.reduction, LossCatalog.axis]
    ) { SparseCategoricalCrossentropy(parameters: $0, fromLogits: $0.boolean("from_logits")) }
    let parameters: Parameters
    let fromLogits: Bool

    var targetKind: TargetKind { .labels }
    var ignoredClass: Int? { parameters["ignore_class"].integerValue }

    func fuses(with activation: Activation?) -> Bool { !fromLogits && activation?.isSoftmax == true }

    func evaluate(_ call: LossCall, _ kernels: borrowing apus_kernels) -> Double {
        let width = call.width
        var sum = 0.0
        if fromLogits, let gradient = call.gradient {
            // gradient = softmax(x) for now; -ln p[label] = -(x[label] - ln sum exp x)
            kernels.softmax(call.output, gradient, nil, Int64(call.positions), Int64(width))
            for position in 0..<call.positions {
                let offset = position * width
                let label = Int(call.labels[position])
                let x = call.output + offset
                sum += Double(Crossentropy.logSumExp(x, width) - x[label])
                gradient[offset + label] -= 1
            }
            kernels.scale(call.scale, gradient, Int64(call.positions * width))
        } else if call.isFused, let gradient = call.gradient {
            for position in 0..<call.positions {
                let offset = position * width
                let label = Int(call.labels[position])
                sum -= Double(logf(Crossentropy.clip(call.output[offset + label])))
                for index in 0..<width { gradient[offset + index] = call.scale * call.output[offset + index] }
                gradient[offset + label] -= call.scale
            }
        } else {
            for position in 0..<call.positions {
                let offset = position * width
                let label = Int(call.labels[position])
                let output = call.output + offset
                if fromLogits {
                    sum += Double(Crossentropy.logSumExp(output, width) - output[label])
                } else {
                    sum += Crossentropy.fromProbabilities(
                        output, width: width, gradient: call.gradient.map { $0 + offset }, scale: call.scale
                    ) { $0 == label ? 1 : 0 }
                }
            }
        }
        return sum
    }
}
