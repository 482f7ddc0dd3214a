import CVector
import Core

/// The best of one rate over the thresholds at which another is at least a given value; 0 where none is.
protocol BestAtThreshold: Metric {
    var counting: ThresholdCounting { get }
    /// What the other rate must be.
    var least: Double { get }
    func required(_ counts: Thresholds.Counts) -> Double
    func wanted(_ counts: Thresholds.Counts) -> Double
}

extension BestAtThreshold {
    func check(_ place: MetricPlace) throws(ApusError) { try counting.check(self, place) }
    func stateCount(_ place: MetricPlace) -> Int { counting.thresholds.stateCount(labels: 1) }

    func update(_ state: UnsafeMutablePointer<Double>, _ call: MetricCall, _ kernels: borrowing apus_kernels) {
        counting.update(state, call)
    }

    func result(_ state: UnsafePointer<Double>, _ place: MetricPlace, _ out: UnsafeMutablePointer<Double>) {
        out[0] = 0
        for counts in counting.thresholds.counts(state) where required(counts) >= least {
            out[0] = max(out[0], wanted(counts))
        }
    }

    static func specs(_ rate: String) -> [ParameterSpec] {
        [
            ParameterSpec(rate, .real(from: 0, to: 1), default: nil, "the \(rate) that is asked for, in [0, 1]"),
            ParameterSpec("num_thresholds", .integer(1...1_000_000), default: 200, "how many thresholds are tried"),
            ThresholdCounting.classId,
        ] + MetricCatalog.named
    }

    static func counting(_ parameters: Parameters) -> ThresholdCounting {
        let count = parameters.integer("num_thresholds")
        return ThresholdCounting(
            thresholds: count == 1
                ? Thresholds(values: [0.5], isEven: false) : Thresholds(values: Thresholds.spread(count), isEven: true),
            classId: parameters["class_id"].integerValue)
    }
}

/// The best sensitivity at a given specificity.
struct SensitivityAtSpecificity: BestAtThreshold {
    static let entry = Entry<any Metric>(
        "SensitivityAtSpecificity", doc: "best sensitivity where the specificity is at least a given one",
        parameters: specs("specificity")
    ) {
        SensitivityAtSpecificity(parameters: $0, counting: counting($0), least: $0.real("specificity"))
    }
    let parameters: Parameters
    let counting: ThresholdCounting
    let least: Double
    func required(_ counts: Thresholds.Counts) -> Double { counts.specificity }
    func wanted(_ counts: Thresholds.Counts) -> Double { counts.recall }
}

/// The best specificity at a given sensitivity.
struct SpecificityAtSensitivity: BestAtThreshold {
    static let entry = Entry<any Metric>(
        "SpecificityAtSensitivity", doc: "best specificity where the sensitivity is at least a given one",
        parameters: specs("sensitivity")
    ) {
        SpecificityAtSensitivity(parameters: $0, counting: counting($0), least: $0.real("sensitivity"))
    }
    let parameters: Parameters
    let counting: ThresholdCounting
    let least: Double
    func required(_ counts: Thresholds.Counts) -> Double { counts.recall }
    func wanted(_ counts: Thresholds.Counts) -> Double { counts.specificity }
}

/// The best precision at a given recall.
struct PrecisionAtRecall: BestAtThreshold {
    static let entry = Entry<any Metric>(
        "PrecisionAtRecall", doc: "best precision where the recall is at least a given one",
        parameters: specs("recall")
    ) {
        PrecisionAtRecall(parameters: $0, counting: counting($0), least: $0.real("recall"))
    }
    let parameters: Parameters
    let counting: ThresholdCounting
    let least: Double
    func required(_ counts: Thresholds.Counts) -> Double { counts.recall }
    func wanted(_ counts: Thresholds.Counts) -> Double { counts.precision }
}

/// The best recall at a given precision.
struct RecallAtPrecision: BestAtThreshold {
    static let entry = Entry<any Metric>(
        "RecallAtPrecision", doc: "best recall where the precision is at least a given one",
        parameters: specs("precision")
    ) {
        RecallAtPrecision(parameters: $0, counting: counting($0), least: $0.real("precision"))
    }
    let parameters: Parameters
    let counting: ThresholdCounting
    let least: Double
    func required(_ counts: Thresholds.Counts) -> Double { counts.precision }
    func wanted(_ counts: Thresholds.Counts) -> Double { counts.recall }
}
