import Core

/// Where the values of each column are cut into bins: bin b holds what is above threshold b - 1 and not above threshold
/// b. Missing values have the bin behind the last.
final class BinThresholds: Sendable {
    /// Thresholds of column c at offsets[c] ..< offsets[c + 1], ascending.
    let values: Buffer<Double>
    let offsets: [Int]
    /// Columns whose values are names of categories: bin b holds the one value threshold b.
    let categorical: [Bool]

    static let mostSampled = 200_000

    var columns: Int { offsets.count - 1 }
    /// Bins of a column, without that of missing values.
    func bins(_ column: Int) -> Int {
        let count = offsets[column + 1] - offsets[column]
        return categorical[column] ? count : count + 1
    }

    /// Cuts between all different values where they are at most `most`, else at quantiles of the values (of 200000
    /// drawn rows where there are more). A categorical column has a bin for each value, which must be at most `most`.
    init(_ x: ArrayView, most: Int, categorical: [Bool], _ random: TreeRandom, kind: String, in context: Context)
        throws(ApusError)
    {
        let reader = ColumnReader(x: x)
        let rows = reader.rows
        let columns = reader.columns
        let allocator = context.allocator
        let sampled = min(rows, BinThresholds.mostSampled)
        let together = min(ColumnReader.together, columns)
        let blocks = (columns - 1) / together + 1
        let lanes = min(context.threads, blocks)
        let own = cappedProduct(together, rows)
        let read = try Buffer<Double>(cappedProduct(lanes, own), in: allocator)
        let keyed = try Buffer<KeyedRow>(cappedProduct(lanes, 2, rows), in: allocator)
        let cuts = try Buffer<Double>(cappedProduct(columns, most), in: allocator)
        let counts = try Buffer<Int>(zeros: columns, in: allocator)
        let sound = try Buffer<Bool>(zeros: blocks, in: allocator)
        let generator = random.generator
        context.parallel(blocks, lanes: lanes) { block, lane in
            if context.isInterrupted { return }
            let first = block * together
            let count = min(together, columns - first)
            let values = read.pointer + lane &* own
            sound.pointer[block] = reader.read(first, count, to: values)
            let scratch = keyed.pointer + lane &* 2 &* rows
            for c in 0..<count {
                let column = first + c
                let all = categorical[column] || sampled == rows
                var number = 0
                for i in 0..<(all ? rows : sampled) {
                    let row = all ? i : BinThresholds.drawn(i, sampled, rows, generator)
                    let value = values[c &* rows &+ row]
                    if value.isNaN { continue }
                    scratch[number] = KeyedRow(value, row)
                    number += 1
                }
                let sorted = KeyedRow.sort(scratch, scratch + rows, number)
                counts.pointer[column] = BinThresholds.cut(
                    sorted, number, values + c &* rows, most, categorical[column], to: cuts.pointer + column &* most)
            }
        }
        try context.checkInterrupt()
        if !sound.elements.allSatisfy({ $0 }) { try reader.requireSound(in: allocator) }
        var offsets = [0]
        for column in 0..<columns {
            guard counts.pointer[column] >= 0 else {
                throw .invalid(
                    "Column \(column) of x has more than \(most) different values; a categorical column of \(kind) can have as many as max_bins."
                )
            }
            offsets.append(offsets[column] + counts.pointer[column])
        }
        let values = try Buffer<Double>(offsets[columns], in: allocator)
        for column in 0..<columns {
            let own = cuts.pointer + column &* most
            (values.pointer + offsets[column]).update(from: own, count: counts.pointer[column])
        }
        self.values = values
        self.offsets = offsets
        self.categorical = categorical
    }

    /// Row number `i` of a sample: one of each equal run of rows.
    private static func drawn(_ i: Int, _ sampled: Int, _ rows: Int, _ generator: Philox) -> Int {
        let low = i &* rows / sampled
        let high = (i + 1) &* rows / sampled
        return low + Int(generator.uniform(UInt64(i)) * Double(high - low))
    }

    /// Writes the thresholds of one column and returns their number; -1 for too many categories.
    private static func cut(
        _ sorted: UnsafePointer<KeyedRow>, _ count: Int, _ values: UnsafePointer<Double>, _ most: Int,
        _ categorical: Bool, to out: UnsafeMutablePointer<Double>
    ) -> Int {
        var different = count > 0 ? 1 : 0
        if count > 1 { for i in 1..<count where sorted[i].key != sorted[i - 1].key { different += 1 } }
        let value = { (i: Int) -> Double in values[Int(sorted[i].row)] }
        var number = 0
        if categorical {
            if different > most { return -1 }
            for i in 0..<count where i == 0 || sorted[i].key != sorted[i - 1].key {
                out[number] = value(i)
                number += 1
            }
            return number
        }
        if different <= most {
            if count > 1 {
                for i in 1..<count where sorted[i].key != sorted[i - 1].key {
                    out[number] = middle(value(i - 1), value(i))
                    number += 1
                }
            }
            return number
        }
        // Quantiles between the order statistics beside them; a value that fills several keeps one.
        for part in 1..<most {
            let place = Double(part) / Double(most) * Double(count - 1)
            let low = Int(place)
            let high = min(Double(low) < place ? low + 1 : low, count - 1)
            let threshold = middle(value(low), value(high))
            if number > 0, threshold <= out[number - 1] { continue }
            out[number] = threshold
            number += 1
        }
        return number
    }

    private static func middle(_ low: Double, _ high: Double) -> Double {
        let middle = low / 2 + high / 2
        return middle >= high || middle < low ? low : middle
    }

    /// The bin of a value that is there: how many thresholds lie below it. Of a categorical column -1 for a value that
    /// training has not seen.
    @inline(__always)
    static func bin(_ value: Double, _ thresholds: UnsafePointer<Double>, _ count: Int) -> Int {
        var base = 0
        var length = count
        while length > 1 {
            let half = length / 2
            base = thresholds[base &+ half &- 1] < value ? base &+ half : base
            length &-= half
        }
        return length == 1 && thresholds[base] < value ? base &+ 1 : base
    }

    /// The bin that missing values of a column have.
    func missingBin(_ column: Int) -> Int { bins(column) }

    /// The value at the upper end of a bin; +inf for the last.
    func threshold(_ column: Int, _ bin: Int) -> Double {
        bin < offsets[column + 1] - offsets[column] ? values.pointer[offsets[column] + bin] : .infinity
    }
}

/// The bins of all rows, eight columns side by side: bin of (row, column) is byte column % 8 of word row of group
/// column / 8.
final class BinnedColumns: Sendable {
    let rows: Int
    let columns: Int
    let words: Buffer<UInt64>
    /// Whether a column has missing values.
    let missing: Buffer<Bool>

    static let together = 8

    var groups: Int { (columns - 1) / BinnedColumns.together + 1 }

    init(_ x: ArrayView, _ thresholds: BinThresholds, in context: Context) throws(ApusError) {
        let reader = ColumnReader(x: x)
        let rows = reader.rows
        let columns = reader.columns
        self.rows = rows
        self.columns = columns
        let together = BinnedColumns.together
        let groups = (columns - 1) / together + 1
        words = try Buffer(zeros: cappedProduct(groups, rows), in: context.allocator)
        missing = try Buffer(zeros: columns, in: context.allocator)
        let words = words.pointer
        let missing = missing.pointer
        let chunk = 1 << 12
        let runs = (rows - 1) / chunk + 1
        let flags = try Buffer<Bool>(zeros: cappedProduct(runs, columns), in: context.allocator)
        let width = min(together, columns)
        let lanes = min(context.threads, runs)
        let read = try Buffer<Double>(cappedProduct(lanes, width, chunk), in: context.allocator)
        context.parallel(runs, lanes: lanes) { run, lane in
            if context.isInterrupted { return }
            let start = run * chunk
            let count = min(chunk, rows - start)
            let part = ColumnReader(x: x.rows(start, count))
            let values = read.pointer + lane &* width &* chunk
            for group in 0..<groups {
                let first = group * together
                let wide = min(together, columns - first)
                _ = part.read(first, wide, to: values)
                let out = words + (group &* rows &+ start)
                for c in 0..<wide {
                    let column = first + c
                    let own = thresholds.values.pointer + thresholds.offsets[column]
                    let number = thresholds.offsets[column + 1] - thresholds.offsets[column]
                    let absent = thresholds.missingBin(column)
                    let last = max(thresholds.bins(column) - 1, 0)
                    var holds = false
                    for i in 0..<count {
                        let value = values[c &* count &+ i]
                        var bin = min(BinThresholds.bin(value, own, number), last)
                        if value.isNaN {
                            bin = absent
                            holds = true
                        }
                        out[i] |= UInt64(truncatingIfNeeded: bin) << UInt64(8 &* c)
                    }
                    flags.pointer[run &* columns &+ column] = holds
                }
            }
        }
        try context.checkInterrupt()
        for run in 0..<runs {
            for column in 0..<columns where flags.pointer[run &* columns &+ column] { missing[column] = true }
        }
        withExtendedLifetime(read) {}
    }

    /// The bin of a row in a column.
    @inline(__always)
    func bin(_ row: Int, _ column: Int) -> Int {
        let word = words.pointer[(column >> 3) &* rows &+ row]
        return Int((word >> UInt64((column & 7) &* 8)) & 255)
    }
}
