import Core

/// Cuts a formula into tokens.
struct FormulaLexer {
    enum Token: Equatable {
        case number(Double)
        case name(String)
        /// An operator or a bracket.
        case symbol(String)
        case end
    }

    private let bytes: [UInt8]
    private var position = 0
    /// Where the current token begins.
    private(set) var start = 0
    private(set) var token = Token.end

    init(_ text: String) throws(ApusError) {
        bytes = Array(text.utf8)
        try advance()
    }

    /// The column of a place, from 1, in characters.
    func column(of place: Int) -> Int {
        var column = 1
        for byte in bytes.prefix(place) where byte & 0xC0 != 0x80 { column += 1 }
        return column
    }

    /// What stands at the current place, for messages.
    /// The token as a whole number, exactly, where it is one: a double holds them to 2^53 alone.
    var whole: Int? { Int(String(decoding: bytes[start..<position], as: UTF8.self)) }

    var found: String {
        switch token {
        case .end: return "the end"
        default: return "'" + String(decoding: bytes[start..<min(position, start + 24)], as: UTF8.self) + "'"
        }
    }

    func fault(_ what: String) -> ApusError { .invalid("formula, column \(column(of: start)): \(what).") }

    static func isLetter(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    private func byte(_ place: Int) -> UInt8 { place < bytes.count ? bytes[place] : 0 }

    /// Goes to the next token.
    mutating func advance() throws(ApusError) {
        while position < bytes.count, bytes[position] == 0x20 || (bytes[position] >= 0x09 && bytes[position] <= 0x0D) {
            position += 1
        }
        start = position
        guard position < bytes.count else {
            token = .end
            return
        }
        let first = bytes[position]
        if FormulaLexer.isDigit(first) || (first == UInt8(ascii: ".") && FormulaLexer.isDigit(byte(position + 1))) {
            try number()
            return
        }
        if FormulaLexer.isLetter(first) {
            while FormulaLexer.isLetter(byte(position)) || FormulaLexer.isDigit(byte(position)) { position += 1 }
            token = .name(String(decoding: bytes[start..<position], as: UTF8.self))
            return
        }
        if let symbol = FormulaLexer.pair(first, byte(position + 1)) {
            position += 2
            token = .symbol(symbol)
            return
        }
        position += 1
        guard let symbol = FormulaLexer.single(first) else {
            while byte(position) & 0xC0 == 0x80 { position += 1 }
            throw fault("\(found) has no meaning here")
        }
        token = .symbol(symbol)
    }

    private static func pair(_ first: UInt8, _ second: UInt8) -> String? {
        switch (first, second) {
        case (UInt8(ascii: "*"), UInt8(ascii: "*")): "**"
        case (UInt8(ascii: "<"), UInt8(ascii: "=")): "<="
        case (UInt8(ascii: ">"), UInt8(ascii: "=")): ">="
        case (UInt8(ascii: "="), UInt8(ascii: "=")): "=="
        case (UInt8(ascii: "!"), UInt8(ascii: "=")): "!="
        default: nil
        }
    }

    private static func single(_ byte: UInt8) -> String? {
        switch byte {
        case UInt8(ascii: "+"): "+"
        case UInt8(ascii: "-"): "-"
        case UInt8(ascii: "*"): "*"
        case UInt8(ascii: "/"): "/"
        case UInt8(ascii: "^"): "^"
        case UInt8(ascii: "@"): "@"
        case UInt8(ascii: "("): "("
        case UInt8(ascii: ")"): ")"
        case UInt8(ascii: "["): "["
        case UInt8(ascii: "]"): "]"
        case UInt8(ascii: ","): ","
        case UInt8(ascii: "="): "="
        case UInt8(ascii: "<"): "<"
        case UInt8(ascii: ">"): ">"
        default: nil
        }
    }

    private mutating func number() throws(ApusError) {
        while FormulaLexer.isDigit(byte(position)) { position += 1 }
        if byte(position) == UInt8(ascii: ".") {
            position += 1
            while FormulaLexer.isDigit(byte(position)) { position += 1 }
        }
        if byte(position) | 0x20 == UInt8(ascii: "e") {
            var next = position + 1
            if byte(next) == UInt8(ascii: "+") || byte(next) == UInt8(ascii: "-") { next += 1 }
            if FormulaLexer.isDigit(byte(next)) {
                position = next
                while FormulaLexer.isDigit(byte(position)) { position += 1 }
            }
        }
        var text = String(decoding: bytes[start..<position], as: UTF8.self)
        if text.hasPrefix(".") { text = "0" + text }
        if text.hasSuffix(".") { text += "0" }
        text = text.replacingDotExponent
        guard let value = Double(text) else { throw fault("\(found) is not a number") }
        token = .number(value)
    }
}

extension String {
    /// "1.e5" as "1.0e5", which Swift reads.
    fileprivate var replacingDotExponent: String {
        var result = ""
        var previous: Character = " "
        for character in self {
            if previous == ".", character == "e" || character == "E" { result.append("0") }
            result.append(character)
            previous = character
        }
        return result
    }
}
