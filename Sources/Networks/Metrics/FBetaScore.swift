import CVector
import Core

/// The weighted harmonic mean of precision and recall of each column, and averages of it.
///
/// State, by column: true positives, false positives, false negatives, weight of the targets.
struct FBetaScore: Metric {
    private static let average = ParameterSpec(
        "average", .nullable(.choice(["micro", "macro", "weighted"])), default: JSON.null,
        "null: a result for each column; micro: of all counts together; macro: the mean; weighted: by the targets")
    private static let threshold = ParameterSpec(
        "threshold", .nullable(.real(from: 0, to: 1)), default: JSON.null,
        "in (0, 1]: outputs above it are positive; null: the largest of a row")

    static let entry = Entry<any Metric>(
        "FBetaScore", aliases: ["fbeta_score"], doc: "(1 + b^2) precision recall / (b^2 precision + recall) by column",
        parameters: [
            average,
            ParameterSpec(
                "beta", .real(from: 0, to: .infinity, open: true), default: 1.0, "how much recall weighs, > 0"),
            threshold,
        ] + MetricCatalog.named
    ) { (parameters) throws(ApusError) in try FBetaScore(parameters, beta: parameters.real("beta")) }
    static let f1 = Entry<any Metric>(
        "F1Score", doc: "2 precision recall / (precision + recall) by column",
        parameters: [average, threshold] + MetricCatalog.named
    ) { (parameters) throws(ApusError) in try FBetaScore(parameters, beta: 1) }

    let parameters: Parameters
    let beta: Double
    let threshold: Float?
    let average: String?

    init(_ parameters: Parameters, beta: Double) throws(ApusError) {
        self.parameters = parameters
        self.beta = beta
        threshold = parameters["threshold"].doubleValue.map { Float($0) }
        average = parameters["average"].stringValue
        if threshold == 0 {
            throw .parameter("threshold", of: parameters.kind, mustBe: "a number in (0, 1], or null", got: "0")
        }
    }

    var standardName: String { parameters.kind == "F1Score" ? "f1_score" : "fbeta_score" }

    func check(_ place: MetricPlace) throws(ApusError) { try needsRows(place) }
    func stateCount(_ place: MetricPlace) -> Int { cappedProduct(4, max(place.width, 1)) }
    func resultShape(_ place: MetricPlace) -> [Int] { average == nil ? [max(place.width, 1)] : [] }

    func update(_ state: UnsafeMutablePointer<Double>, _ call: MetricCall, _ kernels: borrowing apus_kernels) {
        for position in 0..<call.positions {
            let weight = call.weight(position)
            let row = call.output + position * call.width
            let largest = row[call.largest(call.output, position)]
            for column in 0..<call.width {
                let isPositive =
                    threshold.map { row[column] > $0 } ?? (row[column] >= largest && abs(row[column]) > 1e-9)
                let target = Double(call.value(position, column))
                let counts = state + 4 * column
                counts[0] += isPositive ? weight * target : 0
                counts[1] += isPositive ? weight * (1 - target) : 0
                counts[2] += isPositive ? 0 : weight * target
                counts[3] += weight * target
            }
        }
    }

    func result(_ state: UnsafePointer<Double>, _ place: MetricPlace, _ out: UnsafeMutablePointer<Double>) {
        let width = max(place.width, 1)
        switch average {
        case "micro":
            var sums = (0.0, 0.0, 0.0)
            for column in 0..<width {
                sums.0 += state[4 * column]
                sums.1 += state[4 * column + 1]
                sums.2 += state[4 * column + 2]
            }
            out[0] = score(sums.0, sums.1, sums.2)
        case nil:
            for column in 0..<width { out[column] = score(state, column) }
        default:
            var (sum, weights) = (0.0, 0.0)
            for column in 0..<width {
                let weight = average == "macro" ? 1 : state[4 * column + 3]
                sum += weight * score(state, column)
                weights += weight
            }
            out[0] = average == "macro" ? sum / weights : sum / (weights + epsilon)
        }
    }

    private func score(_ state: UnsafePointer<Double>, _ column: Int) -> Double {
        score(state[4 * column], state[4 * column + 1], state[4 * column + 2])
    }

    /// Keras's epsilon in each denominator keeps a column without positives at 0.
    private var epsilon: Double { 1e-7 }

    private func score(_ right: Double, _ wrong: Double, _ missed: Double) -> Double {
        let precision = right / (right + wrong + epsilon)
        let recall = right / (right + missed + epsilon)
        let square = beta * beta
        return (1 + square) * precision * recall / (square * precision + recall + epsilon)
    }
}
