import CVector
import Core

/// 1 - sum w (t - p)^2 / sum w (t - mean t)^2 of each column, and averages of it.
///
/// State, by column: weight, mean of the targets, their sum of squared deviations (updated as they come, so that targets
/// far from 0 lose nothing), sum of squared errors; then the number of targets.
struct R2Score: Metric {
    static let entry = Entry<any Metric>(
        "R2Score", doc: "share of the targets' variance that the outputs explain",
        parameters: [
            ParameterSpec(
                "class_aggregation", .nullable(.choice(["uniform_average", "variance_weighted_average"])),
                default: "uniform_average", "how columns become one result; null: a result for each"),
            ParameterSpec(
                "num_regressors", .integer(0...Int(Int32.max)), default: 0,
                "of adjusted R2: how many variables explain; 0 does not adjust"),
        ] + MetricCatalog.named
    ) {
        R2Score(
            parameters: $0, aggregation: $0["class_aggregation"].stringValue, regressors: $0.integer("num_regressors"))
    }
    let parameters: Parameters
    let aggregation: String?
    let regressors: Int

    func check(_ place: MetricPlace) throws(ApusError) {
        try needsValues(place)
        try needsRows(place)
    }
    func stateCount(_ place: MetricPlace) -> Int { cappedProduct(4, max(place.width, 1)) &+ 1 }
    func resultShape(_ place: MetricPlace) -> [Int] { aggregation == nil ? [max(place.width, 1)] : [] }

    func update(_ state: UnsafeMutablePointer<Double>, _ call: MetricCall, _ kernels: borrowing apus_kernels) {
        for position in 0..<call.positions {
            let weight = call.weight(position)
            for column in 0..<call.width {
                let sums = state + 4 * column
                let target = Double(call.target[position * call.width + column])
                let error = target - Double(call.output[position * call.width + column])
                sums[3] += weight * error * error
                guard weight > 0 else { continue }
                sums[0] += weight
                let step = target - sums[1]
                sums[1] += step * weight / sums[0]
                sums[2] += weight * step * (target - sums[1])
            }
        }
        state[4 * call.width] += Double(call.positions * call.width)
    }

    func result(_ state: UnsafePointer<Double>, _ place: MetricPlace, _ out: UnsafeMutablePointer<Double>) {
        let width = max(place.width, 1)
        func score(_ column: Int) -> Double {
            let raw = 1 - state[4 * column + 3] / state[4 * column + 2]
            return raw.isInfinite ? 0 : raw
        }
        guard let aggregation else {
            for column in 0..<width { out[column] = adjusted(score(column), state[4 * width]) }
            return
        }
        var (sum, weights) = (0.0, 0.0)
        for column in 0..<width {
            let weight = aggregation == "uniform_average" ? 1 : state[4 * column + 2]
            sum += weight * score(column)
            weights += weight
        }
        out[0] = adjusted(sum / weights, state[4 * width])
    }

    /// Unadjusted where there are no more samples than variables.
    private func adjusted(_ score: Double, _ count: Double) -> Double {
        let freedom = count - Double(regressors) - 1
        return regressors == 0 || freedom <= 0 ? score : 1 - (1 - score) * (count - 1) / freedom
    }
}
