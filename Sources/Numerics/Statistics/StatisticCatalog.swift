import Core

/// One statistic of an array: its name, its parameters, whether it takes weights, and how it is made.
package struct StatisticEntry: Sendable {
    package let name: String
    package let doc: String
    package let specs: [ParameterSpec]
    package let takesWeights: Bool
    /// Has a value for no elements at all.
    package let takesNothing: Bool
    let make: @Sendable (Runs, Runs?, Parameters, Context, UnsafeMutablePointer<Double>) throws(ApusError) -> Void

    init(
        _ name: String, _ doc: String, _ specs: [ParameterSpec] = [], takesWeights: Bool = false,
        takesNothing: Bool = false,
        make: @escaping @Sendable (Runs, Runs?, Parameters, Context, UnsafeMutablePointer<Double>) throws(ApusError) ->
            Void
    ) {
        self.name = name
        self.doc = doc
        self.specs = specs
        self.takesWeights = takesWeights
        self.takesNothing = takesNothing
        self.make = make
    }

    /// As in the catalog.
    package var json: JSON {
        ["name": .string(name), "doc": .string(doc), "weights": .bool(takesWeights), "parameters": ParameterSpec.json(specs)]
    }
}

/// Every statistic, one line each.
package enum StatisticCatalog {
    private static func ddof(_ standard: Int) -> ParameterSpec {
        ParameterSpec(
            "ddof", .real(from: 0, to: .infinity), default: .integer(standard),
            "Taken off the count (or total weight) that is divided by: 0 population, 1 sample.")
    }
    private static let forms = ParameterSpec(
        "weights", .choice(["population", "frequency", "reliability"]), default: .string("population"),
        "What weights are: divide by W - ddof, by W - 1 (counts), or by W - sum w^2 / W.")
    private static let order = ParameterSpec(
        "order", .integer(0...1000), default: .integer(2), "Which power of the deviation from the mean.")

    package static let entries: [StatisticEntry] = [
        StatisticEntry("mean", "The mean.", takesWeights: true) { (runs, w, _, context, out) throws(ApusError) in
            try MomentStatistics(runs: runs, weights: w, context: context).mean(out)
        },
        StatisticEntry("median", "The middle value.", takesWeights: true) {
            (runs, w, _, context, out) throws(ApusError) in
            let quantiles = Quantiles(runs: runs, context: context)
            if let w { try quantiles.weightedMedian(w, out) } else { try quantiles.median(out) }
        },
        StatisticEntry("mode", "The most frequent value, the least of several.") {
            (runs, _, _, context, out) throws(ApusError) in
            try ModeStatistics(runs: runs, context: context).mode(out)
        },
        StatisticEntry("variance", "The mean squared deviation.", [ddof(0), forms], takesWeights: true) {
            (runs, w, parameters, context, out) throws(ApusError) in
            try variance(runs, w, parameters, context, out, root: false)
        },
        StatisticEntry("std", "The square root of the variance.", [ddof(0), forms], takesWeights: true) {
            (runs, w, parameters, context, out) throws(ApusError) in
            try variance(runs, w, parameters, context, out, root: true)
        },
        StatisticEntry("standard_error", "Of the mean: the deviation divided by the root of n.", [ddof(1)]) {
            (runs, _, parameters, context, out) throws(ApusError) in
            try MomentStatistics(runs: runs, weights: nil, context: context).variance(
                out, by: .freedom(parameters.real("ddof")), root: true, standardError: true)
        },
        StatisticEntry("mean_absolute_deviation", "The mean of |x - mean|.") {
            (runs, _, _, context, out) throws(ApusError) in
            try MomentStatistics(runs: runs, weights: nil, context: context).meanAbsoluteDeviation(out)
        },
        StatisticEntry("median_absolute_deviation", "The median of |x - median|.") {
            (runs, _, _, context, out) throws(ApusError) in
            try Quantiles(runs: runs, context: context).medianAbsoluteDeviation(out)
        },
        StatisticEntry("range", "Greatest less least value.") { (runs, _, _, context, out) throws(ApusError) in
            let least = try Buffer<Double>(runs.outputs, in: context.allocator)
            try ExtremeStatistics(runs: runs, context: context).extremes(least.pointer, out)
            for output in 0..<runs.outputs { out[output] -= least.pointer[output] }
        },
        StatisticEntry("interquartile_range", "The third quartile less the first, method linear.") {
            (runs, _, _, context, out) throws(ApusError) in
            try Quantiles(runs: runs, context: context).interquartileRange(out)
        },
        StatisticEntry("skewness", "m3 / m2^(3/2) of population moments.") {
            (runs, _, _, context, out) throws(ApusError) in
            try MomentStatistics(runs: runs, weights: nil, context: context).shape(out, fourth: false)
        },
        StatisticEntry("kurtosis", "m4 / m2^2 - 3 of population moments.") {
            (runs, _, _, context, out) throws(ApusError) in
            try MomentStatistics(runs: runs, weights: nil, context: context).shape(out, fourth: true)
        },
        StatisticEntry("sum", "The sum; 0 of nothing.", takesWeights: true, takesNothing: true) {
            (runs, w, _, context, out) throws(ApusError) in
            try MomentStatistics(runs: runs, weights: w, context: context).sum(out)
        },
        StatisticEntry("product", "The product; 1 of nothing.", takesNothing: true) {
            (runs, _, _, context, out) throws(ApusError) in
            try ProductStatistics(runs: runs, context: context).product(out)
        },
        StatisticEntry("min", "The least value.") { (runs, _, _, context, out) throws(ApusError) in
            let greatest = try Buffer<Double>(runs.outputs, in: context.allocator)
            try ExtremeStatistics(runs: runs, context: context).extremes(out, greatest.pointer)
        },
        StatisticEntry("max", "The greatest value.") { (runs, _, _, context, out) throws(ApusError) in
            let least = try Buffer<Double>(runs.outputs, in: context.allocator)
            try ExtremeStatistics(runs: runs, context: context).extremes(least.pointer, out)
        },
        StatisticEntry("geometric_mean", "The n-th root of the product; NaN with a negative value.") {
            (runs, _, _, context, out) throws(ApusError) in
            try ProductStatistics(runs: runs, context: context).geometricMean(out)
        },
        StatisticEntry("harmonic_mean", "n / sum 1/x; NaN with a negative value.") {
            (runs, _, _, context, out) throws(ApusError) in
            try ProductStatistics(runs: runs, context: context).harmonicMean(out)
        },
        StatisticEntry("moment", "The mean of (x - mean)^order.", [order]) {
            (runs, _, parameters, context, out) throws(ApusError) in
            try MomentStatistics(runs: runs, weights: nil, context: context).moment(
                out, order: parameters.integer("order"))
        },
    ]

    package static var json: JSON { .array(entries.map(\.json)) }

    private static func variance(
        _ runs: Runs, _ weights: Runs?, _ parameters: Parameters, _ context: Context,
        _ out: UnsafeMutablePointer<Double>, root: Bool
    ) throws(ApusError) {
        let ddof = parameters.real("ddof")
        let divisor: MomentStatistics.Divisor
        switch parameters.text("weights") {
        case "frequency": divisor = .frequency
        case "reliability": divisor = .reliability
        default: divisor = .freedom(ddof)
        }
        if case .freedom = divisor {
        } else {
            if ddof != 0 {
                throw .invalid("The ddof of \(parameters.kind) must be 0 with weights=\(parameters.text("weights")).")
            }
            if weights == nil, case .reliability = divisor {
                // Weights of 1 each.
                try MomentStatistics(runs: runs, weights: nil, context: context).variance(out, by: .freedom(1), root: root)
                return
            }
        }
        try MomentStatistics(runs: runs, weights: weights, context: context).variance(out, by: divisor, root: root)
    }

    /// The entry of a name. Throws `invalidArgument` with the names there are.
    package static func entry(_ name: String) throws(ApusError) -> StatisticEntry {
        guard let entry = entries.first(where: { $0.name == name }) else {
            throw .invalid("Unknown statistic '\(name)'; there are \(entries.map(\.name).joined(separator: ", ")).")
        }
        return entry
    }
}

/// A statistic of an array along axes: what apus_statistic does.
package struct ArrayStatistic {
    private let entry: StatisticEntry
    private let parameters: Parameters
    private let runs: Runs
    private let weights: Runs?
    private let context: Context

    /// Checks everything. `axes` nil means all of them. Throws `invalidArgument`, `shape`, `dtype`, `outOfMemory`.
    package init(
        _ name: String, parameters text: String, of a: ArrayView, weights: ArrayView?, axes: [Int]?, in context: Context
    ) throws(ApusError) {
        entry = try StatisticCatalog.entry(name)
        parameters = try Parameters(kind: name, specs: entry.specs, text: text)
        runs = try Runs(a, name: "a", axes: axes, in: context)
        self.context = context
        if !entry.takesNothing { try runs.requireElements("a") }
        guard let weights else {
            self.weights = nil
            return
        }
        guard entry.takesWeights else { throw .invalid("\(name) takes no weights.") }
        let spread = try ArrayStatistic.spread(weights, over: a, axes: axes)
        let all = try Runs(weights, name: "weights", axes: nil, in: context)
        try ArrayStatistic.requireWeights(all, in: context)
        self.weights = try Runs(spread, name: "weights", axes: axes, in: context)
    }

    /// Shape of the result: without the axes, or with an extent of 1 for each.
    package var shapes: (Shape, Shape) { (runs.shape, runs.keptShape) }

    package func make() throws(ApusError) -> Buffer<Double> {
        let out = try Buffer<Double>(runs.outputs, in: context.allocator)
        if runs.outputs > 0 { try entry.make(runs, weights, parameters, context, out.pointer) }
        return out
    }

    /// Weights of a's shape, or a vector along the one axis repeated over the others.
    private static func spread(_ weights: ArrayView, over a: ArrayView, axes: [Int]?) throws(ApusError) -> ArrayView {
        if weights.shape == a.shape { return weights }
        let axis: Int
        if let axes, axes.count == 1 {
            axis = axes[0] < 0 ? axes[0] + a.shape.rank : axes[0]
        } else {
            throw .shape("weights must have a's shape \(a.shape), got \(weights.shape).")
        }
        guard weights.shape.rank == 1, axis >= 0, axis < a.shape.rank, weights.shape[0] == a.shape[axis] else {
            throw .shape(
                "weights must have a's shape \(a.shape) or be a vector along axis \(axis), got \(weights.shape).")
        }
        var strides = a.shape
        for index in 0..<a.shape.rank { strides[index] = index == axis ? weights.strides[0] : 0 }
        return ArrayView(data: weights.data, dtype: weights.dtype, shape: a.shape, strides: strides)
    }

    /// Throws `invalidArgument` for a negative or NaN weight.
    static func requireWeights(_ weights: Runs, in context: Context) throws(ApusError) {
        if weights.length == 0 { return }
        var least = 0.0
        var greatest = 0.0
        try ExtremeStatistics(runs: weights, context: context).extremes(&least, &greatest)
        guard least >= 0, greatest.isFinite else {
            throw .invalid("weights must be finite and >= 0, found \(least.isNaN ? "NaN" : "\(least < 0 ? least : greatest)").")
        }
    }
}
