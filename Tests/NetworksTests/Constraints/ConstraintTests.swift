import Core
import Networks
import Testing

struct ConstraintTests {
    private static func applied(_ text: String, to values: [Float], _ shape: Shape) throws -> [Float] {
        let constraint = try #require(
            try ConstraintCatalog.make(text.hasPrefix("{") ? JSONParser.parse(text) : .string(text)))
        var weight = values
        try constraint.check(shape)
        constraint.apply(&weight, shape)
        return weight
    }

    /// Columns (3, 4) and (0.3, 0.4) of a 2 x 2 matrix.
    private static let matrix: [Float] = [3, 0.3, 4, 0.4]

    private static let cases: [(text: String, expected: [Float])] = [
        ("max_norm", [1.2, 0.3, 1.6, 0.4]), ("MaxNorm", [1.2, 0.3, 1.6, 0.4]),
        (#"{"class_name":"MaxNorm","config":{"max_value":1.0,"axis":1}}"#, [0.99503719, 0.099503719, 0.99503719, 0.099503719]),
        (#"{"class_name":"MaxNorm","config":{"max_value":1.0,"axis":-1}}"#, [0.99503719, 0.099503719, 0.99503719, 0.099503719]),
        (#"{"class_name":"MaxNorm","config":{"max_value":1.0,"axis":[0,1]}}"#, [0.597022, 0.0597022, 0.796030, 0.0796030]),
        ("unit_norm", [0.6, 0.6, 0.8, 0.8]),
        (#"{"class_name":"MinMaxNorm","config":{"min_value":1.0,"max_value":2.0,"rate":0.5}}"#, [2.1, 0.45, 2.8, 0.6]),
        ("non_neg", [3, 0.3, 4, 0.4]),
    ]

    @Test(arguments: cases)
    func lengthsAreDrawnWhereTheyBelong(_ item: (text: String, expected: [Float])) throws {
        #expect(largestError(try Self.applied(item.text, to: Self.matrix, Shape(2, 2)), item.expected) < 1e-5)
    }

    @Test func negativeElementsBecomeZero() throws {
        #expect(try Self.applied("non_neg", to: [-1, 2, -0.5, 0], Shape(4)) == [0, 2, 0, 0])
    }

    @Test func theMiddleAxisOfThreeIsTaken() throws {
        let text = #"{"class_name":"UnitNorm","config":{"axis":1}}"#
        let weight: [Float] = [3, 0, 4, 1, 0, 6, 2, 8]
        #expect(largestError(try Self.applied(text, to: weight, Shape(2, 2, 2)), [0.6, 0, 0.8, 1, 0, 0.6, 1, 0.8]) < 1e-5)
    }

    @Test func anUpdateIsFollowedByTheConstraint() throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network([2], [("Dense", "units=3 kernel_constraint=unit_norm")], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=adam", in: context)
        let (x, y) = (try Fixtures.normals([8, 2], seed: 1, in: context), try Fixtures.normals([8, 3], seed: 2, in: context))
        for _ in 0..<3 {
            _ = try trainer.step(Fixtures.dataset(x, y), in: context)
            let w = try trainer.weight("dense/kernel").floatArray
            for column in 0..<3 { #expect(abs(w[column] * w[column] + w[3 + column] * w[3 + column] - 1) < 1e-5) }
        }
    }

    @Test func anAxisThatTheWeightLacksIsRefused() throws {
        #expect(throws: ApusError.self) {
            _ = try NetworkBuilderOf.dense(#"bias_constraint={"class_name":"UnitNorm","config":{"axis":1}}"#)
        }
        #expect(throws: ApusError.self) {
            _ = try NetworkBuilderOf.dense(#"bias_constraint={"class_name":"UnitNorm","config":{"axis":"rows"}}"#)
        }
    }
}
