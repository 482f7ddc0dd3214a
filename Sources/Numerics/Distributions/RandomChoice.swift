import Core
import Glibc

/// Draws of the numbers 0, ..., n - 1, with or without replacement, equally likely or weighted.
package enum RandomChoice {
    /// Fills `out` with `count` draws. Throws `invalidArgument` for impossible requests, `outOfMemory`, `interrupted`.
    package static func draw(
        _ out: UnsafeMutablePointer<Int64>, _ count: Int, of n: Int, replace: Bool, probabilities: ArrayView?,
        in context: Context, stream: () -> Philox
    ) throws(ApusError) {
        guard n >= 1 || count == 0 else { throw .invalid("n must be >= 1, got \(n).") }
        guard replace || count <= n else {
            throw .invalid("out must have at most n = \(n) elements without replacement, got \(count).")
        }
        guard let probabilities else {
            if count == 0 { return }
            replace
                ? equal(out, count, n, stream(), in: context)
                : try distinct(out, count, n, stream(), in: context)
            try context.checkInterrupt()
            return
        }
        guard probabilities.shape.rank == 1, probabilities.count == n else {
            throw .shape("probabilities must be a vector of n = \(n) elements, got shape \(probabilities.shape).")
        }
        let weights = try Buffer<Double>(n, in: context.allocator)
        try probabilities.copy(to: weights.pointer, name: "probabilities")
        var positive = 0
        for i in 0..<n {
            let weight = weights.pointer[i]
            guard weight >= 0, weight.isFinite else {
                throw .invalid("probabilities must be finite and >= 0, found \(weight) at \(i) (counted from 0).")
            }
            positive += weight > 0 ? 1 : 0
        }
        guard positive > 0 || count == 0 else { throw .invalid("probabilities must not all be 0.") }
        guard replace || count <= positive else {
            throw .invalid("Only \(positive) of the probabilities are not 0: \(count) draws need replacement.")
        }
        if count == 0 { return }
        replace
            ? try weighted(out, count, n, weights.pointer, stream(), in: context)
            : try weightedDistinct(out, count, n, weights.pointer, stream(), in: context)
        try context.checkInterrupt()
    }

    private static func equal(
        _ out: UnsafeMutablePointer<Int64>, _ count: Int, _ n: Int, _ stream: Philox, in context: Context
    ) {
        context.parallel(over: count, by: 16_384) { range in
            if context.isInterrupted { return }
            for i in range {
                var source = RandomSource(stream, element: i)
                out[i] = Int64(bitPattern: source.below(UInt64(n)))
            }
        }
    }

    /// The first `count` places of Fisher and Yates' shuffle (Durstenfeld 1964, doi:10.1145/364520.364540). Few of many
    /// keep only the places that have changed, in a hash table.
    private static func distinct(
        _ out: UnsafeMutablePointer<Int64>, _ count: Int, _ n: Int, _ stream: Philox, in context: Context
    ) throws(ApusError) {
        var draw: UInt64 = 0
        if n / 8 <= count {
            let places = try Buffer<Int64>(n, in: context.allocator)
            for i in 0..<n { places.pointer[i] = Int64(i) }
            for i in 0..<count {
                if i & 0xFFFF == 0 { try context.checkInterrupt() }
                let j = i + Int(stream.below(UInt64(n - i), draw: &draw))
                out[i] = places.pointer[j]
                places.pointer[j] = places.pointer[i]
            }
            return
        }
        // Twice as many slots as places: a power of two. count is at most n / 8, so this cannot overflow.
        let bits = Int.bitWidth - (2 * count).leadingZeroBitCount
        let mask = 1 << bits - 1
        let keys = try Buffer<Int64>(mask + 1, in: context.allocator)
        let values = try Buffer<Int64>(mask + 1, in: context.allocator)
        for slot in 0...mask { keys.pointer[slot] = -1 }
        func slot(_ key: Int64) -> Int {
            var slot = Int(truncatingIfNeeded: (UInt64(bitPattern: key) &* 0x9E37_79B9_7F4A_7C15) >> UInt64(64 - bits))
            while keys.pointer[slot] != key, keys.pointer[slot] >= 0 { slot = (slot &+ 1) & mask }
            return slot
        }
        for i in 0..<count {
            if i & 0xFFFF == 0 { try context.checkInterrupt() }
            let j = Int64(i) + Int64(bitPattern: stream.below(UInt64(n - i), draw: &draw))
            let own = slot(Int64(i))
            let held = keys.pointer[own] < 0 ? Int64(i) : values.pointer[own]
            let at = slot(j)
            out[i] = keys.pointer[at] < 0 ? j : values.pointer[at]
            keys.pointer[at] = j
            values.pointer[at] = held
        }
    }

    /// By inversion of the cumulative weights: what has weight 0 is never drawn.
    private static func weighted(
        _ out: UnsafeMutablePointer<Int64>, _ count: Int, _ n: Int, _ weights: UnsafeMutablePointer<Double>,
        _ stream: Philox, in context: Context
    ) throws(ApusError) {
        // Scaled by the greatest, so that the sum is finite; equal cumulative sums belong to weights of 0.
        var greatest = 0.0
        var last = 0
        for i in 0..<n where weights[i] > 0 {
            greatest = max(greatest, weights[i])
            last = i
        }
        var sum = CompensatedSum()
        for i in 0..<n {
            sum.add(weights[i] / greatest)
            weights[i] = sum.value
        }
        let total = weights[n - 1]
        context.parallel(over: count, by: 4096) { range in
            if context.isInterrupted { return }
            for i in range {
                var source = RandomSource(stream, element: i)
                let at = source.uniform() * total
                // The first place whose cumulative weight exceeds the draw.
                var low = 0
                var high = last
                while low < high {
                    let middle = (low &+ high) >> 1
                    if weights[middle] > at { high = middle } else { low = middle &+ 1 }
                }
                out[i] = Int64(low)
            }
        }
    }

    /// The least of exponential variates divided by the weights (Efraimidis and Spirakis 2006,
    /// doi:10.1016/j.ipl.2005.11.003), in ascending order: as drawn one after the other.
    private static func weightedDistinct(
        _ out: UnsafeMutablePointer<Int64>, _ count: Int, _ n: Int, _ weights: UnsafePointer<Double>, _ stream: Philox,
        in context: Context
    ) throws(ApusError) {
        let items = try Buffer<Sorting.Keyed>(n, in: context.allocator)
        context.parallel(over: n, by: 16_384) { range in
            for i in range {
                var source = RandomSource(stream, element: i)
                // In logarithms, where tiny weights do not overflow.
                let key = log(source.exponential()) - log(weights[i])
                items.pointer[i] = Sorting.Keyed(value: weights[i] > 0 ? key : .infinity, place: i)
            }
        }
        try context.checkInterrupt()
        var kept = n
        if count < n / 8 {
            // Only the least `count` are sorted.
            let keys = try Buffer<Double>(n, in: context.allocator)
            for i in 0..<n { keys.pointer[i] = items.pointer[i].value }
            let bound = try Selection.select(keys.pointer, n, ranks: [count - 1], in: context)[0]
            kept = 0
            for i in 0..<n where items.pointer[i].value <= bound {
                items.pointer[kept] = items.pointer[i]
                kept += 1
            }
        }
        let scratch = try Buffer<Sorting.Keyed>(kept, in: context.allocator)
        Sorting.sort(items.pointer, kept, scratch: scratch.pointer)
        for i in 0..<count { out[i] = Int64(items.pointer[i].place) }
    }
}
