import Core

/// The types of elements that this library reads.
enum Datatype: Equatable {
    /// IEEE 754 of 2, 4 or 8 bytes.
    case float(size: Int, bigEndian: Bool)
    /// Opaque elements of two bytes: bfloat16 in Keras's files, the upper half of a float32.
    case brainFloat
    case integer(size: Int, signed: Bool, bigEndian: Bool)
    /// One byte, 0 or 1, as h5py writes booleans.
    case boolean
    case text(size: Int)
    case variableText(size: Int)
    /// Anything else, by name for messages.
    case other(String, size: Int)

    /// Bytes of an element in the file.
    var size: Int {
        switch self {
        case .float(let size, _), .integer(let size, _, _), .text(let size), .variableText(let size): size
        case .boolean: 1
        case .brainFloat: 2
        case .other(_, let size): size
        }
    }

    /// What a message calls it.
    var name: String {
        switch self {
        case .float(let size, _): "float\(8 * size)"
        case .integer(let size, let signed, _): "\(signed ? "" : "u")int\(8 * size)"
        case .boolean: "bool"
        case .brainFloat: "opaque"
        case .text, .variableText: "text"
        case .other(let name, _): name
        }
    }

    private static let classes = [
        "integer", "float", "time", "text", "bit field", "opaque", "compound", "reference", "enumeration",
        "variable-length", "array",
    ]

    /// Reads a datatype message.
    init(_ cursor: inout Cursor) throws(ApusError) {
        let classAndVersion = try cursor.byte()
        let bits = try cursor.number(3)
        let size = try cursor.number(4)
        let version = classAndVersion >> 4
        guard (1...4).contains(version), size > 0 else { throw FileBytes.damaged("a type of elements makes no sense") }
        let kind = classAndVersion & 15
        self = .other(kind < Datatype.classes.count ? Datatype.classes[kind] : "unknown", size: size)
        switch kind {
        case 0:
            let offset = try cursor.number(2)
            let precision = try cursor.number(2)
            if [1, 2, 4, 8].contains(size), offset == 0, precision == 8 * size {
                self = .integer(size: size, signed: bits & 8 != 0, bigEndian: bits & 1 != 0)
            }
        case 1:
            var fields: [Int] = []
            for width in [2, 2, 1, 1, 1, 1, 4] { fields.append(try cursor.number(width)) }
            let ieee: [Int: [Int]] = [
                2: [0, 16, 10, 5, 0, 10, 15], 4: [0, 32, 23, 8, 0, 23, 127], 8: [0, 64, 52, 11, 0, 52, 1023],
            ]
            let order = bits & 0x41, normalisation = bits >> 4 & 3, sign = bits >> 8 & 0xFF
            if ieee[size] == fields, order <= 1, normalisation == 2, sign == 8 * size - 1 {
                self = .float(size: size, bigEndian: order == 1)
            }
        case 3: self = .text(size: size)
        case 5 where size == 2: self = .brainFloat
        case 8:
            if try Datatype.isBoolean(&cursor, members: bits & 0xFFFF, version) { self = .boolean }
        case 9:
            if bits & 15 == 1, size == 8 + cursor.bytes.addressSize { self = .variableText(size: size) }
        default: break
        }
    }

    /// Whether an enumeration is h5py's boolean: FALSE = 0 and TRUE = 1 in one byte.
    private static func isBoolean(_ cursor: inout Cursor, members: Int, _ version: Int) throws(ApusError) -> Bool {
        let base = cursor.position
        var inner = cursor
        guard members == 2, try inner.byte() & 15 == 0 else { return false }
        cursor = inner
        try cursor.skip(base + 12 - cursor.position)
        var names: [String] = []
        for _ in 0..<members {
            var name: [UInt8] = []
            while true {
                let byte = try cursor.byte()
                if byte == 0 { break }
                name.append(UInt8(byte))
                if name.count > 8 { return false }
            }
            if version < 3 { try cursor.skip((8 - (name.count + 1) % 8) % 8) }
            names.append(String(decoding: name, as: UTF8.self))
        }
        let values = [try cursor.byte(), try cursor.byte()]
        return names == ["FALSE", "TRUE"] && values == [0, 1]
    }
}
