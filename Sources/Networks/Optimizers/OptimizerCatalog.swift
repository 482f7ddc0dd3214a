import Core

/// Every optimizer, one line each.
package enum OptimizerCatalog {
    package static let family = Family<any Optimizer>(
        "optimizer",
        [
            SGD.entry, Adagrad.entry, Adadelta.entry, RMSprop.entry, Adam.entry, Adam.entryW, Adamax.entry, Nadam.entry,
            Ftrl.entry, Lion.entry,
        ])

    /// A catalog line: the learning rate, the rule's own parameters, those that all optimizers have, and those of the
    /// rule that Keras does not know.
    static func entry(
        _ className: String, aliases: [String] = [], doc: String, rate: Double, decay: Double? = nil,
        parameters own: [ParameterSpec], further: [ParameterSpec] = [],
        make: @escaping @Sendable (Parameters) throws(ApusError) -> any Optimizer
    ) -> Entry<any Optimizer> {
        let rateSpec = ParameterSpec(
            "learning_rate", .any("a number >= 0, or a schedule"), default: .number(rate),
            "step size, >= 0, or a schedule of it")
        return Entry<any Optimizer>(
            className, aliases: aliases, doc: doc,
            parameters: [rateSpec] + own + UpdateSettings.specs(decay: decay) + further
        ) { (parameters) throws(ApusError) in
            _ = try LearningRate(parameters)
            _ = try UpdateSettings(parameters)
            return try make(parameters)
        }
    }

    /// A share in [0, 1).
    static func share(_ name: String, _ standard: Double, _ doc: String) -> ParameterSpec {
        ParameterSpec(name, .real(from: 0, to: 0x1.fffffffffffffp-1), default: .number(standard), doc + ", in [0, 1)")
    }

    /// A number from 0.
    static func size(_ name: String, _ standard: Double, _ doc: String) -> ParameterSpec {
        ParameterSpec(name, .real(from: 0, to: .infinity), default: .number(standard), doc + ", >= 0")
    }
}

/// The learning rate of an optimizer: a number or a schedule.
package enum LearningRate: Sendable {
    case constant(Double)
    case schedule(any Schedule)

    /// Throws `invalidArgument` for what is neither.
    package init(_ parameters: Parameters) throws(ApusError) {
        let json = parameters["learning_rate"]
        if json["class_name"] != nil {
            self = .schedule(try ScheduleCatalog.family.make(json, lenient: parameters.isLenient))
        } else {
            guard let rate = json.doubleValue, rate.isFinite, rate >= 0 else {
                throw .parameter(
                    "learning_rate", of: parameters.kind, mustBe: "a number >= 0, or a schedule", got: json.text)
            }
            self = .constant(rate)
        }
    }

    /// At an update, the first of which is 0.
    package func value(at iteration: Int) -> Double {
        switch self {
        case .constant(let rate): rate
        case .schedule(let schedule): schedule.rate(at: Double(iteration))
        }
    }

    package var isSchedule: Bool {
        if case .schedule = self { true } else { false }
    }
}
