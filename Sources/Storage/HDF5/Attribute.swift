import Core

/// A named value on an object: a number, or texts of fixed or variable length.
struct Attribute {
    let name: String
    let type: Datatype
    let space: Dataspace
    private let file: FileReader
    /// Where the value lies.
    private let place: Int
    private let size: Int

    /// Reads an attribute message, version 1 to 3.
    init(_ cursor: inout Cursor, in file: FileReader) throws(ApusError) {
        self.file = file
        let version = try cursor.byte()
        guard (1...3).contains(version) else { throw FileBytes.damaged("an attribute has version \(version)") }
        let flags = try cursor.byte()
        let nameSize = try cursor.number(2)
        let typeSize = try cursor.number(2)
        let spaceSize = try cursor.number(2)
        if version == 3 { try cursor.skip(1) }
        if version > 1, flags & 3 != 0 {
            throw .unsupported("The file uses shared HDF5 messages (named types), which is not supported.")
        }
        func padded(_ size: Int) -> Int { version == 1 ? (size + 7) / 8 * 8 : size }
        let namePlace = try cursor.take(padded(nameSize))
        let typePlace = try cursor.take(padded(typeSize))
        let spacePlace = try cursor.take(padded(spaceSize))
        name = try file.bytes.text(namePlace, nameSize)
        var inner = try file.bytes.cursor(typePlace, typeSize, "the type of '\(name)'")
        type = try Datatype(&inner)
        inner = try file.bytes.cursor(spacePlace, spaceSize, "the extents of '\(name)'")
        space = try Dataspace(&inner)
        let (total, overflow) = try space.count().multipliedReportingOverflow(by: type.size)
        guard !overflow, total <= cursor.remaining else {
            throw FileBytes.damaged("the attribute '\(name)' is larger than its place")
        }
        size = total
        place = try cursor.take(total)
    }

    private var cursor: Cursor {
        get throws(ApusError) { try file.bytes.cursor(place, size, "the attribute '\(name)'") }
    }

    private func wrong(_ wanted: String) -> ApusError {
        FileBytes.damaged("the attribute '\(name)' should be \(wanted) and is \(type.name)")
    }

    /// The texts of a scalar or a list, whatever their form. An empty list may have any type.
    func texts() throws(ApusError) -> [String] {
        let count = try space.count()
        if count == 0 { return [] }
        guard count <= file.limits.maximumLayers else {
            throw .limit("The attribute '\(name)' lists \(count) names; the limit is \(file.limits.maximumLayers).")
        }
        var cursor = try cursor
        var texts: [String] = []
        switch type {
        case .text(let size):
            try file.spend(count * size)
            for _ in 0..<count { texts.append(try cursor.paddedText(size)) }
        case .variableText:
            for _ in 0..<count { texts.append(try file.variableText(&cursor)) }
        default: throw wrong("text")
        }
        return texts
    }

    /// One text, a scalar or a list of one.
    func text() throws(ApusError) -> String {
        guard try space.count() == 1, let text = try texts().first else { throw wrong("one text") }
        return text
    }

    /// A whole number.
    func integer() throws(ApusError) -> Int {
        guard case .integer(8, true, false) = type, try space.count() == 1 else { throw wrong("a 64-bit whole number") }
        var cursor = try cursor
        return Int(Int64(bitPattern: try cursor.unsigned(8)))
    }

    /// A number.
    func real() throws(ApusError) -> Double {
        guard case .float(8, false) = type, try space.count() == 1 else { throw wrong("a 64-bit number") }
        var cursor = try cursor
        return Double(bitPattern: try cursor.unsigned(8))
    }
}

extension Cursor {
    /// A text of fixed size: ends at its first zero byte, or is padded with spaces.
    mutating func paddedText(_ size: Int) throws(ApusError) -> String {
        let place = try take(size)
        let run = try bytes.run(place, size)
        defer { withExtendedLifetime(run) {} }
        let field = run.bytes
        return try bytes.text(place, field.firstIndex(of: 0) ?? size)
    }
}
