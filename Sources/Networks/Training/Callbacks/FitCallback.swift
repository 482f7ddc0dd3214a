import Core

/// Looks on during a fit, and may change the learning rate, write files or end it. Made anew for each fit.
protocol FitCallback: AnyObject {
    /// Before the first epoch. Throws `invalidArgument` for what does not fit the trainer or its data.
    func begin(_ fit: FitRun) throws(ApusError)
    /// Before an epoch; the trainer's state has its number from 0.
    func beginEpoch(_ fit: FitRun) throws(ApusError)
    /// After an epoch, whose measures are in `fit.logs` and in the trainer's history.
    func endEpoch(_ fit: FitRun) throws(ApusError)
    /// After the last epoch, or a stop.
    func end(_ fit: FitRun) throws(ApusError)
}

extension FitCallback {
    func begin(_ fit: FitRun) throws(ApusError) {}
    func beginEpoch(_ fit: FitRun) throws(ApusError) {}
    func endEpoch(_ fit: FitRun) throws(ApusError) {}
    func end(_ fit: FitRun) throws(ApusError) {}
}

/// What callbacks see of a fit.
final class FitRun {
    let trainer: Trainer
    let context: Context
    /// Writes a checkpoint to a path.
    let save: FitPlan.Save?
    /// Names of what each epoch measures.
    let names: [String]
    /// Measures of the epoch that has just ended, in the order of `names`.
    var logs: [Double] = []
    /// Whole epochs of this fit.
    var epochs = 0
    /// Set by a callback to end the fit after this epoch.
    var stops = false

    init(_ trainer: Trainer, names: [String], save: FitPlan.Save?, _ context: Context) {
        self.trainer = trainer
        self.names = names
        self.save = save
        self.context = context
    }
}

/// Every callback, one line each, in the order in which they act.
package enum CallbackCatalog {
    static let family = Family<any FitCallback>(
        "callback",
        [
            LearningRateScheduler.entry, ReduceLROnPlateau.entry, TerminateOnNaN.entry, ModelCheckpoint.entry,
            CSVLogger.entry, EarlyStopping.entry,
        ])

    /// For the catalog of the library.
    package static var json: JSON { family.json }
}

/// The callbacks of one fit.
final class FitCallbacks {
    private let callbacks: [any FitCallback]
    /// Whether a loss that is not finite ends the fit instead of failing it.
    var stopsOnNaN: Bool { callbacks.contains { $0 is TerminateOnNaN } }
    /// Whether the learning rate is among the measures, as in Keras where a callback may change it.
    var reportsLearningRate: Bool { callbacks.contains { $0 is LearningRateScheduler || $0 is ReduceLROnPlateau } }

    /// From "early_stopping=val_loss early_stopping.patience=3 csv_logger=log.csv", or JSON
    /// {"early_stopping": {"monitor": "val_loss", "patience": 3}}. A bare value is the first parameter; true takes the
    /// defaults, false and null leave a callback out.
    init(_ text: String) throws(ApusError) {
        var made: [(place: Int, callback: any FitCallback)] = []
        for (key, value) in try ParameterText.parse(text, for: "callbacks") {
            let entry = try CallbackCatalog.family.entry(key)
            let place = CallbackCatalog.family.entries.firstIndex { $0.className == entry.className } ?? 0
            guard !made.contains(where: { $0.place == place }) else {
                throw .invalid("The callback '\(key)' is given twice.")
            }
            guard let given = try FitCallbacks.parameters(value, of: entry) else { continue }
            let parameters = try Parameters(kind: entry.className, specs: entry.parameters, given: given)
            made.append((place, try entry.make(parameters)))
        }
        callbacks = made.sorted { $0.place < $1.place }.map(\.callback)
    }

    /// The parameters that a value stands for; nil for none at all.
    private static func parameters(
        _ value: JSON, of entry: Entry<any FitCallback>
    ) throws(ApusError) -> [(key: String, value: JSON)]? {
        let first = entry.parameters.first
        if value.isNull { return nil }
        if let isOn = value.boolValue { return isOn ? [] : nil }
        if let object = value.objectValue {
            // A schedule is an object too.
            if first?.name == "schedule", value["schedule"] == nil { return [(key: "schedule", value: value)] }
            guard let main = value["class_name"] else { return object }
            // Dotted names after a bare value.
            return try parameters(main, of: entry).map { $0 + (value["config"]?.objectValue ?? []) }
        }
        guard let first else {
            throw .invalid("The callback \(entry.className) has no parameters, so it must be true, got \(value.text).")
        }
        return [(key: first.name, value: value)]
    }

    func begin(_ fit: FitRun) throws(ApusError) {
        for callback in callbacks { try callback.begin(fit) }
    }

    func beginEpoch(_ fit: FitRun) throws(ApusError) {
        for callback in callbacks { try callback.beginEpoch(fit) }
    }

    func endEpoch(_ fit: FitRun, _ logs: [Double]) throws(ApusError) {
        fit.logs = logs
        fit.epochs += 1
        for callback in callbacks { try callback.endEpoch(fit) }
    }

    func end(_ fit: FitRun) throws(ApusError) {
        for callback in callbacks { try callback.end(fit) }
    }
}
