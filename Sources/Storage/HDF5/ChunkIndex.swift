import Core

/// Where the chunks of an array lie in its file. Each must be there once and be able to hold its size.
struct ChunkIndex {
    struct Chunk {
        let place: Int
        let size: Int
        let mask: Int
    }

    let name: String
    let filters: FilterPipeline
    let extents: [Int]
    let chunkExtents: [Int]
    /// Chunks in each dimension.
    let grid: [Int]
    /// Bytes of an element.
    let element: Int
    /// Bytes of a decoded chunk.
    let chunkSize: Int
    private let plainEdges: Bool
    /// By the chunks' numbers, row-major; a negative size is one that was not found.
    private let chunks: Buffer<Chunk>
    private var found = 0

    /// deflate makes at most 1032 bytes of one.
    static let maximumRatio = 1040

    /// Finds all chunks and checks that they can hold what the array declares.
    init(_ chunking: Layout.Chunking, of array: StoredArray, _ filters: FilterPipeline, in file: FileReader)
        throws(ApusError)
    {
        self.name = array.name
        self.filters = filters
        extents = array.shape.extents
        chunkExtents = chunking.extents
        element = chunking.element
        plainEdges = chunking.plainEdges
        guard element == array.type.size, extents.count == chunkExtents.count, !extents.isEmpty else {
            throw FileBytes.damaged("the chunks of '\(array.name)' do not fit it")
        }
        var chunkBytes = element
        var number = 1
        var grid: [Int] = []
        for (extent, chunk) in zip(extents, chunkExtents) {
            let along = extent == 0 ? 0 : (extent - 1) / chunk + 1
            grid.append(along)
            let (size, overflow) = chunkBytes.multipliedReportingOverflow(by: chunk)
            let (total, carry) = number.multipliedReportingOverflow(by: along)
            if overflow || carry { throw FileBytes.damaged("the chunks of '\(array.name)' are absurd") }
            chunkBytes = size
            number = total
        }
        self.grid = grid
        chunkSize = chunkBytes
        // Each chunk takes some of the file, so that no more are listed than it has room for.
        var entry = 1
        if case .tree = chunking.index { entry = 8 + 8 * (extents.count + 1) + file.bytes.addressSize }
        guard number <= file.bytes.count / entry else {
            throw FileBytes.damaged("the file is too small for the \(number) chunks of '\(array.name)'")
        }
        chunks = try Buffer(number, in: file.context.allocator)
        chunks.pointer.update(repeating: Chunk(place: 0, size: -1, mask: 0), count: number)
        if number == 0 { return }

        try find(chunking.index, count: number, in: file)
        guard found == number else {
            throw FileBytes.damaged("of \(number) chunks of '\(array.name)' the file has \(found)")
        }
        for index in 0..<number {
            let chunk = chunks.pointer[index]
            try file.draw(chunk.size, array.name)
            try file.bytes.check(chunk.place, chunk.size, "a chunk of '\(array.name)'")
            guard chunkSize / ChunkIndex.maximumRatio <= chunk.size else {
                throw FileBytes.damaged("a chunk of '\(array.name)' is too small for what it should hold")
            }
        }
        // Decoding takes time by the chunks' sizes, which may be more than the array's.
        let (decoded, overflow) = chunkSize.multipliedReportingOverflow(by: number)
        guard !overflow, decoded <= file.limits.maximumBytes else {
            throw .limit(
                "The array '\(array.name)' takes the file past the load limit of \(file.limits.maximumBytes) bytes.")
        }
    }

    var count: Int { chunks.count }

    /// Bytes of the largest chunk as it is stored.
    var largestStored: Int { chunks.elements.reduce(0) { max($0, $1.size) } }

    /// Where a chunk is stored, and which of its filters were left out.
    func stored(_ number: Int) -> Chunk {
        let chunk = chunks.pointer[number]
        guard plainEdges, inside(number) != chunkExtents else { return chunk }
        return Chunk(place: chunk.place, size: chunk.size, mask: Int.max)
    }

    /// Where a chunk begins in the array.
    func origin(_ number: Int) -> [Int] {
        var origin: [Int] = []
        var rest = number
        for (along, chunk) in zip(grid, chunkExtents).reversed() {
            origin.append(rest % along * chunk)
            rest /= along
        }
        return origin.reversed()
    }

    /// The extents of a chunk inside the array.
    private func inside(_ number: Int) -> [Int] {
        zip(origin(number), zip(extents, chunkExtents)).map { min($1.1, $1.0 - $0) }
    }

    /// Calls `body` for runs of elements that lie in a row both in a decoded chunk and in rows `rows` of the array:
    /// `from` and `to` are the numbers of their first elements in these.
    func forEachRun(of number: Int, rows: Range<Int>, _ body: (_ from: Int, _ to: Int, _ count: Int) -> Void) {
        let rank = extents.count
        let origin = origin(number)
        var first = [Int](repeating: 0, count: rank)
        var last = inside(number)
        first[0] = max(rows.lowerBound - origin[0], 0)
        last[0] = min(rows.upperBound - origin[0], last[0])
        if first[0] >= last[0] { return }
        // Dimensions at the end that the chunk covers whole are one with the dimension before them.
        var outer = rank - 1
        var step = 1
        while outer > 0, chunkExtents[outer] == extents[outer] {
            step *= extents[outer]
            outer -= 1
        }
        let run = (last[outer] - first[outer]) * step
        var position = first
        while true {
            var from = 0
            var to = 0
            for dimension in 0..<rank {
                from = from * chunkExtents[dimension] + position[dimension]
                to = to * extents[dimension] + origin[dimension] + position[dimension]
            }
            body(from, to - rows.lowerBound * rowElements, run)
            var dimension = outer - 1
            while dimension >= 0 {
                position[dimension] += 1
                if position[dimension] < last[dimension] { break }
                position[dimension] = first[dimension]
                dimension -= 1
            }
            if dimension < 0 { return }
        }
    }

    private var rowElements: Int { extents.dropFirst().reduce(1, *) }

    private mutating func find(_ index: Layout.Chunking.Index, count: Int, in file: FileReader) throws(ApusError) {
        switch index {
        case .tree(let address):
            if let address { try visit(address, level: nil, in: file) }
        case .single(let address, let size, let mask):
            guard count == 1, let address else { return }
            try add(0, Chunk(place: address, size: size ?? chunkSize, mask: mask))
        case .implicit(let address):
            guard let address else { return }
            let (total, overflow) = count.multipliedReportingOverflow(by: chunkSize)
            try file.bytes.check(address, overflow ? Int.max : total, "the array '\(name)'")
            for number in 0..<count {
                try add(number, Chunk(place: address + number * chunkSize, size: chunkSize, mask: 0))
            }
        }
    }

    private mutating func add(_ number: Int, _ chunk: Chunk) throws(ApusError) {
        guard chunks.pointer[number].size < 0 else { throw FileBytes.damaged("a chunk of '\(name)' is there twice") }
        chunks.pointer[number] = chunk
        found += 1
    }

    /// Walks a B-tree of version 1 whose keys are a chunk's stored size, filter mask and offsets.
    private mutating func visit(_ address: Int, level expected: Int?, in file: FileReader) throws(ApusError) {
        var cursor = try file.bytes.cursor(from: address, "a chunk index")
        try cursor.expect("TREE", "a chunk index")
        let type = try cursor.byte()
        let level = try cursor.byte()
        let count = try cursor.number(2)
        guard type == 1, level <= 32, expected == nil || expected == level else {
            throw FileBytes.damaged("the chunk index of '\(name)' makes no sense")
        }
        try cursor.skip(2 * file.bytes.addressSize)
        let keySize = 8 + 8 * (extents.count + 1)
        try file.spend(8 + count * (keySize + file.bytes.addressSize))
        for _ in 0..<count {
            let size = try cursor.number(4)
            let mask = try cursor.number(4)
            var number = 0
            for dimension in 0..<extents.count {
                let offset = try cursor.number(8)
                if level > 0 { continue }
                guard offset % chunkExtents[dimension] == 0, offset < extents[dimension] else {
                    throw FileBytes.damaged("a chunk of '\(name)' is out of place")
                }
                number = number * grid[dimension] + offset / chunkExtents[dimension]
            }
            try cursor.skip(8)
            let child = try cursor.definedAddress("a chunk of '\(name)'")
            if level > 0 {
                try visit(child, level: level - 1, in: file)
            } else {
                try add(number, Chunk(place: child, size: size, mask: mask))
            }
        }
    }
}
