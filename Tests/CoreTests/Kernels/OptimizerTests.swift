import CVector
import Core
import Testing

struct OptimizerTests {
    @Test(arguments: InstructionSet.available)
    func sgdStepsAgainstTheGradient(_ set: InstructionSet) {
        for size in kernelSizes {
            let (p, g) = (Floats(size, seed: 1), Floats(size, seed: 2))
            let (p0, g0) = (p.copy(), g.bits)
            set.kernels.sgd(p.start, g.start, 0.125, Int64(size))
            let error = largestError(p, from: { p0[$0] - 0.125 * g[$0] }, scale: { _ in 3 })
            #expect(error <= roundings && p.isIntact && g.bits == g0, "size \(size)")
        }
    }

    @Test(arguments: InstructionSet.available, [false, true])
    func momentumKeepsItsVelocity(_ set: InstructionSet, _ nesterov: Bool) {
        let (rate, decay) = (Double(Float(0.1)), Double(Float(0.9)))
        for size in kernelSizes {
            let (p, g, m) = (Floats(size, seed: 1), Floats(size, seed: 2), Floats(size, seed: 3))
            let (p0, m0) = (p.copy(), m.copy())
            set.kernels.momentum(p.start, g.start, m.start, 0.1, 0.9, nesterov ? 1 : 0, Int64(size))
            func velocity(_ i: Int) -> Double { decay * m0[i] - rate * g[i] }
            func step(_ i: Int) -> Double { nesterov ? decay * velocity(i) - rate * g[i] : velocity(i) }
            #expect(largestError(m, from: velocity, scale: { _ in 3 }) <= roundings && m.isIntact)
            #expect(largestError(p, from: { p0[$0] + step($0) }, scale: { _ in 3 }) <= roundings && p.isIntact)
        }
    }

    @Test(arguments: InstructionSet.available)
    func adamAgreesWithItsFormula(_ set: InstructionSet) {
        let (rate, b1, b2) = (Double(Float(0.01)), Double(Float(0.9)), Double(Float(0.999)))
        for size in kernelSizes {
            let (p, g, m) = (Floats(size, seed: 1), Floats(size, seed: 2), Floats(size, seed: 3))
            let v = Floats(size, seed: 4, from: 0, to: 1)
            let (p0, m0, v0) = (p.copy(), m.copy(), v.copy())
            set.kernels.adam(p.start, g.start, m.start, v.start, 0.01, 0.9, 0.999, 1e-7, Int64(size))
            func mean(_ i: Int) -> Double { m0[i] + (1 - b1) * (g[i] - m0[i]) }
            func square(_ i: Int) -> Double { v0[i] + (1 - b2) * (g[i] * g[i] - v0[i]) }
            func step(_ i: Int) -> Double { rate * mean(i) / (square(i).squareRoot() + 1e-7) }
            // 1 - b is rounded to a float.
            #expect(largestError(m, from: mean, scale: { _ in 3 }) <= roundings && m.isIntact)
            #expect(largestError(v, from: square, scale: { _ in 1 }) <= 4 * roundings && v.isIntact)
            let error = largestError(p, from: { p0[$0] - step($0) }, scale: { 3 + abs(step($0)) })
            #expect(error <= 4 * roundings && p.isIntact, "size \(size)")
        }
    }

    @Test(arguments: InstructionSet.available)
    func adamLeavesAParameterWithoutGradientsAlone(_ set: InstructionSet) {
        let (p, zero) = (Floats([1, 2, 3]), Floats(3))
        let (m, v) = (Floats(3), Floats(3))
        set.kernels.adam(p.start, zero.start, m.start, v.start, 0.01, 0.9, 0.999, 1e-7, 3)
        #expect(p.values == [1, 2, 3] && m.values == [0, 0, 0] && v.values == [0, 0, 0])
    }
}
