import Glibc

/// Reads JSON text from anywhere: limits on nesting and size, an error with the place for anything malformed.
///
/// RFC 8259, and as Python writes it: the bare words NaN, Infinity and -Infinity are numbers.
package struct JSONParser {
    private let bytes: [UInt8]
    private var position: Int
    private let maximumDepth: Int

    private init(_ bytes: [UInt8], at position: Int = 0, maximumDepth: Int) {
        self.bytes = bytes
        self.position = position
        self.maximumDepth = maximumDepth
    }

    /// The value that the whole text holds. Throws `invalidArgument` with the byte offset of the fault.
    package static func parse(_ text: String, maximumDepth: Int = 64) throws(ApusError) -> JSON {
        var parser = JSONParser(Array(text.utf8), maximumDepth: maximumDepth)
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        if parser.position < parser.bytes.count { throw parser.fault("the end of the text") }
        return value
    }

    /// The value that begins at `position` of some text; moves on behind it.
    package static func parsePrefix(_ bytes: [UInt8], _ position: inout Int, maximumDepth: Int = 64) throws(ApusError)
        -> JSON
    {
        var parser = JSONParser(bytes, at: position, maximumDepth: maximumDepth)
        let value = try parser.value(depth: 0)
        position = parser.position
        return value
    }

    private func fault(_ expected: String) -> ApusError {
        guard position < bytes.count else {
            return .invalid("Malformed JSON: expected \(expected) at byte \(position), where the text ends.")
        }
        let byte = bytes[position]
        let seen = byte > 32 && byte < 127 ? "'\(Character(Unicode.Scalar(byte)))'" : "byte \(byte)"
        return .invalid("Malformed JSON: expected \(expected) at byte \(position), got \(seen).")
    }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    private func starts(with word: StaticString) -> Bool {
        word.withUTF8Buffer { word in
            bytes.count - position >= word.count
                && (0..<word.count).allSatisfy { bytes[position + $0] == word[$0] }
        }
    }

    private mutating func value(depth: Int) throws(ApusError) -> JSON {
        if depth > maximumDepth {
            throw .limit("JSON is nested deeper than \(maximumDepth) levels.")
        }
        skipSpace()
        guard position < bytes.count else { throw fault("a value") }
        switch bytes[position] {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t") where starts(with: "true"):
            position += 4
            return .bool(true)
        case UInt8(ascii: "f") where starts(with: "false"):
            position += 5
            return .bool(false)
        case UInt8(ascii: "n") where starts(with: "null"):
            position += 4
            return .null
        case UInt8(ascii: "N") where starts(with: "NaN"):
            position += 3
            return .number(.nan)
        case UInt8(ascii: "I") where starts(with: "Infinity"):
            position += 8
            return .number(.infinity)
        case UInt8(ascii: "-") where starts(with: "-Infinity"):
            position += 9
            return .number(-.infinity)
        default: return try number()
        }
    }

    private mutating func object(depth: Int) throws(ApusError) -> JSON {
        position += 1
        var items: [(key: String, value: JSON)] = []
        skipSpace()
        if position < bytes.count, bytes[position] == UInt8(ascii: "}") {
            position += 1
            return .object(items)
        }
        while true {
            skipSpace()
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { throw fault("a key in quotes") }
            let key = try string()
            skipSpace()
            guard position < bytes.count, bytes[position] == UInt8(ascii: ":") else { throw fault("':'") }
            position += 1
            items.append((key: key, value: try value(depth: depth + 1)))
            skipSpace()
            guard position < bytes.count else { throw fault("',' or '}'") }
            position += 1
            if bytes[position - 1] == UInt8(ascii: "}") { return .object(items) }
            if bytes[position - 1] != UInt8(ascii: ",") {
                position -= 1
                throw fault("',' or '}'")
            }
        }
    }

    private mutating func array(depth: Int) throws(ApusError) -> JSON {
        position += 1
        var values: [JSON] = []
        skipSpace()
        if position < bytes.count, bytes[position] == UInt8(ascii: "]") {
            position += 1
            return .array(values)
        }
        while true {
            values.append(try value(depth: depth + 1))
            skipSpace()
            guard position < bytes.count else { throw fault("',' or ']'") }
            position += 1
            if bytes[position - 1] == UInt8(ascii: "]") { return .array(values) }
            if bytes[position - 1] != UInt8(ascii: ",") {
                position -= 1
                throw fault("',' or ']'")
            }
        }
    }

    private mutating func string() throws(ApusError) -> String {
        position += 1
        var content: [UInt8] = []
        while true {
            guard position < bytes.count else { throw fault("a closing quote") }
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") { break }
            if byte < 0x20 { throw fault("an escaped control character") }
            position += 1
            if byte != UInt8(ascii: "\\") {
                content.append(byte)
                continue
            }
            guard position < bytes.count else { throw fault("an escape") }
            let escape = bytes[position]
            position += 1
            switch escape {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(escape)
            case UInt8(ascii: "b"): content.append(0x08)
            case UInt8(ascii: "f"): content.append(0x0C)
            case UInt8(ascii: "n"): content.append(0x0A)
            case UInt8(ascii: "r"): content.append(0x0D)
            case UInt8(ascii: "t"): content.append(0x09)
            case UInt8(ascii: "u"): content.append(contentsOf: Array(String(try escapedScalar()).utf8))
            default:
                position -= 1
                throw fault("an escape of JSON")
            }
        }
        position += 1
        guard let text = String(validating: content, as: UTF8.self) else {
            throw .invalid("Malformed JSON: text before byte \(position) is not UTF-8.")
        }
        return text
    }

    /// The scalar after \u, surrogate pairs joined; a lone surrogate becomes U+FFFD.
    private mutating func escapedScalar() throws(ApusError) -> Character {
        let first = try hexadecimal()
        if first >= 0xD800, first < 0xDC00, starts(with: "\\u") {
            let before = position
            position += 2
            let second = try hexadecimal()
            if second >= 0xDC00, second < 0xE000,
                let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
            {
                return Character(scalar)
            }
            position = before
        }
        return Character(Unicode.Scalar(first) ?? "\u{FFFD}")
    }

    private mutating func hexadecimal() throws(ApusError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard position < bytes.count, let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
                throw fault("four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    private mutating func number() throws(ApusError) -> JSON {
        let start = position
        var whole = true
        func digit(_ index: Int) -> Bool {
            index < bytes.count && bytes[index] >= UInt8(ascii: "0") && bytes[index] <= UInt8(ascii: "9")
        }
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        guard digit(position) else { throw fault("a value") }
        if bytes[position] == UInt8(ascii: "0") { position += 1 } else { while digit(position) { position += 1 } }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            whole = false
            position += 1
            guard digit(position) else { throw fault("a digit") }
            while digit(position) { position += 1 }
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            whole = false
            position += 1
            if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                position += 1
            }
            guard digit(position) else { throw fault("a digit") }
            while digit(position) { position += 1 }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if whole, let value = Int(text) { return .integer(value) }
        return .number(Double(text) ?? strtod(text, nil))
    }
}
