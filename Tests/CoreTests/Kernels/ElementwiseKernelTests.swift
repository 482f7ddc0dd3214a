import CVector
import Core
import Glibc
import Testing

private let functions: [(code: Int32, ulps: Double, f: @Sendable (Double) -> Double)] = [
    (APUS_OP_EXP, 1, exp), (APUS_OP_LOG, 1, log), (APUS_OP_EXP2, 1.1, exp2), (APUS_OP_EXPM1, 1.5, expm1),
    (APUS_OP_LOG2, 2.4, log2), (APUS_OP_LOG10, 1.5, log10), (APUS_OP_LOG1P, 1, log1p), (APUS_OP_SIN, 2.4, sin),
    (APUS_OP_COS, 2.4, cos), (APUS_OP_TAN, 3.3, tan), (APUS_OP_ARCSIN, 2.1, asin), (APUS_OP_ARCCOS, 1.5, acos),
    (APUS_OP_ARCTAN, 1.5, atan), (APUS_OP_SINH, 2, sinh), (APUS_OP_COSH, 2, cosh), (APUS_OP_CBRT, 2, cbrt),
    (APUS_OP_TANH, 3, tanh), (APUS_OP_ERF, 0.52, erf),
    (APUS_OP_SIGMOID, 3, { $0 < 0 ? exp($0) / (1 + exp($0)) : 1 / (1 + exp(-$0)) }),
]

private func run(_ kernels: apus_kernels, _ code: Int32, _ x: Floats, _ y: Floats, _ out: Floats, _ step: Int64 = 1) {
    var job = apus_elements(
        rows: 1, columns: Int64(out.count), a: x.start, b: y.start, c: x.start, out: out.start, a_row: 0, b_row: 0,
        c_row: 0, out_row: 0, a_step: step, b_step: 1, c_step: 1)
    kernels.elementwise_float(code, &job)
}

/// The distance in units of the last place, denormal numbers included.
private func distance(_ observed: Float, _ expected: Double) -> Double {
    let rounded = Float(expected)
    if rounded.isNaN || observed.isNaN { return rounded.isNaN && observed.isNaN ? 0 : .infinity }
    if rounded.isInfinite || observed.isInfinite { return rounded == observed ? 0 : .infinity }
    return abs(Double(observed) - expected) / Double(rounded.ulp)
}

/// Functions of doubles, whose expected values are those of the C library, half a unit off themselves (sinh and
/// tanh: two).
private let doubleFunctions:
    [(code: Int32, ulps: Double, range: ClosedRange<Double>, f: @Sendable (Double) -> Double)] = [
        (APUS_OP_EXP, 1.5, -745...709.5, exp), (APUS_OP_EXP, 1.5, -1...1, exp), (APUS_OP_EXP2, 1.5, -1074...1023, exp2),
        (APUS_OP_LOG, 1.4, 0...3, log), (APUS_OP_LOG, 1.4, 0.99...1.01, log), (APUS_OP_LOG2, 1.9, 0...3, log2),
        (APUS_OP_LOG2, 1.9, 0.99...1.01, log2), (APUS_OP_LOG10, 2, 0...3, log10),
        (APUS_OP_LOG10, 2, 0.99...1.01, log10), (APUS_OP_LOG1P, 1.9, -0.99...3, log1p),
        (APUS_OP_LOG1P, 1.9, -1e-3...1e-3, log1p), (APUS_OP_TANH, 3.2, -3...3, tanh), (APUS_OP_TANH, 2, -25...25, tanh),
        (APUS_OP_TAN, 3, -1000...1000, tan), (APUS_OP_ARCSIN, 1.5, -1.1...1.1, asin),
        (APUS_OP_ARCCOS, 1.5, -1.1...1.1, acos),
        (APUS_OP_ARCTAN, 3, -4...4, atan), (APUS_OP_ARCTAN, 1.5, -1e10...1e10, atan), (APUS_OP_SINH, 3.5, -5...5, sinh),
        (APUS_OP_SINH, 3, -712...712, sinh), (APUS_OP_COSH, 2, -712...712, cosh),
        (APUS_OP_CBRT, 0.6, -1e300...1e300, cubeRoot),
        (APUS_OP_CBRT, 0.6, -1e-310...1e-310, cubeRoot),
    ]

/// The C library's cube root, which may be 3 ulp off, after one step of Newton's with an exact remainder.
private func cubeRoot(_ x: Double) -> Double {
    guard x.isFinite, x != 0 else { return x }
    // Remainders of the smallest and largest numbers would leave the range.
    let scale = abs(x) < 1e-200 ? 0x1p300 : abs(x) > 1e200 ? 0x1p-300 : 1
    let scaled = x * scale
    let y = cbrt(scaled)
    let square = y * y
    let remainder = fma(square, y, -scaled) + fma(y, y, -square) * y
    let root = y - remainder / (3 * square)
    return scale == 1 ? root : root * (scale > 1 ? 0x1p-100 : 0x1p100)
}

private func run(_ kernels: apus_kernels, _ code: Int32, _ x: [Double], _ y: [Double]? = nil) -> [Double] {
    var out = x
    x.withUnsafeBytes { a in
        (y ?? x).withUnsafeBytes { b in
            out.withUnsafeMutableBytes { out in
                guard let a = a.baseAddress, let b = b.baseAddress, let out = out.baseAddress else { return }
                var job = apus_elements(
                    rows: 1, columns: Int64(x.count), a: a, b: b, c: a, out: out, a_row: 0, b_row: 0, c_row: 0,
                    out_row: 0, a_step: 1, b_step: 1, c_step: 1)
                kernels.elementwise_double(code, &job)
            }
        }
    }
    return out
}

@Suite struct ElementwiseKernelTests {
    @Test(arguments: InstructionSet.available)
    func doubleFunctionsAreAccurate(_ set: InstructionSet) {
        let random = Philox(seed: 5, stream: 1)
        var draw: UInt64 = 0
        for (code, bound, range, f) in doubleFunctions {
            let width = range.upperBound - range.lowerBound
            let x = (0..<20_000).map { _ in
                range.lowerBound + width * Double(random.below(1 << 50, draw: &draw)) * 0x1p-50
            }
            for (x, y) in zip(x, run(set.kernels, code, x)) {
                let wanted = f(x)
                if wanted.isNaN || wanted.isInfinite {
                    #expect(y.isNaN && wanted.isNaN || y == wanted, "operation \(code) of \(x)")
                } else {
                    #expect(abs(y - wanted) <= bound * wanted.ulp, "operation \(code) of \(x)")
                }
            }
        }
    }

    @Test(arguments: InstructionSet.available)
    func doubleFunctionsKeepSignsAndSpecialValues(_ set: InstructionSet) {
        let edges = [0, -0.0, 1, -1, 5e-324, -5e-324, 1e-300, .infinity, -.infinity, .nan, 1.5, -1.5, 1e300]
        for (code, bound, _, f) in doubleFunctions {
            for (x, y) in zip(edges, run(set.kernels, code, edges)) {
                let wanted = f(x)
                if wanted.isNaN {
                    #expect(y.isNaN, "operation \(code) of \(x)")
                } else {
                    #expect(y.sign == wanted.sign, "operation \(code) of \(x)")
                    #expect(y == wanted || abs(y - wanted) <= bound * wanted.ulp, "operation \(code) of \(x)")
                }
            }
        }
    }

    /// Every 65537th float of all: denormal ones, infinities and NaN among them.
    @Test(arguments: InstructionSet.available)
    func floatFunctionsAreAccurateOverAllFloats(_ set: InstructionSet) {
        let kernels = set.kernels
        let count = 1 << 16
        let x = Floats(count) { Float(bitPattern: UInt32(truncatingIfNeeded: $0 &* 65537)) }
        let y = Floats(count)
        for (code, bound, f) in functions {
            run(kernels, code, x, x, y)
            var largest = 0.0
            for i in 0..<count { largest = max(largest, distance(y.start[i], f(x[i]))) }
            #expect(largest <= bound, "operation \(code)")
        }
    }

    /// Signs of zeros too, at every place of a vector that is whole and of one that is not.
    @Test(arguments: InstructionSet.available)
    func floatFunctionsKeepSignsAndSpecialValues(_ set: InstructionSet) {
        let edges: [Float] = [
            0, -0.0, 1, -1, 0.5, -0.5, 1e-45, -1e-45, 1.2e-38, .infinity, -.infinity, .nan, 88.7, 89, 89.4, -89.4, 90,
            104, 1.570_796_4, 10_000, -10_001, 3e38, -0.25, 0.25, 1.000_000_1, 0.999_999_94,
        ]
        for (code, bound, f) in functions {
            for first in 0..<20 {
                let x = Floats(edges.count) { edges[($0 + first) % edges.count] }
                let y = Floats(edges.count)
                defer { withExtendedLifetime((x, y)) {} }
                run(set.kernels, code, x, x, y)
                for i in 0..<edges.count {
                    let wanted = Float(f(Double(x.start[i])))
                    #expect(distance(y.start[i], f(Double(x.start[i]))) <= bound, "operation \(code) of \(x.start[i])")
                    if !wanted.isNaN {
                        #expect(y.start[i].sign == wanted.sign, "operation \(code) of \(x.start[i])")
                    }
                }
            }
        }
    }

    /// All powers of 2, denormal ones too, and the powers of 10 that are floats.
    @Test(arguments: InstructionSet.available)
    func powersAndLogarithmsOf2And10AreExact(_ set: InstructionSet) {
        let exponents = Floats((-149...127).map { Float($0) })
        let powers = Floats((-149...127).map { Float(exp2(Double($0))) })
        let out = Floats(exponents.count)
        defer { withExtendedLifetime((exponents, powers, out)) {} }
        run(set.kernels, APUS_OP_EXP2, exponents, exponents, out)
        for i in 0..<out.count { #expect(out.start[i] == powers.start[i]) }
        run(set.kernels, APUS_OP_LOG2, powers, powers, out)
        for i in 0..<out.count { #expect(out.start[i] == exponents.start[i]) }

        let tens = Floats((0...10).map { Float(pow(10, Double($0))) })
        let places = Floats(tens.count)
        defer { withExtendedLifetime((tens, places)) {} }
        run(set.kernels, APUS_OP_LOG10, tens, tens, places)
        for i in 0..<places.count { #expect(places.start[i] == Float(i)) }
    }

    /// All powers of 2, denormal ones too.
    @Test(arguments: InstructionSet.available)
    func doubleExponentialsAndLogarithmsAreExactWhereTheyCanBe(_ set: InstructionSet) {
        let exponents = (-1074...1023).map { Double($0) }
        let powers = exponents.map { exp2($0) }
        #expect(run(set.kernels, APUS_OP_EXP2, exponents) == powers)
        #expect(run(set.kernels, APUS_OP_LOG2, powers) == exponents)
        #expect(run(set.kernels, APUS_OP_EXP, [0, -0.0]) == [1, 1])
        for code in [APUS_OP_LOG, APUS_OP_LOG2, APUS_OP_LOG10] { #expect(run(set.kernels, code, [1]) == [0]) }
        // Nothing is lost of arguments whose function is the argument itself.
        let small = [1e-300, 5e-324, 0x1p-40, -1e-300, -5e-324]
        for code in [APUS_OP_SINH, APUS_OP_TANH, APUS_OP_EXPM1] { #expect(run(set.kernels, code, small)[1] == 5e-324) }
        for code in [APUS_OP_SINH, APUS_OP_TANH] {
            for (x, y) in zip(small, run(set.kernels, code, small)) { #expect(abs(y - x) <= x.ulp) }
        }
    }

    @Test(arguments: InstructionSet.available)
    func powersOfFloatsAreAccurate(_ set: InstructionSet) {
        let count = 50_000
        let x = Floats(count, seed: 1, from: 0, to: 4)
        let y = Floats(count, seed: 2, from: -60, to: 60)
        let out = Floats(count)
        run(set.kernels, APUS_OP_POWER, x, y, out)
        for i in 0..<count { #expect(distance(out.start[i], pow(x[i], y[i])) <= 1.6) }
    }

    @Test(arguments: InstructionSet.available)
    func nothingBeyondTheEndIsTouched(_ set: InstructionSet) {
        for size in kernelSizes where size > 0 {
            let x = Floats(size, seed: 3, from: 0.5, to: 2)
            let y = Floats(size, seed: 4, from: 0.5, to: 2)
            let out = Floats(size)
            for code in [APUS_OP_ADD, APUS_OP_MAXIMUM, APUS_OP_POWER, APUS_OP_EXP, APUS_OP_SIN, APUS_OP_SIGN] {
                run(set.kernels, code, x, y, out)
                #expect(out.isIntact && x.isIntact)
                let whole = out.copy()
                // An element by itself has the bits that it has among others.
                let one = Floats(1)
                for i in [0, size / 2, size - 1] {
                    run(set.kernels, code, Floats([x.start[i]]), Floats([y.start[i]]), one)
                    #expect(one.bits[0] == whole.bits[i], "operation \(code), size \(size)")
                }
                run(set.kernels, code, x, y, x, 0)
                #expect(x.isIntact)
                for i in 0..<size { x.start[i] = whole.start[i] * 0 + 0.5 + Float(i % 7) / 8 }
            }
        }
    }

    /// Powers from the least to the largest double, of bases far from 1 and near it, of denormal ones too. The C
    /// library's are half a unit off themselves.
    @Test(arguments: InstructionSet.available)
    func powersOfDoublesAreAccurate(_ set: InstructionSet) {
        let random = Philox(seed: 6, stream: 1)
        var draw: UInt64 = 0
        let bases: [ClosedRange<Double>] = [-700...700, -0.7...0.7, -0.03...0.03, -1e-6...1e-6, -740 ... -709]
        for exponents in bases {
            let width = exponents.upperBound - exponents.lowerBound
            func uniform() -> Double { Double(random.below(1 << 50, draw: &draw)) * 0x1p-50 }
            let x = (0..<20_000).map { _ in exp(exponents.lowerBound + width * uniform()) }
            let y = x.map { (1454 * uniform() - 745) / log($0) }
            let powers = run(set.kernels, APUS_OP_POWER, x, y)
            for i in x.indices where log(x[i]) != 0 {
                let wanted = pow(x[i], y[i])
                let isNear = powers[i] == wanted || abs(powers[i] - wanted) <= 1.6 * wanted.ulp
                #expect(isNear, "\(x[i]) to the power of \(y[i])")
            }
        }
    }

    /// What surrounds an element does not show in its bits, though powers beyond the common range take another way.
    @Test(arguments: InstructionSet.available)
    func powersOfDoublesDoNotDependOnTheirNeighbours(_ set: InstructionSet) {
        let x = [0.3, 1.7, 2.5, 9, 1e-300, 0.999, 1.001, 6]
        let y = [2.1, -3.3, 0.7, 100, 1.01, 5e4, -7e4, 0.1]
        let alone = run(set.kernels, APUS_OP_POWER, x, y)
        for (base, exponent) in [(0.0, 2.0), (-2, 3), (.infinity, 1), (2, 1100), (5e-324, 0.5), (.nan, 1)] {
            for place in x.indices {
                var (a, b) = (x, y)
                (a[place], b[place]) = (base, exponent)
                let mixed = run(set.kernels, APUS_OP_POWER, a, b)
                for i in x.indices where i != place { #expect(mixed[i] == alone[i]) }
            }
        }
    }

    @Test(arguments: InstructionSet.available)
    func doublePowersMeetTheRulesOfTheStandard(_ set: InstructionSet) {
        let edges: [Double] = [
            0, -0.0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, 1e300, -1e300, 5e-324, .infinity, -.infinity, .nan, 0x1p53,
            0x1p53 - 1,
        ]
        let kernels = set.kernels
        for x in edges {
            for y in edges {
                var (a, b, out) = (x, y, 0.0)
                withUnsafePointer(to: &a) { a in
                    withUnsafePointer(to: &b) { b in
                        withUnsafeMutablePointer(to: &out) { out in
                            var job = apus_elements(
                                rows: 1, columns: 1, a: a, b: b, c: a, out: out, a_row: 0, b_row: 0, c_row: 0,
                                out_row: 0, a_step: 1, b_step: 1, c_step: 1)
                            kernels.elementwise_double(APUS_OP_POWER, &job)
                        }
                    }
                }
                let wanted = pow(x, y)
                if wanted.isNaN {
                    #expect(out.isNaN, "\(x) to the power of \(y)")
                } else {
                    #expect(out.sign == wanted.sign, "\(x) to the power of \(y)")
                    #expect(out == wanted || abs(out - wanted) <= wanted.ulp, "\(x) to the power of \(y)")
                }
            }
        }
    }
}
