import Core
import Glibc

/// The covariance of the colours of pixels, and its principal components.
struct PixelColours {
    private let range: ValueRange

    init(_ range: ValueRange) { self.range = range }

    /// Images summed as one slice, whatever the number of threads.
    private static let imagesOfSlice = 32

    /// Variances, from the largest, and the unit vectors that belong to them, of colours scaled to [0, 1].
    func components(
        _ images: ArrayView, _ shape: ImageShape, in context: Context
    ) throws(ApusError) -> (values: [Double], vectors: [[Double]]) {
        let n = shape.channels
        guard n <= PCAColorNoise.mostChannels else {
            throw .shape("PCAColorNoise takes images of at most \(PCAColorNoise.mostChannels) channels, got \(n).")
        }
        guard images.rows >= 1 else { throw .shape("images must have at least one image, got shape \(images.shape).") }
        let slices = (images.rows - 1) / PixelColours.imagesOfSlice + 1
        let sums = n + n * n
        let partials = try Buffer<Double>(zeros: cappedProduct(slices, sums), in: context.allocator)
        let lanes = min(context.threads, slices)
        let rooms = try Buffer<Float>(cappedProduct(lanes, shape.count), in: context.allocator)
        let faults = try Buffer<Int>(slices, in: context.allocator)
        faults.pointer.update(repeating: -1, count: slices)
        let (lower, scale) = (Double(range.lower), 1 / max(Double(range.upper) - Double(range.lower), 1e-30))
        context.parallel(slices, lanes: lanes) { slice, lane in
            let room = rooms.pointer + lane * shape.count
            let sum = partials.pointer + slice * sums
            let start = slice * PixelColours.imagesOfSlice
            for number in start..<min(images.rows, start + PixelColours.imagesOfSlice) {
                if context.isInterrupted { return }
                guard ImageRows.load(images, number, to: room, count: shape.count) else {
                    if faults.pointer[slice] < 0 { faults.pointer[slice] = number }
                    return
                }
                for pixel in 0..<shape.height * shape.width {
                    let colour = room + pixel * n
                    for i in 0..<n {
                        // About the middle of the range, so that squares keep their digits.
                        let a = (Double(colour[i]) - lower) * scale - 0.5
                        sum[i] += a
                        for j in 0...i { sum[n + i * n + j] += a * ((Double(colour[j]) - lower) * scale - 0.5) }
                    }
                }
            }
        }
        try context.checkInterrupt()
        for slice in 0..<slices where faults.pointer[slice] >= 0 {
            throw ImageRows.notFinite(images, faults.pointer[slice])
        }
        var total = [Double](repeating: 0, count: sums)
        for slice in 0..<slices {
            for index in 0..<sums { total[index] += partials.pointer[slice * sums + index] }
        }
        let count = Double(images.rows) * Double(shape.height) * Double(shape.width)
        var covariance = [[Double]](repeating: [Double](repeating: 0, count: n), count: n)
        for i in 0..<n {
            for j in 0...i {
                let value = total[n + i * n + j] / count - (total[i] / count) * (total[j] / count)
                (covariance[i][j], covariance[j][i]) = (value, value)
            }
        }
        return PixelColours.eigen(covariance)
    }

    /// Jacobi's rotations (Golub and Van Loan 2013, section 8.5): small matrices, all digits.
    private static func eigen(_ matrix: [[Double]]) -> (values: [Double], vectors: [[Double]]) {
        let n = matrix.count
        var a = matrix
        var v = (0..<n).map { i in (0..<n).map { $0 == i ? 1.0 : 0.0 } }
        for _ in 0..<60 {
            var off = 0.0
            for i in 0..<n { for j in 0..<i { off += a[i][j] * a[i][j] } }
            if off == 0 { break }
            for p in 0..<n {
                for q in 0..<p where abs(a[p][q]) > 1e-300 {
                    let theta = (a[p][p] - a[q][q]) / (2 * a[p][q])
                    let t = (theta < 0 ? -1 : 1) / (abs(theta) + (theta * theta + 1).squareRoot())
                    let c = 1 / (t * t + 1).squareRoot()
                    let s = t * c
                    for k in 0..<n {
                        let (x, y) = (a[k][p], a[k][q])
                        (a[k][p], a[k][q]) = (c * x + s * y, c * y - s * x)
                    }
                    for k in 0..<n {
                        let (x, y) = (a[p][k], a[q][k])
                        (a[p][k], a[q][k]) = (c * x + s * y, c * y - s * x)
                        let (vx, vy) = (v[p][k], v[q][k])
                        (v[p][k], v[q][k]) = (c * vx + s * vy, c * vy - s * vx)
                    }
                    (a[p][q], a[q][p]) = (0, 0)
                }
            }
        }
        let order = (0..<n).sorted { a[$0][$0] > a[$1][$1] }
        let vectors = order.map { index in
            // The largest component points up, so that a fit has one result.
            let vector = v[index]
            let largest = vector.max { abs($0) < abs($1) } ?? 1
            return vector.map { max(-1, min(1, largest < 0 ? -$0 : $0)) }
        }
        return (order.map { max(0, a[$0][$0]) }, vectors)
    }
}
