import Core

/// The native layout, read.
enum RecordReader {
    /// Throws `unsupported` when what follows was written for newer readers.
    static func checkVersions(of group: FileObject, _ what: String) throws(ApusError) {
        guard let least = try group.attribute("least_reader_version")?.integer() else {
            throw FileBytes.damaged("\(what) does not say which reader it needs")
        }
        if least > RecordWriter.version {
            let version = try group.attribute("apus_version")?.text()
            let writer = version.map { ", written by Apus \($0)," } ?? ""
            throw .unsupported(
                "\(what)\(writer) needs a reader of format version \(least); this library reads up to version \(RecordWriter.version)."
            )
        }
        if least < 1 { throw FileBytes.damaged("\(what) has format version \(least)") }
    }

    /// The record in a group.
    static func record(in group: FileObject, depth: Int = 0) throws(ApusError) -> Record {
        guard depth < group.file.limits.maximumDepth else {
            throw .limit("Records are nested deeper than \(group.file.limits.maximumDepth) levels.")
        }
        guard group.isGroup else { throw FileBytes.damaged("a record is no group") }
        guard let kind = try group.attribute("kind")?.text() else {
            throw FileBytes.damaged("a record does not say what it is")
        }
        var record = Record(kind: kind)
        var seen: Set<String> = []
        for name in try group.list("items") {
            guard seen.insert(name).inserted else {
                throw FileBytes.damaged("a \(kind) has the item '\(name)' twice")
            }
            do throws(ApusError) {
                record.set(name, try value(name, in: group, depth: depth))
            } catch {
                throw error.code == .corrupt ? error.within("'\(name)' of a \(kind)") : error
            }
        }
        return record
    }

    private static func value(_ name: String, in group: FileObject, depth: Int) throws(ApusError) -> Record.Value {
        guard let object = try group.child(name) else { return try scalar(name, of: group) }
        if object.isGroup {
            try group.file.visit(object.address, name)
            return .record(try record(in: object, depth: depth + 1))
        }
        let array = try StoredArray(object, name)
        guard case .text = array.type else { return .tensor(try array.tensor(exact: true)) }
        let texts = try array.texts()
        guard array.shape.rank == 0, let text = texts.first else { return .texts(texts) }
        guard let content = try object.attribute("content")?.text() else { return .text(text) }
        guard content == "application/json" else {
            throw .unsupported("The text '\(name)' is \(content), which this version does not know.")
        }
        return .json(try FileImage.json(text, name, group.file.limits))
    }

    private static func scalar(_ name: String, of group: FileObject) throws(ApusError) -> Record.Value {
        guard let attribute = try group.attribute(name) else { throw FileBytes.damaged("it is listed and missing") }
        switch attribute.type {
        case .text: return .text(try attribute.text())
        case .integer: return .integer(try attribute.integer())
        case .float: return .real(try attribute.real())
        default: throw FileBytes.damaged("it is of type \(attribute.type.name)")
        }
    }
}

extension FileObject {
    /// A list of names, or its parts `name0`, `name1`, ... joined; empty when there is none.
    func list(_ name: String) throws(ApusError) -> [String] {
        if let attribute = try attribute(name) { return try attribute.texts() }
        var names: [String] = []
        var part = 0
        while let attribute = try attribute("\(name)\(part)") {
            names.append(contentsOf: try attribute.texts())
            part += 1
            guard names.count <= file.limits.maximumLayers else {
                throw .limit("The list '\(name)' is longer than \(file.limits.maximumLayers).")
            }
        }
        return names
    }
}
