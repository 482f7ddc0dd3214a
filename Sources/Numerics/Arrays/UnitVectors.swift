import Core
import Glibc

/// Vectors divided by their Euclidean length.
package enum UnitVectors {
    /// Lengths outside of this are taken anew, with the elements scaled first.
    private static let safe = 0x1p-960...0x1p1000

    /// out = a / |a| for each vector along `axis`; a vector of zeros stays. `out` has a's shape and may be `a`. Throws
    /// `shape`, `dtype`, `invalidArgument`, `outOfMemory`, `interrupted`.
    package static func scale(_ a: ArrayView, axis: Int, into out: ArrayView, in context: Context) throws(ApusError) {
        let axis = try Axes.resolve(axis, rank: a.shape.rank)
        guard out.shape == a.shape else { throw .shape("out must have shape \(a.shape), got \(out.shape).") }
        guard out.dtype == .float64 || (a.dtype == .float32 && out.dtype == .float32) else {
            throw .dtype(
                "out must be \(a.dtype == .float32 ? "float32 or float64" : "float64") for a of \(a.dtype.name), got \(out.dtype.name)."
            )
        }
        try out.requireApart(from: a, named: "a", inPlace: true)
        if a.count == 0 { return }
        var kept = Shape()
        for index in 0..<a.shape.rank where index != axis { kept.append(a.shape[index]) }
        let lengths = try Buffer<Double>(kept.count, in: context.allocator)
        let view = ArrayView(data: lengths.pointer, dtype: .float64, shape: kept)
        try ArrayReduction.reduce(.norm2, a, axes: [axis], into: view, in: context)
        // Per line a factor, a power of two, to take the elements times before they are divided.
        let factors = try Buffer<Double>(kept.count, in: context.allocator)
        let lines = ArrayLines(a, axis: axis)
        for line in 0..<lines.count {
            factors.pointer[line] = 1
            let length = lengths.pointer[line]
            if a.dtype == .float64, length != 0, !length.isNaN, !safe.contains(length) {
                rescale(lines, line, &lengths.pointer[line], &factors.pointer[line])
            }
        }
        try LineTiles(a, out, axis: axis).run(in: context) { tile in
            let (width, divisors, own) = (tile.width, tile.scratch, tile.scratch + tile.width)
            for c in 0..<width {
                let length = lengths.pointer[tile.first &+ c]
                divisors[c] = length == 0 ? 1 : length
                own[c] = factors.pointer[tile.first &+ c]
            }
            tile.eachRow { values in
                for c in 0..<width { values[c] = values[c] * own[c] / divisors[c] }
            }
        }
    }

    /// The length and the factor of a line of doubles that is very short or very long.
    private static func rescale(_ lines: ArrayLines, _ line: Int, _ length: inout Double, _ factor: inout Double) {
        let start = UnsafeRawPointer(lines.start(line))
        func element(_ i: Int) -> Double { (start + i &* lines.stride).loadUnaligned(as: Double.self) }
        var greatest = 0.0
        for i in 0..<lines.length { greatest = max(greatest, abs(element(i))) }
        guard let scale = EuclideanNorm.scale(for: greatest) else { return }
        var sum = 0.0
        for i in 0..<lines.length {
            let x = element(i) * scale
            sum += x * x
        }
        (length, factor) = (sum.squareRoot(), scale)
    }
}
