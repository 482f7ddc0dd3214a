import Core

/// A heap of small objects in blocks whose sizes double from row to row.
struct FractalHeap {
    private let file: FileReader
    private let idSize: Int
    private let width: Int
    private let startSize: Int
    private let maximumDirect: Int
    private let root: Int
    private let rootRows: Int
    private let offsetSize: Int
    private let lengthSize: Int
    private let address: Int
    /// The tree of objects too large for a block.
    private let large: Int?

    /// Reads the head. Throws `unsupported` for filtered heaps.
    init(at address: Int, in file: FileReader) throws(ApusError) {
        self.file = file
        self.address = address
        var cursor = try file.bytes.cursor(from: address, "a heap")
        try cursor.expect("FRHP", "a heap")
        let version = try cursor.byte()
        idSize = try cursor.number(2)
        let filters = try cursor.number(2)
        try cursor.skip(1)
        let maximumManaged = try cursor.number(4)
        let lengths = file.bytes.lengthSize
        try cursor.skip(lengths)
        large = try cursor.address()
        try cursor.skip(lengths + file.bytes.addressSize + 8 * lengths)
        width = try cursor.number(2)
        startSize = try cursor.length()
        maximumDirect = try cursor.length()
        let bits = try cursor.number(2)
        try cursor.skip(2)
        root = try cursor.definedAddress("a heap")
        rootRows = try cursor.number(2)
        guard version == 0, filters == 0, idSize > 0 else { throw .unsupported("The file has filtered heaps, which are not supported.") }
        try file.bytes.verify(address, cursor.position, "a heap")
        func powerOfTwo(_ value: Int) -> Bool { value > 0 && value & (value - 1) == 0 }
        guard powerOfTwo(width), powerOfTwo(startSize), powerOfTwo(maximumDirect), maximumDirect >= startSize,
            (1...64).contains(bits), rootRows <= 64, maximumDirect <= file.bytes.count
        else { throw FileBytes.damaged("a heap makes no sense") }
        offsetSize = (bits + 7) / 8
        let most = max(min(maximumDirect, maximumManaged), 1)
        lengthSize = (Int.bitWidth - most.leadingZeroBitCount - 1) / 8 + 1
    }

    /// The object of the heap id that comes next.
    func object(_ id: inout Cursor) throws(ApusError) -> Cursor {
        let place = id.position
        let first = try id.byte()
        switch first >> 4 {
        case 0:
            let offset = try id.number(offsetSize)
            let length = try id.number(lengthSize)
            return try managed(offset, length)
        case 1:
            return try largeObject(id.unsigned(min(file.bytes.lengthSize, idSize - 1)))
        case 2 where idSize <= 18:
            return try file.bytes.cursor(place + 1, min(first & 15 + 1, idSize - 1), "a small object")
        default:
            throw .unsupported("The file has a heap with long ids, which is not supported.")
        }
    }

    /// An object with a place of its own, found by its number.
    private func largeObject(_ number: UInt64) throws(ApusError) -> Cursor {
        guard let large else { throw FileBytes.damaged("a heap has no large objects") }
        var found: Cursor?
        try BTree2(at: large, type: 1, in: file).forEach { (record) throws(ApusError) in
            var record = record
            let address = try record.definedAddress("a large object")
            let length = try record.length()
            if try record.unsigned(file.bytes.lengthSize) == number {
                found = try file.bytes.cursor(address, length, "a large object")
            }
        }
        guard let found else { throw FileBytes.damaged("a large object is missing") }
        try file.spend(found.remaining)
        return found
    }

    /// Bytes of the blocks of a row. Throws past what can be addressed.
    private func blockSize(_ row: Int) throws(ApusError) -> Int {
        let shift = max(row - 1, 0)
        guard shift < startSize.leadingZeroBitCount - 1 else { throw FileBytes.damaged("a heap is absurdly large") }
        return startSize << shift
    }

    private func managed(_ offset: Int, _ length: Int) throws(ApusError) -> Cursor {
        var block = root
        var rows = rootRows
        var blockStart = 0
        var size = startSize
        for _ in 0..<64 {
            if rows == 0 { return try direct(block, blockStart, size, offset, length) }
            // The row and column that hold the offset.
            var rowStart = blockStart
            var row = 0
            var column = 0
            while true {
                guard row < rows else { throw FileBytes.damaged("an object lies outside its heap") }
                size = try blockSize(row)
                let (span, overflow) = size.multipliedReportingOverflow(by: width)
                let (end, carry) = rowStart.addingReportingOverflow(span)
                if overflow || carry { throw FileBytes.damaged("a heap is absurdly large") }
                if offset < end {
                    column = (offset - rowStart) / size
                    break
                }
                rowStart = end
                row += 1
            }
            let entry = row * width + column
            var cursor = try file.bytes.cursor(from: block, "a heap's block")
            try cursor.expect("FHIB", "a heap's block")
            try cursor.skip(1)
            guard try cursor.address() == address else { throw FileBytes.damaged("a heap's block belongs to another") }
            try cursor.skip(offsetSize)
            try cursor.skip(entry * file.bytes.addressSize)
            block = try cursor.definedAddress("a heap's block")
            blockStart = rowStart + column * size
            try file.spend(64)
            if size <= maximumDirect {
                rows = 0
            } else {
                // An indirect block spans as many rows as its bytes hold.
                var spanned = startSize * width
                rows = 1
                while spanned < size {
                    rows += 1
                    spanned *= 2
                }
            }
        }
        throw FileBytes.damaged("a heap is nested too deeply")
    }

    private func direct(_ block: Int, _ start: Int, _ size: Int, _ offset: Int, _ length: Int) throws(ApusError)
        -> Cursor
    {
        var cursor = try file.bytes.cursor(block, size, "a heap's block")
        try cursor.expect("FHDB", "a heap's block")
        try cursor.skip(1)
        guard try cursor.address() == address else { throw FileBytes.damaged("a heap's block belongs to another") }
        guard try cursor.number(offsetSize) == start else { throw FileBytes.damaged("a heap's block is out of place") }
        let inside = offset - start
        guard inside >= 0, inside <= size, length <= size - inside else {
            throw FileBytes.damaged("an object lies outside its heap")
        }
        try file.spend(length)
        return try file.bytes.cursor(block + inside, length, "an object of a heap")
    }
}
