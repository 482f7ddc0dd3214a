import Core

/// Reads x column by column as doubles, whatever its dtype and layout. NaN stands for a missing value.
struct ColumnReader {
    let x: ArrayView

    /// Columns worth reading together: a cache line of doubles.
    static let together = 8

    var rows: Int { x.shape[0] }
    var columns: Int { x.shape[1] }

    /// One value; `row` and `column` must exist.
    func value(_ row: Int, _ column: Int) -> Double {
        let place = UnsafeRawPointer(x.data + (row &* x.strides[0] &+ column &* x.strides[1]))
        switch x.dtype {
        case .float64: return place.loadUnaligned(as: Double.self) + 0
        case .float32: return Double(place.loadUnaligned(as: Float.self)) + 0
        case .int64: return Double(place.loadUnaligned(as: Int64.self))
        case .int32: return Double(place.loadUnaligned(as: Int32.self))
        case .uint8: return Double(place.loadUnaligned(as: UInt8.self))
        case .bool: return place.loadUnaligned(as: UInt8.self) == 0 ? 0 : 1
        }
    }

    /// Writes `count` columns from `first` on to `out`, each `rows` doubles; -0 becomes 0. False when there is an
    /// infinity, or a whole number that float64 cannot hold.
    func read(_ first: Int, _ count: Int, to out: UnsafeMutablePointer<Double>) -> Bool {
        switch x.dtype {
        case .float64: return gather(first, count, out) { $0.loadUnaligned(as: Double.self) }
        case .float32: return gather(first, count, out) { Double($0.loadUnaligned(as: Float.self)) }
        case .int32: return gather(first, count, out) { Double($0.loadUnaligned(as: Int32.self)) }
        case .uint8: return gather(first, count, out) { Double($0.loadUnaligned(as: UInt8.self)) }
        case .bool: return gather(first, count, out) { $0.loadUnaligned(as: UInt8.self) == 0 ? 0 : 1 }
        case .int64:
            return gather(first, count, out) {
                let value = $0.loadUnaligned(as: Int64.self)
                return value.magnitude > 1 << 53 ? .infinity : Double(value)
            }
        }
    }

    @inline(__always)
    private func gather(
        _ first: Int, _ count: Int, _ out: UnsafeMutablePointer<Double>, _ load: (UnsafeRawPointer) -> Double
    ) -> Bool {
        let rows = rows
        let step = x.strides[1]
        var sound = true
        for row in 0..<rows {
            var place = UnsafeRawPointer(x.data + (row &* x.strides[0] &+ first &* step))
            var to = out + row
            for _ in 0..<count {
                let value = load(place) + 0
                if value.magnitude == .infinity { sound = false }
                to.pointee = value
                to += rows
                place += step
            }
        }
        return sound
    }

    /// Throws what is wrong with x after `read` said false: `invalidArgument` or `dtype`.
    func requireSound(in allocator: Allocator) throws(ApusError) {
        try x.requireNoInfinity("x")
        let row = try Buffer<Double>(columns, in: allocator)
        for index in 0..<rows { try x.rowView(index).copy(to: row.pointer, name: "x") }
    }
}

extension ArrayView {
    /// Throws "x holds infinity at row 3, column 1 ..." for the first infinity; NaN passes, as a missing value.
    func requireNoInfinity(_ name: String) throws(ApusError) {
        guard dtype == .float64 || dtype == .float32 else { return }
        var fault: (place: Int, value: Double)?
        let single = dtype == .float32
        forEachElement { number, pointer in
            let value = single ? Double(pointer.loadUnaligned(as: Float.self)) : pointer.loadUnaligned(as: Double.self)
            if value.magnitude == .infinity, fault == nil { fault = (number, value) }
        }
        if let fault {
            let columns = max(rowCount, 1)
            throw .invalid(
                "\(name) holds \(fault.value > 0 ? "infinity" : "-infinity") at row \(fault.place / columns), column \(fault.place % columns) (counted from 0); every value must be finite or, where it is missing, NaN."
            )
        }
    }
}
