import Core

/// A group or an array of a file: its attributes, its links, its elements.
final class FileObject {
    let file: FileReader
    let address: Int
    let header: ObjectHeader
    private var cachedLinks: [String: Link]?
    private var cachedAttributes: [String: Attribute]?

    /// Where a name in a group leads.
    enum Link {
        case object(Int)
        /// A soft, external or user-defined link, by what a message calls it.
        case refused(String)
    }

    init(_ address: Int, in file: FileReader) throws(ApusError) {
        self.file = file
        self.address = address
        self.header = try ObjectHeader(at: address, in: file)
    }

    var isArray: Bool { header.messages.contains { $0.kind == .layout } }
    var isGroup: Bool { header.messages.contains { $0.kind == .symbolTable || $0.kind == .linkInfo } }

    // Links

    /// The object that `name` leads to; nil when the group has no such name. Throws for all but hard links.
    func child(_ name: String) throws(ApusError) -> FileObject? {
        guard isGroup, let link = try links()[name] else { return nil }
        switch link {
        case .object(let address): return try file.object(at: address)
        case .refused(let what):
            throw .unsupported("'\(name)' is \(what) link; only hard links are followed in model files.")
        }
    }

    /// The object at the end of names joined by "/". Throws for names that are no plain path.
    func descendant(_ path: String) throws(ApusError) -> FileObject? {
        if path.utf8.count > LoadLimits.maximumName {
            throw FileBytes.damaged("a name has \(path.utf8.count) bytes")
        }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= file.limits.maximumDepth else {
            throw .limit("A name in the file leads through more than \(file.limits.maximumDepth) groups.")
        }
        var object = self
        for part in parts {
            if part.isEmpty || part == "." || part == ".." {
                throw FileBytes.damaged("the name '\(path)' is no path inside the file")
            }
            guard let next = try object.child(String(part)) else { return nil }
            object = next
        }
        return object
    }

    /// The names in a group, for telling what a file is.
    func names() throws(ApusError) -> [String] { Array(try links().keys) }

    private func links() throws(ApusError) -> [String: Link] {
        if let cachedLinks { return cachedLinks }
        var links: [String: Link] = [:]
        func add(_ name: String, _ link: Link) throws(ApusError) {
            guard links.count - 16 < file.limits.maximumLayers else {
                throw .limit("A group of the file has more than \(file.limits.maximumLayers) names.")
            }
            if links.updateValue(link, forKey: name) != nil {
                throw FileBytes.damaged("a group has the name '\(name)' twice")
            }
        }
        if var table = try header.first(.symbolTable) {
            try SymbolTable(&table, in: file).forEach(add)
        }
        for message in header.messages where message.kind == .link {
            var cursor = try header.cursor(of: message)
            let (name, link) = try FileObject.link(&cursor)
            try add(name, link)
        }
        if var info = try header.first(.linkInfo), let dense = try DenseStorage(links: &info, in: file) {
            try dense.forEach { (cursor) throws(ApusError) in
                let (name, link) = try FileObject.link(&cursor)
                try add(name, link)
            }
        }
        cachedLinks = links
        return links
    }

    /// Reads a link message.
    private static func link(_ cursor: inout Cursor) throws(ApusError) -> (String, Link) {
        let version = try cursor.byte()
        guard version == 1 else { throw FileBytes.damaged("a link has version \(version)") }
        let flags = try cursor.byte()
        let type = flags & 0x08 != 0 ? try cursor.byte() : 0
        try cursor.skip((flags & 0x04 != 0 ? 8 : 0) + (flags & 0x10 != 0 ? 1 : 0))
        let length = try cursor.number(1 << (flags & 3))
        let name = try cursor.text(length)
        switch type {
        case 0: return (name, .object(try cursor.definedAddress("the link '\(name)'")))
        case 1: return (name, .refused("a soft"))
        case 64: return (name, .refused("an external"))
        default: return (name, .refused("a user-defined"))
        }
    }

    // Attributes

    /// The attribute of that name, or nil.
    func attribute(_ name: String) throws(ApusError) -> Attribute? { try attributes()[name] }

    private func attributes() throws(ApusError) -> [String: Attribute] {
        if let cachedAttributes { return cachedAttributes }
        var attributes: [String: Attribute] = [:]
        func add(_ attribute: Attribute) throws(ApusError) {
            guard attributes.count - 16 < file.limits.maximumLayers else {
                throw .limit("An object of the file has more than \(file.limits.maximumLayers) attributes.")
            }
            if attributes.updateValue(attribute, forKey: attribute.name) != nil {
                throw FileBytes.damaged("an object has the attribute '\(attribute.name)' twice")
            }
        }
        for message in header.messages where message.kind == .attribute {
            var cursor = try header.cursor(of: message)
            try add(Attribute(&cursor, in: file))
        }
        if var info = try header.first(.attributeInfo), let dense = try DenseStorage(attributes: &info, in: file) {
            try dense.forEach { (cursor) throws(ApusError) in try add(Attribute(&cursor, in: file)) }
        }
        cachedAttributes = attributes
        return attributes
    }
}
