import Core
import Glibc

/// Floats whose last one ends at a page that may not be touched, and whose first one follows known words: a kernel that
/// reads or writes past the end stops the test, one that writes before the start is found by `isIntact`. Their address
/// is as a rule no multiple of anything but four bytes. The words are written
/// and read where no optimizer looks, so that a comparison is never known beforehand.
final class Floats {
    let start: UnsafeMutablePointer<Float>
    let count: Int
    private let mapping: UnsafeMutableRawPointer
    private let length: Int
    private static let guardWord: Float = 1234.5

    init(_ count: Int, _ value: (Int) -> Float = { _ in 0 }) {
        let page = 4096
        self.count = count
        length = (count * 4 + 64 + page - 1) / page * page
        mapping = mmap(nil, length + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        mprotect(mapping + length, page, PROT_NONE)
        start = (mapping + length - count * 4).assumingMemoryBound(to: Float.self)
        Self.putGuards(before: start)
        for i in 0..<count { start[i] = value(i) }
    }

    convenience init(_ values: [Float]) { self.init(values.count) { values[$0] } }

    /// Uniform numbers of [low, high).
    convenience init(_ count: Int, seed: UInt64, from low: Double = -3, to high: Double = 3) {
        let stream = Philox(seed: seed, stream: 77)
        self.init(count) { Float(low + (high - low) * stream.uniform(UInt64($0))) }
    }

    deinit { munmap(mapping, length + 4096) }

    var isIntact: Bool { Self.hasGuards(before: start) }

    @inline(never) @_optimize(none)
    private static func putGuards(before start: UnsafeMutablePointer<Float>) {
        for i in 1...16 { start[-i] = guardWord }
    }

    @inline(never) @_optimize(none)
    private static func hasGuards(before start: UnsafeMutablePointer<Float>) -> Bool {
        for i in 1...16 where start[-i] != guardWord { return false }
        return true
    }

    func copy() -> Floats { Floats(count) { start[$0] } }

    var values: [Float] { (0..<count).map { start[$0] } }
    var bits: [UInt32] { (0..<count).map { start[$0].bitPattern } }

    subscript(i: Int) -> Double { Double(start[i]) }
}

/// Sizes around the sixteen lanes of the kernels.
let kernelSizes = [0, 1, 2, 3, 15, 16, 17, 31, 33, 100, 1000]

/// The distance of `observed` from the exact result, in units of a float's last place there. Infinities and NaN must be
/// met exactly; results below the normal numbers may be flushed to zero.
func ulps(_ observed: Float, from expected: Double) -> Double {
    let rounded = Float(expected)
    if rounded.isNaN || observed.isNaN { return rounded.isNaN && observed.isNaN ? 0 : .infinity }
    if rounded.isInfinite || observed.isInfinite { return rounded == observed ? 0 : .infinity }
    if abs(expected) < Double(Float.leastNormalMagnitude) {
        return abs(Double(observed)) <= Double(Float.leastNormalMagnitude) ? 0 : .infinity
    }
    return abs(Double(observed) - expected) / Double(rounded.ulp)
}

/// The largest of `ulps` over a run; infinity if any element is amiss.
func largestUlps(_ observed: Floats, from expected: (Int) -> Double) -> Double {
    var largest = 0.0
    for i in 0..<observed.count { largest = max(largest, ulps(observed.start[i], from: expected(i))) }
    return largest
}

/// The largest difference relative to `scale(i)`, the size of the terms that were added up.
func largestError(_ observed: Floats, from expected: (Int) -> Double, scale: (Int) -> Double) -> Double {
    var largest = 0.0
    for i in 0..<observed.count {
        let difference = abs(observed[i] - expected(i))
        largest = max(largest, difference.isNaN ? .infinity : difference / max(scale(i), 1e-30))
    }
    return largest
}

/// A few roundings of one float.
let roundings = 4 * Double(Float.ulpOfOne)
