import Core
import Glibc

/// Rows to train on or to evaluate: views of the caller's arrays, borrowed as long as the dataset lives, or of what a
/// pass over another source has in memory.
package final class Dataset: @unchecked Sendable {
    package let count: Int
    package let inputs: [ArrayView]
    package let targets: [ArrayView]
    /// None, one for all outputs, or one for each: a weight for each row, or for each of the first axes of an output.
    package private(set) var sampleWeights: [ArrayView?] = []
    /// What batches of a fit go through first.
    var augmentation: TrainingAugmentation?
    /// Which row of the whole source lies at a place, for messages; nil where that is the place.
    package var numbering: ((_ place: Int) -> Int)?

    /// Throws `shape` when the arrays do not have equally many rows, `dtype` for float64, `invalidArgument` for bad
    /// weights.
    package init(inputs: [ArrayView], targets: [ArrayView], sampleWeight: ArrayView?) throws(ApusError) {
        let all =
            inputs.enumerated().map { (name: "inputs[\($0.offset)]", view: $0.element) }
            + targets.enumerated().map { (name: "targets[\($0.offset)]", view: $0.element) }
        guard let first = all.first else { throw .invalid("A dataset needs at least one array.") }
        count = first.view.rows
        for (name, view) in all { try Dataset.check(view, rows: count, name: name, as: first.name) }
        self.inputs = inputs
        self.targets = targets
        if let sampleWeight { try setSampleWeights([sampleWeight]) }
    }

    /// Views of equally many rows that were checked, and whose elements come later: see `checkWeightValues`.
    package init(rows: Int, inputs: [ArrayView], targets: [ArrayView], sampleWeights: [ArrayView?]) {
        count = rows
        self.inputs = inputs
        self.targets = targets
        self.sampleWeights = sampleWeights
    }

    /// The number of the row at a place in the whole source.
    func number(_ place: Int) -> Int { numbering?(place) ?? place }

    /// Sets the weights of the samples: none, one array for all outputs, or one (or nil) for each.
    package func setSampleWeights(_ weights: [ArrayView?]) throws(ApusError) {
        for (index, weight) in weights.enumerated() {
            guard let weight else { continue }
            let name = weights.count == 1 ? "sample_weight" : "sample_weight[\(index)]"
            guard weight.shape.rank >= 1, weight.rows == count else {
                throw .shape("\(name) must have shape (\(count),) or begin with \(count) rows, got \(weight.shape).")
            }
            try checkValues(of: weight, name)
        }
        sampleWeights = weights
    }

    /// Checks the values of the weights of the first rows.
    package func checkWeightValues(rows: Int) throws(ApusError) {
        for (index, weight) in sampleWeights.enumerated() {
            guard let weight else { continue }
            try checkValues(
                of: weight.rows(0, rows), sampleWeights.count == 1 ? "sample_weight" : "sample_weight[\(index)]")
        }
    }

    private func checkValues(of weight: ArrayView, _ name: String) throws(ApusError) {
        let size = max(1, weight.rowCount)
        var fault: (Int, Double)?
        weight.forEachElement { index, pointer in
            let value = weight.double(pointer)
            if fault == nil, !(value >= 0 && Float(value).isFinite) { fault = (index / size, value) }
        }
        if let fault {
            throw .invalid("\(name) must be >= 0 and finite as float32, row \(number(fault.0)) has \(fault.1).")
        }
    }

    /// The weights for an output.
    func sampleWeight(of output: Int) -> ArrayView? {
        sampleWeights.count == 1 ? sampleWeights[0] : output < sampleWeights.count ? sampleWeights[output] : nil
    }

    /// Checks the weights against the shapes of one row of each output, without the axis of the classes.
    func checkWeights(_ places: [Shape]) throws(ApusError) {
        guard sampleWeights.count <= 1 || sampleWeights.count == places.count else {
            throw .invalid("The network has \(places.count) outputs, got \(sampleWeights.count) sample weights.")
        }
        for (index, shape) in places.enumerated() {
            guard let weight = sampleWeight(of: index) else { continue }
            let own = weight.shape.dropFirst(1)
            if own == Shape(1) { continue }
            guard own.rank <= shape.rank, (0..<own.rank).allSatisfy({ own[$0] == shape[$0] }) else {
                throw .shape(
                    "sample_weight must have shape (\(count),) or \(shape.prefixed(by: count)), or the first axes of that, got \(weight.shape)."
                )
            }
        }
    }

    /// Writes the weight of each place of some rows for an output; 1 where there are none.
    func loadWeights(
        of output: Int, _ order: UnsafePointer<Int>?, start: Int, count: Int, places: Int,
        to out: UnsafeMutablePointer<Float>
    ) {
        guard let weight = sampleWeight(of: output) else {
            out.update(repeating: 1, count: count * places)
            return
        }
        // What is given for the first axes, or for more than the loss tells apart, goes to all places behind it.
        let given = max(1, weight.rowCount)
        let run = max(1, places / given)
        if run * given != places { out.update(repeating: 1, count: count * places) }
        for row in 0..<count {
            let values = weight.rowView(order.map { $0[start + row] } ?? start + row)
            values.forEachElement { index, pointer in
                guard (index + 1) * run <= places else { return }
                (out + row * places + index * run).update(repeating: Float(values.double(pointer)), count: run)
            }
        }
    }

    private static func check(_ view: ArrayView, rows: Int, name: String, as first: String) throws(ApusError) {
        guard view.shape.rank >= 1, view.rows >= 1 else {
            throw .shape("\(name) must have at least one row, got shape \(view.shape).")
        }
        guard view.rows == rows else {
            throw .shape("\(name) has \(view.rows) rows, \(first) has \(rows).")
        }
        if view.dtype == .float64 {
            throw .dtype("\(name) is float64, which float32 would round; convert it to float32 first.")
        }
    }
}

extension ArrayView {
    /// One element as a double, of any dtype.
    @inline(__always)
    func double(_ pointer: UnsafeMutableRawPointer) -> Double {
        switch dtype {
        case .float32: Double(pointer.loadUnaligned(as: Float.self))
        case .float64: pointer.loadUnaligned(as: Double.self)
        case .int32: Double(pointer.loadUnaligned(as: Int32.self))
        case .int64: Double(pointer.loadUnaligned(as: Int64.self))
        case .uint8: Double(pointer.loadUnaligned(as: UInt8.self))
        case .bool: pointer.loadUnaligned(as: UInt8.self) == 0 ? 0 : 1
        }
    }

    /// Gathers whole rows as floats: row `order[i]` (nil: start + i) to place i.
    func gather(
        _ order: UnsafePointer<Int>?, start: Int, count: Int, into out: UnsafeMutablePointer<Float>, name: String,
        in context: Context
    ) throws(ApusError) {
        let width = rowCount
        if dtype == .float32, isDense {
            let source = data.assumingMemoryBound(to: Float.self)
            if order == nil {
                context.parallel(over: count * width, by: 1 << 18) { range in
                    memcpy(out + range.lowerBound, source + start * width + range.lowerBound, range.count * 4)
                }
            } else if let order {
                context.parallel(over: count, by: max(1, (1 << 18) / max(width, 1))) { range in
                    for row in range {
                        memcpy(out + row * width, source + order[start + row] * width, width * 4)
                    }
                }
            }
            return
        }
        for row in 0..<count {
            try rowView(order.map { $0[start + row] } ?? start + row).copy(to: out + row * width, name: name)
        }
    }

    /// Gathers class numbers, each below `classes`. Throws `invalidArgument` naming the row, by `numbering` of its place,
    /// and the value.
    /// The `ignored` class may be any; where it is none of these, it becomes -1.
    func gatherLabels(
        _ order: UnsafePointer<Int>?, start: Int, count: Int, classes: Int, ignored: Int? = nil,
        into out: UnsafeMutablePointer<Int32>, name: String, numbering: (Int) -> Int
    ) throws(ApusError) {
        let width = rowCount
        for row in 0..<count {
            let place = order.map { $0[start + row] } ?? start + row
            var fault: Double?
            if dtype == .int64, width == 1, shape.rank <= 2 {
                let value = self.row(place).loadUnaligned(as: Int64.self)
                out[row] = Int32(truncatingIfNeeded: value)
                if value < 0 || value >= Int64(classes) {
                    out[row] = -1
                    if ignored.map({ Int64($0) != value }) ?? true { fault = Double(value) }
                }
            } else {
                rowView(place).forEachElement { index, pointer in
                    let value = double(pointer)
                    if value >= 0, value < Double(classes), value == value.rounded(.down) {
                        out[row * width + index] = Int32(value)
                    } else if let ignored, Double(ignored) == value {
                        out[row * width + index] = -1
                    } else {
                        fault = value
                    }
                }
            }
            if let fault {
                let shown = Int(exactly: fault).map(String.init) ?? String(fault)
                throw .invalid(
                    "\(name) must hold class numbers 0 to \(classes - 1) for \(classes) outputs; row \(numbering(place)) has \(shown)."
                )
            }
        }
    }
}
