import Core

/// Sums of gradients by bin, for the rows of a leaf: eight columns at a time, whose sums of a block of rows stay in the
/// first-level cache as single precision and are then added up in double precision. A group of columns is the work of
/// one thread, in the order of its rows: the sums do not depend on the number of threads.
struct GradientHistograms {
    let binned: BinnedColumns
    /// Single-precision sums of a group's bins, for each lane.
    private let blocks: Buffer<SIMD4<Float>>

    static let bins = 256
    private static let blockRows = 1 << 15
    private static let groupBins = BinnedColumns.together * bins

    init(_ binned: BinnedColumns, lanes: Int, in allocator: Allocator) throws(ApusError) {
        self.binned = binned
        blocks = try Buffer(cappedProduct(lanes, GradientHistograms.groupBins), in: allocator)
    }

    /// Elements of a histogram of all columns; that of column c begins at 256 c.
    static func size(_ columns: Int) -> Int { cappedProduct(columns, bins) }

    /// Sums of the columns of one group over `count` rows. `order` names the rows, nil: all from the first on;
    /// `gradients` lie in the order of the rows. `used` is the largest number of bins of a column of the group.
    func sum(
        _ group: Int, _ order: UnsafePointer<UInt32>?, _ gradients: UnsafePointer<SIMD4<Float>>, _ count: Int,
        used: Int, lane: Int, to out: UnsafeMutablePointer<GradientSums>
    ) {
        let width = min(BinnedColumns.together, binned.columns - group &* BinnedColumns.together)
        let own = blocks.pointer + lane &* GradientHistograms.groupBins
        let words = UnsafePointer(binned.words.pointer + group &* binned.rows)
        let bins = GradientHistograms.bins
        var start = 0
        while start < count || start == 0 {
            let rows = min(GradientHistograms.blockRows, count - start)
            for c in 0..<width { (own + c &* bins).update(repeating: SIMD4(repeating: 0), count: used) }
            if let order {
                if width == 8 {
                    GradientHistograms.eight(words, order + start, gradients + start, rows, own)
                } else {
                    GradientHistograms.some(width, words, order + start, gradients + start, rows, own)
                }
            } else if width == 8 {
                GradientHistograms.eight(words + start, gradients + start, rows, own)
            } else {
                GradientHistograms.some(width, words + start, gradients + start, rows, own)
            }
            for c in 0..<width {
                let from = own + c &* bins
                let to = out + c &* bins
                if start == 0 {
                    for bin in 0..<used { to[bin] = GradientSums(from[bin]) }
                } else {
                    for bin in 0..<used { to[bin] += GradientSums(from[bin]) }
                }
            }
            start += GradientHistograms.blockRows
        }
    }

    @inline(__always)
    private static func add(_ word: UInt64, _ sums: SIMD4<Float>, _ own: UnsafeMutablePointer<SIMD4<Float>>) {
        own[Int(word & 255)] += sums
        own[256 &+ Int((word >> 8) & 255)] += sums
        own[512 &+ Int((word >> 16) & 255)] += sums
        own[768 &+ Int((word >> 24) & 255)] += sums
        own[1024 &+ Int((word >> 32) & 255)] += sums
        own[1280 &+ Int((word >> 40) & 255)] += sums
        own[1536 &+ Int((word >> 48) & 255)] += sums
        own[1792 &+ Int(word >> 56)] += sums
    }

    @inline(__always)
    private static func add(
        _ width: Int, _ word: UInt64, _ sums: SIMD4<Float>, _ own: UnsafeMutablePointer<SIMD4<Float>>
    ) {
        var word = word
        for c in 0..<width {
            own[c &* 256 &+ Int(word & 255)] += sums
            word >>= 8
        }
    }

    private static func eight(
        _ words: UnsafePointer<UInt64>, _ order: UnsafePointer<UInt32>, _ gradients: UnsafePointer<SIMD4<Float>>,
        _ count: Int, _ own: UnsafeMutablePointer<SIMD4<Float>>
    ) {
        for i in 0..<count { add(words[Int(order[i])], gradients[i], own) }
    }

    private static func eight(
        _ words: UnsafePointer<UInt64>, _ gradients: UnsafePointer<SIMD4<Float>>, _ count: Int,
        _ own: UnsafeMutablePointer<SIMD4<Float>>
    ) {
        for i in 0..<count { add(words[i], gradients[i], own) }
    }

    private static func some(
        _ width: Int, _ words: UnsafePointer<UInt64>, _ order: UnsafePointer<UInt32>,
        _ gradients: UnsafePointer<SIMD4<Float>>, _ count: Int, _ own: UnsafeMutablePointer<SIMD4<Float>>
    ) {
        for i in 0..<count { add(width, words[Int(order[i])], gradients[i], own) }
    }

    private static func some(
        _ width: Int, _ words: UnsafePointer<UInt64>, _ gradients: UnsafePointer<SIMD4<Float>>, _ count: Int,
        _ own: UnsafeMutablePointer<SIMD4<Float>>
    ) {
        for i in 0..<count { add(width, words[i], gradients[i], own) }
    }
}
