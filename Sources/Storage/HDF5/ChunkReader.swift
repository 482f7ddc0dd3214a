import Core
import Glibc

/// Puts an array together from its chunks. Each must decode to exactly its size.
struct ChunkReader {
    private let index: ChunkIndex
    private let file: FileReader

    /// Throws for chunks that are missing or out of place.
    init(_ chunking: Layout.Chunking, of array: StoredArray, _ filters: FilterPipeline, in file: FileReader)
        throws(ApusError)
    {
        index = try ChunkIndex(chunking, of: array, filters, in: file)
        self.file = file
    }

    /// Decodes every chunk and copies what lies inside the array.
    func read(into out: UnsafeMutableRawPointer) throws(ApusError) {
        if index.count == 0 { return }
        let scratch = try FilterScratch(index.filters, chunkSize: index.chunkSize, in: file.context.allocator)
        for number in 0..<index.count {
            try file.context.checkInterrupt()
            let chunk = index.stored(number)
            let stored = try file.bytes.run(chunk.place, chunk.size)
            defer { withExtendedLifetime(stored) {} }
            let decoded = try index.filters.decode(
                stored.start, stored.count, mask: chunk.mask, element: index.element, expected: index.chunkSize,
                of: index.name, in: scratch)
            let element = index.element
            index.forEachRun(of: number, rows: 0..<index.extents[0]) { from, to, count in
                memcpy(out + to * element, decoded + from * element, count * element)
            }
        }
        withExtendedLifetime(scratch) {}
    }
}
