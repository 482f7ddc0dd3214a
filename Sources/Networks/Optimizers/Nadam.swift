import CVector
import Core
import Glibc

/// Adam with Nesterov's look-ahead: with c_t = beta_1 (1 - 0.96^t / 2) and U_t = c_1 ... c_t,
///
///     p -= rate (c_(t+1) / (1 - U_(t+1)) m + (1 - c_t) / (1 - U_t) g) / (sqrt(v / (1 - beta_2^t)) + epsilon).
///
/// Dozat (2016), "Incorporating Nesterov momentum into Adam", ICLR workshop.
struct Nadam: Optimizer {
    static let entry = OptimizerCatalog.entry(
        "Nadam", doc: "Adam with Nesterov's look-ahead", rate: 0.001, parameters: Adam.moments
    ) { parameters in
        Nadam(
            parameters: parameters, beta1: parameters.real("beta_1"), beta2: parameters.real("beta_2"),
            epsilon: Float(parameters.real("epsilon")))
    }
    let parameters: Parameters
    let beta1: Double
    let beta2: Double
    let epsilon: Float

    var slots: [OptimizerSlot] { [OptimizerSlot("momentum", legacy: "m"), OptimizerSlot("velocity", legacy: "v")] }

    private func share(_ t: Double) -> Double { beta1 * (1 - 0.5 * pow(0.96, t)) }

    /// U_t = beta_1^t (1 - q/2)(1 - q^2/2)...(1 - q^t/2), q = 0.96, without a loop over the steps so far: the logarithm
    /// of the infinite product (1 - x)(1 - x q)(1 - x q^2)... is minus the sum of x^k / (k (1 - q^k)).
    func product(_ t: Double) -> Double {
        let q = 0.96
        func logarithm(_ x: Double) -> Double {
            var (sum, power, ratio) = (0.0, 1.0, 1.0)
            for k in 1...60 {
                power *= x
                ratio *= q
                sum -= power / (Double(k) * (1 - ratio))
            }
            return sum
        }
        return pow(beta1, t) * exp(logarithm(q / 2) - logarithm(pow(q, t + 1) / 2))
    }

    func update(
        _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
        slots: UnsafePointer<UnsafeMutablePointer<Float>>, offset: Int, count: Int, learningRate: Double, step: Int,
        _ kernels: borrowing apus_kernels
    ) {
        let t = Double(step)
        let (now, next) = (share(t), share(t + 1))
        let product = product(t)
        let meanRate = learningRate * next / (1 - product * next)
        let gradientRate = learningRate * (1 - now) / (1 - product)
        kernels.nadam(
            parameters, gradient, slots[0] + offset, slots[1] + offset, Float(meanRate), Float(gradientRate),
            Float(1 - beta1), Float(1 - beta2), Float(1 / sqrt(1 - pow(beta2, t))), epsilon, Int64(count))
    }
}
