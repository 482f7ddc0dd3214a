import Core

/// The messages of an object: what it is, its attributes, its links.
struct ObjectHeader {
    /// Message types of the format's chapter IV.A.2.
    enum Kind: Int {
        case dataspace = 0x01
        case linkInfo = 0x02
        case datatype = 0x03
        case link = 0x06
        case externalFiles = 0x07
        case layout = 0x08
        case filters = 0x0B
        case attribute = 0x0C
        case continuation = 0x10
        case symbolTable = 0x11
        case attributeInfo = 0x15
    }

    struct Message {
        let kind: Kind
        let place: Int
        let size: Int
        /// The content lies elsewhere and is shared.
        let shared: Bool
    }

    private(set) var messages: [Message] = []
    private let file: FileReader

    /// Reads every chunk of the header at `address`. Throws `corrupt`.
    init(at address: Int, in file: FileReader) throws(ApusError) {
        self.file = file
        var cursor = try file.bytes.cursor(from: address, "an object header")
        let first = try cursor.byte()
        if first == 1 { try readVersion1(&cursor) } else { try readVersion2(at: address) }
    }

    private mutating func readVersion1(_ cursor: inout Cursor) throws(ApusError) {
        try cursor.skip(7)
        let size = try cursor.number(4)
        try cursor.skip(4)
        var chunks = [(place: cursor.position, size: size)]
        var next = 0
        while next < chunks.count {
            let chunk = chunks[next]
            next += 1
            try file.spend(chunk.size)
            var cursor = try file.bytes.cursor(chunk.place, chunk.size, "an object header")
            while cursor.remaining >= 8 {
                let type = try cursor.number(2)
                let length = try cursor.number(2)
                let flags = try cursor.byte()
                try cursor.skip(3)
                if let more = try add(type, length, flags, &cursor) { chunks.append(more) }
            }
        }
    }

    private mutating func readVersion2(at address: Int) throws(ApusError) {
        var cursor = try file.bytes.cursor(from: address, "an object header")
        try cursor.expect("OHDR", "an object header")
        let version = try cursor.byte()
        guard version == 2 else { throw FileBytes.damaged("an object header has version \(version)") }
        let flags = try cursor.byte()
        try cursor.skip((flags & 0x20 != 0 ? 16 : 0) + (flags & 0x10 != 0 ? 4 : 0))
        let size = try cursor.number(1 << (flags & 3))
        let prefix = flags & 0x04 != 0 ? 6 : 4
        var start = address
        var chunk = (place: cursor.position, size: size)
        var waiting: [(place: Int, size: Int)] = []
        while true {
            try file.spend(chunk.size)
            var cursor = try file.bytes.cursor(chunk.place, chunk.size, "an object header")
            try file.bytes.verify(start, chunk.place + chunk.size, "an object header")
            while cursor.remaining >= prefix {
                let type = try cursor.byte()
                let length = try cursor.number(2)
                let messageFlags = try cursor.byte()
                try cursor.skip(prefix - 4)
                if let more = try add(type, length, messageFlags, &cursor) { waiting.append(more) }
            }
            guard let next = waiting.popLast() else { return }
            guard next.size >= 8 else { throw FileBytes.damaged("an object header's continuation is too small") }
            var signature = try file.bytes.cursor(next.place, next.size, "an object header's continuation")
            try signature.expect("OCHK", "an object header's continuation")
            start = next.place
            chunk = (place: next.place + 4, size: next.size - 8)
        }
    }

    /// Notes a message and passes over it; the chunk that a continuation leads to.
    private mutating func add(_ type: Int, _ length: Int, _ flags: Int, _ cursor: inout Cursor) throws(ApusError)
        -> (place: Int, size: Int)?
    {
        let place = try cursor.take(length)
        guard let kind = Kind(rawValue: type) else {
            if flags & 0x80 != 0 {
                throw .unsupported("The file has HDF5 message type \(type), which readers must know and this one does not.")
            }
            return nil
        }
        if kind == .continuation {
            var inner = try file.bytes.cursor(place, length, "a continuation")
            return (place: try inner.definedAddress("a continuation"), size: try inner.length())
        }
        if messages.count > file.limits.maximumLayers {
            throw .limit("An object of the file has more than \(file.limits.maximumLayers) attributes and links.")
        }
        messages.append(Message(kind: kind, place: place, size: length, shared: flags & 0x02 != 0))
        return nil
    }

    /// The first message of a kind; nil when there is none. Throws `unsupported` for a shared one.
    func first(_ kind: Kind) throws(ApusError) -> Cursor? {
        guard let message = messages.first(where: { $0.kind == kind }) else { return nil }
        return try cursor(of: message)
    }

    func cursor(of message: Message) throws(ApusError) -> Cursor {
        if message.shared { throw .unsupported("The file uses shared HDF5 messages (named types), which is not supported.") }
        return try file.bytes.cursor(message.place, message.size, "an object header")
    }
}
