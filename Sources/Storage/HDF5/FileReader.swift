import Core

/// Reads an HDF5 file that may be damaged or hostile. Not through libhdf5: 1.10 trusts what it reads in many places
/// (lengths in the global heap, sizes of decoded chunks), and a file must never take its host down. Here every number
/// is checked before use, and `spend` bounds the work, so that no loop or repetition in a file can hold the reader up.
///
/// Reads superblocks 0 to 3, object headers 1 and 2, both kinds of groups, compact and dense attributes, fixed and
/// variable-length texts, contiguous, compact and chunked arrays with the filters deflate, shuffle and fletcher32.
/// Follows hard links alone; knows no external or virtual storage.
final class FileReader {
    let bytes: FileBytes
    let context: Context
    let limits: LoadLimits
    /// Where the root group's object header lies.
    private let rootAddress: Int
    /// What may still be examined, in bytes; see `spend`.
    private var work: Int
    /// What arrays may still take, in bytes.
    private var space: Int
    /// What contiguous arrays may still take: they cannot overlap, so never more than the file has.
    private var stored: Int
    /// Array headers that were read: no array is two weights.
    private var visited: Set<Int> = []
    private var groups: [Int: FileObject] = [:]
    /// Global heap collections that were met, by address: place and size of each object by its index.
    var heaps: [Int: [Int: (place: Int, size: Int)]] = [:]

    /// The signature at the head of a superblock.
    static let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]

    /// Where the superblock lies: at 0, 512, 1024, 2048, ...; nil when there is none.
    static func superblock(in bytes: FileBytes) throws(ApusError) -> Int? {
        var offset = 0
        while offset <= bytes.count - signature.count {
            var length = 0
            while length < signature.count {
                if try bytes.byte(offset + length) != signature[length] { break }
                length += 1
            }
            if length == signature.count { return offset }
            offset = offset == 0 ? 512 : offset * 2
        }
        return nil
    }

    /// Throws `corrupt` when the superblock makes no sense or the file is shorter than it says.
    init(_ content: FileBytes, superblock: Int, limits: LoadLimits, in context: Context) throws(ApusError) {
        var bytes = content
        bytes.base = superblock
        var cursor = try bytes.cursor(from: superblock, "the superblock")
        try cursor.skip(8)
        let version = try cursor.byte()
        guard version <= 3 else {
            throw .unsupported("The file has HDF5 superblock version \(version); this reader knows 0 to 3.")
        }
        try cursor.skip(version < 2 ? 4 : 0)
        bytes.addressSize = try cursor.byte()
        bytes.lengthSize = try cursor.byte()
        guard [2, 4, 8].contains(bytes.addressSize), [2, 4, 8].contains(bytes.lengthSize) else {
            throw FileBytes.damaged("the superblock has wrong sizes")
        }
        let rest = cursor.position
        cursor = try bytes.cursor(from: rest, "the superblock")
        try cursor.skip(version == 0 ? 9 : version == 1 ? 13 : 1)
        try cursor.skip(2 * bytes.addressSize)
        let end = try cursor.unsigned(bytes.addressSize)
        if end > UInt64(content.count) {
            throw .corrupt("The file is truncated: it has \(content.count) bytes and says that there are \(end).")
        }
        try cursor.skip(version < 2 ? 2 * bytes.addressSize : 0)
        rootAddress = try cursor.definedAddress("the root group")
        if version >= 2 { try bytes.verify(superblock, cursor.position, "the superblock") }
        self.bytes = bytes
        self.limits = limits
        self.context = context
        // Structures are small even in a large file, which may be mostly a hole.
        self.work = min(max(content.count, 1 << 16), 1 << 28) * 16
        self.space = limits.maximumBytes
        self.stored = content.count
    }

    func root() throws(ApusError) -> FileObject { try object(at: rootAddress) }

    /// The object at an address. Groups are kept, so that many paths through one do not read it many times.
    func object(at address: Int) throws(ApusError) -> FileObject {
        if let known = groups[address] { return known }
        let object = try FileObject(address, in: self)
        if object.isGroup { groups[address] = object }
        return object
    }

    /// Lets go of the groups, which hold the reader. To be called when all is read.
    func forget() { groups = [:] }

    /// Counts examined bytes. A sane file is read once, some parts a few times; past sixteen times its size it is
    /// refused.
    func spend(_ amount: Int) throws(ApusError) {
        guard amount >= 0, amount <= work else { throw FileBytes.damaged("its structures repeat themselves") }
        work -= amount
    }

    /// Counts an array of `size` bytes against the load limit, before it is allocated.
    func admit(_ size: Int, _ name: String) throws(ApusError) {
        guard size >= 0, size <= space else {
            throw .limit("The array '\(name)' takes the file past the load limit of \(limits.maximumBytes) bytes.")
        }
        space -= size
    }

    /// Notes that the array at an address was read. Throws when it was before.
    func visit(_ address: Int, _ name: String) throws(ApusError) {
        guard visited.insert(address).inserted else {
            throw FileBytes.damaged("'\(name)' is the same array or group as another")
        }
    }

    /// Counts bytes of raw data against the file's own size.
    func draw(_ size: Int, _ name: String) throws(ApusError) {
        guard size >= 0, size <= stored else {
            throw FileBytes.damaged("the array '\(name)' would be larger than the file")
        }
        stored -= size
    }
}
