import CVector
import Core

/// Share of positions predicted right.
struct Accuracy: Metric {
    enum Form: Sendable {
        /// Each element: (p > 0.5) == (t > 0.5), averaged over the last axis.
        case binary
        /// argmax p == argmax t.
        case categorical
        /// argmax p == label.
        case sparse
    }

    let name: String
    /// nil: by the targets and the width, as Keras chooses for "accuracy".
    let form: Form?

    func sum(_ call: LossCall, targets: TargetKind, _ kernels: borrowing apus_kernels) -> Double {
        switch form ?? (targets == .labels ? .sparse : call.width == 1 ? .binary : .categorical) {
        case .binary:
            guard targets == .values else { return sparse(call) }
            var right = 0
            for index in 0..<(call.positions * call.width)
            where (call.output[index] > 0.5) == (call.target[index] > 0.5) { right += 1 }
            return Double(right) / Double(call.width)
        case .categorical:
            guard targets == .values else { return sparse(call) }
            var right = 0
            for position in 0..<call.positions
            where largest(call.output + position * call.width, call.width)
                == largest(call.target + position * call.width, call.width) { right += 1 }
            return Double(right)
        case .sparse:
            guard targets == .labels else {
                var right = 0
                for position in 0..<call.positions
                where Float(largest(call.output + position * call.width, call.width)) == call.target[position] {
                    right += 1
                }
                return Double(right)
            }
            return sparse(call)
        }
    }

    private func sparse(_ call: LossCall) -> Double {
        var right = 0
        for position in 0..<call.positions
        where largest(call.output + position * call.width, call.width) == Int(call.labels[position]) { right += 1 }
        return Double(right)
    }

    /// The first of the largest.
    private func largest(_ x: UnsafePointer<Float>, _ count: Int) -> Int {
        var best = 0
        var index = 1
        while index < count {
            if x[index] > x[best] { best = index }
            index += 1
        }
        return best
    }
}
