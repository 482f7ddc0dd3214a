import Core
import Glibc

/// Counts of positives by threshold, of which true positives and so on are made.
///
/// Evenly spaced thresholds put each output into its bucket, in the float32 arithmetic of Keras; others are compared one
/// by one. State: true positives by threshold (or bucket), false positives likewise, all true ones, all false ones; for
/// each label that is counted by itself.
struct Thresholds: Sendable {
    let values: [Double]
    let isEven: Bool
    /// The first is below 0 and the last above 1, so that 0 is above the first.
    var hasMargins = false

    /// Those of a parameter: null (the default threshold), a number, or an array of them.
    init(_ json: JSON, default standard: Double, of metric: String) throws(ApusError) {
        var values: [Double] = []
        for item in json.isNull ? [.number(standard)] : json.arrayValue ?? [json] {
            guard let value = item.doubleValue, json.isNull || (value >= 0 && value <= 1) else {
                throw .parameter(
                    "thresholds", of: metric, mustBe: "a number in [0, 1], or an array of them", got: json.text)
            }
            values.append(value)
        }
        guard !values.isEmpty else {
            throw .parameter("thresholds", of: metric, mustBe: "a number in [0, 1], or an array of them", got: "[]")
        }
        self.values = values
        isEven = Thresholds.areEven(values)
    }

    init(values: [Double], isEven: Bool, hasMargins: Bool = false) {
        self.values = values
        self.isEven = isEven
        self.hasMargins = hasMargins
    }

    /// `count` thresholds from 0 to 1.
    static func spread(_ count: Int) -> [Double] { (0..<count).map { Double($0) / Double(count - 1) } }

    /// As NumPy's allclose with its rtol and Keras's epsilon.
    static func areEven(_ values: [Double]) -> Bool {
        guard values.count >= 3 else { return false }
        return zip(values, spread(values.count)).allSatisfy { abs($0 - $1) <= 1e-7 + 1e-5 * abs($1) }
    }

    var count: Int { values.count }
    func stateCount(labels: Int) -> Int { cappedProduct(2 * count + 2, labels) }

    /// Counts one element.
    @inline(__always)
    func add(_ state: UnsafeMutablePointer<Double>, output: Float, isTrue: Bool, weight: Double) {
        let mine = state + (isTrue ? 0 : count)
        state[2 * count + (isTrue ? 0 : 1)] += weight
        if isEven {
            guard !output.isNaN else { return }
            let share = min(max(output, 0), 1)
            var bucket = Int((share * Float(count - 1)).rounded(.up)) - 1
            if hasMargins { bucket = max(bucket, 0) }
            if bucket >= 0 { mine[bucket] += weight }
        } else {
            for index in 0..<count where output > Float(values[index]) { mine[index] += weight }
        }
    }

    /// True and false positives and negatives at one threshold.
    struct Counts {
        var truePositives = 0.0
        var falsePositives = 0.0
        var trueNegatives = 0.0
        var falseNegatives = 0.0

        var precision: Double { quotient(truePositives, truePositives + falsePositives) }
        var recall: Double { quotient(truePositives, truePositives + falseNegatives) }
        var specificity: Double { quotient(trueNegatives, trueNegatives + falsePositives) }
        var falsePositiveRate: Double { quotient(falsePositives, falsePositives + trueNegatives) }
    }

    /// The counts at each threshold.
    func counts(_ state: UnsafePointer<Double>) -> [Counts] {
        var result = [Counts](repeating: Counts(), count: count)
        var (right, wrong) = (0.0, 0.0)
        for index in (0..<count).reversed() {
            right = isEven ? right + state[index] : state[index]
            wrong = isEven ? wrong + state[count + index] : state[count + index]
            result[index].truePositives = right
            result[index].falsePositives = wrong
            result[index].falseNegatives = max(0, state[2 * count] - right)
            result[index].trueNegatives = max(0, state[2 * count + 1] - wrong)
        }
        return result
    }
}

/// Counts every element of a call, or those of one class, or those of the k largest outputs.
struct ThresholdCounting: Sendable {
    let thresholds: Thresholds
    var topK: Int?
    var classId: Int?

    static let specs = [
        ParameterSpec(
            "thresholds", .any("null, a number in [0, 1] or an array of them"), default: JSON.null,
            "outputs above one are positive; null is 0.5")
    ]
    static let topK = ParameterSpec(
        "top_k", .nullable(.integer(1...Int(Int32.max))), default: JSON.null,
        "only the k largest outputs can be positive, by default all of these")
    static let classId = ParameterSpec(
        "class_id", .nullable(.integer(0...Int(Int32.max))), default: JSON.null, "only this column counts")

    func check(_ metric: some Metric, _ place: MetricPlace) throws(ApusError) {
        guard place.width >= 1 else { return }
        if let classId, classId >= place.width {
            throw .parameter(
                "class_id", of: metric.parameters.kind, mustBe: "below the \(place.width) columns of the output",
                got: "\(classId)")
        }
        if let topK, topK > place.width {
            throw .parameter(
                "top_k", of: metric.parameters.kind, mustBe: "at most the \(place.width) columns of the output",
                got: "\(topK)")
        }
    }

    func update(_ state: UnsafeMutablePointer<Double>, _ call: MetricCall) {
        for position in 0..<call.positions {
            let weight = call.weight(position)
            let row = call.output + position * call.width
            let last = topK.map { ThresholdCounting.last(of: $0, row, call.width) }
            for column in classId.map({ $0..<min($0 + 1, call.width) }) ?? 0..<call.width {
                let isTrue = call.value(position, column) != 0
                var output = row[column]
                if let last, output < last.value || (output == last.value && column > last.column) { output = -1e10 }
                thresholds.add(state, output: output, isTrue: isTrue, weight: weight)
            }
        }
    }

    /// The k-th largest of a row, where of equals the first comes first; the smallest where there are not as many numbers.
    private static func last(of k: Int, _ row: UnsafePointer<Float>, _ width: Int) -> (value: Float, column: Int) {
        var last = (value: Float.infinity, column: -1)
        for _ in 0..<min(k, width) {
            var next: (value: Float, column: Int)?
            for column in 0..<width {
                let value = row[column]
                guard value < last.value || (value == last.value && column > last.column) else { continue }
                if let held = next, value <= held.value { continue }
                next = (value, column)
            }
            guard let next else { break }
            last = next
        }
        return last
    }
}
