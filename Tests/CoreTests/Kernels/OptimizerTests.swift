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
        let (rate, gain1, gain2) = (Double(Float(0.01)), Double(Float(0.1)), Double(Float(0.001)))
        for size in kernelSizes {
            let (p, g, m) = (Floats(size, seed: 1), Floats(size, seed: 2), Floats(size, seed: 3))
            let v = Floats(size, seed: 4, from: 0, to: 1)
            let (p0, m0, v0) = (p.copy(), m.copy(), v.copy())
            set.kernels.adam(p.start, g.start, m.start, v.start, nil, 0.01, 0.1, 0.001, 1e-7, Int64(size))
            func mean(_ i: Int) -> Double { m0[i] + gain1 * (g[i] - m0[i]) }
            func square(_ i: Int) -> Double { v0[i] + gain2 * (g[i] * g[i] - v0[i]) }
            func step(_ i: Int) -> Double { rate * mean(i) / (square(i).squareRoot() + 1e-7) }
            #expect(largestError(m, from: mean, scale: { _ in 3 }) <= roundings && m.isIntact)
            #expect(largestError(v, from: square, scale: { _ in 1 }) <= roundings && v.isIntact)
            let error = largestError(p, from: { p0[$0] - step($0) }, scale: { 3 + abs(step($0)) })
            #expect(error <= 4 * roundings && p.isIntact, "size \(size)")
        }
    }

    @Test(arguments: InstructionSet.available)
    func adamLeavesAParameterWithoutGradientsAlone(_ set: InstructionSet) {
        let (p, zero) = (Floats([1, 2, 3]), Floats(3))
        let (m, v) = (Floats(3), Floats(3))
        set.kernels.adam(p.start, zero.start, m.start, v.start, nil, 0.01, 0.1, 0.001, 0, 3)
        #expect(p.values == [1, 2, 3] && m.values == [0, 0, 0] && v.values == [0, 0, 0])
    }

    /// Each kernel of a rule on one number after the other gives what it gives on all at once, so no element depends on
    /// its place in a block.
    @Test(arguments: InstructionSet.available)
    func rulesTreatEveryElementAlike(_ set: InstructionSet) {
        typealias Rule = (UnsafeMutablePointer<Float>, UnsafePointer<Float>, [UnsafeMutablePointer<Float>], Int64) -> Void
        let k = set.kernels
        var rules: [(name: String, slots: Int, apply: Rule)] = []
        func rule(_ name: String, _ slots: Int, _ apply: @escaping Rule) { rules.append((name, slots, apply)) }
        rule("adam", 3) { k.adam($0, $1, $2[0], $2[1], $2[2], 0.01, 0.1, 0.001, 1e-7, $3) }
        rule("nadam", 2) { k.nadam($0, $1, $2[0], $2[1], 0.01, 0.02, 0.1, 0.001, 3, 1e-7, $3) }
        rule("adamax", 2) { k.adamax($0, $1, $2[0], $2[1], 0.01, 0.1, 0.999, 1e-7, $3) }
        rule("adagrad", 1) { k.adagrad($0, $1, $2[0], 0.01, 1e-7, $3) }
        rule("adadelta", 2) { k.adadelta($0, $1, $2[0], $2[1], 1, 0.05, 1e-7, $3) }
        rule("rmsprop", 3) { k.rmsprop($0, $1, $2[0], $2[1], $2[2], 0.01, 0.1, 0.9, 1e-7, $3) }
        rule("ftrl", 2) { k.ftrl($0, $1, $2[0], $2[1], 0.1, 0.7, 0.01, 0.02, 0.03, $3) }
        rule("lion", 1) { k.lion($0, $1, $2[0], 0.01, 0.1, 0.01, $3) }
        rule("average", 1) { k.average($2[0], $1, 0.25, $3); k.clip($0, 0.5, $3) }
        for size in kernelSizes {
            for rule in rules {
                let g = Floats(size, seed: 2)
                let (p, q) = (Floats(size, seed: 1), Floats(size, seed: 1))
                let slots = (0..<rule.slots).map { Floats(size, seed: UInt64(3 + $0), from: 0, to: 1) }
                let others = (0..<rule.slots).map { Floats(size, seed: UInt64(3 + $0), from: 0, to: 1) }
                rule.apply(p.start, g.start, slots.map(\.start), Int64(size))
                for i in 0..<size { rule.apply(q.start + i, g.start + i, others.map { $0.start + i }, 1) }
                #expect(p.bits == q.bits && p.isIntact, "\(rule.name), size \(size)")
                for (slot, other) in zip(slots, others) {
                    #expect(slot.bits == other.bits && slot.isIntact, "\(rule.name), size \(size)")
                }
            }
        }
    }

    @Test(arguments: InstructionSet.available)
    func clippingKeepsWhatIsWithinTheLimit(_ set: InstructionSet) {
        let x = Floats([-3, -0.5, 0, 0.25, 2])
        set.kernels.clip(x.start, 0.5, 5)
        #expect(x.values == [-0.5, -0.5, 0, 0.25, 0.5])
    }

    @Test(arguments: InstructionSet.available)
    func lionStandsStillWithoutDirection(_ set: InstructionSet) {
        let (p, g, m) = (Floats([1, 1, 1]), Floats([0, 2, -2]), Floats(3))
        set.kernels.lion(p.start, g.start, m.start, 0.25, 0.1, 0.01, 3)
        #expect(p.values == [1, 0.75, 1.25])
    }
}
