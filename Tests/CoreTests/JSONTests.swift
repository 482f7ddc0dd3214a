import Core
import Testing

struct JSONTests {
    @Test func readsEveryKindOfValue() throws {
        let json = try JSONParser.parse(
            #" {"a": [1, -2.5, 1e-3, true, false, null], "b": {"c": "x\n\"\u00e9\ud83d\ude00"}, "big": 9007199254740993} "#)
        #expect(json["a"]?.arrayValue == [1, -2.5, 0.001, true, false, nil])
        #expect(json["b"]?["c"]?.stringValue == "x\n\"é😀")
        #expect(json["big"]?.integerValue == 9_007_199_254_740_993)
    }

    @Test func readsTheBareWordsThatPythonWrites() throws {
        let json = try JSONParser.parse("[NaN, Infinity, -Infinity]")
        #expect(json.arrayValue?[0].doubleValue?.isNaN == true)
        #expect(json.arrayValue?[1].doubleValue == .infinity && json.arrayValue?[2].doubleValue == -.infinity)
    }

    @Test(arguments: [
        "", " ", "{", "[1,", "[1 2]", "{\"a\"}", "{\"a\":}", "{a: 1}", "01", "1.", ".5", "-", "1e", "\"", "\"\\x\"",
        "\"\\u12\"", "tru", "nul", "[1] 2", "\u{0}", "\"\u{1}\"", "{\"a\":1,}", "+1",
    ])
    func malformedTextIsRefusedWithItsPlace(_ text: String) {
        do throws(ApusError) {
            _ = try JSONParser.parse(text)
            Issue.record("\(text) was taken")
        } catch {
            #expect(error.code == .invalidArgument && error.message.contains("byte"), "\(error.message)")
        }
    }

    @Test func depthIsLimited() {
        let deep = String(repeating: "[", count: 100_000)
        do throws(ApusError) {
            _ = try JSONParser.parse(deep)
            Issue.record("100,000 levels were taken")
        } catch { #expect(error.code == .limit) }
        #expect(throws: Never.self) {
            try JSONParser.parse(String(repeating: "[", count: 60) + String(repeating: "]", count: 60))
        }
    }

    @Test func loneSurrogatesBecomeTheReplacement() throws {
        #expect(try JSONParser.parse(#""\ud800x""#).stringValue == "\u{FFFD}x")
    }

    @Test func whatIsWrittenReadsBackTheSame() throws {
        let json: JSON = [
            "text": "a\"\\\u{1}\t é", "numbers": [0.1, 1e-300, 1, -7, 1e22], "nested": ["x": [], "y": .object([])],
            "truth": true, "nothing": nil,
        ]
        #expect(try JSONParser.parse(json.text) == json)
        #expect(JSON.number(.nan).text == "null")
    }
}
