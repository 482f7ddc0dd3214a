import Core

/// The distinct values of an array, as NumPy's `unique` gives them: sorted, NaN last and once.
package enum Unique {
    /// Where results go; each may be absent.
    package struct Outputs {
        /// Of a's dtype, with room for at least as many elements as there are distinct values.
        let values: ArrayView?
        /// The position, counted row by row, of the first element with each value.
        let first: ArrayView?
        /// For each element, which of the distinct values it has.
        let inverse: ArrayView?
        /// How many elements have each value.
        let counts: ArrayView?

        package init(values: ArrayView?, first: ArrayView?, inverse: ArrayView?, counts: ArrayView?) {
            (self.values, self.first, self.inverse, self.counts) = (values, first, inverse, counts)
        }

        fileprivate func check(_ a: ArrayView) throws(ApusError) {
            for (view, name) in [(values, "values"), (first, "first"), (counts, "counts")] {
                guard let view else { continue }
                guard view.shape.rank == 1 else { throw .shape("\(name) must be a vector, got shape \(view.shape).") }
                if name == "values" {
                    guard view.dtype == a.dtype else {
                        throw .dtype("values must be \(a.dtype.name), got \(view.dtype.name).")
                    }
                } else {
                    try view.requirePositions(name, below: a.count)
                }
            }
            if let inverse {
                try inverse.requirePositions("inverse", below: a.count)
                guard inverse.shape == a.shape else {
                    throw .shape("inverse must have shape \(a.shape), got \(inverse.shape).")
                }
            }
            let all = [values, first, inverse, counts].compactMap { $0 }
            for (index, view) in all.enumerated() {
                if view.sharesMemory(with: a) || all[..<index].contains(where: { $0.sharesMemory(with: view) }) {
                    throw .invalid("The results share memory with a or with each other.")
                }
            }
        }

        /// The least room of those that hold one element for each value.
        private var room: Int { [values, first, counts].compactMap { $0?.count }.min() ?? Int.max }

        /// The memory of `values`, where `count` elements fit side by side and nothing else can lack room.
        fileprivate func memory<Element>(of type: Element.Type, for count: Int) -> UnsafeMutablePointer<Element>? {
            guard let values, room >= count, values.isDense, values.isAligned else { return nil }
            return values.data.assumingMemoryBound(to: type)
        }

        fileprivate func requireRoom(_ distinct: Int, _ tooSmall: (Int) -> Void) throws(ApusError) {
            if distinct <= room { return }
            tooSmall(distinct)
            throw ApusError(.bufferTooSmall, "There are \(distinct) distinct values, and room for \(room).")
        }
    }

    /// Finds the distinct values of all elements; returns how many there are. `tooSmall` hears their number before
    /// `bufferTooSmall` is thrown, with nothing written. Throws `shape`, `dtype`, `invalidArgument`, `limit`,
    /// `outOfMemory`, `interrupted`.
    package static func find(
        in a: ArrayView, _ outputs: Outputs, in context: Context, tooSmall: (Int) -> Void
    ) throws(ApusError) -> Int {
        try outputs.check(a)
        switch a.dtype {
        case .float64: return try findFloats(Double.self, a, outputs, in: context, tooSmall)
        case .float32: return try findFloats(Float.self, a, outputs, in: context, tooSmall)
        case .int64: return try find(Int64.self, a, outputs, in: context, tooSmall)
        case .int32: return try find(Int32.self, a, outputs, in: context, tooSmall)
        case .uint8, .bool: return try find(UInt8.self, a, outputs, in: context, tooSmall)
        }
    }

    /// Values and counts alone need no positions, and so no stable sort.
    private static func findFloats<Element: KernelSorted>(
        _ type: Element.Type, _ a: ArrayView, _ outputs: Outputs, in context: Context, _ tooSmall: (Int) -> Void
    ) throws(ApusError) -> Int {
        if outputs.first != nil || outputs.inverse != nil {
            return try find(type, a, outputs, in: context, tooSmall)
        }
        let count = a.count
        // Sorted where the values go, if there is room for all.
        let place = outputs.memory(of: type, for: count)
        let line = try Buffer<Element>(place == nil ? count : 0, in: context.allocator)
        let sorted = place ?? line.pointer
        if a.isDense {
            UnsafeMutableRawPointer(sorted).copyMemory(
                from: a.data, byteCount: count &* MemoryLayout<Element>.stride)
        } else {
            a.forEachElement { sorted[$0] = $1.loadUnaligned(as: Element.self) }
        }
        let kept = try FloatSorter<Element>(capacity: count, in: context).sort(sorted, count, descending: false)
        try context.checkInterrupt()
        // The first of equal values moves to the front; counts need where it was.
        let starts = try Buffer<Int>(outputs.counts == nil ? 0 : kept, in: context.allocator)
        var distinct = 0
        if outputs.counts == nil {
            distinct = Element.distinct(context.kernels.reductions, sorted, kept)
        } else {
            var last = Element.nan
            for i in 0..<kept {
                let x = sorted[i]
                sorted[distinct] = x
                starts.pointer[distinct] = i
                distinct &+= x == last ? 0 : 1
                last = x
            }
        }
        let numbers = distinct
        if kept < count {
            sorted[distinct] = sorted[kept]
            distinct &+= 1
        }
        try outputs.requireRoom(distinct, tooSmall)
        if place == nil, let values = outputs.values {
            let (start, stride) = (values.data, values.strides[0])
            if stride == MemoryLayout<Element>.stride {
                start.copyMemory(from: sorted, byteCount: distinct &* stride)
            } else {
                for index in 0..<distinct {
                    (start + index &* stride).storeBytes(of: sorted[index], as: Element.self)
                }
            }
        }
        if let counts = outputs.counts {
            for index in 0..<distinct {
                let start = index < numbers ? starts.pointer[index] : kept
                let end = index &+ 1 < numbers ? starts.pointer[index &+ 1] : index < numbers ? kept : count
                counts.store(end &- start, at: index)
            }
        }
        return distinct
    }

    private static func find<Element: SortElement>(
        _ type: Element.Type, _ a: ArrayView, _ outputs: Outputs, in context: Context, _ tooSmall: (Int) -> Void
    ) throws(ApusError) -> Int {
        let count = a.count
        let isNumbered = outputs.first != nil || outputs.inverse != nil
        let sorter = try RadixSort<Element.Key>(capacity: count, numbered: isNumbered, in: context)
        // What the keys of zero and NaN stand for: the first of each.
        var (zero, nan): (Element.Key?, Element.Key?)
        a.forEachElement { number, pointer in
            let x = pointer.loadUnaligned(as: Element.self)
            sorter.keys.pointer[number] = x.key
            if x.isNotANumber {
                if nan == nil { nan = x.bits }
            } else if x.key == Element.zeroKey, zero == nil {
                zero = x.bits
            }
        }
        let sorted = sorter.sort(count)
        try context.checkInterrupt()
        let keys = sorted.keys
        var distinct = count == 0 ? 0 : 1
        for i in 0..<max(count - 1, 0) where keys[i] != keys[i + 1] { distinct += 1 }
        try outputs.requireRoom(distinct, tooSmall)
        let inverse = try Buffer<Int64>(outputs.inverse == nil ? 0 : count, in: context.allocator)
        var (value, begin) = (0, 0)
        while begin < count {
            var end = begin
            while end < count, keys[end] == keys[begin] {
                if outputs.inverse != nil { inverse.pointer[Int(sorted.numbers[end])] = Int64(value) }
                end += 1
            }
            if let values = outputs.values {
                var x = Element(key: keys[begin])
                if keys[begin] == Element.zeroKey, let zero { x = Element(bits: zero) }
                if let nan, end == count { x = Element(bits: nan) }
                values.row(value).storeBytes(of: x, as: Element.self)
            }
            outputs.first?.store(position: sorted.numbers, begin, at: value)
            outputs.counts?.store(end - begin, at: value)
            value += 1
            begin = end
        }
        if let view = outputs.inverse { try view.write(UnsafePointer(inverse.pointer)) }
        return distinct
    }
}

extension ArrayView {
    /// Stores a whole number into element `index` of an int64 or int32 vector that can hold it.
    fileprivate func store(_ value: Int, at index: Int) {
        if dtype == .int64 {
            row(index).storeBytes(of: Int64(value), as: Int64.self)
        } else {
            row(index).storeBytes(of: Int32(truncatingIfNeeded: value), as: Int32.self)
        }
    }

    fileprivate func store(position numbers: UnsafePointer<UInt32>, _ place: Int, at index: Int) {
        store(Int(numbers[place]), at: index)
    }
}
