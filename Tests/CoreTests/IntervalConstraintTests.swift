import Core
import Testing

/// Parameters that are a pair of numbers, or one number that stands for two.
struct IntervalConstraintTests {
    private static let cases: [(form: IntervalForm, admitted: [JSON], refused: [JSON], text: String)] = [
        (
            .ends, [0, 0.5, 1, [-1, 1], [0.5, 0.5]], [-0.5, 1.5, [1, -1], [0, 1.5], [-2, 0], [0], [0, 1, 2]],
            "a number in [0, 1], or an ascending pair of numbers in [-1, 1]"
        ),
        (.ascending, [[-1, 1], [0, 0]], [0, 1, [1, 0], [0, 2]], "an ascending pair of numbers in [-1, 1]"),
        (
            .margins, [0, 1, [1, -1], [-1, 1]], [-0.1, 2, [0, 2]],
            "a number in [0, 1], or a pair of numbers in [-1, 1]"
        ),
    ]

    @Test func formsSayWhatAPairMayBe() {
        for item in Self.cases {
            let constraint = Constraint.interval(from: -1, to: 1, item.form)
            for value in item.admitted { #expect(constraint.admits(value), "\(value.text) is refused") }
            for value in item.refused { #expect(!constraint.admits(value), "\(value.text) is admitted") }
            #expect(constraint.description == item.text)
        }
    }

    @Test func nothingButFiniteNumbersIsAdmitted() {
        for form in [IntervalForm.ends, .ascending, .margins] {
            let constraint = Constraint.interval(from: -.infinity, to: .infinity, form)
            let others: [JSON] = [
                .number(.nan), [0, .number(.nan)], [0, .number(.infinity)], "1", ["0", 1], .null, true, [],
            ]
            for value in others {
                #expect(!constraint.admits(value), "\(value.text) is admitted")
            }
            #expect(constraint.admits([-1e300, 1e300]))
        }
    }
}
