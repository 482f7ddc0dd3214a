import CVector
import Core

/// A normal sample from its mean and the logarithm of its variance, differentiable in both: in training
/// mean + exp(log_variance / 2) e with e standard normal, otherwise the mean.
///
/// With `kl_weight` w it adds w D to the loss, D the Kullback-Leibler divergence of N(mean, exp(log_variance)) from
/// N(0, 1): -1/2 (1 + log_variance - mean^2 - exp(log_variance)) for each element, summed (`kl_reduction` sum) or
/// averaged (mean) over the elements of a row, and averaged over the rows of the batch.
///
/// Kingma and Welling (2014), "Auto-encoding variational Bayes", arXiv:1312.6114, section 2.4 and appendix B.
final class Sampling: Layer {
    static let entry = Entry<any Layer>(
        "Sampling", doc: "mean + exp(log_variance / 2) e with e standard normal in training; the mean otherwise",
        parameters: [
            ParameterSpec(
                "kl_weight", .real(from: 0, to: .infinity), default: 0.0,
                "factor of the divergence from N(0, 1) that is added to the loss, >= 0"),
            ParameterSpec(
                "kl_reduction", .choice(["sum", "mean"]), default: "sum", "over the elements of a row; over rows the mean"),
            ParameterSpec("seed", .any("a whole number or null"), default: .null, "kept for Keras"),
        ]
    ) { Sampling(parameters: $0) }

    let parameters: Parameters
    private let weight: Double
    private let sums: Bool
    /// Elements handled as one slice.
    private static let chunk = 1 << 13

    init(parameters: Parameters) {
        self.parameters = parameters
        weight = parameters.real("kl_weight")
        sums = parameters.text("kl_reduction") == "sum"
    }

    var inputCount: ClosedRange<Int> { 2...2 }
    var passesMask: Bool { true }

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        guard inputs.count == 2, inputs[0].admits(inputs[1]) || inputs[1].admits(inputs[0]) else {
            let shapes = inputs.map(\.description).joined(separator: ", ")
            throw .shape("Sampling needs a mean and a logarithm of the variance of one shape, got \(shapes).")
        }
        return [inputs[0]]
    }

    /// exp(log_variance / 2) and e of each element.
    func scratch(_ call: LayerCall) -> Int { call.training ? cappedProduct(2, call.rows, call.output.count) : 0 }

    /// The divergence of each slice.
    func workspace(_ call: LayerCall) -> Int {
        call.training && weight > 0 ? cappedProduct(call.rows, call.output.count) / Sampling.chunk + 1 : 0
    }

    /// What the gradient by the loss of one element's divergence is.
    private func share(_ step: LayerStep) -> Double {
        weight / Double(max(1, step.rows)) / (sums ? 1 : Double(max(1, step.outputCount)))
    }

    func forward(_ step: LayerStep, in context: Context) {
        let count = step.rows * step.outputCount
        let (mean, logarithm, y) = (step.inputs[0], step.inputs[1], step.output)
        guard step.isDifferentiable else {
            y.update(from: mean, count: count)
            return
        }
        let (deviation, noise) = (step.scratch, step.scratch + count)
        let divides = weight > 0 && step.wantsLoss
        context.parallel(over: count, by: Sampling.chunk) { range in
            for index in range { deviation[index] = logarithm[index] / 2 }
            context.kernels.activation(
                APUS_K_EXPONENTIAL, 0, deviation + range.lowerBound, deviation + range.lowerBound, Int64(range.count))
            for index in range {
                noise[index] = step.training ? Float(step.random.normal(UInt64(index))) : 0
                y[index] = step.training ? mean[index] + deviation[index] * noise[index] : mean[index]
            }
            guard divides else { return }
            var sum = 0.0
            for index in range {
                let (m, s) = (Double(mean[index]), Double(deviation[index]))
                sum += 0.5 * (m * m + s * s - 1 - Double(logarithm[index]))
            }
            step.workspace[range.lowerBound / Sampling.chunk] = Float(sum)
        }
        guard divides else { return }
        var sum = 0.0
        for slice in 0..<(count + Sampling.chunk - 1) / Sampling.chunk { sum += Double(step.workspace[slice]) }
        step.loss = share(step) * sum
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient else { return }
        let count = step.rows * step.outputCount
        let (deviation, noise, mean) = (step.scratch, step.scratch + count, step.inputs[0])
        let share = Float(share(step))
        context.parallel(over: count, by: Sampling.chunk) { range in
            if let dMean = step.inputGradients[0] {
                for index in range { dMean[index] = dy[index] + share * mean[index] }
            }
            if let dLogarithm = step.inputGradients[1] {
                for index in range {
                    let s = deviation[index]
                    // s^2 - 1 from s, which cancels less.
                    dLogarithm[index] = 0.5 * (dy[index] * s * noise[index] + share * (s - 1) * (s + 1))
                }
            }
        }
    }
}
