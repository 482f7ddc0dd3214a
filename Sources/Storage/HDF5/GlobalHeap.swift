import Core

/// Texts of variable length: each is a length, and a numbered object of a collection somewhere in the file.
extension FileReader {
    /// The text that the next element of an attribute refers to. Its length must fit its object.
    func variableText(_ cursor: inout Cursor) throws(ApusError) -> String {
        let length = try cursor.number(4)
        let address = try cursor.address()
        let index = try cursor.number(4)
        guard length > 0, let address else {
            if length > 0 { throw FileBytes.damaged("a text has no address") }
            return ""
        }
        let objects = try collection(at: address)
        guard let object = objects[index], length <= object.size else {
            throw FileBytes.damaged("a text of \(length) bytes is not in its heap")
        }
        try spend(length)
        return try bytes.text(object.place, length)
    }

    /// The objects of the collection at an address, read once.
    private func collection(at address: Int) throws(ApusError) -> [Int: (place: Int, size: Int)] {
        if let known = heaps[address] { return known }
        var cursor = try bytes.cursor(from: address, "a heap of texts")
        try cursor.expect("GCOL", "a heap of texts")
        let version = try cursor.byte()
        guard version == 1 else { throw FileBytes.damaged("a heap of texts has version \(version)") }
        try cursor.skip(3)
        let size = try cursor.length()
        try spend(size)
        cursor = try bytes.cursor(address, size, "a heap of texts")
        try cursor.skip(8 + bytes.lengthSize)
        var objects: [Int: (place: Int, size: Int)] = [:]
        while cursor.remaining >= 8 + bytes.lengthSize {
            let index = try cursor.number(2)
            try cursor.skip(6)
            let size = try cursor.length()
            if index == 0 { break }
            let place = try cursor.take(size)
            try cursor.skip(min((8 - size % 8) % 8, cursor.remaining))
            if objects.updateValue((place, size), forKey: index) != nil {
                throw FileBytes.damaged("a heap of texts has the object \(index) twice")
            }
        }
        heaps[address] = objects
        return objects
    }
}
