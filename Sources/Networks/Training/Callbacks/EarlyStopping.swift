import Core

/// Ends a fit when a measure has not improved for some epochs.
final class EarlyStopping: FitCallback {
    static let entry = Entry<any FitCallback>(
        "EarlyStopping", doc: "ends a fit when a measure no longer improves",
        parameters: [
            Monitor.name, Monitor.minDelta(0),
            ParameterSpec(
                "patience", .integer(0...Int.max), default: 0, "epochs without improvement after which the fit ends"),
            Monitor.mode,
            ParameterSpec(
                "baseline", .nullable(.real(from: -.infinity, to: .infinity)), default: .null,
                "what the measure must be better than to count as improving, or null"),
            ParameterSpec(
                "restore_best_weights", .boolean, default: false, "end with the weights of the best epoch"),
            ParameterSpec("start_from_epoch", .integer(0...Int.max), default: 0, "epochs that are not looked at"),
        ]
    ) { EarlyStopping($0) }

    private var monitor: Monitor
    private let patience: Int
    private let baseline: Double?
    private let restoresBest: Bool
    private let firstEpoch: Int
    private var wait = 0
    private var best: Double?
    private var bestWeights: Buffer<Float>?

    private init(_ parameters: Parameters) {
        monitor = Monitor(parameters)
        patience = parameters.integer("patience")
        baseline = parameters["baseline"].doubleValue
        restoresBest = parameters.boolean("restore_best_weights")
        firstEpoch = parameters.integer("start_from_epoch")
    }

    func begin(_ fit: FitRun) throws(ApusError) { try monitor.find(in: fit) }

    func endEpoch(_ fit: FitRun) throws(ApusError) {
        guard fit.epochs > firstEpoch else { return }
        let value = monitor.value(fit)
        wait += 1
        if restoresBest, bestWeights == nil { try keepWeights(fit) }
        if monitor.improves(value, on: best) {
            best = value
            if restoresBest { try keepWeights(fit) }
            if baseline == nil || monitor.improves(value, on: baseline) { wait = 0 }
        } else if wait >= patience, fit.epochs > 1 {
            fit.context.note("EarlyStopping: '\(monitor.name)' has not improved for \(wait) epochs.")
            fit.stops = true
        }
    }

    func end(_ fit: FitRun) throws(ApusError) {
        guard let bestWeights else { return }
        fit.trainer.weights.pointer.update(from: bestWeights.pointer, count: bestWeights.count)
        fit.trainer.state.isAveraged = false
    }

    private func keepWeights(_ fit: FitRun) throws(ApusError) {
        let weights = fit.trainer.weights
        if let bestWeights {
            bestWeights.pointer.update(from: weights.pointer, count: weights.count)
        } else {
            bestWeights = try weights.copy(in: fit.context.allocator)
        }
    }
}
