import Core
import Glibc
import Numerics
import Testing

/// The networks' kernels in single precision follow the rules of Numerics in double precision.
struct UpdateRuleAgreementTests {
    /// Runs a rule and a kernel side by side on gradients from 1e-4 to 1e3 in size; the largest difference of a
    /// parameter after `steps` steps, beside the largest it was on the way.
    private func difference(
        _ rule: any UpdateRule, steps: Int = 200, _ instructionSet: InstructionSet?,
        _ kernel: (
            Context, UnsafeMutablePointer<Float>, UnsafePointer<Float>, [UnsafeMutablePointer<Float>], Int, Int
        ) -> Void
    ) throws -> Double {
        let count = 67
        let context = try Context(instructionSet: instructionSet)
        let allocator = context.allocator
        let initial = rule.initialState
        let x = try Buffer<Double>(zeros: count, in: allocator)
        let p = try Buffer<Float>(zeros: count, in: allocator)
        let g = try Buffer<Double>(count, in: allocator)
        let h = try Buffer<Float>(count, in: allocator)
        let memory = try Buffer<Double>(zeros: count * initial.count, in: allocator)
        let state = try Buffer<UnsafeMutablePointer<Double>>(initial.count, in: allocator)
        var slots: [UnsafeMutablePointer<Float>] = []
        let floats = try Buffer<Float>(zeros: count * max(initial.count, 1), in: allocator)
        for index in 0..<initial.count {
            state.pointer[index] = memory.pointer + index * count
            slots.append(floats.pointer + index * count)
        }
        var largest = [Double](repeating: 0, count: count)
        for step in 1...steps {
            for i in 0..<count {
                let size = exp(Double(i) / 4 - 9)
                g.pointer[i] = size * sin(0.7 * Double(step) + Double(i))
                h.pointer[i] = Float(g.pointer[i])
                g.pointer[i] = Double(h.pointer[i])
            }
            rule.update(
                x.pointer, gradient: g.pointer, state: UnsafePointer(state.pointer), count: count,
                learningRate: rule.learningRate, step: step)
            kernel(context, p.pointer, h.pointer, slots, step, count)
            for i in 0..<count { largest[i] = max(largest[i], abs(x.pointer[i])) }
        }
        var most = 0.0
        for i in 0..<count { most = max(most, abs(Double(p.pointer[i]) - x.pointer[i]) / largest[i]) }
        return most
    }

    /// 200 roundings to 24 bits.
    private let tolerance = 200 * 0x1p-23

    @Test(arguments: InstructionSet.available) func kernelsFollowTheRules(set: InstructionSet) throws {
        let plain = SGDRule(learningRate: 0.05)
        #expect(
            try difference(plain, set) { context, p, g, _, _, n in context.kernels.sgd(p, g, 0.05, Int64(n)) }
                < tolerance)
        for nesterov in [false, true] {
            let momentum = SGDRule(learningRate: 0.05, momentum: 0.9, nesterov: nesterov)
            #expect(
                try difference(momentum, set) { context, p, g, slots, _, n in
                    context.kernels.momentum(p, g, slots[0], 0.05, 0.9, nesterov ? 1 : 0, Int64(n))
                } < tolerance)
        }
        let adam = AdamRule(learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-7)
        #expect(
            try difference(adam, set) { context, p, g, slots, step, n in
                let t = Double(step)
                let rate = 0.01 * sqrt(1 - pow(0.999, t)) / (1 - pow(0.9, t))
                context.kernels.adam(p, g, slots[0], slots[1], Float(rate), 0.9, 0.999, 1e-7, Int64(n))
            } < tolerance)
    }
}
