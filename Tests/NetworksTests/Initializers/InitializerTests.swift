import Core
import Networks
import Testing

/// Moments and bounds of each initializer on a 200 x 300 weight.
struct InitializerTests {
    static let cases: [(text: String, deviation: Double, bound: Double)] = [
        ("zeros", 0, 0), ("ones", 0, 1), ("{\"class_name\": \"Constant\", \"config\": {\"value\": 2.5}}", 0, 2.5),
        ("random_normal", 0.05, 0.3), ("truncated_normal", 0.05 * 0.87962566, 0.1), ("random_uniform", 0.05 / 1.7320508, 0.05),
        ("glorot_uniform", (2.0 / 500).squareRoot(), (6.0 / 500).squareRoot()),
        ("glorot_normal", (2.0 / 500).squareRoot(), 2.0 / 0.87962566 * (2.0 / 500).squareRoot()),
        ("he_uniform", (2.0 / 200).squareRoot(), (6.0 / 200).squareRoot()),
        ("he_normal", (2.0 / 200).squareRoot(), 2.0 / 0.87962566 * (2.0 / 200).squareRoot()),
        ("lecun_uniform", (1.0 / 200).squareRoot(), (3.0 / 200).squareRoot()),
        ("lecun_normal", (1.0 / 200).squareRoot(), 2.0 / 0.87962566 * (1.0 / 200).squareRoot()),
        (
            "{\"class_name\": \"VarianceScaling\", \"config\": {\"scale\": 3.0, \"mode\": \"fan_out\", \"distribution\": \"untruncated_normal\"}}",
            (3.0 / 300).squareRoot(), 0.6
        ),
        ("orthogonal", (1.0 / 300).squareRoot(), 0.35),
    ]

    /// Those that are no random numbers around a mean, with tests of their own.
    static let others: Set<String> = ["Identity"]

    @Test func everyInitializerIsCovered() throws {
        for entry in InitializerCatalog.family.entries where !Self.others.contains(entry.className) {
            #expect(
                Self.cases.contains { $0.text == snakeCase(entry.className) || $0.text.contains("\"\(entry.className)\"") },
                "\(entry.className)")
        }
    }

    @Test(arguments: cases) func hasItsDeviationAndBounds(_ item: (text: String, deviation: Double, bound: Double)) throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network([200], [("Dense", "units=300 kernel_initializer=\(item.text)")], in: context)
        let values = NetworkModel.view(try model.graph.slot("dense/kernel"), in: model.weights).floatArray.map(Double.init)
        let mean = values.reduce(0, +) / Double(values.count)
        let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot()
        #expect(abs(deviation - item.deviation) <= 0.02 * item.deviation + 1e-9)
        #expect(values.allSatisfy { abs($0) <= item.bound * 1.000001 })
        if item.deviation > 0 { #expect(abs(mean) <= 5 * item.deviation / Double(values.count).squareRoot()) }
    }

    /// Columns of a tall matrix and rows of a wide one have products of gain squared with themselves, 0 with others.
    @Test(arguments: [(7, 4), (4, 7), (5, 5), (1, 3)]) func orthogonalVectorsAreOrthonormal(_ rows: Int, _ columns: Int) throws {
        let model = try Fixtures.network(
            [rows],
            [("Dense", #"units=\#(columns) kernel_initializer={"class_name": "Orthogonal", "config": {"gain": 2.0}}"#)],
            in: Fixtures.context())
        let w = NetworkModel.view(try model.graph.slot("dense/kernel"), in: model.weights).floatArray.map(Double.init)
        let isTall = rows >= columns
        for a in 0..<min(rows, columns) {
            for b in 0...a {
                let dot = (0..<max(rows, columns)).reduce(0.0) {
                    $0 + (isTall ? w[$1 * columns + a] * w[$1 * columns + b] : w[a * columns + $1] * w[b * columns + $1])
                }
                #expect(abs(dot - (a == b ? 4 : 0)) < roundingOfSums)
            }
        }
    }

    @Test func identityIsTheGainOnTheDiagonal() throws {
        let context = try Fixtures.context()
        for (inner, units) in [(2, 3), (3, 2)] {
            let parameters = "units=\(units) kernel_initializer={\"class_name\": \"Identity\", \"config\": {\"gain\": 2.5}}"
            let model = try Fixtures.network([inner], [("Dense", parameters)], in: context)
            let kernel = NetworkModel.view(try model.graph.slot("dense/kernel"), in: model.weights).floatArray
            let expected: [Float] = units == 3 ? [2.5, 0, 0, 0, 2.5, 0] : [2.5, 0, 0, 2.5, 0, 0]
            #expect(kernel == expected)
        }
        let message = try #require(
            try Fixtures.refusal("Conv1D", "filters=2 kernel_size=3 kernel_initializer=identity", [[5, 2]]))
        #expect(message.contains("Identity needs a matrix") && message.contains("(3, 2, 2)"))
    }
}
