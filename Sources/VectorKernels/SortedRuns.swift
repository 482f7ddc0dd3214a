import CVector

// Passes over numbers before and after they are sorted. Written out for each type, because kernels are not generic
// (Lanes.swift).

// MARK: Floats

func anySpecialOfFloats(_ values: UnsafePointer<Float>, _ count: Int64) -> Int32 {
    let count = Int(truncatingIfNeeded: count)
    var i = 0
    while i &+ 64 <= count {
        let first = apus_f16_any_special(apus_f16_load(values + i), apus_f16_load(values + (i &+ 16)))
        let second = apus_f16_any_special(apus_f16_load(values + (i &+ 32)), apus_f16_load(values + (i &+ 48)))
        if first | second != 0 { return 1 }
        i &+= 64
    }
    while i < count {
        let n = count &- i < 16 ? count &- i : 16
        let x = load(values + i, n)
        if apus_f16_any_special(x, x) != 0 { return 1 }
        i &+= 16
    }
    return 0
}

func distinctFloats(_ values: UnsafeMutablePointer<Float>, _ count: Int64) -> Int64 {
    let count = Int(truncatingIfNeeded: count)
    if count == 0 { return 0 }
    // No more values are kept than have been read, so what is stored has been read, or stays as it is.
    var (kept, i) = (1, 1)
    if apus_compiled_isa_level() == APUS_ISA_V4 {
        while i &+ 16 <= count {
            let x = apus_f16_load(values + i)
            let isNew = apus_f16_less_bits(apus_f16_load(values + (i &- 1)), x)
            apus_f16_store_chosen(values + kept, x, isNew)
            kept &+= Int(truncatingIfNeeded: apus_count_bits(isNew))
            i &+= 16
        }
    }
    while i < count {
        let x = values[i]
        let isNew = values[i &- 1] < x ? 1 : 0
        values[kept] = x
        kept &+= isNew
        i &+= 1
    }
    return Int64(truncatingIfNeeded: kept)
}

// MARK: Doubles

func anySpecialOfDoubles(_ values: UnsafePointer<Double>, _ count: Int64) -> Int32 {
    let count = Int(truncatingIfNeeded: count)
    var i = 0
    while i &+ 32 <= count {
        let first = apus_d8_any_special(apus_d8_load(values + i), apus_d8_load(values + (i &+ 8)))
        let second = apus_d8_any_special(apus_d8_load(values + (i &+ 16)), apus_d8_load(values + (i &+ 24)))
        if first | second != 0 { return 1 }
        i &+= 32
    }
    while i < count {
        let n = count &- i < 8 ? count &- i : 8
        let x = load(values + i, n)
        if apus_d8_any_special(x, x) != 0 { return 1 }
        i &+= 8
    }
    return 0
}

func distinctDoubles(_ values: UnsafeMutablePointer<Double>, _ count: Int64) -> Int64 {
    let count = Int(truncatingIfNeeded: count)
    if count == 0 { return 0 }
    // No more values are kept than have been read, so what is stored has been read, or stays as it is.
    var (kept, i) = (1, 1)
    if apus_compiled_isa_level() == APUS_ISA_V4 {
        while i &+ 8 <= count {
            let x = apus_d8_load(values + i)
            let isNew = apus_d8_less_bits(apus_d8_load(values + (i &- 1)), x)
            apus_d8_store_chosen(values + kept, x, isNew)
            kept &+= Int(truncatingIfNeeded: apus_count_bits(isNew))
            i &+= 8
        }
    }
    while i < count {
        let x = values[i]
        let isNew = values[i &- 1] < x ? 1 : 0
        values[kept] = x
        kept &+= isNew
        i &+= 1
    }
    return Int64(truncatingIfNeeded: kept)
}
