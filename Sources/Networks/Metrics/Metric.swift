import CVector
import Core

/// Some rows of an output with their targets, as a metric sees them.
package struct MetricCall {
    package let output: UnsafePointer<Float>
    /// For `values`.
    package let target: UnsafePointer<Float>
    /// For `labels`; -1 where the target is no class of the output (a class that the loss ignores).
    package let labels: UnsafePointer<Int32>
    package let kind: TargetKind
    /// Rows times all axes but that of the classes.
    package let positions: Int
    /// Extent of the last axis, or of the axis of the classes.
    package let width: Int
    /// Sample weights by position; nil when all are 1.
    package let weights: UnsafePointer<Float>?
    /// 1 or 0 by position; nil when all count.
    package let mask: UnsafePointer<Float>?

    package init(
        output: UnsafePointer<Float>, target: UnsafePointer<Float>, labels: UnsafePointer<Int32>, kind: TargetKind,
        positions: Int, width: Int, weights: UnsafePointer<Float>?, mask: UnsafePointer<Float>?
    ) {
        self.output = output
        self.target = target
        self.labels = labels
        self.kind = kind
        self.positions = positions
        self.width = width
        self.weights = weights
        self.mask = mask
    }

    /// The sample weight of a position, without the mask.
    @inline(__always)
    func weight(_ position: Int) -> Double { weights.map { Double($0[position]) } ?? 1 }

    /// The target of one element; a label is a row that is 1 at its class.
    @inline(__always)
    func value(_ position: Int, _ column: Int) -> Float {
        switch kind {
        case .values: target[position * width + column]
        case .labels: Int(labels[position]) == column ? 1 : 0
        }
    }

    /// Where a row is largest, the first of equals. A NaN is larger than nothing.
    @inline(__always)
    func largest(_ x: UnsafePointer<Float>, _ position: Int) -> Int {
        let row = x + position * width
        var best = 0
        var index = 1
        while index < width {
            if row[index] > row[best] { best = index }
            index += 1
        }
        return best
    }

    /// The class that the target says: the label, or where the target is largest.
    @inline(__always)
    func label(_ position: Int) -> Int {
        switch kind {
        case .values: largest(target, position)
        case .labels: Int(labels[position])
        }
    }
}

/// What a metric is applied to.
package struct MetricPlace {
    package let kind: TargetKind
    /// Extent of the last axis, `Shape.unknown` where it depends on the data.
    package let width: Int
    /// Axes with that of the rows.
    package let rank: Int

    package init(kind: TargetKind, width: Int, rank: Int) {
        self.kind = kind
        self.width = width
        self.rank = rank
    }
}

/// A figure of merit with state in double precision, which batches add to in the order of their rows: the same bits for
/// any number of threads. Names, parameters and meaning are Keras 3's.
package protocol Metric: Sendable {
    var parameters: Parameters { get }
    /// The name where none is given.
    var standardName: String { get }
    /// Throws for outputs or targets that it does not go with.
    func check(_ place: MetricPlace) throws(ApusError)
    /// Doubles of state, all 0 at first.
    func stateCount(_ place: MetricPlace) -> Int
    /// Extents of the result: none for one number.
    func resultShape(_ place: MetricPlace) -> [Int]
    func update(_ state: UnsafeMutablePointer<Double>, _ call: MetricCall, _ kernels: borrowing apus_kernels)
    /// Writes as many numbers as `resultShape` says.
    func result(_ state: UnsafePointer<Double>, _ place: MetricPlace, _ out: UnsafeMutablePointer<Double>)
}

extension Metric {
    package var standardName: String { snakeCase(parameters.kind) }
    package var name: String { parameters["name"].stringValue ?? standardName }
    package func resultShape(_ place: MetricPlace) -> [Int] { [] }

    func needsValues(_ place: MetricPlace) throws(ApusError) {
        if place.kind == .labels {
            throw .invalid("The metric '\(name)' needs targets of the outputs' shape; the loss takes labels.")
        }
    }

    func needsKnownWidth(_ place: MetricPlace) throws(ApusError) {
        guard place.width >= 1 else {
            throw .invalid("The metric '\(name)' needs outputs whose last axis has a known extent.")
        }
    }

    func needsRows(_ place: MetricPlace) throws(ApusError) {
        try needsKnownWidth(place)
        guard place.rank == 2 else {
            throw .invalid(
                "The metric '\(name)' needs outputs of two axes, rows and columns; these have \(place.rank) axes.")
        }
    }
}

/// a / b, 0 for b = 0.
@inline(__always)
func quotient(_ a: Double, _ b: Double) -> Double { b == 0 ? 0 : a / b }

/// A mean over positions, each counting by its weight and mask.
protocol MeanMetric: Metric {
    /// The sum over a range of positions, unweighted.
    func sum(_ call: MetricCall, _ positions: Range<Int>, _ kernels: borrowing apus_kernels) -> Double
    /// Whether a position has a weight other than 0 when there are weights.
    func counts(_ call: MetricCall, _ position: Int) -> Bool
    /// The result from the mean.
    func finish(_ mean: Double) -> Double
}

extension MeanMetric {
    func stateCount(_ place: MetricPlace) -> Int { 2 }
    func counts(_ call: MetricCall, _ position: Int) -> Bool { true }
    func finish(_ mean: Double) -> Double { mean }

    func update(_ state: UnsafeMutablePointer<Double>, _ call: MetricCall, _ kernels: borrowing apus_kernels) {
        guard call.weights != nil || call.mask != nil else {
            state[0] += sum(call, 0..<call.positions, kernels)
            state[1] += Double(call.positions)
            return
        }
        func weight(_ position: Int) -> Double {
            if call.weights != nil, !counts(call, position) { return 0 }
            return call.weight(position) * (call.mask.map { Double($0[position]) } ?? 1)
        }
        var start = 0
        while start < call.positions {
            let common = weight(start)
            var end = start + 1
            while end < call.positions, weight(end) == common { end += 1 }
            if common != 0 {
                state[0] += common * sum(call, start..<end, kernels)
                state[1] += common * Double(end - start)
            }
            start = end
        }
    }

    func result(_ state: UnsafePointer<Double>, _ place: MetricPlace, _ out: UnsafeMutablePointer<Double>) {
        out[0] = finish(quotient(state[0], state[1]))
    }
}
