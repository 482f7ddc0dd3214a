import Core
import Networks
import Testing

/// Schedules at updates whose rates are known exactly.
struct ScheduleTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let kind: String
        let config: String
        let rates: [(at: Double, rate: Double)]
        var testDescription: String { "\(kind) \(config)" }
    }

    static let cases: [Case] = [
        Case(
            kind: "ExponentialDecay", config: "initial_learning_rate=0.8 decay_steps=4 decay_rate=0.25",
            rates: [(0, 0.8), (2, 0.4), (4, 0.2), (8, 0.05)]),
        Case(
            kind: "ExponentialDecay", config: "initial_learning_rate=0.8 decay_steps=4 decay_rate=0.25 staircase=true",
            rates: [(0, 0.8), (3, 0.8), (4, 0.2), (7, 0.2), (8, 0.05)]),
        Case(
            kind: "InverseTimeDecay", config: "initial_learning_rate=1 decay_steps=2 decay_rate=0.5",
            rates: [(0, 1), (1, 0.8), (4, 0.5)]),
        Case(
            kind: "InverseTimeDecay", config: "initial_learning_rate=1 decay_steps=2 decay_rate=1 staircase=true",
            rates: [(1, 1), (2, 0.5), (7, 0.25)]),
        Case(
            kind: "PolynomialDecay", config: "initial_learning_rate=1 decay_steps=4 end_learning_rate=0.2 power=2",
            rates: [(0, 1), (2, 0.4), (4, 0.2), (9, 0.2)]),
        Case(
            kind: "PolynomialDecay", config: "initial_learning_rate=1 decay_steps=4 end_learning_rate=0 cycle=true",
            rates: [(0, 1), (4, 0), (6, 0.25), (8, 0), (9, 0.25)]),
        Case(
            kind: "PiecewiseConstantDecay", config: "boundaries=[2,5] values=[1,0.5,0.1]",
            rates: [(0, 1), (2, 1), (3, 0.5), (5, 0.5), (6, 0.1)]),
        Case(
            kind: "CosineDecay", config: "initial_learning_rate=1 decay_steps=6 alpha=0.2",
            rates: [(0, 1), (2, 0.8), (3, 0.6), (4, 0.4), (6, 0.2), (60, 0.2)]),
        Case(
            kind: "CosineDecay", config: "initial_learning_rate=0.2 decay_steps=4 warmup_target=1 warmup_steps=4",
            rates: [(0, 0.2), (2, 0.6), (4, 1), (6, 0.5), (8, 0), (80, 0)]),
        Case(
            kind: "CosineDecayRestarts", config: "initial_learning_rate=1 first_decay_steps=2 m_mul=0.5",
            rates: [(0, 1), (1, 0.5), (2, 0.5), (4, 0.25), (6, 0.25), (14, 0.125), (30, 0.0625)]),
        Case(
            kind: "CosineDecayRestarts",
            config: "initial_learning_rate=1 first_decay_steps=4 t_mul=1 m_mul=0.5 alpha=0.5",
            rates: [(0, 1), (2, 0.75), (4, 0.75), (6, 0.625), (8, 0.625)]),
    ]

    private func make(_ kind: String, _ config: String) throws -> any Schedule {
        let given = try ParameterText.parse(config, for: kind)
        return try ScheduleCatalog.family.make(["class_name": .string(kind), "config": .object(given)])
    }

    @Test func everyScheduleIsCovered() {
        for entry in ScheduleCatalog.family.entries {
            #expect(Self.cases.contains { $0.kind == entry.className }, "\(entry.className)")
        }
    }

    @Test(arguments: cases) func hasTheRatesOfItsFormula(_ item: Case) throws {
        let schedule = try make(item.kind, item.config)
        for (iteration, rate) in item.rates {
            let observed = schedule.rate(at: iteration)
            #expect(abs(observed - rate) <= 1e-14, "update \(iteration): \(observed), expected \(rate)")
        }
    }

    @Test(arguments: [
        ("ExponentialDecay", "initial_learning_rate=-1 decay_steps=4 decay_rate=0.25", "initial_learning_rate"),
        ("ExponentialDecay", "initial_learning_rate=1 decay_steps=0 decay_rate=0.25", "decay_steps"),
        ("ExponentialDecay", "initial_learning_rate=1 decay_steps=1", "decay_rate"),
        ("PolynomialDecay", "initial_learning_rate=1 decay_steps=1 power=-1", "power"),
        ("PiecewiseConstantDecay", "boundaries=[2,2] values=[1,2,3]", "boundaries"),
        ("PiecewiseConstantDecay", "boundaries=[2,4] values=[1,2]", "values"),
        ("PiecewiseConstantDecay", "boundaries=[2] values=[1,-2]", "values"),
        ("PiecewiseConstantDecay", "boundaries=2 values=[1,2]", "boundaries"),
        ("PiecewiseConstantDecay", "boundaries=[x] values=[1,2]", "boundaries"),
        ("CosineDecay", "initial_learning_rate=1 decay_steps=2 warmup_steps=-1", "warmup_steps"),
        ("CosineDecayRestarts", "initial_learning_rate=1 first_decay_steps=2 t_mul=0.5", "t_mul"),
        ("InverseTimeDecay", "initial_learning_rate=1 decay_steps=2 decay_rate=1 banana=1", "banana"),
        ("BananaDecay", "initial_learning_rate=1", "BananaDecay"),
    ]) func refusesWhatIsNoSchedule(_ kind: String, _ config: String, _ named: String) throws {
        let error = #expect(throws: ApusError.self) {
            let given = config.contains("[x]")
                ? [(key: "boundaries", value: JSON.array(["x"])), (key: "values", value: JSON.array([1, 2]))]
                : try ParameterText.parse(config, for: kind)
            _ = try ScheduleCatalog.family.make(["class_name": .string(kind), "config": .object(given)])
        }
        #expect(error?.message.contains(named) == true)
    }
}
