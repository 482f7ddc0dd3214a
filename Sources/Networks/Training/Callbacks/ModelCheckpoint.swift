import Core

/// Saves checkpoints after epochs: of all, or of those that are the best so far.
final class ModelCheckpoint: FitCallback {
    static let entry = Entry<any FitCallback>(
        "ModelCheckpoint", doc: "saves a checkpoint after each epoch, or after each that is the best so far",
        parameters: [
            ParameterSpec(
                "filepath", .text, default: nil, "where to; {epoch} in it becomes the number of the epoch, from 1"),
            Monitor.name,
            ParameterSpec("save_best_only", .boolean, default: false, "save only when the measure is the best so far"),
            Monitor.mode,
            ParameterSpec(
                "initial_value_threshold", .nullable(.real(from: -.infinity, to: .infinity)), default: .null,
                "what the measure must be better than to be saved at all, or null"),
        ]
    ) { (parameters) throws(ApusError) in
        guard !parameters.text("filepath").isEmpty else {
            throw .parameter("filepath", of: "ModelCheckpoint", mustBe: "the path of a file", got: "''")
        }
        return ModelCheckpoint(parameters)
    }

    private let path: String
    private let savesBestOnly: Bool
    private var monitor: Monitor
    private var best: Double?

    private init(_ parameters: Parameters) {
        path = parameters.text("filepath")
        savesBestOnly = parameters.boolean("save_best_only")
        monitor = Monitor(parameters)
        best = parameters["initial_value_threshold"].doubleValue
    }

    func begin(_ fit: FitRun) throws(ApusError) {
        if savesBestOnly { try monitor.find(in: fit) }
    }

    func endEpoch(_ fit: FitRun) throws(ApusError) {
        if savesBestOnly {
            let value = monitor.value(fit)
            guard monitor.improves(value, on: best) else { return }
            best = value
        }
        guard let save = fit.save else { throw .unsupported("This fit cannot save checkpoints.") }
        try save(fit.trainer, ModelCheckpoint.path(path, epoch: fit.trainer.state.epoch))
    }

    /// The pattern with every {epoch} filled in.
    private static func path(_ pattern: String, epoch: Int) -> String {
        let mark = "{epoch}"
        var result = ""
        var rest = pattern[...]
        while let start = rest.firstIndex(of: "{") {
            result += rest[..<start]
            rest = rest[start...]
            if rest.hasPrefix(mark) {
                result += String(epoch)
                rest = rest.dropFirst(mark.count)
            } else {
                result.append(rest.removeFirst())
            }
        }
        return result + rest
    }
}
