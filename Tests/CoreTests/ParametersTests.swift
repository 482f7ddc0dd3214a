import Core
import Testing

struct ParametersTests {
    private static let specs = [
        ParameterSpec("alpha", .real(from: 0, to: .infinity), default: 1.0, "strength"),
        ParameterSpec("n", .integer(1...10), default: 3, "count"),
        ParameterSpec("mode", .choice(["fast", "exact"]), default: "fast", "how"),
        ParameterSpec("flag", .boolean, default: false, "whether"),
        ParameterSpec("shape", .integers(1...100), default: nil, "extents"),
        ParameterSpec("part", .object("a part"), default: .null, "a part"),
    ]

    private func parse(_ text: String) throws(ApusError) -> Parameters {
        try Parameters(kind: "thing", specs: Self.specs, text: text)
    }

    @Test func textAndJSONSayTheSame() throws {
        let text = try parse("alpha=2.5 n=4 mode=exact flag=true shape=[2, 3]")
        let json = try parse(#"{"alpha": 2.5, "n": 4, "mode": "exact", "flag": true, "shape": [2, 3]}"#)
        #expect(text.json == json.json)
        #expect(text.real("alpha") == 2.5 && text.integer("n") == 4 && text.integers("shape") == [2, 3])
    }

    @Test func missingOnesAreDefaults() throws {
        let parameters = try parse("shape=[1]")
        #expect(parameters.integer("n") == 3 && parameters.text("mode") == "fast" && !parameters.boolean("flag"))
    }

    @Test func dottedNamesMakeAnObject() throws {
        let parameters = try parse("shape=[1] part=adam part.rate=0.5 part.deep={\"a\": 1}")
        #expect(parameters["part"] == ["class_name": "adam", "config": ["rate": 0.5, "deep": ["a": 1]]])
    }

    @Test(arguments: [
        ("shape=[1] alpha=-1", "The alpha of thing must be a number >= 0, got -1."),
        ("shape=[1] n=11", "The n of thing must be a whole number in [1, 10], got 11."),
        ("shape=[1] n=1.5", "The n of thing must be a whole number in [1, 10], got 1.5."),
        ("shape=[1] mode=slow", "The mode of thing must be one of fast, exact, got 'slow'."),
        ("shape=[1] flag=maybe", "The flag of thing must be true or false, got 'maybe'."),
        ("shape=[0]", "The shape of thing must be an array of whole numbers in [1, 100], got [0]."),
        ("", "thing needs the parameter 'shape': an array of whole numbers in [1, 100]."),
        ("shape=[1] beta=2", "thing has no parameter 'beta'; it has alpha, n, mode, flag, shape, part."),
        ("shape=[1] n=2 n=3", "The n of thing is given twice."),
        ("shape=[1] n=", "The n of thing has no value after '='."),
        ("shape=[1] part.rate=1", "The parameters of thing: 'part.rate' must come after 'part='."),
    ])
    func faultsAreNamed(_ item: (text: String, message: String)) {
        do throws(ApusError) {
            _ = try parse(item.text)
            Issue.record("\(item.text) was taken")
        } catch { #expect(error.message == item.message) }
    }

    @Test(arguments: ["shape", "=3", "{\"shape\": [1]", "shape=[1", "shape=[1] \u{1}"])
    func malformedTextIsRefused(_ text: String) {
        #expect(throws: ApusError.self) { try parse(text) }
    }
}
