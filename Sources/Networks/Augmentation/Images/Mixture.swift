import Core
import Glibc

/// How a sample is mixed with its partner: `own` of it and the rest of the other, over the whole image or as a window
/// of the other laid on it.
struct Mixture {
    /// The sample's share, of the targets too.
    var own: Float
    /// Rows and columns that the partner gives; nil for a sum over the whole image.
    var window: (rows: Range<Int>, columns: Range<Int>)?

    static let none = Mixture(own: 1, window: nil)

    /// Mixes `partner` into `image`.
    func apply(_ image: UnsafeMutablePointer<Float>, _ partner: UnsafePointer<Float>, _ shape: ImageShape) {
        guard let window else { return mix(image, partner, count: shape.count) }
        let count = window.columns.count * shape.channels
        for row in window.rows {
            let place = (row * shape.width + window.columns.lowerBound) * shape.channels
            (image + place).update(from: partner + place, count: count)
        }
    }

    /// own a + (1 - own) b into a.
    func mix(_ a: UnsafeMutablePointer<Float>, _ b: UnsafePointer<Float>, count: Int) {
        if own == 1 { return }
        let other = 1 - own
        for index in 0..<count { a[index] = own * a[index] + other * b[index] }
    }
}

extension Draws {
    /// A number of the distribution Beta(alpha, alpha), from two gamma variates; draws numbers from `first` on.
    func beta(_ alpha: Double, first: UInt64) -> Double {
        if alpha == 0 { return 1 }
        var number = first
        let (a, b) = (logGamma(alpha, &number), logGamma(alpha, &number))
        let value = 1 / (1 + exp(b - a))
        // Both below the smallest number: all of one or of the other, as in the limit of small alpha.
        return value.isFinite ? value : random.bits64(number) & 1 == 0 ? 0 : 1
    }

    /// The logarithm of a gamma variate of a shape (Marsaglia and Tsang 2000, doi:10.1145/358407.358414; below 1 as the
    /// variate of shape + 1 times u^(1 / shape)).
    private func logGamma(_ shape: Double, _ number: inout UInt64) -> Double {
        let d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3
        let c = 1 / (9 * d).squareRoot()
        while true {
            // Pairs of normals share a block, so that each candidate takes the numbers of a block of its own.
            let x = random.normal(2 * number)
            let u = 1 - random.uniform(2 * number + 2)
            number += 2
            let root = 1 + c * x
            guard root > 0 else { continue }
            let v = root * root * root
            guard log(u) < 0.5 * x * x + d - d * v + d * log(v) else { continue }
            if shape >= 1 { return log(d * v) }
            let w = 1 - random.uniform(2 * number)
            number += 1
            return log(d * v) + log(w) / shape
        }
    }
}
