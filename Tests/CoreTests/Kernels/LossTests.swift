import CVector
import Core
import Glibc
import Testing

private typealias Loss = (
    _ p: Floats, _ t: Floats, _ gradient: Floats?, _ scale: Float
) -> Double

/// Runs one loss kernel over every size and compares its sum and gradient with the formula of an element.
private func check(
    _ loss: Loss, targets: ClosedRange<Double>, predictions: ClosedRange<Double>, tolerance: Double = roundings,
    _ formula: (_ p: Double, _ t: Double) -> (loss: Double, slope: Double)
) {
    for size in kernelSizes {
        let p = Floats(size, seed: 1, from: predictions.lowerBound, to: predictions.upperBound)
        let t = Floats(size, seed: 2, from: targets.lowerBound, to: targets.upperBound)
        let gradient = Floats(size)
        let expected = (0..<size).map { formula(p[$0], t[$0]) }
        let sum = expected.reduce(0.0) { $0 + $1.loss }
        let observed = loss(p, t, gradient, 0.5)
        #expect(abs(observed - sum) <= tolerance * expected.reduce(0.0) { $0 + max(abs($1.loss), 1) }, "size \(size)")
        let error = largestError(
            gradient, from: { 0.5 * expected[$0].slope }, scale: { max(1, abs(expected[$0].slope)) })
        #expect(error <= tolerance && gradient.isIntact, "size \(size)")
        #expect(loss(p, t, nil, 0.5) == observed)
        #expect(loss(p, t, p, 0.5) == observed)
        #expect(p.bits == gradient.bits, "in place, size \(size)")
    }
}

struct LossTests {
    @Test(arguments: InstructionSet.available)
    func squaredErrorAgreesWithTheFormula(_ set: InstructionSet) {
        let kernel = set.kernels.squared_error
        check(
            { kernel($0.start, $1.start, $2?.start, $3, Int64($0.count)) }, targets: -3...3, predictions: -3...3,
            tolerance: 4 * roundings
        ) { p, t in ((p - t) * (p - t), 2 * (p - t)) }
    }

    @Test(arguments: InstructionSet.available)
    func absoluteErrorAgreesWithTheFormula(_ set: InstructionSet) {
        let kernel = set.kernels.absolute_error
        check({ kernel($0.start, $1.start, $2?.start, $3, Int64($0.count)) }, targets: -3...3, predictions: -3...3) {
            p, t in (abs(p - t), p > t ? 1 : -1)
        }
        let (same, gradient) = (Floats([1, 2, 3]), Floats(3))
        #expect(kernel(same.start, same.start, gradient.start, 1, 3) == 0)
        #expect(gradient.values == [0, 0, 0])
    }

    @Test(arguments: InstructionSet.available)
    func huberAgreesWithTheFormula(_ set: InstructionSet) {
        let kernel = set.kernels.huber
        check(
            { kernel($0.start, $1.start, 1.5, $2?.start, $3, Int64($0.count)) }, targets: -3...3, predictions: -3...3,
            tolerance: 2 * roundings
        ) { p, t in
            let d = p - t
            return abs(d) <= 1.5 ? (d * d / 2, d) : (1.5 * (abs(d) - 0.75), d > 0 ? 1.5 : -1.5)
        }
    }

    @Test(arguments: InstructionSet.available)
    func binaryCrossEntropyAgreesWithTheFormula(_ set: InstructionSet) {
        let kernel = set.kernels.binary_cross_entropy
        check(
            { kernel($0.start, $1.start, $2?.start, $3, Int64($0.count)) }, targets: 0...1, predictions: 0.01...0.99,
            tolerance: 4 * roundings
        ) { p, t in (-t * log(p) - (1 - t) * log(1 - p), (p - t) / (p * (1 - p))) }
    }

    @Test(arguments: InstructionSet.available)
    func binaryCrossEntropyClipsItsPredictions(_ set: InstructionSet) {
        let p = Floats([0, 1, 0, 1, -1, 2])
        let t = Floats([1, 0, 0, 1, 1, 0])
        let gradient = Floats(6) { _ in 9 }
        let low = Double(Float(1e-7))
        let high = Double(1 - Float(1e-7))
        let expected = -2 * log(low) - 2 * log(1 - high) - log(1 - low) - log(high)
        let observed = set.kernels.binary_cross_entropy(p.start, t.start, gradient.start, 1, 6)
        #expect(abs(observed - expected) < 1e-5)
        #expect(gradient.values == [0, 0, 0, 0, 0, 0])
    }

    @Test(arguments: InstructionSet.available)
    func binaryCrossEntropyOfLogitsAgreesWithTheFormula(_ set: InstructionSet) {
        let kernel = set.kernels.binary_cross_entropy_logits
        for range in [-3.0...3.0, -80.0...80.0] {
            check(
                { kernel($0.start, $1.start, $2?.start, $3, Int64($0.count)) }, targets: 0...1, predictions: range,
                tolerance: 2 * roundings
            ) { x, t in (max(x, 0) - x * t + log1p(exp(-abs(x))), 1 / (1 + exp(-x)) - t) }
        }
        // The loss of a sure and right answer is exp(-x), far below one rounding of 1.
        let (x, t) = (Floats([60]), Floats([1]))
        #expect(abs(kernel(x.start, t.start, nil, 1, 1) / exp(-60) - 1) < roundings)
    }

    @Test(arguments: InstructionSet.available)
    func lossesOfNaNAreNaN(_ set: InstructionSet) {
        let kernels = set.kernels
        let p = Floats(19) { $0 == 17 ? .nan : 0.5 }
        let t = Floats(19) { _ in 1 }
        let gradients = (0..<5).map { _ in Floats(19) }
        let sums = [
            kernels.squared_error(p.start, t.start, gradients[0].start, 1, 19),
            kernels.absolute_error(p.start, t.start, gradients[1].start, 1, 19),
            kernels.huber(p.start, t.start, 1, gradients[2].start, 1, 19),
            kernels.binary_cross_entropy(p.start, t.start, gradients[3].start, 1, 19),
            kernels.binary_cross_entropy_logits(p.start, t.start, gradients[4].start, 1, 19),
        ]
        #expect(sums.allSatisfy { $0.isNaN })
        for gradient in gradients {
            #expect((0..<19).allSatisfy { gradient.start[$0].isNaN == ($0 == 17) })
        }
    }
}
