import CVector
import Core

/// Mean squared or absolute error.
struct ErrorMetric: Metric {
    let name: String
    let isSquared: Bool

    func sum(_ call: LossCall, targets: TargetKind, _ kernels: borrowing apus_kernels) -> Double {
        guard targets == .values else { return .nan }
        let count = Int64(call.positions * call.width)
        let total =
            isSquared
            ? kernels.squared_error(call.output, call.target, nil, 0, count)
            : kernels.absolute_error(call.output, call.target, nil, 0, count)
        return total / Double(call.width)
    }
}
