import CVector

/// The uniform numbers of eight consecutive counters of Philox4x32-10, thirty-two in order of index: Salmon, Moraes,
/// Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3, 2011, doi:10.1145/2063384.2063405.
///
/// A counter word sits in the low half of a 64-bit lane, where one multiplication gives both halves of the product;
/// whatever is left above a word is never read.
@inline(__always) private func uniforms(
    _ counter: UInt64, _ seed: UInt64, _ stream: UInt64
) -> (first: Lanes, second: Lanes) {
    var c0 = apus_l8_count_from(counter)
    var c1 = apus_l8_high(c0)
    var c2 = apus_l8_set(stream)
    var c3 = apus_l8_high(c2)
    var k0 = UInt32(truncatingIfNeeded: seed)
    var k1 = UInt32(truncatingIfNeeded: seed &>> 32)
    let m0 = apus_l8_set(0xD251_1F53)
    let m1 = apus_l8_set(0xCD9E_8D57)
    var round = 0
    while round < 10 {
        let p0 = apus_l8_multiply_low(c0, m0)
        let p1 = apus_l8_multiply_low(c2, m1)
        c0 = apus_l8_xor3(apus_l8_high(p1), c1, apus_l8_set(UInt64(truncatingIfNeeded: k0)))
        c2 = apus_l8_xor3(apus_l8_high(p0), c3, apus_l8_set(UInt64(truncatingIfNeeded: k1)))
        c1 = p1
        c3 = p0
        k0 &+= 0x9E37_79B9
        k1 &+= 0xBB67_AE85
        round &+= 1
    }
    let even = apus_l8_zip_low(c0, c1)
    let odd = apus_l8_zip_low(c2, c3)
    return (
        apus_l8_uniforms(apus_l8_interleave_first(even, odd)), apus_l8_uniforms(apus_l8_interleave_second(even, odd))
    )
}

/// `y = x / (1 - rate)` where the uniform number of index `first + i` is at least `rate`, else 0. What is kept does
/// not depend on how the elements are cut into calls.
func dropout(
    _ x: Source, _ y: Target, _ count: Int64, _ rate: Float, _ seed: UInt64, _ stream: UInt64, _ first: UInt64
) {
    let count = Int(truncatingIfNeeded: count)
    let gain = 1 / (1 - rate)
    var counter = first &>> 2
    var i = 0
    // A call may begin inside a counter's four words.
    let skipped = Int(truncatingIfNeeded: first & 3)
    if skipped != 0 {
        let u = uniforms(counter, seed, stream).first
        while i < count, i &+ skipped < 4 {
            y[i] = apus_f16_lane(u, Int64(truncatingIfNeeded: i &+ skipped)) >= rate ? x[i] * gain : 0
            i &+= 1
        }
        counter &+= 1
    }
    let threshold = splat(rate)
    let gains = splat(gain)
    while i &+ 32 <= count {
        let (a, b) = uniforms(counter, seed, stream)
        store(whereLessEqual(threshold, a, load(x + i, 16) * gains, splat(0)), y + i, 16)
        store(whereLessEqual(threshold, b, load(x + i + 16, 16) * gains, splat(0)), y + i + 16, 16)
        counter &+= 8
        i &+= 32
    }
    guard i < count else { return }
    let (a, b) = uniforms(counter, seed, stream)
    let left = count &- i
    let n = left < 16 ? left : 16
    store(whereLessEqual(threshold, a, load(x + i, n) * gains, splat(0)), y + i, n)
    if left > 16 {
        store(whereLessEqual(threshold, b, load(x + i + 16, left &- 16) * gains, splat(0)), y + i + 16, left &- 16)
    }
}
