import Core

/// Sets the learning rate at the start of each epoch by a schedule of epochs, where the optimizer's own schedules count
/// updates.
final class LearningRateScheduler: FitCallback {
    static let entry = Entry<any FitCallback>(
        "LearningRateScheduler", doc: "sets the learning rate of each epoch by a schedule",
        parameters: [
            ParameterSpec(
                "schedule", .any("a schedule"), default: nil,
                "a schedule that takes epochs, all of the trainer's from 0, for updates")
        ]
    ) { (parameters) throws(ApusError) in
        LearningRateScheduler(try ScheduleCatalog.family.make(parameters["schedule"]))
    }

    private let schedule: any Schedule

    private init(_ schedule: any Schedule) { self.schedule = schedule }

    func begin(_ fit: FitRun) throws(ApusError) { try fit.trainer.checkRateIsFree(for: "LearningRateScheduler") }

    func beginEpoch(_ fit: FitRun) throws(ApusError) {
        try fit.trainer.setLearningRate(schedule.rate(at: Double(fit.trainer.state.epoch)))
    }
}
