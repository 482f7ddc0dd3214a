import Core
import Glibc
import Numerics
import Testing

/// The update rules, by hand over two steps and as methods of minimisation.
struct UpdateRuleTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let rule: any UpdateRule
        /// x after two steps with gradients 2 and then 1 from x = 1.
        let first: Double
        let second: Double
        let testDescription: String
    }

    static let cases: [Case] = [
        Case(rule: SGDRule(learningRate: 0.1), first: 0.8, second: 0.7, testDescription: "descent"),
        Case(
            rule: SGDRule(learningRate: 0.1, momentum: 0.5), first: 0.8, second: 0.6, testDescription: "heavy ball"),
        Case(
            rule: SGDRule(learningRate: 0.1, momentum: 0.5, nesterov: true), first: 0.7, second: 0.5,
            testDescription: "Nesterov"),
        Case(
            rule: SGDRule(learningRate: 0.1, momentum: 0.5, dampening: 0.5), first: 0.8, second: 0.65,
            testDescription: "dampening"),
        Case(
            rule: SGDRule(learningRate: 0.1, momentum: 0.5, form: .average), first: 0.9, second: 0.8,
            testDescription: "average"),
        Case(
            rule: SGDRule(learningRate: 0.1, momentum: 0.5, form: .correctedAverage), first: 0.8,
            second: 0.8 - 0.1 / 0.75, testDescription: "corrected average"),
        Case(
            rule: AdagradRule(learningRate: 0.1, epsilon: 0, initial: 0), first: 0.9,
            second: 0.9 - 0.1 / 5.0.squareRoot(), testDescription: "Adagrad"),
        Case(
            rule: AdagradRule(learningRate: 0.1, epsilon: 5, epsilonInside: true, initial: 0), first: 1 - 0.2 / 3,
            second: 1 - 0.2 / 3 - 0.1 / 10.0.squareRoot(), testDescription: "Adagrad, epsilon inside"),
        Case(
            rule: AdagradRule(learningRate: 0.1, epsilon: 2, epsilonInside: false, initial: 0, decay: 1), first: 0.95,
            second: 0.95 - 0.05 / (5.0.squareRoot() + 2), testDescription: "Adagrad, epsilon beside, decay"),
        Case(
            rule: RMSpropRule(learningRate: 0.1, rho: 0.5, epsilon: 0), first: 1 - 0.2 / 2.0.squareRoot(),
            second: 1 - 0.2 / 2.0.squareRoot() - 0.1 / 1.5.squareRoot(), testDescription: "RMSprop"),
        Case(
            rule: RMSpropRule(learningRate: 0.1, rho: 0.5, epsilon: 0, centered: true), first: 0.8,
            second: 0.8 - 0.1 / 0.5.squareRoot(), testDescription: "RMSprop, centred"),
        Case(
            rule: AdamRule(learningRate: 0.1, beta1: 0.5, beta2: 0.5, epsilon: 0), first: 0.9,
            second: 0.9 - 0.1 * (1 / 0.75) / (1.5 / 0.75).squareRoot(), testDescription: "Adam"),
        Case(
            rule: AdamRule(learningRate: 0.1, beta1: 0.5, beta2: 0.5, epsilon: 2, epsilonCorrected: true), first: 0.95,
            second: 0.95 - 0.1 * (1 / 0.75) / (2.0.squareRoot() + 2), testDescription: "Adam, epsilon of the paper"),
        Case(
            rule: AdamaxRule(learningRate: 0.1, beta1: 0.5, beta2: 0.25, epsilon: 0), first: 0.9,
            second: 0.9 - 0.1 / 0.75, testDescription: "Adamax"),
        Case(
            rule: AdadeltaRule(learningRate: 1, rho: 0.5, epsilon: 1), first: 1 - 2 / 3.0.squareRoot(),
            second: 1 - 2 / 3.0.squareRoot() - (5.0 / 3 / 2.5).squareRoot(), testDescription: "Adadelta"),
        Case(
            rule: NadamRule(learningRate: 0.1, beta1: 0, beta2: 0.5, epsilon: 0), first: 0.9,
            second: 0.9 - 0.1 / (1.5 / 0.75).squareRoot(), testDescription: "Nadam without momentum"),
    ]

    @Test(arguments: cases) func followsItsFormula(_ item: Case) throws {
        let allocator = Allocator()
        let count = 11
        let initial = item.rule.initialState
        let memory = try Buffer<Double>(count * initial.count, in: allocator)
        let state = try Buffer<UnsafeMutablePointer<Double>>(initial.count, in: allocator)
        for (index, value) in initial.enumerated() {
            state.pointer[index] = memory.pointer + index * count
            for i in 0..<count { state.pointer[index][i] = value }
        }
        let x = try Buffer<Double>([Double](repeating: 1, count: count), in: allocator)
        for (step, expected) in [(1, item.first), (2, item.second)] {
            let gradient = [Double](repeating: 3 - Double(step), count: count)
            item.rule.update(
                x.pointer, gradient: gradient, state: UnsafePointer(state.pointer), count: count,
                learningRate: item.rule.learningRate, step: step)
            for value in x.array { #expect(abs(value - expected) < 1e-14) }
        }
    }

    static let methods = ["SGD", "Adagrad", "Adadelta", "RMSprop", "Adam", "AdamW", "Adamax", "Nadam"]

    @Test(arguments: methods) func descendsInABowlAndKeepsTheLowestPoint(method: String) throws {
        var values: [Double] = []
        var minimising = Minimising(
            method, "learning_rate=0.4 maxiter=200" + (method == "AdamW" ? " weight_decay=0" : ""), from: [4, -3])
        minimising.step = { (report) throws(ApusError) in
            values.append(report.value)
            return false
        }
        let found = try minimising.run(Smooth.bowl)
        // Adadelta begins with steps of the size of its epsilon.
        #expect(found.minimum.value < (method == "Adadelta" ? 0.95 : 0.6) * 24)
        #expect(found.minimum.stop == .converged || found.minimum.value == values.min())
        #expect(try Smooth.bowl(found.x, nil, 2) == found.minimum.value)
    }

    @Test func keepsTheLastPointWhereThatIsAskedFor() throws {
        var last: [Double] = []
        var minimising = Minimising("SGD", "learning_rate=0.1 momentum=0.95 maxiter=17 keep=last", from: [4, -3])
        minimising.step = { (report) throws(ApusError) in
            last = Array(UnsafeBufferPointer(start: report.x, count: report.count))
            return false
        }
        #expect(try minimising.run(Smooth.bowl).x == last)
    }

    @Test(arguments: methods) func divergenceIsNoticedAndTheBestPointKept(method: String) throws {
        let found = try Minimising(method, "learning_rate=1e200 maxiter=1000", from: [4, -3]).run(Smooth.bowl)
        #expect(found.minimum.stop == .notFinite || found.minimum.stop == .iterations)
        #expect(found.minimum.value <= 24 + 1 && found.x.allSatisfy(\.isFinite))
        if found.minimum.stop == .notFinite { #expect(found.minimum.message.contains("learning_rate")) }
    }

    @Test func lookAheadTakesTheGradientThere() throws {
        // One variable, f = x^2 / 2, momentum 1/2, rate 1/4: v1 = -1/4, x1 = 3/4; the gradient at x1 + v1/2 is 5/8.
        var points: [Double] = []
        var minimising = Minimising("SGD", "learning_rate=0.25 momentum=0.5 form=lookahead maxiter=2", from: [1])
        minimising.step = { (report) throws(ApusError) in
            points.append(report.x[0])
            return false
        }
        _ = try minimising.run(Smooth.bowl)
        #expect(points == [0.75, 0.75 - 0.125 - 0.25 * 0.625])
    }

    @Test func gradientsAreClippedAndWeightsDecay() throws {
        func first(_ parameters: String) throws -> [Double] {
            try Minimising("SGD", "learning_rate=1 maxiter=1 keep=last " + parameters, from: [3, 3]).run {
                (x, g, _) throws(ApusError) in
                g?[0] = 3
                g?[1] = -4
                return 3 * x[0] - 4 * x[1]
            }.x
        }
        #expect(try first("clipvalue=2") == [1, 5])
        #expect(try first("clipnorm=2.5") == [1.5, 5])
        #expect(try first("clipnorm=10") == [0, 7])
        #expect(try first("weight_decay=0.5") == [-1.5, 5.5])
        #expect(try first("weight_decay=0.5 decay_form=weights") == [-1.5, 5.5])
    }
}
