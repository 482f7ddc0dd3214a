import Core

/// The native layout, written: one group per record. docs/file-format.md describes it.
enum RecordWriter {
    /// What the root attribute `apus_format` says.
    static let format = "apus-model"
    /// The layout's version, and the oldest reader that understands it.
    static let version = 1
    static let leastReaderVersion = 1
    /// The version of the library, noted for people.
    static let apusVersion = "\(Version.text)"

    /// Attributes of a record's group that are not items.
    static let reservedNames: Set<String> = [
        "apus_format", "format_version", "least_reader_version", "apus_version", "kind", "items",
    ]

    /// A whole file with one record at its root.
    static func parts(of record: Record, _ storage: ArrayStorage, in context: Context) throws(ApusError) -> FileParts {
        try ImageWriter.file(storage, in: context.allocator) { (writer) throws(ApusError) in
            try writer.attribute("apus_format", text: format, of: writer.root)
            try versions(of: writer.root, writer)
            try write(record, to: writer.root, writer, context)
        }
    }

    /// The attributes that say who can read what follows.
    static func versions(of group: borrowing Identifier, _ writer: borrowing ImageWriter) throws(ApusError) {
        try writer.attribute("format_version", integer: version, of: group)
        try writer.attribute("least_reader_version", integer: leastReaderVersion, of: group)
        try writer.attribute("apus_version", text: apusVersion, of: group)
    }

    /// Fills a group. Items are scalars in attributes, arrays and long texts in datasets, records in groups; the
    /// attribute `items` lists their names in order.
    static func write(
        _ record: Record, to group: borrowing Identifier, _ writer: borrowing ImageWriter, _ context: Context
    ) throws(ApusError) {
        try context.checkInterrupt()
        try writer.attribute("kind", text: checked(record.kind), of: group)
        try writer.attribute("items", list: record.items.map(\.name), of: group)
        var seen = reservedNames
        for (name, value) in record.items {
            guard seen.insert(name).inserted else {
                throw .invalid("A \(record.kind) cannot have two items named '\(name)' in a file.")
            }
            switch value {
            case .text(let text):
                if text.utf8.count <= ImageWriter.maximumAttribute {
                    try writer.attribute(name, text: checked(text), of: group)
                } else {
                    try writer.dataset(name, text: checked(text), content: nil, in: group)
                }
            case .json(let json):
                try writer.dataset(name, text: json.text, content: "application/json", in: group)
            case .texts(let texts):
                for text in texts { _ = try checked(text) }
                try writer.dataset(name, texts: texts, in: group)
            case .integer(let integer): try writer.attribute(name, integer: integer, of: group)
            case .real(let real): try writer.attribute(name, real: real, of: group)
            case .tensor(let tensor): try writer.dataset(name, tensor, in: group)
            case .record(let inner):
                let child = try writer.group(name, in: group)
                try write(inner, to: child, writer, context)
            }
        }
    }

    /// Zero bytes end texts in HDF5.
    private static func checked(_ text: String) throws(ApusError) -> String {
        if text.utf8.contains(0) { throw .invalid("A text with a zero byte cannot be written to a file.") }
        return text
    }
}
