import CVector
import Core
import Glibc

/// exp of the mean cross-entropy of class numbers: how many classes the outputs hesitate between.
struct Perplexity: MeanMetric {
    static let entry = Entry<any Metric>(
        "Perplexity", doc: "exp of the mean of -ln p[label]",
        parameters: [
            LossCatalog.fromLogits,
            ParameterSpec(
                "mask_token_id", .nullable(.integer(0...Int(Int32.max))), default: JSON.null,
                "positions with this label do not count"),
        ] + MetricCatalog.named
    ) { (parameters) throws(ApusError) in
        Perplexity(
            parameters: parameters, ignored: parameters["mask_token_id"].integerValue,
            loss: try LossCatalog.family.make([
                "class_name": "SparseCategoricalCrossentropy",
                "config": ["from_logits": .bool(parameters.boolean("from_logits"))],
            ]))
    }
    let parameters: Parameters
    let ignored: Int?
    let loss: any Loss

    func check(_ place: MetricPlace) throws(ApusError) {
        guard place.kind == .labels else {
            throw .invalid("The metric '\(name)' needs class numbers; the loss takes targets of the outputs' shape.")
        }
    }

    func update(_ state: UnsafeMutablePointer<Double>, _ call: MetricCall, _ kernels: borrowing apus_kernels) {
        for position in 0..<call.positions {
            let label = Int(call.labels[position])
            let weight = call.weight(position) * (call.mask.map { Double($0[position]) } ?? 1)
            guard weight != 0, label >= 0, label < call.width, label != ignored else { continue }
            state[0] += weight * sum(call, position..<position + 1, kernels)
            state[1] += weight
        }
    }

    func sum(_ call: MetricCall, _ positions: Range<Int>, _ kernels: borrowing apus_kernels) -> Double {
        loss.evaluate(
            LossCall(
                output: call.output + positions.lowerBound * call.width, target: call.target,
                labels: call.labels + positions.lowerBound, gradient: nil, scale: 0, positions: positions.count,
                width: call.width, isFused: false), kernels)
    }

    func finish(_ mean: Double) -> Double { exp(mean) }
}
