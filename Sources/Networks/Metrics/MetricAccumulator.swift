import Core

/// A metric by itself, with its sums.
package final class MetricAccumulator: @unchecked Sendable {
    package let metric: any Metric
    package let name: String
    private let allocator: Allocator
    private var place: MetricPlace?
    private var state: Buffer<Double>?

    package init(_ json: JSON, in allocator: Allocator) throws(ApusError) {
        (metric, name) = try MetricCatalog.make(json)
        self.allocator = allocator
    }

    package func reset() {
        if let state { state.pointer.update(repeating: 0, count: state.count) }
    }

    /// Adds rows; see apus_metric_update.
    package func update(
        targets: ArrayView, outputs: ArrayView, weights: ArrayView?, in context: Context
    ) throws(ApusError) {
        guard outputs.shape.rank >= 1, outputs.count >= 1 else {
            throw .shape("outputs must have at least one row and one element, got shape \(outputs.shape).")
        }
        let shape = outputs.shape.rank == 1 ? Shape(outputs.rows, 1) : outputs.shape
        let width = shape.last
        let places = shape.dropLast
        var withUnit = places
        withUnit.append(1)
        let kind: TargetKind
        if targets.shape == outputs.shape || targets.shape == shape || (width == 1 && targets.shape == places) {
            kind = .values
        } else if targets.shape == places || targets.shape == withUnit {
            kind = .labels
        } else {
            throw .shape(
                "targets must have the outputs' shape \(outputs.shape), or \(places) for class numbers, got \(targets.shape)."
            )
        }
        let fresh = MetricPlace(kind: kind, width: width, rank: shape.rank)
        if let place, place.width != width || place.rank != shape.rank || place.kind != kind {
            throw .shape(
                "The updates of a metric must agree: the first had \(place.rank) axes and \(place.width) columns of \(place.kind), this one has \(shape.rank) and \(width) of \(kind)."
            )
        }
        try metric.check(fresh)
        let positions = places.count
        let values = try Buffer<Float>(shape.count, in: allocator)
        try outputs.copy(to: values.pointer, name: "outputs")
        let target = try Buffer<Float>(kind == .values ? shape.count : 1, in: allocator)
        let labels = try Buffer<Int32>(kind == .labels ? positions : 1, in: allocator)
        if kind == .values { try targets.copy(to: target.pointer, name: "targets") }
        if kind == .labels {
            targets.forEachElement { index, pointer in
                let value = targets.double(pointer)
                // What is no class is no error: metrics count it as wrong, or may ignore it.
                labels.pointer[index] =
                    value >= 0 && value < Double(width) && value == value.rounded(.down) ? Int32(value) : -1
            }
        }
        var held: Buffer<Float>?
        if let weights { held = try load(weights, rows: shape[0], places: places, in: context) }
        let state: Buffer<Double>
        if let existing = self.state {
            state = existing
        } else {
            state = try Buffer(zeros: max(metric.stateCount(fresh), 1), in: allocator)
        }
        (self.state, place) = (state, fresh)
        metric.update(
            state.pointer,
            MetricCall(
                output: UnsafePointer(values.pointer), target: UnsafePointer(target.pointer),
                labels: UnsafePointer(labels.pointer), kind: kind, positions: positions, width: width,
                weights: held.map { UnsafePointer($0.pointer) }, mask: nil), context.kernels)
        withExtendedLifetime((values, target, labels, held)) {}
    }

    /// A weight for each place.
    private func load(
        _ weights: ArrayView, rows: Int, places: Shape, in context: Context
    ) throws(ApusError) -> Buffer<Float> {
        let own = weights.shape
        let fits = own.rank <= places.rank && (0..<own.rank).allSatisfy { own[$0] == places[$0] }
        guard own.rank >= 1, own[0] == rows, fits || own == Shape(rows, 1) else {
            throw .shape("sample_weight must have shape (\(rows),) or \(places), got \(own).")
        }
        let held = try Buffer<Float>(places.count, in: allocator)
        let run = places.count / max(own.count, 1)
        var fault: Double?
        weights.forEachElement { index, pointer in
            let value = weights.double(pointer)
            if !(value >= 0 && Float(value).isFinite) { fault = value }
            (held.pointer + index * run).update(repeating: Float(value), count: run)
        }
        if let fault { throw .invalid("sample_weight must be >= 0 and finite as float32, got \(fault).") }
        return held
    }

    /// The result so far, float64.
    package func result() throws(ApusError) -> Tensor {
        guard let state, let place else {
            throw ApusError(.notFitted, "The metric '\(name)' has seen no rows: update it first.")
        }
        let tensor = try Tensor(.float64, Shape(metric.resultShape(place)), in: allocator)
        metric.result(UnsafePointer(state.pointer), place, tensor.doubles)
        return tensor
    }
}
