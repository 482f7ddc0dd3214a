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
        case .float64: try sort(Double.self, source, descending, target, in: context)
        case .float32: try sort(Float.self, source, descending, target, in: context)
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
        case .float64: try argsort(Double.self, source, descending, target, isWide, in: context)
        case .float32: try argsort(Float.self, source, descending, target, isWide, in: context)
        case .int64: try argsort(Int64.self, source, descending, target, isWide, in: context)
        case .int32: try argsort(Int32.self, source, descending, target, isWide, in: context)
        case .uint8, .bool: try argsort(UInt8.self, source, descending, target, isWide, in: context)
        }
    }

    /// Elements of a line that threads share; shorter lines are sorted by one thread each.
    private static let long = 1 << 17

    /// Calls `body` for each line with a sorter: long lines one after the other, others in a bounded number of runs.
    private static func eachLine<Key>(
        _ lines: ArrayLines, numbered: Bool, _ key: Key.Type, in context: Context,
        _ body: (Int, RadixSort<Key>) -> Void
    ) throws(ApusError) {
        if lines.length >= long || lines.count == 1 {
            let sorter = try RadixSort<Key>(capacity: lines.length, numbered: numbered, in: context)
            for line in 0..<lines.count {
                try context.checkInterrupt()
                body(line, sorter)
            }
        } else {
            let perRun = max(ReductionSlices.elements / 4 / lines.length, 1)
            let runs = min((lines.count - 1) / perRun + 1, 32)
            var sorters: [RadixSort<Key>] = []
            for _ in 0..<runs {
                sorters.append(try RadixSort<Key>(capacity: lines.length, numbered: numbered, in: context))
            }
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

    private static func sort<Element: SortElement>(
        _ type: Element.Type, _ source: ArrayLines, _ descending: Bool, _ target: ArrayLines, in context: Context
    ) throws(ApusError) {
        let length = source.length
        let zero = Element(key: Element.zeroKey).key(descending: descending)
        try eachLine(source, numbered: false, Element.Key.self, in: context) { line, sorter in
            let start = UnsafeRawPointer(source.start(line))
            let keys = sorter.keys.pointer
            var (negativeZeros, zeros, others) = (0, 0, 0)
            for i in 0..<length {
                let x = (start + i &* source.stride).loadUnaligned(as: Element.self)
                keys[i] = x.key(descending: descending)
                if x.isNegativeZero { negativeZeros &+= 1 }
                if x.isNotANumber { others &+= 1 }
                if keys[i] == zero { zeros &+= 1 }
            }
            let sorted = sorter.sort(length)
            if context.isInterrupted { return }
            // Keys do not tell -0 from 0, nor one NaN from another: those elements follow in the order of their line.
            let hasSpecials = negativeZeros > 0 || others > 0
            if hasSpecials {
                var (nextZero, nextOther) = (0, zeros)
                for i in 0..<length {
                    let x = (start + i &* source.stride).loadUnaligned(as: Element.self)
                    if x.isNotANumber {
                        sorted.spare[nextOther] = x.bits
                        nextOther &+= 1
                    } else if x.key(descending: descending) == zero {
                        sorted.spare[nextZero] = x.bits
                        nextZero &+= 1
                    }
                }
            }
            let out = target.start(line)
            let firstOther = length &- others
            var nextZero = 0
            for i in 0..<length {
                var x = Element(key: sorted.keys[i], descending: descending)
                if hasSpecials {
                    if i >= firstOther {
                        x = Element(bits: sorted.spare[zeros &+ i &- firstOther])
                    } else if sorted.keys[i] == zero {
                        x = Element(bits: sorted.spare[nextZero])
                        nextZero &+= 1
                    }
                }
                (out + i &* target.stride).storeBytes(of: x, as: Element.self)
            }
        }
    }

    private static func argsort<Element: SortElement>(
        _ type: Element.Type, _ source: ArrayLines, _ descending: Bool, _ target: ArrayLines, _ isWide: Bool,
        in context: Context
    ) throws(ApusError) {
        let length = source.length
        try eachLine(source, numbered: true, Element.Key.self, in: context) { line, sorter in
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
