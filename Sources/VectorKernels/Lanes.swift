import CVector

// Kernels see sixteen floats at a time and touch them only through CVector's functions: Swift's own SIMD methods are
// generic, and those that are not inlined either crawl or leave a shared specialisation that another instruction set's
// module may be linked to.

/// Whether an element is taken from a table of 32 floats or 16 doubles in one instruction.
@inline(__always) var hasPermutations: Bool { apus_compiled_isa_level() == APUS_ISA_V4 }

/// Sixteen floats.
typealias Lanes = apus_f16
typealias Source = UnsafePointer<Float>
typealias Target = UnsafeMutablePointer<Float>

@inline(__always) func + (a: Lanes, b: Lanes) -> Lanes { apus_f16_add(a, b) }
@inline(__always) func - (a: Lanes, b: Lanes) -> Lanes { apus_f16_subtract(a, b) }
@inline(__always) func * (a: Lanes, b: Lanes) -> Lanes { apus_f16_multiply(a, b) }
@inline(__always) func / (a: Lanes, b: Lanes) -> Lanes { apus_f16_divide(a, b) }

/// All lanes `x`.
@inline(__always) func splat(_ x: Float) -> Lanes { apus_f16_set(x) }

/// `a b + c`, rounded once where the processor can.
@inline(__always) func fma(_ a: Lanes, _ b: Lanes, _ c: Lanes) -> Lanes { apus_f16_fma(a, b, c) }

/// The larger of a number and `x`; NaN where `x` is.
@inline(__always) func atLeast(_ low: Float, _ x: Lanes) -> Lanes { apus_f16_max(splat(low), x) }

/// The smaller of a number and `x`; NaN where `x` is.
@inline(__always) func atMost(_ high: Float, _ x: Lanes) -> Lanes { apus_f16_min(splat(high), x) }

/// `x` where `a < b`, `y` elsewhere and where either is NaN.
@inline(__always) func whereLess(_ a: Lanes, _ b: Lanes, _ x: Lanes, _ y: Lanes) -> Lanes {
    apus_f16_select(apus_f16_less(a, b), x, y)
}

/// `x` where `a <= b`, `y` elsewhere and where either is NaN.
@inline(__always) func whereLessEqual(_ a: Lanes, _ b: Lanes, _ x: Lanes, _ y: Lanes) -> Lanes {
    apus_f16_select(apus_f16_less_equal(a, b), x, y)
}

/// The first `n` elements at `p`, 1 to 16, then zeros.
@inline(__always) func load(_ p: Source, _ n: Int) -> Lanes {
    n == 16 ? apus_f16_load(p) : apus_f16_load_partial(p, Int64(truncatingIfNeeded: n))
}
@inline(__always) func load(_ p: Target, _ n: Int) -> Lanes { load(Source(p), n) }

/// Stores the first `n` lanes, 1 to 16.
@inline(__always) func store(_ x: Lanes, _ p: Target, _ n: Int) {
    if n == 16 { apus_f16_store(p, x) } else { apus_f16_store_partial(p, x, Int64(truncatingIfNeeded: n)) }
}

/// Calls `body(start, n)` for each block of sixteen elements, then once for the rest, if any.
@inline(__always) func eachBlock(_ count: Int64, _ body: (_ start: Int, _ n: Int) -> Void) {
    let count = Int(truncatingIfNeeded: count)
    var i = 0
    while i &+ 16 <= count {
        body(i, 16)
        i &+= 16
    }
    if i < count { body(i, count &- i) }
}

/// Sixteen sums in double precision.
struct DoubleLanes {
    var low = apus_d8_set(0)
    var high = apus_d8_set(0)

    @inline(__always) init() {}

    @inline(__always) mutating func add(_ x: Lanes) {
        low = apus_d8_add(low, apus_f16_low_doubles(x))
        high = apus_d8_add(high, apus_f16_high_doubles(x))
    }

    /// Adds the exact products.
    @inline(__always) mutating func add(_ x: Lanes, times y: Lanes) {
        low = apus_d8_fma(apus_f16_low_doubles(x), apus_f16_low_doubles(y), low)
        high = apus_d8_fma(apus_f16_high_doubles(x), apus_f16_high_doubles(y), high)
    }

    @inline(__always) var total: Double { apus_d8_sum(apus_d8_add(low, high)) }
}
