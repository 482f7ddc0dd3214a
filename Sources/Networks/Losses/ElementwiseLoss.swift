import CVector
import Core

/// A loss that is the mean over the last axis of a function of one output and one target.
protocol ElementwiseLoss: Loss {
    /// The function at output `p` and target `t`, and its derivative by `p`.
    func term(_ p: Float, _ t: Float) -> (value: Double, slope: Float)
}

extension ElementwiseLoss {
    func evaluate(_ call: LossCall, _ kernels: borrowing apus_kernels) -> Double {
        let count = call.positions * call.width
        let scale = call.scale / Float(call.width)
        var sum = 0.0
        if let gradient = call.gradient {
            for index in 0..<count {
                let (value, slope) = term(call.output[index], call.target[index])
                sum += value
                gradient[index] = scale * slope
            }
        } else {
            for index in 0..<count { sum += term(call.output[index], call.target[index]).value }
        }
        return sum / Double(call.width)
    }
}

/// A loss with one value for each position of the output, from all of its last axis.
protocol RowLoss: Loss {
    /// The loss of one position; where `gradient` is given it receives the derivatives by `p`, unscaled.
    func row(
        _ p: UnsafePointer<Float>, _ t: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>?, width: Int
    ) -> Double
}

extension RowLoss {
    func evaluate(_ call: LossCall, _ kernels: borrowing apus_kernels) -> Double {
        var sum = 0.0
        for position in 0..<call.positions {
            let offset = position * call.width
            let gradient = call.gradient.map { $0 + offset }
            sum += row(call.output + offset, call.target + offset, gradient, width: call.width)
            if let gradient { kernels.scale(call.scale, gradient, Int64(call.width)) }
        }
        return sum
    }
}
