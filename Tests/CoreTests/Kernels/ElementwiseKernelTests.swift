import CVector
import Core
import Glibc
import Testing

private let functions: [(code: Int32, ulps: Double, f: @Sendable (Double) -> Double)] = [
    (APUS_OP_EXP, 1, exp), (APUS_OP_LOG, 1, log), (APUS_OP_EXP2, 0.51, exp2), (APUS_OP_EXPM1, 0.51, expm1),
    (APUS_OP_LOG2, 0.51, log2), (APUS_OP_LOG10, 0.51, log10), (APUS_OP_LOG1P, 0.51, log1p), (APUS_OP_SIN, 0.51, sin),
    (APUS_OP_COS, 0.51, cos), (APUS_OP_TANH, 3, tanh), (APUS_OP_ERF, 0.52, erf),
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

@Suite struct ElementwiseKernelTests {
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

    @Test(arguments: InstructionSet.available)
    func powersOfFloatsAreAccurate(_ set: InstructionSet) {
        let count = 50_000
        let x = Floats(count, seed: 1, from: 0, to: 4), y = Floats(count, seed: 2, from: -60, to: 60)
        let out = Floats(count)
        run(set.kernels, APUS_OP_POWER, x, y, out)
        for i in 0..<count { #expect(distance(out.start[i], pow(x[i], y[i])) <= 1.6) }
    }

    @Test(arguments: InstructionSet.available)
    func nothingBeyondTheEndIsTouched(_ set: InstructionSet) {
        for size in kernelSizes where size > 0 {
            let x = Floats(size, seed: 3, from: 0.5, to: 2), y = Floats(size, seed: 4, from: 0.5, to: 2)
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

    @Test(arguments: InstructionSet.available)
    func doublePowersMeetTheRulesOfTheStandard(_ set: InstructionSet) {
        let edges: [Double] = [
            0, -0.0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, 1e300, -1e300, 5e-324, .infinity, -.infinity, .nan, 0x1p53, 0x1p53 - 1,
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
