/// The text form of parameters: `units=64 activation=relu shape=[8, 8]`, or a JSON object.
///
/// A value is a JSON number, array, object or quoted text, one of true, false, null, or a bare word. A dotted name
/// (`optimizer.learning_rate=0.1`) sets a member of the object that the name before the dot holds; a word there becomes
/// its "class_name".
package enum ParameterText {
    /// Names and values in order. Throws `invalidArgument` with the place of a fault.
    package static func parse(_ text: String, for kind: String) throws(ApusError) -> [(key: String, value: JSON)] {
        let bytes = Array(text.utf8)
        var position = 0
        skipSpace(bytes, &position)
        if position == bytes.count { return [] }
        if bytes[position] == UInt8(ascii: "{") {
            let json: JSON
            do { json = try JSONParser.parse(text) } catch { throw error.within("The parameters of \(kind)") }
            return json.objectValue ?? []
        }
        var items: [(key: String, value: JSON)] = []
        while position < bytes.count {
            let name = word(bytes, &position, stops: [UInt8(ascii: "=")])
            guard !name.isEmpty, position < bytes.count, bytes[position] == UInt8(ascii: "=") else {
                throw .invalid(
                    "The parameters of \(kind) must be name=value pairs or a JSON object; found '\(name)' at byte \(position - name.utf8.count)."
                )
            }
            position += 1
            let value = try value(bytes, &position, name: name, kind: kind)
            if let dot = name.firstIndex(of: ".") {
                try set(
                    String(name[name.index(after: dot)...]), of: String(name[..<dot]), to: value, in: &items,
                    kind: kind)
            } else {
                items.append((key: name, value: value))
            }
            skipSpace(bytes, &position)
        }
        return items
    }

    private static func set(
        _ member: String, of owner: String, to value: JSON, in items: inout [(key: String, value: JSON)],
        kind: String
    ) throws(ApusError) {
        guard let index = items.firstIndex(where: { $0.key == owner }) else {
            throw .invalid("The parameters of \(kind): '\(owner).\(member)' must come after '\(owner)='.")
        }
        var name = items[index].value
        var config: [(key: String, value: JSON)] = []
        if case .object = name {
            config = name["config"]?.objectValue ?? []
            name = name["class_name"] ?? .null
        }
        config.append((key: member, value: value))
        items[index].value = .object([(key: "class_name", value: name), (key: "config", value: .object(config))])
    }

    private static func value(_ bytes: [UInt8], _ position: inout Int, name: String, kind: String) throws(ApusError)
        -> JSON
    {
        guard position < bytes.count, !isSpace(bytes[position]) else {
            throw .invalid("The \(name) of \(kind) has no value after '='.")
        }
        if [UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "\"")].contains(bytes[position]) {
            do { return try JSONParser.parsePrefix(bytes, &position) } catch { throw error.within("The \(name) of \(kind)") }
        }
        let word = word(bytes, &position, stops: [])
        switch word {
        case "true", "True": return .bool(true)
        case "false", "False": return .bool(false)
        case "null", "None": return .null
        default:
            if let whole = Int(word) { return .integer(whole) }
            if let first = word.utf8.first, first < UInt8(ascii: "A"), let number = Double(word) {
                return .number(number)
            }
            return .string(word)
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) }

    private static func skipSpace(_ bytes: [UInt8], _ position: inout Int) {
        while position < bytes.count, isSpace(bytes[position]) { position += 1 }
    }

    private static func word(_ bytes: [UInt8], _ position: inout Int, stops: [UInt8]) -> String {
        let start = position
        while position < bytes.count, !isSpace(bytes[position]), !stops.contains(bytes[position]) { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }
}
