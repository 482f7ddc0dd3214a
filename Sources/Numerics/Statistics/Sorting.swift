/// Stable merge sorts of doubles without NaN, ascending, in memory of the caller.
package enum Sorting {
    private static let runLength = 24

    /// Sorts `count` values; `scratch` has room for as many.
    package static func sort(_ values: UnsafeMutablePointer<Double>, _ count: Int, scratch: UnsafeMutablePointer<Double>) {
        var start = 0
        while start < count {
            insertionSort(values + start, min(runLength, count &- start))
            start &+= runLength
        }
        var from = values
        var to = scratch
        var width = runLength
        while width < count {
            var start = 0
            while start < count {
                let middle = min(start &+ width, count)
                let end = min(middle &+ width, count)
                merge(from, start, middle, end, to)
                start = end
            }
            swap(&from, &to)
            width &*= 2
        }
        if from != values { values.update(from: from, count: count) }
    }

    private static func insertionSort(_ values: UnsafeMutablePointer<Double>, _ count: Int) {
        var i = 1
        while i < count {
            let value = values[i]
            var j = i
            while j > 0, values[j &- 1] > value {
                values[j] = values[j &- 1]
                j &-= 1
            }
            values[j] = value
            i &+= 1
        }
    }

    private static func merge(
        _ from: UnsafeMutablePointer<Double>, _ start: Int, _ middle: Int, _ end: Int, _ to: UnsafeMutablePointer<Double>
    ) {
        var left = start
        var right = middle
        var out = start
        while left < middle, right < end {
            let a = from[left]
            let b = from[right]
            let takeRight = b < a
            to[out] = takeRight ? b : a
            right &+= takeRight ? 1 : 0
            left &+= takeRight ? 0 : 1
            out &+= 1
        }
        while left < middle {
            to[out] = from[left]
            left &+= 1
            out &+= 1
        }
        while right < end {
            to[out] = from[right]
            right &+= 1
            out &+= 1
        }
    }

    /// A value with the place it came from.
    package struct Keyed: BitwiseCopyable {
        package var value: Double
        package var place: Int

        @inline(__always)
        package init(value: Double, place: Int) {
            self.value = value
            self.place = place
        }
    }

    /// Sorts by value, equal values in the order of their places as given.
    package static func sort(_ items: UnsafeMutablePointer<Keyed>, _ count: Int, scratch: UnsafeMutablePointer<Keyed>) {
        var start = 0
        while start < count {
            let end = min(start &+ runLength, count)
            var i = start &+ 1
            while i < end {
                let item = items[i]
                var j = i
                while j > start, items[j &- 1].value > item.value {
                    items[j] = items[j &- 1]
                    j &-= 1
                }
                items[j] = item
                i &+= 1
            }
            start = end
        }
        var from = items
        var to = scratch
        var width = runLength
        while width < count {
            var start = 0
            while start < count {
                let middle = min(start &+ width, count)
                let end = min(middle &+ width, count)
                var left = start
                var right = middle
                for out in start..<end {
                    if left < middle, right >= end || !(from[right].value < from[left].value) {
                        to[out] = from[left]
                        left &+= 1
                    } else {
                        to[out] = from[right]
                        right &+= 1
                    }
                }
                start = end
            }
            swap(&from, &to)
            width &*= 2
        }
        if from != items { items.update(from: from, count: count) }
    }
}
