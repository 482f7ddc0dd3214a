import CVector
import Core

/// Intersection over union of classes: the elements of a class in target and output, over those in either.
///
/// State: the confusion matrix, targets by outputs.
struct IntersectionOverUnion: Metric {
    private static let classes = ParameterSpec("num_classes", .integer(1...4096), default: nil, "how many classes")
    private static let targets = ParameterSpec(
        "target_class_ids", .integers(0...4095), default: nil, "the classes whose mean is the result")
    private static let ignored = ParameterSpec(
        "ignore_class", .nullable(.integer(-Int(Int32.max)...Int(Int32.max))), default: JSON.null,
        "targets of this class do not count")
    private static let sparseTrue = ParameterSpec(
        "sparse_y_true", .boolean, default: true, "whether targets are class numbers, or one-hot")
    private static func sparsePred(_ standard: JSON) -> ParameterSpec {
        ParameterSpec(
            "sparse_y_pred", .boolean, default: standard, "whether outputs are class numbers, or a score for each class"
        )
    }

    static let entry = Entry<any Metric>(
        "IoU", doc: "intersection over union of some classes",
        parameters: [classes, targets] + MetricCatalog.named + [
            ignored, sparseTrue, sparsePred(true), MetricCatalog.lastAxis,
        ]
    ) { (parameters) throws(ApusError) in try IntersectionOverUnion(parameters) }
    static let mean = Entry<any Metric>(
        "MeanIoU", doc: "mean intersection over union of all classes",
        parameters: [classes] + MetricCatalog.named + [ignored, sparseTrue, sparsePred(true), MetricCatalog.lastAxis]
    ) { (parameters) throws(ApusError) in try IntersectionOverUnion(parameters) }
    static let oneHot = Entry<any Metric>(
        "OneHotIoU", doc: "intersection over union of some classes, targets one-hot",
        parameters: [classes, targets] + MetricCatalog.named + [ignored, sparsePred(false), MetricCatalog.lastAxis]
    ) { (parameters) throws(ApusError) in try IntersectionOverUnion(parameters, oneHot: true) }
    static let oneHotMean = Entry<any Metric>(
        "OneHotMeanIoU", doc: "mean intersection over union of all classes, targets one-hot",
        parameters: [classes] + MetricCatalog.named + [ignored, sparsePred(false), MetricCatalog.lastAxis]
    ) { (parameters) throws(ApusError) in try IntersectionOverUnion(parameters, oneHot: true) }
    static let binary = Entry<any Metric>(
        "BinaryIoU", doc: "intersection over union of the classes below and from a threshold",
        parameters: [
            ParameterSpec(
                "target_class_ids", .nullable(.integers(0...1)), default: JSON.null,
                "the classes whose mean is the result; null is both"),
            ParameterSpec(
                "threshold", .real(from: -.infinity, to: .infinity), default: 0.5, "outputs from it on are class 1"),
        ] + MetricCatalog.named
    ) { (parameters) throws(ApusError) in
        try IntersectionOverUnion(parameters, threshold: Float(parameters.real("threshold")))
    }

    let parameters: Parameters
    let classes: Int
    let wanted: [Int]
    let ignored: Int?
    let sparseTrue: Bool
    let sparsePred: Bool
    let threshold: Float?

    init(_ parameters: Parameters, oneHot: Bool = false, threshold: Float? = nil) throws(ApusError) {
        self.parameters = parameters
        self.threshold = threshold
        classes = threshold == nil ? parameters.integer("num_classes") : 2
        let given = parameters["target_class_ids"].arrayValue?.compactMap(\.integerValue)
        wanted = given ?? Array(0..<classes)
        ignored = parameters["ignore_class"].integerValue
        sparseTrue = threshold != nil || (!oneHot && parameters.boolean("sparse_y_true"))
        sparsePred = threshold != nil || parameters.boolean("sparse_y_pred")
        guard !wanted.isEmpty, wanted.allSatisfy({ $0 < classes }) else {
            throw .parameter(
                "target_class_ids", of: parameters.kind, mustBe: "some of the classes 0 to \(classes - 1)",
                got: parameters["target_class_ids"].text)
        }
    }

    func check(_ place: MetricPlace) throws(ApusError) {
        let byElement = sparseTrue && place.kind == .values
        guard place.width == 1 || place.width < 0 || byElement == sparsePred else {
            throw .invalid(
                "The metric '\(name)' has \(byElement ? "a class for each element" : "one class for each position") of the targets but not of the outputs: look at sparse_y_true and sparse_y_pred."
            )
        }
    }
    func stateCount(_ place: MetricPlace) -> Int { classes * classes }

    func update(_ state: UnsafeMutablePointer<Double>, _ call: MetricCall, _ kernels: borrowing apus_kernels) {
        let byElement = sparseTrue && call.kind == .values
        for position in 0..<call.positions {
            let weight = call.weight(position)
            for column in 0..<(byElement ? call.width : 1) {
                let element = position * call.width + column
                let target = byElement ? whole(call.target[element]) : call.label(position)
                let output =
                    threshold.map { call.output[element] >= $0 ? 1 : 0 }
                    ?? (sparsePred ? whole(call.output[element]) : call.largest(call.output, position))
                guard target >= 0, target < classes, output >= 0, output < classes, target != ignored else { continue }
                state[target * classes + output] += weight
            }
        }
    }

    /// A number as a class, cut off as Keras does; -1 for what is none.
    private func whole(_ value: Float) -> Int { value > -1 && value < 4096 ? Int(value) : -1 }

    func result(_ state: UnsafePointer<Double>, _ place: MetricPlace, _ out: UnsafeMutablePointer<Double>) {
        var (sum, present) = (0.0, 0.0)
        for number in wanted {
            var (inTarget, inOutput) = (0.0, 0.0)
            for other in 0..<classes {
                inTarget += state[number * classes + other]
                inOutput += state[other * classes + number]
            }
            let both = state[number * classes + number]
            let either = inTarget + inOutput - both
            // A class that nobody has does not count.
            if either > 1e-9 {
                sum += both / (either + 1e-7)
                present += 1
            }
        }
        out[0] = sum / (present + 1e-7)
    }
}
