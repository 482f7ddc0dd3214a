import CVector
import Core
import Synchronization

/// Sorting of lines of floats by a kernel, which cannot tell -0 from 0 and knows no NaN: those are set aside before and
/// put into their places after, in the order of their line.
struct FloatSorter<Element: KernelSorted>: @unchecked Sendable {
    private let context: Context
    /// Memory for as many elements, free between the calls.
    let other: Buffer<Element>
    let aside: Buffer<Element>
    private let fronts: Buffer<Int>

    /// Elements of a part that is split for threads, and how often all are split.
    private static var chunk: Int { 65_536 }
    private static var levels: Int { 6 }

    /// Room for lines of `capacity` elements. Throws `outOfMemory`.
    init(capacity: Int, in context: Context) throws(ApusError) {
        self.context = context
        other = try Buffer(capacity, in: context.allocator)
        aside = try Buffer(capacity, in: context.allocator)
        fronts = try Buffer(1 << FloatSorter.levels, in: context.allocator)
    }

    /// Sorts `count` neighbours in place, NaN last; returns how many are not NaN.
    func sort(_ values: UnsafeMutablePointer<Element>, _ count: Int, descending: Bool) -> Int {
        let (others, negativeZeros) = hasSpecials(values, count) ? countSpecials(values, count) : (0, 0)
        var (kept, zeros) = (count, 0)
        if negativeZeros > 0 {
            for i in 0..<count where values[i] == 0 {
                aside.pointer[zeros] = values[i]
                zeros &+= 1
            }
        }
        if others > 0 {
            kept = 0
            var next = zeros
            for i in 0..<count {
                let x = values[i]
                if x == x {
                    values[kept] = x
                    kept &+= 1
                } else {
                    aside.pointer[next] = x
                    next &+= 1
                }
            }
        }
        sortNumbers(values, kept)
        if context.isInterrupted { return kept }
        if descending {
            for i in 0..<kept / 2 { (values[i], values[kept &- 1 &- i]) = (values[kept &- 1 &- i], values[i]) }
        }
        if zeros > 0 {
            let first = FloatSorter.firstZero(values, kept, descending)
            for i in 0..<zeros { values[first &+ i] = aside.pointer[i] }
        }
        for i in kept..<count { values[i] = aside.pointer[zeros &+ i &- kept] }
        return kept
    }

    private func hasSpecials(_ values: UnsafeMutablePointer<Element>, _ count: Int) -> Bool {
        let kernels = context.kernels.reductions
        if count < 2 &* FloatSorter.chunk { return Element.anySpecial(kernels, values, count) }
        let found = Atomic<Bool>(false)
        context.parallel(over: count, by: FloatSorter.chunk) { part in
            let isSpecial = Element.anySpecial(kernels, values + part.lowerBound, part.count)
            if isSpecial { found.store(true, ordering: .relaxed) }
        }
        return found.load(ordering: .relaxed)
    }

    /// How many are NaN, and how many -0.
    private func countSpecials(_ values: UnsafeMutablePointer<Element>, _ count: Int) -> (Int, Int) {
        func specials(_ part: Range<Int>) -> (Int, Int) {
            var (others, negativeZeros) = (0, 0)
            for i in part {
                let x = values[i]
                others &+= x == x ? 0 : 1
                negativeZeros &+= x.isNegativeZero ? 1 : 0
            }
            return (others, negativeZeros)
        }
        if count < 2 &* FloatSorter.chunk { return specials(0..<count) }
        let others = Atomic<Int>(0)
        let negativeZeros = Atomic<Int>(0)
        context.parallel(over: count, by: FloatSorter.chunk) { part in
            let counted = specials(part)
            others.wrappingAdd(counted.0, ordering: .relaxed)
            negativeZeros.wrappingAdd(counted.1, ordering: .relaxed)
        }
        return (others.load(ordering: .relaxed), negativeZeros.load(ordering: .relaxed))
    }

    /// Where the first zero stands among sorted values, or would.
    private static func firstZero(_ values: UnsafePointer<Element>, _ count: Int, _ descending: Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = low &+ (high &- low) / 2
            if descending ? values[middle] > 0 : values[middle] < 0 { low = middle &+ 1 } else { high = middle }
        }
        return low
    }

    /// Elements that come after those of the parts before, in one memory or the other.
    private struct Part {
        let start: Int
        let count: Int
        let isOther: Bool
    }

    /// Sorts numbers that are not NaN in place; which of two zeros is which may be lost. Splits long parts, level by
    /// level, so that there is work for threads; then sorts each. Parts are cut by what they hold alone.
    func sortNumbers(_ values: UnsafeMutablePointer<Element>, _ count: Int) {
        let kernels = context.kernels.reductions
        let other = self.other.pointer
        if count < 2 &* FloatSorter.chunk || context.threads == 1 {
            Element.sort(kernels, values, other, count, toOther: false)
            return
        }
        var parts = [Part(start: 0, count: count, isOther: false)]
        let fronts = self.fronts.pointer
        for _ in 0..<FloatSorter.levels {
            let whole = parts
            context.parallel(whole.count) { index in
                let part = whole[index]
                let (from, to) = part.isOther ? (other, values) : (values, other)
                let isLong = part.count >= FloatSorter.chunk
                fronts[index] = isLong ? Element.split(kernels, from + part.start, to + part.start, part.count) : 0
            }
            parts = []
            for (index, part) in whole.enumerated() {
                let front = fronts[index]
                if front == 0 {
                    parts.append(part)
                } else {
                    parts.append(Part(start: part.start, count: front, isOther: !part.isOther))
                    parts.append(Part(start: part.start + front, count: part.count - front, isOther: !part.isOther))
                }
            }
            if parts.count == whole.count { break }
        }
        let ready = parts
        context.parallel(ready.count) { index in
            if context.isInterrupted { return }
            let part = ready[index]
            let (from, to) = part.isOther ? (other, values) : (values, other)
            Element.sort(kernels, from + part.start, to + part.start, part.count, toOther: part.isOther)
        }
    }
}

/// Floats that a kernel sorts.
protocol KernelSorted: SortElement, BinaryFloatingPoint {
    static func sort(
        _ kernels: apus_reduction_kernels, _ values: UnsafeMutablePointer<Self>, _ other: UnsafeMutablePointer<Self>,
        _ count: Int, toOther: Bool)
    /// How many went to the front of the other memory, being less than one of the others; 0 when there is no use of what
    /// is there.
    static func split(
        _ kernels: apus_reduction_kernels, _ values: UnsafeMutablePointer<Self>, _ other: UnsafeMutablePointer<Self>,
        _ count: Int
    ) -> Int
    /// Whether one is NaN or -0.
    static func anySpecial(_ kernels: apus_reduction_kernels, _ values: UnsafePointer<Self>, _ count: Int) -> Bool
    /// Moves the first of equal neighbours of sorted numbers to the front; how many they are.
    static func distinct(_ kernels: apus_reduction_kernels, _ values: UnsafeMutablePointer<Self>, _ count: Int) -> Int
}

extension Float: KernelSorted {
    static func anySpecial(_ kernels: apus_reduction_kernels, _ values: UnsafePointer<Float>, _ count: Int) -> Bool {
        kernels.any_special_floats(values, Int64(count)) != 0
    }

    static func distinct(
        _ kernels: apus_reduction_kernels, _ values: UnsafeMutablePointer<Float>, _ count: Int
    ) -> Int {
        Int(kernels.distinct_floats(values, Int64(count)))
    }

    static func sort(
        _ kernels: apus_reduction_kernels, _ values: UnsafeMutablePointer<Float>,
        _ other: UnsafeMutablePointer<Float>, _ count: Int, toOther: Bool
    ) {
        kernels.sort_floats(values, other, Int64(count), toOther ? 1 : 0)
    }

    static func split(
        _ kernels: apus_reduction_kernels, _ values: UnsafeMutablePointer<Float>,
        _ other: UnsafeMutablePointer<Float>, _ count: Int
    ) -> Int {
        Int(kernels.split_floats(values, other, Int64(count)))
    }
}

extension Double: KernelSorted {
    static func anySpecial(_ kernels: apus_reduction_kernels, _ values: UnsafePointer<Double>, _ count: Int) -> Bool {
        kernels.any_special_doubles(values, Int64(count)) != 0
    }

    static func distinct(
        _ kernels: apus_reduction_kernels, _ values: UnsafeMutablePointer<Double>, _ count: Int
    ) -> Int {
        Int(kernels.distinct_doubles(values, Int64(count)))
    }

    static func sort(
        _ kernels: apus_reduction_kernels, _ values: UnsafeMutablePointer<Double>,
        _ other: UnsafeMutablePointer<Double>, _ count: Int, toOther: Bool
    ) {
        kernels.sort_doubles(values, other, Int64(count), toOther ? 1 : 0)
    }

    static func split(
        _ kernels: apus_reduction_kernels, _ values: UnsafeMutablePointer<Double>,
        _ other: UnsafeMutablePointer<Double>, _ count: Int
    ) -> Int {
        Int(kernels.split_doubles(values, other, Int64(count)))
    }
}
