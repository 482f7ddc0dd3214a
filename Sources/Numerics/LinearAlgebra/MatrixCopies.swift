import Core

/// Columns of one slice of a large copy, and elements from which a copy is cut into slices.
private let sliceColumns = 64
private let largeCopy = 1 << 16

extension MatrixStack {
    /// Reads matrix `index` into column-major doubles, `leading` elements from one column to the next. What is not in
    /// `part` becomes 0 unread. Throws `invalidArgument` with the place of a value that is not finite, `dtype` for a
    /// whole number that float64 cannot hold.
    package func load(
        _ index: Int, into out: UnsafeMutablePointer<Double>, leading: Int, part: Part = .full, in context: Context
    ) throws(ApusError) {
        if elements == 0 { return }
        let source = UnsafeRawPointer(address(index))
        if elements < largeCopy {
            guard read(source, 0..<columns, into: out, leading, part) else {
                throw fault(source, index, part)
            }
            return
        }
        let whole = Flag()
        context.parallel(over: columns, by: sliceColumns) { range in
            if !read(source, range, into: out, leading, part) { whole.raise() }
        }
        if whole.isRaised { throw fault(source, index, part) }
    }

    /// Whether all values of these columns are finite and exact.
    private func read(
        _ source: UnsafeRawPointer, _ range: Range<Int>, into out: UnsafeMutablePointer<Double>, _ leading: Int,
        _ part: Part
    ) -> Bool {
        switch view.dtype {
        case .float64: return read(source, range, out, leading, part) { $0.loadUnaligned(as: Double.self) }
        case .float32: return read(source, range, out, leading, part) { Double($0.loadUnaligned(as: Float.self)) }
        case .int32: return read(source, range, out, leading, part) { Double($0.loadUnaligned(as: Int32.self)) }
        case .uint8: return read(source, range, out, leading, part) { Double($0.loadUnaligned(as: UInt8.self)) }
        case .bool:
            return read(source, range, out, leading, part) { $0.loadUnaligned(as: UInt8.self) == 0 ? 0 : 1 }
        case .int64:
            return read(source, range, out, leading, part) {
                let value = $0.loadUnaligned(as: Int64.self)
                return value.magnitude > 1 << 53 ? .nan : Double(value)
            }
        }
    }

    /// In tiles of 16 rows by 16 columns, so that both sides are met a cache line at a time.
    @inline(__always)
    private func read(
        _ source: UnsafeRawPointer, _ range: Range<Int>, _ out: UnsafeMutablePointer<Double>, _ leading: Int,
        _ part: Part, _ value: (UnsafeRawPointer) -> Double
    ) -> Bool {
        var probe = 0.0
        var firstColumn = range.lowerBound
        while firstColumn < range.upperBound {
            let endColumn = min(firstColumn + 16, range.upperBound)
            var firstRow = 0
            while firstRow < rows {
                let endRow = min(firstRow + 16, rows)
                var c = firstColumn
                while c < endColumn {
                    let column = out + c &* leading
                    var address = source + c &* columnStride + firstRow &* rowStride
                    let low = part == .lower ? c : 0
                    let high = part == .upper ? c : Int.max
                    var r = firstRow
                    while r < endRow {
                        var element = 0.0
                        if r >= low, r <= high { element = value(address) }
                        column[r] = element
                        probe += element * 0
                        address += rowStride
                        r += 1
                    }
                    c += 1
                }
                firstRow = endRow
            }
            firstColumn = endColumn
        }
        return probe == 0
    }

    /// The error for the first value, in row-major order, that cannot be used.
    private func fault(_ source: UnsafeRawPointer, _ index: Int, _ part: Part) -> ApusError {
        for r in 0..<rows {
            for c in 0..<columns where part == .full || (part == .lower ? c <= r : c >= r) {
                let address = source + r &* rowStride + c &* columnStride
                var value = 0.0
                switch view.dtype {
                case .float64: value = address.loadUnaligned(as: Double.self)
                case .float32: value = Double(address.loadUnaligned(as: Float.self))
                case .int64:
                    let whole = address.loadUnaligned(as: Int64.self)
                    if whole.magnitude > 1 << 53 {
                        return .dtype(
                            "\(name) holds \(whole), which float64 cannot hold exactly (whole numbers to 2^53).")
                    }
                case .int32, .uint8, .bool: break
                }
                if value.isFinite { continue }
                let text = value.isNaN ? "NaN" : value > 0 ? "infinity" : "-infinity"
                let column = view.shape.rank == batch.rank + 2 ? ", column \(c)" : ""
                return .invalid(
                    "\(name) holds \(text) at row \(r)\(column)\(place(index)) (counted from 0); every value must be finite."
                )
            }
        }
        return .invalid("\(name) changed while it was read.")
    }

    /// Writes column-major doubles to matrix `index`, rounded once when it is float32. With an order, column c of the
    /// source becomes column `order[c]`.
    package func store(
        _ source: UnsafePointer<Double>, leading: Int, to index: Int, order: UnsafePointer<Int32>? = nil,
        in context: Context
    ) {
        if elements == 0 { return }
        let out = address(index)
        if elements < largeCopy {
            write(source, leading, 0..<columns, order, to: out)
        } else {
            context.parallel(over: columns, by: sliceColumns) { write(source, leading, $0, order, to: out) }
        }
    }

    private func write(
        _ source: UnsafePointer<Double>, _ leading: Int, _ range: Range<Int>, _ order: UnsafePointer<Int32>?,
        to out: UnsafeMutableRawPointer
    ) {
        if view.dtype == .float64, view.isDense {
            write(source, leading, range, order, out) { $0.storeBytes(of: $1, as: Double.self) }
        } else if view.dtype == .float64 {
            write(source, leading, range, order, out) {
                var value = $1
                $0.copyMemory(from: &value, byteCount: 8)
            }
        } else {
            write(source, leading, range, order, out) {
                var value = Float($1)
                $0.copyMemory(from: &value, byteCount: 4)
            }
        }
    }

    @inline(__always)
    private func write(
        _ source: UnsafePointer<Double>, _ leading: Int, _ range: Range<Int>, _ order: UnsafePointer<Int32>?,
        _ out: UnsafeMutableRawPointer, _ put: (UnsafeMutableRawPointer, Double) -> Void
    ) {
        var firstRow = 0
        while firstRow < rows {
            let endRow = min(firstRow + 16, rows)
            for c in range {
                let column = source + c &* leading
                let target = order.map { Int($0[c]) } ?? c
                var address = out + target &* columnStride + firstRow &* rowStride
                var r = firstRow
                while r < endRow {
                    put(address, column[r])
                    address += rowStride
                    r += 1
                }
            }
            firstRow = endRow
        }
    }

    /// Writes whole numbers, one for each row, to vector `index` of an int64 or int32 array.
    package func store(whole source: UnsafePointer<Int32>, to index: Int) {
        if elements == 0 { return }
        var address = address(index)
        for r in 0..<rows {
            if view.dtype == .int64 {
                var value = Int64(source[r])
                address.copyMemory(from: &value, byteCount: 8)
            } else {
                var value = source[r]
                address.copyMemory(from: &value, byteCount: 4)
            }
            address += rowStride
        }
    }
}

extension MatrixStack {
    /// Writes the transpose of column-major doubles.
    package func storeTransposed(
        _ source: UnsafePointer<Double>, leading: Int, to index: Int, in context: Context
    ) {
        turned.store(source, leading: leading, to: index, in: context)
    }

    /// The transposed matrices, in the same memory.
    var turned: MatrixStack { MatrixStack(transposing: self) }
}

extension MatrixStack {
    /// Writes one element, (row, 0), of matrix `index`.
    func storeElement(_ value: Double, row: Int, of index: Int) {
        let out = address(index) + row &* rowStride
        if view.dtype == .float64 {
            var value = value
            out.copyMemory(from: &value, byteCount: 8)
        } else {
            var value = Float(value)
            out.copyMemory(from: &value, byteCount: 4)
        }
    }

    /// The sum of the diagonal of matrix `index`. Throws as `load`.
    func diagonalSum(_ index: Int) throws(ApusError) -> Double {
        let step = rowStride &+ columnStride
        let start = address(index)
        var sum = 0.0
        for i in 0..<min(rows, columns) {
            let address = UnsafeRawPointer(start + i &* step)
            let value: Double
            switch view.dtype {
            case .float64: value = address.loadUnaligned(as: Double.self)
            case .float32: value = Double(address.loadUnaligned(as: Float.self))
            case .int32: value = Double(address.loadUnaligned(as: Int32.self))
            case .uint8: value = Double(address.loadUnaligned(as: UInt8.self))
            case .bool: value = address.loadUnaligned(as: UInt8.self) == 0 ? 0 : 1
            case .int64:
                let whole = address.loadUnaligned(as: Int64.self)
                guard whole.magnitude <= 1 << 53 else {
                    throw .dtype("\(name) holds \(whole), which float64 cannot hold exactly (whole numbers to 2^53).")
                }
                value = Double(whole)
            }
            guard value.isFinite else {
                throw .invalid(
                    "\(name) holds \(value.isNaN ? "NaN" : value > 0 ? "infinity" : "-infinity") at row \(i), column \(i)\(place(index)) (counted from 0); every value must be finite."
                )
            }
            sum += value
        }
        return sum
    }
}
