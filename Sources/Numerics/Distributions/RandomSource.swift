import Core
import Glibc

/// The random numbers of one element of an array: words of Philox counted by element and turn, so that an element may
/// take as many as it needs and still be the same in any order of making.
package struct RandomSource {
    private let stream: Philox
    private let element: UInt64
    private var turn: UInt64 = 0
    private var held: UInt64 = 0
    private var holds = false
    private var heldNormal = 0.0
    private var holdsNormal = false

    package init(_ stream: Philox, element: Int) {
        self.stream = stream
        // 2^40 elements of 2^24 turns each.
        self.element = UInt64(bitPattern: Int64(element)) & (1 << 40 - 1)
    }

    package mutating func bits() -> UInt64 {
        if holds {
            holds = false
            return held
        }
        let words = stream.block(element | turn << 40)
        turn &+= 1
        held = UInt64(words.2) | UInt64(words.3) << 32
        holds = true
        return UInt64(words.0) | UInt64(words.1) << 32
    }

    /// Uniform on (0, 1), both ends excluded, 52 bits and a half.
    package mutating func uniform() -> Double { (Double(bits() >> 12) + 0.5) * 0x1p-52 }

    /// Uniform on (0, 1] with full precision near 0, for tails.
    package mutating func small() -> Double {
        let word = bits()
        return (Double(word) + 0.5) * 0x1p-64
    }

    /// Standard exponential.
    package mutating func exponential() -> Double { -log(small()) }

    /// Standard normal (Box and Muller 1958, doi:10.1214/aoms/1177706645).
    package mutating func normal() -> Double {
        if holdsNormal {
            holdsNormal = false
            return heldNormal
        }
        let radius = (2 * exponential()).squareRoot()
        let angle = 2 * Double.pi * uniform()
        heldNormal = radius * sin(angle)
        holdsNormal = true
        return radius * cos(angle)
    }

    /// Whole numbers of 0, ..., bound - 1, bound > 0 (Lemire 2019, doi:10.1145/3230636).
    package mutating func below(_ bound: UInt64) -> UInt64 {
        while true {
            let product = bits().multipliedFullWidth(by: bound)
            if product.low >= bound || product.low >= (0 &- bound) % bound { return product.high }
        }
    }

    /// log of a standard gamma variate of shape a > 0 (Marsaglia and Tsang 2000, doi:10.1145/358407.358414). Shapes below
    /// 1 are raised by 1 and taken down by a power of a uniform, in logarithms, where they do not underflow.
    package mutating func logGamma(_ a: Double) -> Double {
        let shape = a < 1 ? a + 1 : a
        let d = shape - 1.0 / 3
        let c = 1 / (9 * d).squareRoot()
        var result = log(d)
        for _ in 0..<1000 {
            let x = normal()
            let root = 1 + c * x
            guard root > 0 else { continue }
            let v = root * root * root
            let u = small()
            let square = x * x
            if u < 1 - 0.0331 * square * square || log(u) < 0.5 * square + d * (1 - v + log(v)) {
                result = log(d) + log(v)
                break
            }
        }
        return a < 1 ? result - exponential() / a : result
    }

    package mutating func gamma(_ a: Double) -> Double { exp(logGamma(a)) }
}
