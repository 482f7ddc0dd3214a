import CVector
import Core

/// The mean of a loss, or something made of that mean.
struct LossMetric: MeanMetric {
    enum Form: Sendable { case mean, root, negative }

    static func entry(
        _ kind: String, loss: String? = nil, aliases: [String] = [], doc: String, more: [ParameterSpec] = [],
        form: Form = .mean
    ) -> Entry<any Metric> {
        let name = loss ?? kind
        return Entry<any Metric>(kind, aliases: aliases, doc: doc, parameters: MetricCatalog.named + more) {
            (parameters) throws(ApusError) in
            let config = parameters.values.filter { item in
                item.key != "name" && item.key != "dtype" && more.contains { $0.name == item.key }
            }
            let loss = try LossCatalog.family.make(["class_name": .string(name), "config": .object(config)])
            return LossMetric(parameters: parameters, loss: loss, form: form)
        }
    }

    static let rootMeanSquaredError = entry(
        "RootMeanSquaredError", loss: "MeanSquaredError", doc: "root of the mean of (t - p)^2", form: .root)
    static let cosineSimilarity = entry(
        "CosineSimilarity", doc: "cosine between t and p over the last axis", more: [MetricCatalog.lastAxis],
        form: .negative)

    let parameters: Parameters
    let loss: any Loss
    var form = Form.mean

    var standardName: String { parameters.kind == "LogCoshError" ? "logcosh" : snakeCase(parameters.kind) }

    func check(_ place: MetricPlace) throws(ApusError) {
        if loss.targetKind == .values { return try needsValues(place) }
        guard place.kind == .labels else {
            throw .invalid(
                "The metric '\(name)' needs class numbers; the loss takes targets of the outputs' shape.")
        }
    }

    func counts(_ call: MetricCall, _ position: Int) -> Bool {
        loss.ignoredClass.map { Int(call.labels[position]) != $0 } ?? true
    }

    func sum(_ call: MetricCall, _ positions: Range<Int>, _ kernels: borrowing apus_kernels) -> Double {
        guard loss.targetKind == .labels else { return evaluate(call, positions, kernels) }
        // A label that is no class, or that is ignored, adds nothing.
        var total = 0.0
        for position in positions where call.labels[position] >= 0 && Int(call.labels[position]) < call.width {
            if counts(call, position) { total += evaluate(call, position..<position + 1, kernels) }
        }
        return total
    }

    private func evaluate(_ call: MetricCall, _ positions: Range<Int>, _ kernels: borrowing apus_kernels) -> Double {
        let first = positions.lowerBound
        return loss.evaluate(
            LossCall(
                output: call.output + first * call.width, target: call.target + first * call.width,
                labels: call.labels + first, gradient: nil, scale: 0, positions: positions.count, width: call.width,
                isFused: false), kernels)
    }

    func finish(_ mean: Double) -> Double {
        switch form {
        case .mean: mean
        case .root: mean.squareRoot()
        case .negative: -mean
        }
    }
}
