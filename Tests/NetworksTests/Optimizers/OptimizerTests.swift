import Core
import Glibc
import Networks
import Testing

/// Update rules against the published formulas in double precision, over five steps.
struct OptimizerTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        /// Changes (p, slots) by one step number t from 1 with gradient g.
        let rule: @Sendable (inout Double, inout [Double], Double, Int) -> Void
        var testDescription: String { text }
    }

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
        Case(text: "adam optimizer.learning_rate=0.01") { p, s, g, t in
            s[0] += 0.1 * (g - s[0])
            s[1] += 0.001 * (g * g - s[1])
            let rate = 0.01 * sqrt(1 - pow(0.999, Double(t))) / (1 - pow(0.9, Double(t)))
            p -= rate * s[0] / (sqrt(s[1]) + 1e-7)
        },
    ]

    @Test func everyOptimizerIsCovered() throws {
        for entry in OptimizerCatalog.family.entries {
            #expect(Self.cases.contains { $0.text.hasPrefix(entry.className.lowercased()) }, "\(entry.className)")
        }
    }

    @Test(arguments: cases) func followsItsFormula(_ item: Case) throws {
        let context = try Fixtures.context()
        // y = x w with one weight; with mse and target 0 the gradient is 2 x^2 w.
        let model = try Fixtures.network([1], [("Dense", "units=1 use_bias=false kernel_initializer=ones")], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=\(item.text)", in: context)
        var p = 1.0
        var slots = [0.0, 0.0]
        for step in 1...5 {
            let x = try Fixtures.tensor([Float(step) / 2], [1, 1], in: context)
            let y = try Fixtures.tensor([0], [1, 1], in: context)
            let gradient = 2 * Double(step * step) / 4 * p
            item.rule(&p, &slots, gradient, step)
            _ = try trainer.step(Fixtures.dataset(x, y), in: context)
            let got = Double(try trainer.weight("dense/kernel").floatArray[0])
            #expect(abs(got - p) <= 1e-6 * max(1, abs(p)))
        }
    }
}
