import Core
import Glibc

/// Rows to train on or to evaluate: views of the caller's arrays, borrowed as long as the dataset lives.
package final class Dataset: @unchecked Sendable {
    package let rows: Int
    package let inputs: [ArrayView]
    package let targets: [ArrayView]
    package let sampleWeight: ArrayView?

    /// Throws `shape` when the arrays do not have equally many rows, `dtype` for float64, `invalidArgument` for bad
    /// weights.
    package init(inputs: [ArrayView], targets: [ArrayView], sampleWeight: ArrayView?) throws(ApusError) {
        let all =
            inputs.enumerated().map { (name: "inputs[\($0.offset)]", view: $0.element) }
            + targets.enumerated().map { (name: "targets[\($0.offset)]", view: $0.element) }
        guard let first = all.first else { throw .invalid("A dataset needs at least one array.") }
        rows = first.view.rows
        for (name, view) in all { try Dataset.check(view, rows: rows, name: name, as: first.name) }
        if let weight = sampleWeight {
            guard weight.shape.rank == 1, weight.rows == rows else {
                throw .shape("sample_weight must have shape (\(rows),), got \(weight.shape).")
            }
            var fault: (Int, Double)?
            weight.forEachElement { index, pointer in
                let value = weight.double(pointer)
                if !(value >= 0 && Float(value).isFinite) { fault = (index, value) }
            }
            if let fault {
                throw .invalid("sample_weight must be >= 0 and finite as float32, row \(fault.0) has \(fault.1).")
            }
        }
        self.inputs = inputs
        self.targets = targets
        self.sampleWeight = sampleWeight
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

    /// Gathers class numbers, each below `classes`. Throws `invalidArgument` naming the row and the value.
    func gatherLabels(
        _ order: UnsafePointer<Int>?, start: Int, count: Int, classes: Int, into out: UnsafeMutablePointer<Int32>,
        name: String
    ) throws(ApusError) {
        let width = rowCount
        for row in 0..<count {
            let number = order.map { $0[start + row] } ?? start + row
            var fault: Double?
            if dtype == .int64, width == 1, shape.rank <= 2 {
                let value = self.row(number).loadUnaligned(as: Int64.self)
                out[row] = Int32(truncatingIfNeeded: value)
                if value < 0 || value >= Int64(classes) { fault = Double(value) }
            } else {
                rowView(number).forEachElement { index, pointer in
                    let value = double(pointer)
                    if value >= 0, value < Double(classes), value == value.rounded(.down) {
                        out[row * width + index] = Int32(value)
                    } else {
                        fault = value
                    }
                }
            }
            if let fault {
                let shown = Int(exactly: fault).map(String.init) ?? String(fault)
                throw .invalid(
                    "\(name) must hold class numbers 0 to \(classes - 1) for \(classes) outputs; row \(number) has \(shown)."
                )
            }
        }
    }
}
