import Core

/// Lowers the learning rate when a measure has not improved for some epochs.
final class ReduceLROnPlateau: FitCallback {
    static let entry = Entry<any FitCallback>(
        "ReduceLROnPlateau", doc: "lowers the learning rate when a measure no longer improves",
        parameters: [
            Monitor.name,
            ParameterSpec(
                "factor", .real(from: 0, to: 0x1.fffffffffffffp-1), default: 0.1,
                "what the learning rate is multiplied by, in [0, 1)"),
            ParameterSpec(
                "patience", .integer(0...Int.max), default: 10,
                "epochs without improvement after which the learning rate falls"),
            Monitor.mode, Monitor.minDelta(1e-4),
            ParameterSpec("cooldown", .integer(0...Int.max), default: 0, "epochs after a fall that do not count"),
            ParameterSpec("min_lr", .real(from: 0, to: .infinity), default: 0.0, "the lowest learning rate, >= 0"),
        ]
    ) { ReduceLROnPlateau($0) }

    private var monitor: Monitor
    private let factor: Double
    private let patience: Int
    private let cooldown: Int
    private let lowest: Double
    private var wait = 0
    private var cooling = 0
    private var best: Double?

    private init(_ parameters: Parameters) {
        monitor = Monitor(parameters)
        factor = parameters.real("factor")
        patience = parameters.integer("patience")
        cooldown = parameters.integer("cooldown")
        lowest = parameters.real("min_lr")
    }

    func begin(_ fit: FitRun) throws(ApusError) {
        try fit.trainer.checkRateIsFree(for: "ReduceLROnPlateau")
        try monitor.find(in: fit)
    }

    func endEpoch(_ fit: FitRun) throws(ApusError) {
        let value = monitor.value(fit)
        if cooling > 0 {
            cooling -= 1
            wait = 0
        }
        if monitor.improves(value, on: best) {
            best = value
            wait = 0
        } else if cooling == 0 {
            wait += 1
            let rate = fit.trainer.state.learningRate
            if wait >= patience, rate > Double(Float(lowest)) {
                try fit.trainer.setLearningRate(max(rate * factor, lowest))
                fit.context.note("ReduceLROnPlateau: the learning rate is now \(fit.trainer.state.learningRate).")
                cooling = cooldown
                wait = 0
            }
        }
    }
}

extension Trainer {
    /// Throws `invalidArgument` when the optimizer's own schedule sets the learning rate.
    func checkRateIsFree(for callback: String) throws(ApusError) {
        guard !learningRate.isSchedule else {
            throw .invalid(
                "\(callback) sets the learning rate, but that of \(optimizer.parameters.kind) follows a schedule.")
        }
    }
}
