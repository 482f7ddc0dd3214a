import CVector
import Core

/// Weight of positions by the target's class (row) and the largest output (column); outputs of one column are class 1
/// above 0.5.
struct ConfusionMatrix: Metric {
    static let entry = Entry<any Metric>(
        "ConfusionMatrix", doc: "counts by the target's class (row) and the predicted class (column)",
        parameters: [
            ParameterSpec(
                "num_classes", .nullable(.integer(2...4096)), default: JSON.null,
                "how many classes; null: the columns of the output, 2 for one")
        ] + MetricCatalog.named
    ) { ConfusionMatrix(parameters: $0) }
    let parameters: Parameters

    private func classes(_ width: Int) -> Int { parameters["num_classes"].integerValue ?? max(width, 2) }

    func check(_ place: MetricPlace) throws(ApusError) {
        try needsKnownWidth(place)
        guard classes(place.width) <= 4096 else {
            throw .limit("The metric '\(name)' takes up to 4096 classes, the output has \(place.width).")
        }
    }
    func stateCount(_ place: MetricPlace) -> Int { classes(place.width) * classes(place.width) }
    func resultShape(_ place: MetricPlace) -> [Int] { [classes(place.width), classes(place.width)] }

    func update(_ state: UnsafeMutablePointer<Double>, _ call: MetricCall, _ kernels: borrowing apus_kernels) {
        let count = classes(call.width)
        for position in 0..<call.positions {
            var (target, output) = (call.label(position), call.largest(call.output, position))
            if call.width == 1 {
                output = call.output[position] > 0.5 ? 1 : 0
                if call.kind == .values {
                    let value = call.target[position]
                    target = value > -1 && value < 4096 ? Int(value) : -1
                }
            }
            if target >= 0, target < count, output < count {
                state[target * count + output] += call.weight(position)
            }
        }
    }

    func result(_ state: UnsafePointer<Double>, _ place: MetricPlace, _ out: UnsafeMutablePointer<Double>) {
        out.update(from: state, count: stateCount(place))
    }
}
