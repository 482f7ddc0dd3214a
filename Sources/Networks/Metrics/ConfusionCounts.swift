import CVector
import Core

/// A metric of counts at thresholds, one result for each.
protocol ThresholdMetric: Metric {
    var counting: ThresholdCounting { get }
    func value(_ counts: Thresholds.Counts) -> Double
}

extension ThresholdMetric {
    func check(_ place: MetricPlace) throws(ApusError) { try counting.check(self, place) }
    func stateCount(_ place: MetricPlace) -> Int { counting.thresholds.stateCount(labels: 1) }
    func resultShape(_ place: MetricPlace) -> [Int] {
        counting.thresholds.count == 1 ? [] : [counting.thresholds.count]
    }

    func update(_ state: UnsafeMutablePointer<Double>, _ call: MetricCall, _ kernels: borrowing apus_kernels) {
        counting.update(state, call)
    }

    func result(_ state: UnsafePointer<Double>, _ place: MetricPlace, _ out: UnsafeMutablePointer<Double>) {
        for (index, counts) in counting.thresholds.counts(state).enumerated() { out[index] = value(counts) }
    }

    static func counting(_ parameters: Parameters) throws(ApusError) -> ThresholdCounting {
        let topK = parameters["top_k"].integerValue
        // Among the k largest every output is positive.
        let thresholds = try Thresholds(
            parameters["thresholds"], default: topK == nil ? 0.5 : -1e10, of: parameters.kind)
        return ThresholdCounting(thresholds: thresholds, topK: topK, classId: parameters["class_id"].integerValue)
    }
}

/// Weight of the elements that are rightly predicted positive.
struct TruePositives: ThresholdMetric {
    static let entry = Entry<any Metric>(
        "TruePositives", doc: "count of elements rightly above the threshold",
        parameters: ThresholdCounting.specs + MetricCatalog.named
    ) { (parameters) throws(ApusError) in TruePositives(parameters: parameters, counting: try counting(parameters)) }
    let parameters: Parameters
    let counting: ThresholdCounting
    func value(_ counts: Thresholds.Counts) -> Double { counts.truePositives }
}

/// Weight of the elements that are wrongly predicted positive.
struct FalsePositives: ThresholdMetric {
    static let entry = Entry<any Metric>(
        "FalsePositives", doc: "count of elements wrongly above the threshold",
        parameters: ThresholdCounting.specs + MetricCatalog.named
    ) { (parameters) throws(ApusError) in FalsePositives(parameters: parameters, counting: try counting(parameters)) }
    let parameters: Parameters
    let counting: ThresholdCounting
    func value(_ counts: Thresholds.Counts) -> Double { counts.falsePositives }
}

/// Weight of the elements that are rightly predicted negative.
struct TrueNegatives: ThresholdMetric {
    static let entry = Entry<any Metric>(
        "TrueNegatives", doc: "count of elements rightly not above the threshold",
        parameters: ThresholdCounting.specs + MetricCatalog.named
    ) { (parameters) throws(ApusError) in TrueNegatives(parameters: parameters, counting: try counting(parameters)) }
    let parameters: Parameters
    let counting: ThresholdCounting
    func value(_ counts: Thresholds.Counts) -> Double { counts.trueNegatives }
}

/// Weight of the elements that are wrongly predicted negative.
struct FalseNegatives: ThresholdMetric {
    static let entry = Entry<any Metric>(
        "FalseNegatives", doc: "count of elements wrongly not above the threshold",
        parameters: ThresholdCounting.specs + MetricCatalog.named
    ) { (parameters) throws(ApusError) in FalseNegatives(parameters: parameters, counting: try counting(parameters)) }
    let parameters: Parameters
    let counting: ThresholdCounting
    func value(_ counts: Thresholds.Counts) -> Double { counts.falseNegatives }
}

/// Of what is predicted positive, the share that is.
struct Precision: ThresholdMetric {
    static let entry = Entry<any Metric>(
        "Precision", doc: "share of the elements above the threshold that are rightly so",
        parameters: ThresholdCounting.specs + [ThresholdCounting.topK, ThresholdCounting.classId]
            + MetricCatalog.named
    ) { (parameters) throws(ApusError) in Precision(parameters: parameters, counting: try counting(parameters)) }
    let parameters: Parameters
    let counting: ThresholdCounting
    func value(_ counts: Thresholds.Counts) -> Double { counts.precision }
}

/// Of what is positive, the share that is predicted so.
struct Recall: ThresholdMetric {
    static let entry = Entry<any Metric>(
        "Recall", doc: "share of the positive elements that are above the threshold",
        parameters: ThresholdCounting.specs + [ThresholdCounting.topK, ThresholdCounting.classId]
            + MetricCatalog.named
    ) { (parameters) throws(ApusError) in Recall(parameters: parameters, counting: try counting(parameters)) }
    let parameters: Parameters
    let counting: ThresholdCounting
    func value(_ counts: Thresholds.Counts) -> Double { counts.recall }
}
