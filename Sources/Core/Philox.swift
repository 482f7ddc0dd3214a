import Glibc

/// The counter-based generator Philox4x32-10: a pure function of key and counter, so that any value of any stream can be
/// had in any order by any thread.
///
/// Word layout, shared with the dropout kernels: the counter is (index low, index high, stream low, stream high), the
/// key (seed low, seed high); value i of a stream is lane i % 4 of block i / 4.
///
/// Salmon, Moraes, Dror, Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3", doi:10.1145/2063384.2063405.
package struct Philox: Sendable {
    package let seed: UInt64
    package let stream: UInt64

    package init(seed: UInt64, stream: UInt64) {
        self.seed = seed
        self.stream = stream
    }

    /// Four random words for a block index.
    @inline(__always)
    package func block(_ index: UInt64) -> (UInt32, UInt32, UInt32, UInt32) {
        var c0 = UInt32(truncatingIfNeeded: index)
        var c1 = UInt32(truncatingIfNeeded: index >> 32)
        var c2 = UInt32(truncatingIfNeeded: stream)
        var c3 = UInt32(truncatingIfNeeded: stream >> 32)
        var k0 = UInt32(truncatingIfNeeded: seed)
        var k1 = UInt32(truncatingIfNeeded: seed >> 32)
        for _ in 0..<10 {
            let p0 = UInt64(0xD251_1F53) &* UInt64(c0)
            let p1 = UInt64(0xCD9E_8D57) &* UInt64(c2)
            let n0 = UInt32(truncatingIfNeeded: p1 >> 32) ^ c1 ^ k0
            let n2 = UInt32(truncatingIfNeeded: p0 >> 32) ^ c3 ^ k1
            c1 = UInt32(truncatingIfNeeded: p1)
            c3 = UInt32(truncatingIfNeeded: p0)
            c0 = n0
            c2 = n2
            k0 = k0 &+ 0x9E37_79B9
            k1 = k1 &+ 0xBB67_AE85
        }
        return (c0, c1, c2, c3)
    }

    /// The 64 random bits number `index` of the stream.
    @inline(__always)
    package func bits64(_ index: UInt64) -> UInt64 {
        let words = block(index >> 1)
        return index & 1 == 0
            ? UInt64(words.0) | UInt64(words.1) << 32 : UInt64(words.2) | UInt64(words.3) << 32
    }

    /// Number `index` of the stream as a uniform on [0, 1) with 53 bits.
    package func uniform(_ index: UInt64) -> Double {
        Double(bits64(index) >> 11) * 0x1p-53
    }

    /// Number `index` of the stream as a standard normal, by Box and Muller (1958, doi:10.1214/aoms/1177706645).
    package func normal(_ index: UInt64) -> Double {
        let words = block(index >> 1)
        let radius = sqrt(-2 * log((Double(words.0) * 0x1p-32 + Double(words.1) * 0x1p-64) + 0x1p-65))
        let angle = 2 * Double.pi * (Double(words.2) * 0x1p-32 + Double(words.3) * 0x1p-64)
        return index & 1 == 0 ? radius * cos(angle) : radius * sin(angle)
    }

    /// A whole number of 0, ..., bound - 1 without bias (Lemire 2019, doi:10.1145/3230636). `draw` counts the words
    /// used and moves on. `bound` must be positive.
    package func below(_ bound: UInt64, draw: inout UInt64) -> UInt64 {
        while true {
            let product = bits64(draw).multipliedFullWidth(by: bound)
            draw &+= 1
            if product.low >= bound || product.low >= (0 &- bound) % bound { return product.high }
        }
    }

    /// Fills `order` with a permutation of 0, ..., count - 1 (Fisher and Yates, Durstenfeld's form).
    package func permute(_ order: UnsafeMutablePointer<Int>, count: Int) {
        for index in 0..<max(count, 0) { order[index] = index }
        var draw: UInt64 = 0
        var last = count - 1
        while last > 0 {
            let other = Int(below(UInt64(last + 1), draw: &draw))
            let held = order[last]
            order[last] = order[other]
            order[other] = held
            last -= 1
        }
    }
}
