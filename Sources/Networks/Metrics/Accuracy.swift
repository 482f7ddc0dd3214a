import CVector
import Core

/// Share of positions predicted right, of the kind that fits the targets: what "accuracy" means.
struct Accuracy: MeanMetric {
    static let entry = Entry<any Metric>(
        "Accuracy", aliases: ["acc"], doc: "share of rows that are right, of the kind that fits the loss",
        parameters: MetricCatalog.named
    ) { Accuracy(parameters: $0) }
    let parameters: Parameters

    func check(_ place: MetricPlace) throws(ApusError) {}

    func sum(_ call: MetricCall, _ positions: Range<Int>, _ kernels: borrowing apus_kernels) -> Double {
        if call.kind == .values, call.width == 1 { return BinaryAccuracy.right(call, positions, above: 0.5) }
        return CategoricalAccuracy.right(call, positions)
    }
}

/// Share of elements that are 1 above the threshold and 0 elsewhere, as the targets.
struct BinaryAccuracy: MeanMetric {
    static let entry = Entry<any Metric>(
        "BinaryAccuracy", doc: "share of elements on the right side of the threshold",
        parameters: MetricCatalog.named + [
            ParameterSpec("threshold", .real(from: -.infinity, to: .infinity), default: 0.5, "above it 1 is predicted")
        ]
    ) { BinaryAccuracy(parameters: $0, threshold: Float($0.real("threshold"))) }
    let parameters: Parameters
    let threshold: Float

    func check(_ place: MetricPlace) throws(ApusError) {}

    func sum(_ call: MetricCall, _ positions: Range<Int>, _ kernels: borrowing apus_kernels) -> Double {
        BinaryAccuracy.right(call, positions, above: threshold)
    }

    static func right(_ call: MetricCall, _ positions: Range<Int>, above threshold: Float) -> Double {
        var right = 0
        for position in positions {
            for column in 0..<call.width
            where call.value(position, column) == (call.output[position * call.width + column] > threshold ? 1 : 0) {
                right += 1
            }
        }
        return Double(right) / Double(call.width)
    }
}

/// Share of positions whose largest output is where the target is largest.
struct CategoricalAccuracy: MeanMetric {
    static let entry = Entry<any Metric>(
        "CategoricalAccuracy", doc: "share of rows whose largest output is the target's largest",
        parameters: MetricCatalog.named
    ) { CategoricalAccuracy(parameters: $0) }
    let parameters: Parameters

    func check(_ place: MetricPlace) throws(ApusError) {}

    func sum(_ call: MetricCall, _ positions: Range<Int>, _ kernels: borrowing apus_kernels) -> Double {
        CategoricalAccuracy.right(call, positions)
    }

    static func right(_ call: MetricCall, _ positions: Range<Int>) -> Double {
        var right = 0
        for position in positions where call.largest(call.output, position) == call.label(position) { right += 1 }
        return Double(right)
    }
}

/// Share of positions whose largest output is the label.
struct SparseCategoricalAccuracy: MeanMetric {
    static let entry = Entry<any Metric>(
        "SparseCategoricalAccuracy", doc: "share of rows whose largest output is the label",
        parameters: MetricCatalog.named
    ) { SparseCategoricalAccuracy(parameters: $0) }
    let parameters: Parameters

    func check(_ place: MetricPlace) throws(ApusError) { try Labels.check(self, place) }

    func sum(_ call: MetricCall, _ positions: Range<Int>, _ kernels: borrowing apus_kernels) -> Double {
        var right = 0
        for position in positions
        where Float(call.largest(call.output, position)) == Labels.number(call, position) { right += 1 }
        return Double(right)
    }
}

/// Class numbers as targets, or as values of one column.
enum Labels {
    static func check(_ metric: some Metric, _ place: MetricPlace) throws(ApusError) {
        if place.kind == .values, place.width != 1 {
            throw .invalid(
                "The metric '\(metric.name)' needs class numbers; the loss takes targets of the outputs' shape.")
        }
    }

    @inline(__always)
    static func number(_ call: MetricCall, _ position: Int) -> Float {
        call.kind == .labels ? Float(call.labels[position]) : call.target[position]
    }
}

/// Share of positions where fewer than k outputs exceed that of the target's largest class.
struct TopKCategoricalAccuracy: MeanMetric {
    static let entry = Entry<any Metric>(
        "TopKCategoricalAccuracy", doc: "share of rows whose target is among the k largest outputs",
        parameters: [k] + MetricCatalog.named
    ) { TopKCategoricalAccuracy(parameters: $0, k: $0.integer("k")) }
    static let k = ParameterSpec("k", .integer(1...Int(Int32.max)), default: 5, "how many outputs may be above, plus 1")
    let parameters: Parameters
    let k: Int

    func check(_ place: MetricPlace) throws(ApusError) {}

    func sum(_ call: MetricCall, _ positions: Range<Int>, _ kernels: borrowing apus_kernels) -> Double {
        var right = 0
        for position in positions where isAmong(call, position, call.label(position), k) { right += 1 }
        return Double(right)
    }
}

/// Share of positions where fewer than k outputs exceed that of the label.
struct SparseTopKCategoricalAccuracy: MeanMetric {
    static let entry = Entry<any Metric>(
        "SparseTopKCategoricalAccuracy", doc: "share of rows whose label is among the k largest outputs",
        parameters: [TopKCategoricalAccuracy.k] + MetricCatalog.named + [
            ParameterSpec(
                "from_sorted_ids", .boolean, default: false, "whether outputs are class numbers, the likeliest first")
        ]
    ) {
        SparseTopKCategoricalAccuracy(
            parameters: $0, k: $0.integer("k"), fromSortedIds: $0.boolean("from_sorted_ids"))
    }
    let parameters: Parameters
    let k: Int
    let fromSortedIds: Bool

    func check(_ place: MetricPlace) throws(ApusError) { try Labels.check(self, place) }

    func sum(_ call: MetricCall, _ positions: Range<Int>, _ kernels: borrowing apus_kernels) -> Double {
        var right = 0
        for position in positions {
            let label = Labels.number(call, position)
            if fromSortedIds {
                let row = call.output + position * call.width
                if (0..<min(k, call.width)).contains(where: { row[$0] == label }) { right += 1 }
            } else if label >= 0, label < Float(call.width), isAmong(call, position, Int(label), k) {
                right += 1
            }
        }
        return Double(right)
    }
}

/// Whether fewer than k outputs of a position exceed that of a class; a NaN there is below all.
private func isAmong(_ call: MetricCall, _ position: Int, _ label: Int, _ k: Int) -> Bool {
    guard label >= 0, label < call.width else { return false }
    let row = call.output + position * call.width
    let own = row[label].isNaN ? -Float.infinity : row[label]
    var above = 0
    for index in 0..<call.width where row[index] > own { above += 1 }
    return above < k
}
