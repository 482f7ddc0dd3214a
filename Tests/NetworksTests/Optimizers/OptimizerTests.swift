import Core
import Glibc
import Networks
import Testing

/// Update rules against the published formulas in double precision, over eight steps.
struct OptimizerTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        /// What the slots start at.
        var initial: [Double] = [0, 0, 0]
        /// Changes (p, slots) by one step number t from 1 with gradient g.
        let rule: @Sendable (inout Double, inout [Double], Double, Int) -> Void
        var testDescription: String { text }
    }

    private static func moments(_ s: inout [Double], _ g: Double) {
        s[0] += 0.1 * (g - s[0])
        s[1] += 0.001 * (g * g - s[1])
    }
    private static func adamRate(_ t: Int) -> Double {
        0.01 * sqrt(1 - pow(0.999, Double(t))) / (1 - pow(0.9, Double(t)))
    }
    private static let rate = "optimizer.learning_rate=0.01"

    static let cases: [Case] = [
        Case(text: "sgd optimizer.learning_rate=0.1") { p, _, g, _ in p -= 0.1 * g },
        Case(text: "sgd optimizer.learning_rate=0.1 optimizer.momentum=0.9") { p, s, g, _ in
            s[0] = 0.9 * s[0] - 0.1 * g
            p += s[0]
        },
        Case(text: "sgd optimizer.learning_rate=0.1 optimizer.momentum=0.9 optimizer.nesterov=true") { p, s, g, _ in
            s[0] = 0.9 * s[0] - 0.1 * g
            p += 0.9 * s[0] - 0.1 * g
        },
        Case(text: "sgd optimizer.learning_rate=0.1 optimizer.momentum=0.9 optimizer.dampening=0.9") { p, s, g, _ in
            s[0] = 0.9 * s[0] + 0.1 * g
            p -= 0.1 * s[0]
        },
        Case(text: "adagrad \(rate)", initial: [0.1]) { p, s, g, _ in
            s[0] += g * g
            p -= 0.01 * g / sqrt(s[0] + 1e-7)
        },
        Case(text: "adadelta optimizer.learning_rate=1 optimizer.epsilon=1e-3") { p, s, g, _ in
            s[0] = 0.95 * s[0] + 0.05 * g * g
            let d = sqrt(s[1] + 1e-3) / sqrt(s[0] + 1e-3) * g
            s[1] = 0.95 * s[1] + 0.05 * d * d
            p -= d
        },
        Case(text: "rmsprop \(rate)") { p, s, g, _ in
            s[0] = 0.9 * s[0] + 0.1 * g * g
            p -= 0.01 * g / sqrt(s[0] + 1e-7)
        },
        Case(text: "rmsprop \(rate) optimizer.momentum=0.5 optimizer.centered=true") { p, s, g, _ in
            s[0] = 0.9 * s[0] + 0.1 * g * g
            s[2] = 0.9 * s[2] + 0.1 * g
            s[1] = 0.5 * s[1] + 0.01 * g / sqrt(s[0] - s[2] * s[2] + 1e-7)
            p -= s[1]
        },
        Case(text: "adam \(rate)") { p, s, g, t in
            moments(&s, g)
            p -= adamRate(t) * s[0] / (sqrt(s[1]) + 1e-7)
        },
        Case(text: "adam \(rate) optimizer.amsgrad=true") { p, s, g, t in
            moments(&s, g)
            s[2] = max(s[2], s[1])
            p -= adamRate(t) * s[0] / (sqrt(s[2]) + 1e-7)
        },
        Case(text: "adamw \(rate) optimizer.weight_decay=0.5") { p, s, g, t in
            p -= p * 0.5 * 0.01
            moments(&s, g)
            p -= adamRate(t) * s[0] / (sqrt(s[1]) + 1e-7)
        },
        Case(text: "adamax \(rate)") { p, s, g, t in
            s[0] += 0.1 * (g - s[0])
            s[1] = max(0.999 * s[1], abs(g))
            p -= 0.01 * s[0] / ((1 - pow(0.9, Double(t))) * (s[1] + 1e-7))
        },
        Case(text: "nadam \(rate)", initial: [0, 0, 1]) { p, s, g, t in
            let (now, next) = (0.9 * (1 - 0.5 * pow(0.96, Double(t))), 0.9 * (1 - 0.5 * pow(0.96, Double(t + 1))))
            moments(&s, g)
            s[2] *= now
            let mean = next * s[0] / (1 - s[2] * next) + (1 - now) * g / (1 - s[2])
            p -= 0.01 * mean / (sqrt(s[1] / (1 - pow(0.999, Double(t)))) + 1e-7)
        },
        ftrl(power: -0.5, l1: 0, l2: 0, shrinkage: 0, beta: 0),
        ftrl(power: -0.7, l1: 0.05, l2: 0.2, shrinkage: 0.1, beta: 0.3),
        Case(text: "lion \(rate)") { p, s, g, _ in
            let direction = 0.9 * s[0] + 0.1 * g
            p -= direction > 0 ? 0.01 : direction < 0 ? -0.01 : 0
            s[0] = 0.99 * s[0] + 0.01 * g
        },
        Case(text: "sgd \(rate) optimizer.clipvalue=0.3") { p, _, g, _ in p -= 0.01 * min(max(g, -0.3), 0.3) },
        Case(text: "sgd \(rate) optimizer.clipnorm=0.3") { p, _, g, _ in p -= 0.01 * g * 0.3 / max(abs(g), 0.3) },
        Case(text: "sgd \(rate) optimizer.global_clipnorm=0.3") { p, _, g, _ in
            p -= 0.01 * g * 0.3 / max(abs(g), 0.3)
        },
        Case(
            text: "sgd \(rate) optimizer.use_ema=true optimizer.ema_momentum=0.8 optimizer.ema_overwrite_frequency=3"
        ) { p, s, g, t in
            p -= 0.01 * g
            s[0] = t == 1 ? p : 0.8 * s[0] + 0.2 * p
            if t % 3 == 0 { p = s[0] }
        },
        Case(
            text:
                #"{"class_name": "SGD", "config": {"learning_rate": {"class_name": "ExponentialDecay", "config": {"initial_learning_rate": 0.2, "decay_steps": 2, "decay_rate": 0.5}}}}"#
        ) { p, _, g, t in p -= 0.2 * pow(0.5, Double(t - 1) / 2) * g },
    ]

    private static func ftrl(power: Double, l1: Double, l2: Double, shrinkage: Double, beta: Double) -> Case {
        let text =
            "ftrl optimizer.learning_rate=0.1 optimizer.learning_rate_power=\(power) "
            + "optimizer.l1_regularization_strength=\(l1) optimizer.l2_regularization_strength=\(l2) "
            + "optimizer.l2_shrinkage_regularization_strength=\(shrinkage) optimizer.beta=\(beta)"
        return Case(text: text, initial: [0.1, 0]) { p, s, g, _ in
            let after = s[0] + g * g
            s[1] += g + 2 * shrinkage * p - (pow(after, -power) - pow(s[0], -power)) / 0.1 * p
            let divisor = pow(after, -power) / 0.1 + 2 * (l2 + beta / 0.2)
            p = (min(max(s[1], -l1), l1) - s[1]) / divisor
            s[0] = after
        }
    }

    @Test func everyOptimizerIsCovered() throws {
        for entry in OptimizerCatalog.family.entries {
            let name = entry.className.lowercased()
            #expect(Self.cases.contains { $0.text.prefix { $0 != " " } == name }, "\(entry.className)")
        }
    }

    @Test(arguments: cases) func followsItsFormula(_ item: Case) throws {
        let context = try Fixtures.context()
        // y = x w with one weight; with mse and target 0 the gradient is 2 x^2 w.
        let model = try Fixtures.network([1], [("Dense", "units=1 use_bias=false kernel_initializer=ones")], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=\(item.text)", in: context)
        var p = 1.0
        var slots = item.initial
        for step in 1...8 {
            let x = try Fixtures.tensor([Float(step) / 4], [1, 1], in: context)
            let y = try Fixtures.tensor([0], [1, 1], in: context)
            let gradient = 2 * Double(step * step) / 16 * p
            item.rule(&p, &slots, gradient, step)
            _ = try trainer.step(Fixtures.dataset(x, y), in: context)
            let got = Double(try trainer.weight("dense/kernel").floatArray[0])
            #expect(abs(got - p) <= 2e-6 * max(1, abs(p)), "step \(step)")
        }
    }
}
