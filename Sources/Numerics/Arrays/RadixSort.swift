import Core

/// Stable sorting of keys, alone or with the numbers of their elements: by insertion when they are few, else digit by
/// digit from the last, in chunks cut by size that threads share. Digits in which no two keys differ are passed over.
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

    private static var fewest: Int { 40 }
    private static var chunk: Int { 65_536 }
    private static var mostChunks: Int { 64 }

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
        let most = RadixSort.cut(capacity)
        counts = try Buffer(most.chunks << most.bits, in: context.allocator)
    }

    /// Chunks of `count` keys, and the bits of a digit.
    private static func cut(_ count: Int) -> (chunks: Int, length: Int, bits: Int) {
        let length = max(chunk, count / mostChunks + 1)
        return (count == 0 ? 0 : (count - 1) / length + 1, length, count < 20_000 ? 8 : 11)
    }

    /// What a sort leaves: the sorted keys, the numbers of their elements, and memory for as many keys that is free.
    struct Sorted {
        let keys: UnsafeMutablePointer<Key>
        let numbers: UnsafeMutablePointer<UInt32>
        let spare: UnsafeMutablePointer<Key>
    }

    /// Sorts the first `count` keys, and numbers them 0, 1, ... first where numbers are kept.
    func sort(_ count: Int) -> Sorted {
        if hasNumbers {
            for i in 0..<count { numbers.pointer[i] = UInt32(truncatingIfNeeded: i) }
        }
        if count > RadixSort.fewest { return sortByDigits(count) }
        insert(count)
        return Sorted(keys: keys.pointer, numbers: numbers.pointer, spare: otherKeys.pointer)
    }

    private func insert(_ count: Int) {
        let keys = self.keys.pointer
        let numbers = self.numbers.pointer
        var i = 1
        while i < count {
            let key = keys[i]
            var j = i
            while j > 0, keys[j - 1] > key {
                keys[j] = keys[j - 1]
                if hasNumbers { numbers[j] = numbers[j - 1] }
                j -= 1
            }
            keys[j] = key
            if hasNumbers { numbers[j] = UInt32(truncatingIfNeeded: i) }
            i += 1
        }
    }

    private func sortByDigits(_ count: Int) -> Sorted {
        let (chunks, length, bits) = RadixSort.cut(count)
        let buckets = 1 << bits
        var (low, high) = (Key.max, Key.min)
        for i in 0..<count {
            low &= keys.pointer[i]
            high |= keys.pointer[i]
        }
        let differing = low ^ high
        var (from, to) = (keys.pointer, otherKeys.pointer)
        var (fromNumbers, toNumbers) = (numbers.pointer, otherNumbers.pointer)
        let counts = self.counts.pointer
        let mask = Key(buckets - 1)
        var shift = 0
        while shift < Key.bitWidth {
            if (differing >> Key(shift)) & mask != 0 {
                if context.isInterrupted { break }
                let (source, target, sourceNumbers, targetNumbers) = (from, to, fromNumbers, toNumbers)
                let place = Key(shift)
                context.parallel(chunks) { chunk in
                    let own = counts + chunk &* buckets
                    own.update(repeating: 0, count: buckets)
                    for i in chunk &* length..<min(count, (chunk &+ 1) &* length) {
                        own[Int(truncatingIfNeeded: (source[i] &>> place) & mask)] &+= 1
                    }
                }
                var start: UInt32 = 0
                for bucket in 0..<buckets {
                    for chunk in 0..<chunks {
                        let size = counts[chunk &* buckets &+ bucket]
                        counts[chunk &* buckets &+ bucket] = start
                        start &+= size
                    }
                }
                let hasNumbers = self.hasNumbers
                context.parallel(chunks) { chunk in
                    let own = counts + chunk &* buckets
                    for i in chunk &* length..<min(count, (chunk &+ 1) &* length) {
                        let key = source[i]
                        let bucket = Int(truncatingIfNeeded: (key &>> place) & mask)
                        let at = Int(own[bucket])
                        own[bucket] &+= 1
                        target[at] = key
                        if hasNumbers { targetNumbers[at] = sourceNumbers[i] }
                    }
                }
                swap(&from, &to)
                swap(&fromNumbers, &toNumbers)
            }
            shift += bits
        }
        return Sorted(keys: from, numbers: fromNumbers, spare: to)
    }
}
