import Core
import Glibc

/// Unit vectors of words, for their neighbours by cosine.
struct WordVectors: Sendable {
    let count: Int
    private let width: Int
    /// Rows of length 1, or of zeros for words without a vector.
    private let rows: Buffer<Float>

    /// Throws `shape` for anything but a matrix with a row for each word, `invalidArgument` for values that are not
    /// finite.
    init(_ matrix: ArrayView, in context: Context) throws(ApusError) {
        guard matrix.shape.rank == 2, matrix.shape[0] > 0, matrix.shape[1] > 0 else {
            throw .shape("embeddings must have shape (words, dimensions), each >= 1, got \(matrix.shape).")
        }
        guard matrix.dtype == .float32 || matrix.dtype == .float64 else {
            throw .dtype("embeddings must be float32 or float64, got \(matrix.dtype.name).")
        }
        (count, width) = (matrix.shape[0], matrix.shape[1])
        rows = try Buffer(matrix.count, in: context.allocator)
        let row = try Buffer<Double>(width, in: context.allocator)
        for word in 0..<count {
            try matrix.rowView(word).copy(to: row.pointer, name: "embeddings")
            var largest = 0.0
            for index in 0..<width {
                let value = row.pointer[index]
                guard value.isFinite else {
                    throw .invalid("embeddings must be finite; row \(word) holds \(value).")
                }
                largest = max(largest, abs(value))
            }
            var square = 0.0
            for index in 0..<width where largest > 0 {
                row.pointer[index] /= largest
                square += row.pointer[index] * row.pointer[index]
            }
            let factor = largest > 0 ? 1 / square.squareRoot() : 0
            for index in 0..<width {
                rows.pointer[word * width + index] = Float(row.pointer[index] * factor)
            }
        }
    }

    /// Whether a word has a direction.
    func has(_ word: Int64) -> Bool {
        guard word >= 0, word < Int64(count) else { return false }
        let row = rows.pointer + Int(word) * width
        for index in 0..<width where row[index] != 0 { return true }
        return false
    }

    /// Words whose products are made at once.
    private static let wordsOfTile = 64

    /// For each of some words, which must have a direction, the `wanted` words that are nearest, without itself and
    /// those of `without`; of equally near ones the first. Where there are fewer the rest is -1.
    func nearest(
        _ words: [Int64], wanted: Int, without: Set<Int64>, in context: Context
    ) throws(ApusError) -> Buffer<Int64> {
        let found = try Buffer<Int64>(cappedProduct(words.count, wanted), in: context.allocator)
        found.pointer.update(repeating: -1, count: found.count)
        let tile = WordVectors.wordsOfTile
        let queries = try Buffer<Float>(cappedProduct(tile, width), in: context.allocator)
        let products = try Buffer<Float>(cappedProduct(tile, count), in: context.allocator)
        // Always of as many rows, so that a word's products do not depend on the others.
        let workspace = try Buffer<Float>(Product.workspace(tile, count, width), in: context.allocator)
        let scores = try Buffer<Float>(cappedProduct(tile, wanted), in: context.allocator)
        var start = 0
        while start < words.count {
            try context.checkInterrupt()
            let used = min(tile, words.count - start)
            queries.clear()
            for index in 0..<used {
                (queries.pointer + index * width).update(
                    from: rows.pointer + Int(words[start + index]) * width, count: width)
            }
            let product = Product(
                transposesB: true, tile, count, width, UnsafePointer(queries.pointer), width,
                UnsafePointer(rows.pointer), width, products.pointer, count, workspace: workspace.pointer)
            context.parallel(product.packSlices) { product.pack($0, context.kernels) }
            context.parallel(product.slices) { product.multiply($0, context.kernels) }
            let first = start
            context.parallel(used) { index in
                let own = words[first + index]
                let row = products.pointer + index * count
                let best = found.pointer + (first + index) * wanted
                let score = scores.pointer + index * wanted
                var held = 0
                for word in 0..<count {
                    let value = row[word]
                    if held == wanted, !(value > score[held - 1]) { continue }
                    if Int64(word) == own || without.contains(Int64(word)) || !has(Int64(word)) { continue }
                    var place = min(held, wanted - 1)
                    if held < wanted { held += 1 }
                    while place > 0, value > score[place - 1] {
                        (score[place], best[place]) = (score[place - 1], best[place - 1])
                        place -= 1
                    }
                    (score[place], best[place]) = (value, Int64(word))
                }
            }
            start += used
        }
        return found
    }
}
