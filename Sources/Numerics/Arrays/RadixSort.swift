import Core

/// Stable sorting of keys, alone or with the numbers of their elements.
///
/// Keys go to buckets by the highest digit in which any differ, and each bucket likewise by the next, until a few are
/// left, which are inserted one by one. The first digit of many keys is done in chunks cut by size, and the buckets by
/// threads as they come free: neither changes the result.
struct RadixSort<Key: FixedWidthInteger & UnsignedInteger & BitwiseCopyable & Sendable>: @unchecked Sendable {
    private let context: Context
    /// To be filled before a sort.
    let keys: Buffer<Key>
    private let otherKeys: Buffer<Key>
    // The elements' numbers, in the order of the keys; empty where only keys are sorted.
    private let numbers: Buffer<UInt32>
    private let otherNumbers: Buffer<UInt32>
    private let counts: Buffer<UInt32>
    private let hasNumbers: Bool

    /// Keys that are inserted one by one.
    private static var few: Int { 24 }
    /// Keys of a chunk, and chunks at most, of what threads share.
    private static var chunk: Int { 65_536 }
    private static var mostChunks: Int { 64 }
    private static var buckets: Int { 256 }

    /// What a sort leaves: the sorted keys, the numbers of their elements, and memory for as many keys that is free.
    struct Sorted {
        let keys: UnsafeMutablePointer<Key>
        let numbers: UnsafeMutablePointer<UInt32>
        let spare: UnsafeMutablePointer<Key>
    }

    /// Room for `capacity` keys. Throws `limit` past 2^32 - 1, `outOfMemory`.
    init(capacity: Int, numbered: Bool, in context: Context) throws(ApusError) {
        guard capacity <= Int(UInt32.max) else {
            throw .limit("\(capacity) elements are too many to sort; at most \(UInt32.max) are possible.")
        }
        self.context = context
        hasNumbers = numbered
        keys = try Buffer(capacity, in: context.allocator)
        otherKeys = try Buffer(capacity, in: context.allocator)
        numbers = try Buffer(numbered ? capacity : 0, in: context.allocator)
        otherNumbers = try Buffer(numbered ? capacity : 0, in: context.allocator)
        counts = try Buffer((RadixSort.mostChunks + 1) &* RadixSort.buckets, in: context.allocator)
    }

    /// Sorts the first `count` keys, and numbers them 0, 1, ... first where numbers are kept.
    func sort(_ count: Int) -> Sorted {
        if hasNumbers {
            for i in 0..<count { numbers.pointer[i] = UInt32(truncatingIfNeeded: i) }
        }
        let all = Run(
            keys: keys.pointer, other: otherKeys.pointer, numbers: numbers.pointer, otherNumbers: otherNumbers.pointer)
        if count < 2 &* RadixSort.chunk {
            all.sort(count, toOther: false, hasNumbers)
        } else {
            sortInChunks(all, count)
        }
        return Sorted(keys: keys.pointer, numbers: numbers.pointer, spare: otherKeys.pointer)
    }

    private func sortInChunks(_ all: Run, _ count: Int) {
        guard let shift = all.topDigit(count, bits: 8) else { return }
        let length = max(RadixSort.chunk, count / RadixSort.mostChunks + 1)
        let chunks = (count - 1) / length + 1
        let buckets = RadixSort.buckets
        let counts = self.counts.pointer
        let hasNumbers = self.hasNumbers
        let place = Key(shift)
        context.parallel(chunks) { chunk in
            let own = counts + chunk &* buckets
            own.update(repeating: 0, count: buckets)
            for i in chunk &* length..<min(count, (chunk &+ 1) &* length) {
                own[Int(truncatingIfNeeded: (all.keys[i] &>> place) & 0xff)] &+= 1
            }
        }
        let starts = counts + RadixSort.mostChunks &* buckets
        var start: UInt32 = 0
        for bucket in 0..<buckets {
            starts[bucket] = start
            for chunk in 0..<chunks {
                let size = counts[chunk &* buckets &+ bucket]
                counts[chunk &* buckets &+ bucket] = start
                start &+= size
            }
        }
        context.parallel(chunks) { chunk in
            let own = counts + chunk &* buckets
            for i in chunk &* length..<min(count, (chunk &+ 1) &* length) {
                let key = all.keys[i]
                let bucket = Int(truncatingIfNeeded: (key &>> place) & 0xff)
                let at = Int(own[bucket])
                own[bucket] &+= 1
                all.other[at] = key
                if hasNumbers { all.otherNumbers[at] = all.numbers[i] }
            }
        }
        context.parallel(buckets) { bucket in
            if context.isInterrupted { return }
            let begin = Int(starts[bucket])
            let end = bucket == buckets - 1 ? count : Int(starts[bucket &+ 1])
            if end > begin { all.exchanged.from(begin).sort(end &- begin, toOther: true, hasNumbers) }
        }
    }

    /// Some keys and their numbers, and as much other memory.
    private struct Run {
        let keys: UnsafeMutablePointer<Key>
        let other: UnsafeMutablePointer<Key>
        let numbers: UnsafeMutablePointer<UInt32>
        let otherNumbers: UnsafeMutablePointer<UInt32>

        var exchanged: Run { Run(keys: other, other: keys, numbers: otherNumbers, otherNumbers: numbers) }

        @inline(__always)
        func from(_ start: Int) -> Run {
            Run(keys: keys + start, other: other + start, numbers: numbers + start, otherNumbers: otherNumbers + start)
        }

        /// How far to shift for the highest `bits` bits in which any keys differ; nil when all are equal.
        @inline(__always)
        func topDigit(_ count: Int, bits: Int) -> Int? {
            var (low, high) = (Key.max, Key.min)
            for i in 0..<count {
                low &= keys[i]
                high |= keys[i]
            }
            let differing = low ^ high
            if differing == 0 { return nil }
            return max(Key.bitWidth &- differing.leadingZeroBitCount &- bits, 0)
        }

        /// Sorts `count` keys, into the other memory or in place.
        func sort(_ count: Int, toOther: Bool, _ hasNumbers: Bool) {
            if count <= RadixSort.few {
                insert(count, hasNumbers)
                if toOther { copy(count, hasNumbers) }
                return
            }
            // About eight keys for each bucket.
            let bits = min(max(Int.bitWidth - count.leadingZeroBitCount - 4, 3), 8)
            guard let shift = topDigit(count, bits: bits) else {
                if toOther { copy(count, hasNumbers) }
                return
            }
            var ends = InlineArray<257, UInt32>(repeating: 0)
            let place = Key(shift)
            let mask = Key(1) &<< Key(bits) &- 1
            for i in 0..<count { ends[Int(truncatingIfNeeded: (keys[i] &>> place) & mask) &+ 1] &+= 1 }
            let buckets = 1 << bits
            for bucket in 0..<buckets { ends[bucket &+ 1] &+= ends[bucket] }
            // ends[b] is where bucket b begins, and moves on to where it ends.
            for i in 0..<count {
                let key = keys[i]
                let bucket = Int(truncatingIfNeeded: (key &>> place) & mask)
                let at = Int(ends[bucket])
                ends[bucket] &+= 1
                other[at] = key
                if hasNumbers { otherNumbers[at] = numbers[i] }
            }
            let sorted = exchanged
            if shift == 0 {
                if !toOther { sorted.copy(count, hasNumbers) }
                return
            }
            var begin = 0
            for bucket in 0..<buckets {
                let end = Int(ends[bucket])
                if end > begin { sorted.from(begin).sort(end &- begin, toOther: !toOther, hasNumbers) }
                begin = end
            }
        }

        private func copy(_ count: Int, _ hasNumbers: Bool) {
            other.update(from: keys, count: count)
            if hasNumbers { otherNumbers.update(from: numbers, count: count) }
        }

        private func insert(_ count: Int, _ hasNumbers: Bool) {
            var i = 1
            while i < count {
                let key = keys[i]
                let number = hasNumbers ? numbers[i] : 0
                var j = i
                while j > 0, keys[j &- 1] > key {
                    keys[j] = keys[j &- 1]
                    if hasNumbers { numbers[j] = numbers[j &- 1] }
                    j &-= 1
                }
                keys[j] = key
                if hasNumbers { numbers[j] = number }
                i &+= 1
            }
        }
    }
}
