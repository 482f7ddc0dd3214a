import CVector

/// Results of blocks joined in pairs, then pairs of pairs: an order that depends on their number alone, and whose rounding
/// errors grow with its logarithm.
struct Cascade {
    private let code: Int32
    private var levels = InlineArray<64, Double>(repeating: 0)
    private var count: UInt = 0

    @inline(__always)
    init(_ code: Int32) { self.code = code }

    @inline(__always)
    mutating func add(_ value: Double) {
        var sum = value
        var level = 0
        var bits = count
        while bits & 1 != 0 {
            sum = Cascade.join(code, levels[level], sum)
            bits >>= 1
            level += 1
        }
        levels[level] = sum
        count &+= 1
    }

    /// The result of all; 0 of none.
    var total: Double {
        var result: Double?
        for level in 0..<64 where count & (1 << UInt(level)) != 0 {
            result = result.map { Cascade.join(code, levels[level], $0) } ?? levels[level]
        }
        return result ?? 0
    }

    /// Two results as one, as the kernel `join` does it.
    @inline(__always)
    static func join(_ code: Int32, _ a: Double, _ b: Double) -> Double {
        switch code {
        case APUS_R_PRODUCT: a * b
        case APUS_R_MIN: b == b ? (b < a ? b : a) : b
        case APUS_R_MAX, APUS_R_MAX_ABSOLUTE: b == b ? (b > a ? b : a) : b
        default: a + b
        }
    }

    /// What joining does not change.
    static func identity(_ code: Int32) -> Double {
        switch code {
        case APUS_R_PRODUCT: 1
        case APUS_R_MIN: .infinity
        case APUS_R_MAX: -.infinity
        default: 0
        }
    }
}
