import Core
import Glibc

/// Puts an array together from its chunks. Each must be there once, and decode to exactly its size.
struct ChunkReader {
    private struct Chunk {
        /// The chunk's number, row-major.
        let number: Int
        let place: Int
        let size: Int
        let mask: Int
    }

    private let name: String
    private let file: FileReader
    private let filters: FilterPipeline
    private let extents: [Int]
    private let chunkExtents: [Int]
    /// Chunks in each dimension.
    private let grid: [Int]
    private let element: Int
    private let chunkSize: Int
    private let plainEdges: Bool
    private var chunks: [Chunk] = []

    /// deflate makes at most 1032 bytes of one.
    private static let maximumRatio = 1040

    /// Finds all chunks and checks that they can hold what the array declares.
    init(_ chunking: Layout.Chunking, of array: StoredArray, _ filters: FilterPipeline, in file: FileReader)
        throws(ApusError)
    {
        self.name = array.name
        self.file = file
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
        if number == 0 { return }

        try find(chunking.index, count: number)
        chunks.sort { $0.number < $1.number }
        guard chunks.count == number, zip(chunks, 0...).allSatisfy({ $0.number == $1 }) else {
            throw FileBytes.damaged("of \(number) chunks of '\(array.name)' the file has \(chunks.count)")
        }
        var stored = 0
        for chunk in chunks {
            try file.draw(chunk.size, array.name)
            try file.bytes.check(chunk.place, chunk.size, "a chunk of '\(array.name)'")
            stored += chunk.size
            guard chunkSize / ChunkReader.maximumRatio <= chunk.size else {
                throw FileBytes.damaged("a chunk of '\(array.name)' is too small for what it should hold")
            }
        }
        // Decoding takes time by the chunks' sizes, which may be more than the array's.
        let (decoded, overflow) = chunkSize.multipliedReportingOverflow(by: number)
        guard !overflow, decoded <= file.limits.maximumBytes else {
            throw .limit("The array '\(array.name)' takes the file past the load limit of \(file.limits.maximumBytes) bytes.")
        }
    }

    private mutating func find(_ index: Layout.Chunking.Index, count: Int) throws(ApusError) {
        switch index {
        case .tree(let address):
            if let address { try visit(address, level: nil) }
        case .single(let address, let size, let mask):
            guard count == 1, let address else { return }
            chunks = [Chunk(number: 0, place: address, size: size ?? chunkSize, mask: mask)]
        case .implicit(let address):
            guard let address else { return }
            let (total, overflow) = count.multipliedReportingOverflow(by: chunkSize)
            try file.bytes.check(address, overflow ? Int.max : total, "the array '\(name)'")
            for number in 0..<count {
                chunks.append(Chunk(number: number, place: address + number * chunkSize, size: chunkSize, mask: 0))
            }
        }
    }

    /// Walks a B-tree of version 1 whose keys are a chunk's stored size, filter mask and offsets.
    private mutating func visit(_ address: Int, level expected: Int?) throws(ApusError) {
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
                try visit(child, level: level - 1)
            } else {
                chunks.append(Chunk(number: number, place: child, size: size, mask: mask))
            }
        }
    }

    /// Decodes every chunk and copies what lies inside the array.
    func read(into out: UnsafeMutableRawPointer) throws(ApusError) {
        for chunk in chunks {
            try file.context.checkInterrupt()
            var origin: [Int] = []
            var rest = chunk.number
            for along in grid.reversed() {
                origin.append(rest % along)
                rest /= along
            }
            origin.reverse()
            var inside: [Int] = []
            for dimension in 0..<extents.count {
                origin[dimension] *= chunkExtents[dimension]
                inside.append(min(chunkExtents[dimension], extents[dimension] - origin[dimension]))
            }
            let plain = plainEdges && inside != chunkExtents
            let decoded = try filters.decode(
                file.bytes.start + chunk.place, chunk.size, mask: plain ? Int.max : chunk.mask, element: element,
                expected: chunkSize, of: name, in: file.context.allocator)
            copy(decoded.start, inside, origin, out)
            withExtendedLifetime(decoded) {}
        }
    }

    /// Copies the part `inside` of a chunk to its place, row by row.
    private func copy(
        _ chunk: UnsafeRawPointer, _ inside: [Int], _ origin: [Int], _ out: UnsafeMutableRawPointer
    ) {
        let rank = extents.count
        var position = [Int](repeating: 0, count: rank)
        let row = inside[rank - 1] * element
        while true {
            var from = 0
            var to = 0
            for dimension in 0..<rank {
                from = from * chunkExtents[dimension] + position[dimension]
                to = to * extents[dimension] + origin[dimension] + position[dimension]
            }
            memcpy(out + to * element, chunk + from * element, row)
            var dimension = rank - 2
            while dimension >= 0 {
                position[dimension] += 1
                if position[dimension] < inside[dimension] { break }
                position[dimension] = 0
                dimension -= 1
            }
            if dimension < 0 { return }
        }
    }
}
