import Core

/// Sorting along an axis: stable, NaN last.
package enum ArraySorting {
    /// The elements along `axis` in ascending or descending order; equal ones keep their order, -0 and 0 among them.
    /// `out` has the shape and dtype of `a`, and may be `a`. Throws `shape`, `dtype`, `invalidArgument`, `limit`,
    /// `outOfMemory`, `interrupted`.
    package static func sort(_ a: ArrayView, axis: Int, descending: Bool, into out: ArrayView, in context: Context)
        throws(ApusError)
    {
        let axis = try Axes.resolve(axis, rank: a.shape.rank)
        guard out.shape == a.shape else { throw .shape("out must have shape \(a.shape), got \(out.shape).") }
        guard out.dtype == a.dtype else { throw .dtype("out must be \(a.dtype.name), got \(out.dtype.name).") }
        try out.requireApart(from: a, named: "a", inPlace: true)
        if a.count == 0 { return }
        let (source, target) = (ArrayLines(a, axis: axis), ArrayLines(out, axis: axis))
        switch a.dtype {
        case .float64: try sortFloats(Double.self, source, descending, target, in: context)
        case .float32: try sortFloats(Float.self, source, descending, target, in: context)
        case .int64: try sort(Int64.self, source, descending, target, in: context)
        case .int32: try sort(Int32.self, source, descending, target, in: context)
        case .uint8, .bool: try sort(UInt8.self, source, descending, target, in: context)
        }
    }

    /// The positions along `axis` that would sort it, as int64 or int32.
    package static func argsort(_ a: ArrayView, axis: Int, descending: Bool, into out: ArrayView, in context: Context)
        throws(ApusError)
    {
        let axis = try Axes.resolve(axis, rank: a.shape.rank)
        guard out.shape == a.shape else { throw .shape("out must have shape \(a.shape), got \(out.shape).") }
        try out.requirePositions("out", below: a.shape[axis])
        try out.requireApart(from: a, named: "a", inPlace: false)
        if a.count == 0 { return }
        let (source, target) = (ArrayLines(a, axis: axis), ArrayLines(out, axis: axis))
        let isWide = out.dtype == .int64
        switch a.dtype {
        case .float64: try argsortFloats(Double.self, source, descending, target, isWide, in: context)
        case .float32: try argsortFloats(Float.self, source, descending, target, isWide, in: context)
        case .int64: try argsort(Int64.self, source, descending, target, isWide, in: context)
        case .int32: try argsort(Int32.self, source, descending, target, isWide, in: context)
        case .uint8, .bool: try argsort(UInt8.self, source, descending, target, isWide, in: context)
        }
    }

    /// Elements of a line that threads share; shorter lines are sorted by one thread each.
    private static let long = 1 << 17

    /// Calls `body` for each line with a sorter: long lines one after the other, others in a bounded number of runs.
    private static func eachLine<Sorter: Sendable>(
        _ lines: ArrayLines, in context: Context, _ sorter: () throws(ApusError) -> Sorter,
        _ body: (Int, Sorter) -> Void
    ) throws(ApusError) {
        if lines.length >= long || lines.count == 1 {
            let sorter = try sorter()
            for line in 0..<lines.count {
                try context.checkInterrupt()
                body(line, sorter)
            }
        } else {
            let perRun = max(ReductionSlices.elements / 4 / lines.length, 1)
            let runs = min((lines.count - 1) / perRun + 1, 32)
            var sorters: [Sorter] = []
            for _ in 0..<runs { sorters.append(try sorter()) }
            let ready = sorters
            context.parallel(runs) { run in
                for line in lines.count &* run / runs..<lines.count &* (run + 1) / runs {
                    if context.isInterrupted { return }
                    body(line, ready[run])
                }
            }
        }
        try context.checkInterrupt()
    }

    /// Whole numbers, of which equal ones cannot be told apart.
    private static func sort<Element: SortElement>(
        _ type: Element.Type, _ source: ArrayLines, _ descending: Bool, _ target: ArrayLines, in context: Context
    ) throws(ApusError) {
        let length = source.length
        try eachLine(source, in: context) { () throws(ApusError) -> RadixSort<Element.Key> in
            try RadixSort(capacity: length, numbered: false, in: context)
        } _: { line, sorter in
            let start = UnsafeRawPointer(source.start(line))
            for i in 0..<length {
                let x = (start + i &* source.stride).loadUnaligned(as: Element.self)
                sorter.keys.pointer[i] = x.key(descending: descending)
            }
            let keys = sorter.sort(length).keys
            if context.isInterrupted { return }
            let out = target.start(line)
            for i in 0..<length {
                let x = Element(key: keys[i], descending: descending)
                (out + i &* target.stride).storeBytes(of: x, as: Element.self)
            }
        }
    }

    private static func sortFloats<Element: KernelSorted>(
        _ type: Element.Type, _ source: ArrayLines, _ descending: Bool, _ target: ArrayLines, in context: Context
    ) throws(ApusError) {
        let length = source.length
        let size = MemoryLayout<Element>.stride
        // Lines whose elements are neighbours in `out` are sorted there, others in memory of their own.
        let isDense =
            target.stride == size && Int(bitPattern: target.data) % size == 0
            && target.others.allSatisfy { $0.stride % size == 0 }
        try eachLine(source, in: context) { () throws(ApusError) -> LineSorter<Element> in
            LineSorter(
                sorter: try FloatSorter(capacity: length, in: context),
                line: try Buffer(isDense ? 0 : length, in: context.allocator))
        } _: { line, own in
            let (start, out) = (UnsafeRawPointer(source.start(line)), target.start(line))
            let values = isDense ? out.assumingMemoryBound(to: Element.self) : own.line.pointer
            copy(Element.self, start, source.stride, values, length, in: context)
            _ = own.sorter.sort(values, length, descending: descending)
            if isDense || context.isInterrupted { return }
            for i in 0..<length {
                (out + i &* target.stride).storeBytes(of: values[i], as: Element.self)
            }
        }
    }

    private struct LineSorter<Element: KernelSorted>: @unchecked Sendable {
        let sorter: FloatSorter<Element>
        let line: Buffer<Element>
    }

    /// The elements of a line as neighbours, which they may be already.
    private static func copy<Element: BitwiseCopyable>(
        _ type: Element.Type, _ start: UnsafeRawPointer, _ stride: Int, _ values: UnsafeMutablePointer<Element>,
        _ length: Int, in context: Context
    ) {
        if start == UnsafeRawPointer(values), stride == MemoryLayout<Element>.stride { return }
        func copyPart(_ part: Range<Int>) {
            if stride == MemoryLayout<Element>.stride {
                UnsafeMutableRawPointer(values + part.lowerBound).copyMemory(
                    from: start + part.lowerBound &* stride, byteCount: part.count &* stride)
            } else {
                for i in part { values[i] = (start + i &* stride).loadUnaligned(as: Element.self) }
            }
        }
        if length < long { return copyPart(0..<length) }
        context.parallel(over: length, by: ReductionSlices.elements) { copyPart($0) }
    }

    private static func argsortFloats<Element: PackedFloat>(
        _ type: Element.Type, _ source: ArrayLines, _ descending: Bool, _ target: ArrayLines, _ isWide: Bool,
        in context: Context
    ) throws(ApusError) {
        let length = source.length
        if length > FloatPositions<Element>.most {
            return try argsort(type, source, descending, target, isWide, in: context)
        }
        try eachLine(source, in: context) { () throws(ApusError) -> FloatPositions<Element> in
            try FloatPositions(capacity: length, in: context)
        } _: { line, sorter in
            let (start, out) = (UnsafeRawPointer(source.start(line)), target.start(line))
            if isWide {
                sorter.each(start, source.stride, length, descending: descending) {
                    (out + $0 &* target.stride).storeBytes(of: Int64($1), as: Int64.self)
                }
            } else {
                sorter.each(start, source.stride, length, descending: descending) {
                    (out + $0 &* target.stride).storeBytes(of: Int32(truncatingIfNeeded: $1), as: Int32.self)
                }
            }
        }
    }

    private static func argsort<Element: SortElement>(
        _ type: Element.Type, _ source: ArrayLines, _ descending: Bool, _ target: ArrayLines, _ isWide: Bool,
        in context: Context
    ) throws(ApusError) {
        let length = source.length
        try eachLine(source, in: context) { () throws(ApusError) -> RadixSort<Element.Key> in
            try RadixSort(capacity: length, numbered: true, in: context)
        } _: { line, sorter in
            let start = UnsafeRawPointer(source.start(line))
            for i in 0..<length {
                let x = (start + i &* source.stride).loadUnaligned(as: Element.self)
                sorter.keys.pointer[i] = x.key(descending: descending)
            }
            let numbers = sorter.sort(length).numbers
            if context.isInterrupted { return }
            let out = target.start(line)
            if isWide {
                for i in 0..<length {
                    (out + i &* target.stride).storeBytes(of: Int64(numbers[i]), as: Int64.self)
                }
            } else {
                for i in 0..<length {
                    (out + i &* target.stride).storeBytes(of: Int32(bitPattern: numbers[i]), as: Int32.self)
                }
            }
        }
    }
}

extension ArrayView {
    /// Throws `dtype` unless the view can hold positions 0 to `count` - 1.
    func requirePositions(_ name: String, below count: Int) throws(ApusError) {
        guard dtype == .int64 || (dtype == .int32 && count <= Int(Int32.max)) else {
            throw .dtype("\(name) must be int64 (or int32 for positions below 2^31), got \(dtype.name).")
        }
    }
}
