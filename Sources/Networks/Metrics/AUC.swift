import CVector
import Core
import Glibc

/// Area under the curve of receiver operating characteristics or of precision and recall, from thresholds.
///
/// Interpolated areas under precision and recall: Davis and Goadrich (2006), "The relationship between precision-recall
/// and ROC curves", doi:10.1145/1143844.1143874.
struct AUC: Metric {
    enum Curve: Sendable { case roc, precisionRecall, gain }
    enum Summation: Sendable { case interpolation, minoring, majoring }

    static let entry = Entry<any Metric>(
        "AUC", doc: "area under the ROC or precision-recall curve",
        parameters: [
            ParameterSpec("num_thresholds", .integer(2...1_000_000), default: 200, "how many thresholds"),
            ParameterSpec(
                "curve", .choice(["ROC", "PR", "PRGAIN", "roc", "pr", "prgain"]), default: "ROC", "the curve"),
            ParameterSpec(
                "summation_method",
                .choice(["interpolation", "minoring", "majoring", "Interpolation", "Minoring", "Majoring"]),
                default: "interpolation", "how the curve goes between thresholds: a line, the lower end, the upper end"),
        ] + MetricCatalog.named + [
            ParameterSpec(
                "thresholds", .any("null or an array of numbers in [0, 1]"), default: JSON.null,
                "thresholds between 0 and 1, in place of num_thresholds"),
            ParameterSpec(
                "multi_label", .boolean, default: false, "whether each column has its curve; the mean is the result"),
            ParameterSpec(
                "num_labels", .nullable(.integer(1...Int(Int32.max))), default: JSON.null,
                "the columns of multi_label"),
            ParameterSpec(
                "label_weights", .any("null or an array of numbers >= 0"), default: JSON.null,
                "a weight for each column"),
            LossCatalog.fromLogits,
        ]
    ) { (parameters) throws(ApusError) in try AUC(parameters) }

    let parameters: Parameters
    let thresholds: Thresholds
    let curve: Curve
    let summation: Summation
    let isMultiLabel: Bool
    let labelWeights: [Double]?
    let fromLogits: Bool

    init(_ parameters: Parameters) throws(ApusError) {
        self.parameters = parameters
        var inner = Array(Thresholds.spread(parameters.integer("num_thresholds")).dropFirst().dropLast())
        var isEven = true
        if !parameters["thresholds"].isNull {
            inner = []
            for item in parameters["thresholds"].arrayValue ?? [.string("")] {
                guard let value = item.doubleValue, value >= 0, value <= 1 else {
                    throw .parameter(
                        "thresholds", of: "AUC", mustBe: "null or an array of numbers in [0, 1]",
                        got: parameters["thresholds"].text)
                }
                inner.append(value)
            }
            inner.sort()
            isEven = Thresholds.areEven([0] + inner + [1])
        }
        thresholds = Thresholds(values: [-1e-7] + inner + [1 + 1e-7], isEven: isEven, hasMargins: true)
        switch parameters.text("curve").lowercased() {
        case "pr": curve = .precisionRecall
        case "prgain": curve = .gain
        default: curve = .roc
        }
        switch parameters.text("summation_method").lowercased() {
        case "minoring": summation = .minoring
        case "majoring": summation = .majoring
        default: summation = .interpolation
        }
        isMultiLabel = parameters.boolean("multi_label")
        fromLogits = parameters.boolean("from_logits")
        if !isMultiLabel, !parameters["num_labels"].isNull {
            throw .invalid("The num_labels of AUC belongs to multi_label=true.")
        }
        if let given = parameters["label_weights"].arrayValue {
            let weights = given.map { $0.doubleValue ?? -1 }
            guard weights.allSatisfy({ $0 >= 0 && $0.isFinite }) else {
                throw .parameter(
                    "label_weights", of: "AUC", mustBe: "null or an array of numbers >= 0",
                    got: parameters["label_weights"].text)
            }
            labelWeights = weights
        } else if parameters["label_weights"].isNull {
            labelWeights = nil
        } else {
            throw .parameter(
                "label_weights", of: "AUC", mustBe: "null or an array of numbers >= 0",
                got: parameters["label_weights"].text)
        }
    }

    func check(_ place: MetricPlace) throws(ApusError) {
        if isMultiLabel {
            try needsRows(place)
            if let count = parameters["num_labels"].integerValue, count != place.width {
                throw .parameter(
                    "num_labels", of: "AUC", mustBe: "the \(place.width) columns of the output", got: "\(count)")
            }
        }
        if let labelWeights {
            try needsKnownWidth(place)
            guard labelWeights.count == place.width else {
                throw .parameter(
                    "label_weights", of: "AUC", mustBe: "a number for each of the \(place.width) columns of the output",
                    got: "\(labelWeights.count)")
            }
        }
    }

    private func labels(_ place: MetricPlace) -> Int { isMultiLabel ? max(place.width, 1) : 1 }

    func stateCount(_ place: MetricPlace) -> Int { thresholds.stateCount(labels: labels(place)) }

    func update(_ state: UnsafeMutablePointer<Double>, _ call: MetricCall, _ kernels: borrowing apus_kernels) {
        let size = thresholds.stateCount(labels: 1)
        for position in 0..<call.positions {
            let weight = call.weight(position)
            for column in 0..<call.width {
                var output = call.output[position * call.width + column]
                if fromLogits { output = 1 / (1 + expf(-output)) }
                let share = isMultiLabel ? 1 : labelWeights.map { $0[column] } ?? 1
                thresholds.add(
                    state + (isMultiLabel ? column * size : 0), output: output,
                    isTrue: call.value(position, column) != 0, weight: weight * share)
            }
        }
    }

    func result(_ state: UnsafePointer<Double>, _ place: MetricPlace, _ out: UnsafeMutablePointer<Double>) {
        let size = thresholds.stateCount(labels: 1)
        var (sum, weights) = (0.0, 0.0)
        for label in 0..<labels(place) {
            let weight = isMultiLabel ? labelWeights.map { $0[label] } ?? 1 : 1
            sum += weight * area(thresholds.counts(state + label * size))
            weights += weight
        }
        out[0] = quotient(sum, weights)
    }

    private func area(_ counts: [Thresholds.Counts]) -> Double {
        var sum = 0.0
        for (upper, lower) in zip(counts, counts.dropFirst()) {
            if curve == .precisionRecall, summation == .interpolation {
                sum += interpolated(upper, lower)
                continue
            }
            let (from, to) = (point(upper), point(lower))
            let height =
                switch summation {
                case .interpolation: (from.y + to.y) / 2
                case .minoring: min(from.y, to.y)
                case .majoring: max(from.y, to.y)
                }
            sum += (from.x - to.x) * height
        }
        return sum
    }

    private func point(_ counts: Thresholds.Counts) -> (x: Double, y: Double) {
        switch curve {
        case .roc: return (counts.falsePositiveRate, counts.recall)
        case .precisionRecall: return (counts.recall, counts.precision)
        case .gain:
            guard counts.truePositives > 0 else { return (0, 1) }
            let scale = quotient(
                counts.truePositives + counts.falseNegatives, counts.trueNegatives + counts.falsePositives)
            return (
                max(0, 1 - scale * counts.falseNegatives / counts.truePositives),
                1 - scale * counts.falsePositives / counts.truePositives
            )
        }
    }

    /// True positives as a line in all positives between two thresholds, precision as their quotient.
    private func interpolated(_ upper: Thresholds.Counts, _ lower: Thresholds.Counts) -> Double {
        let rise = upper.truePositives - lower.truePositives
        let all = upper.truePositives + upper.falsePositives
        let fewer = lower.truePositives + lower.falsePositives
        let slope = quotient(rise, max(all - fewer, 0))
        let intercept = lower.truePositives - slope * fewer
        let ratio = all > 0 && fewer > 0 ? all / fewer : 1
        return quotient(slope * (rise + intercept * log(ratio)), max(lower.truePositives + lower.falseNegatives, 0))
    }
}
