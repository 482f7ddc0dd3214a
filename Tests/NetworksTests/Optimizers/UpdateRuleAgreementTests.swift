import Core
import Glibc
import Networks
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
        for (index, value) in initial.enumerated() {
            state.pointer[index] = memory.pointer + index * count
            slots.append(floats.pointer + index * count)
            for i in 0..<count {
                state.pointer[index][i] = value
                slots[index][i] = Float(value)
            }
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
        for amsgrad in [false, true] {
            let adam = AdamRule(learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, amsgrad: amsgrad)
            #expect(
                try difference(adam, set) { context, p, g, slots, step, n in
                    let t = Double(step)
                    let rate = 0.01 * sqrt(1 - pow(0.999, t)) / (1 - pow(0.9, t))
                    context.kernels.adam(
                        p, g, slots[0], slots[1], amsgrad ? slots[2] : nil, Float(rate), 0.1, 0.001, 1e-7, Int64(n))
                } < tolerance)
        }
    }

    /// The optimizers of the catalog, with their corrections for the step, beside the rules of the same names.
    @Test(arguments: InstructionSet.available) func optimizersFollowTheRules(set: InstructionSet) throws {
        let rules: [(any UpdateRule, String, String)] = [
            (AdagradRule(learningRate: 0.1), "Adagrad", "learning_rate=0.1"),
            (AdadeltaRule(learningRate: 1, rho: 0.95, epsilon: 1e-5), "Adadelta", "learning_rate=1 epsilon=1e-5"),
            (RMSpropRule(learningRate: 0.01), "RMSprop", "learning_rate=0.01"),
            (RMSpropRule(learningRate: 0.01, momentum: 0.9), "RMSprop", "learning_rate=0.01 momentum=0.9"),
            (AdamRule(learningRate: 0.01), "Adam", "learning_rate=0.01"),
            (AdamRule(learningRate: 0.01, amsgrad: true), "AdamW", "learning_rate=0.01 amsgrad=true"),
            (AdamaxRule(learningRate: 0.01), "Adamax", "learning_rate=0.01"),
            (NadamRule(learningRate: 0.01), "Nadam", "learning_rate=0.01"),
        ]
        for (rule, name, text) in rules {
            let optimizer = try OptimizerCatalog.family.make([
                "class_name": .string(name), "config": .object(try ParameterText.parse(text, for: name)),
            ])
            let pointers = try Buffer<UnsafeMutablePointer<Float>>(
                optimizer.slots.count, in: Context(threads: 1).allocator)
            let largest = try difference(rule, set) { context, p, g, slots, step, n in
                for index in optimizer.slots.indices { pointers.pointer[index] = slots[index] }
                optimizer.update(
                    p, gradient: g, slots: UnsafePointer(pointers.pointer), offset: 0, count: n,
                    learningRate: rule.learningRate, step: step, context.kernels)
            }
            #expect(largest < tolerance, "\(name) \(text): \(largest)")
        }
    }
}
