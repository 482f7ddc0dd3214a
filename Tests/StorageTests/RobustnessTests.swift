import Core
import Glibc
import Storage
import Testing

/// Damaged and hostile files: they load or fail cleanly, whatever is wrong with them.
@Suite struct RobustnessTests {
    /// Every bit of every byte when APUS_EXHAUSTIVE is set (minutes), otherwise one change of each byte.
    private static let exhaustive = getenv("APUS_EXHAUSTIVE") != nil

    private static func masks(_ index: Int) -> [UInt8] {
        if exhaustive { return (0..<8).map { UInt8(1) << UInt8($0) } + [0xFF] }
        return [index % 3 == 0 ? 0xFF : UInt8(1) << UInt8(index % 8)]
    }

    /// A small file of each layout.
    static func image(_ name: String, in context: Context) throws -> [UInt8] {
        switch name {
        case "record":
            let tensor = try Samples.tensor(Shape(2, 3), in: context)
            let record = Record(
                kind: "ridge",
                [
                    ("alpha", .real(0.5)), ("names", .texts(["a", "b"])), ("coef", .tensor(tensor)),
                    ("parameters", .json(["alpha": 0.5])), ("step", .record(Record(kind: "scaler", [("n", .integer(3))]))),
                ])
            return try FileImage.encode(.estimator(record), in: context).array
        case "dense":
            var record = Record(kind: "many")
            for index in 0..<80 { record.set("scalar_\(index)", .integer(index)) }
            for index in 0..<70 { record.set("inner_\(index)", .record(Record(kind: "k"))) }
            return try FileImage.encode(.estimator(record), in: context).array
        default: return try FileImage.encode(.network(Samples.network(training: true, in: context)), in: context).array
        }
    }

    /// Decodes; the result is either a model or one of the errors that a bad file may give.
    private func survive(_ bytes: [UInt8], _ what: @autoclosure () -> String, in context: Context) -> ApusError? {
        let error = Samples.failure {
            try bytes.withUnsafeBytes { bytes in
                _ = try FileImage.decode(bytes: bytes, in: context, layout: nil)
            }
        }
        if let error {
            #expect([.corrupt, .unsupported, .limit].contains(error.code), "\(what()): \(error.message)")
        }
        return error
    }

    @Test(arguments: ["record", "network"]) func everyFlippedByteIsSurvived(name: String) throws {
        let context = try Samples.context()
        let image = try Self.image(name, in: context)
        var bytes = image
        for index in bytes.indices {
            for mask in Self.masks(index) {
                bytes[index] = image[index] ^ mask
                _ = survive(bytes, "byte \(index) ^ \(mask)", in: context)
            }
            bytes[index] = image[index]
        }
        #expect(context.allocator.bytesInUse == 0)
        #expect(survive(image, "unchanged", in: context) == nil)
    }

    /// Checksums do not stop a hostile writer: here every flip has them made good again.
    @Test(arguments: ["record", "network", "dense"]) func everyFlippedByteWithRightChecksumsIsSurvived(name: String)
        throws
    {
        let context = try Samples.context()
        let image = try Self.image(name, in: context)
        let checksums = Checksums(of: image)
        #expect(checksums.ranges.count > 3)
        var loaded = 0
        let step = Self.exhaustive ? 1 : max(image.count / 2500, 1)
        for index in stride(from: 0, to: image.count, by: step) {
            for mask in Self.masks(index) {
                var bytes = image
                bytes[index] ^= mask
                checksums.repair(&bytes, around: index)
                if survive(bytes, "byte \(index) ^ \(mask)", in: context) == nil { loaded += 1 }
            }
        }
        #expect(loaded > 0)
        #expect(context.allocator.bytesInUse == 0)
    }

    /// That they count: builds for fuzzing do without.
    @Test func wrongChecksumsAreRefused() throws {
        let context = try Samples.context()
        let image = try Self.image("record", in: context)
        for range in Checksums(of: image).ranges {
            var bytes = image
            bytes[range.end] ^= 1
            let error = survive(bytes, "checksum at \(range.end)", in: context)
            #expect(error?.message.contains("has a wrong checksum") == true, "checksum at \(range.end)")
        }
    }

    @Test(arguments: ["record", "network"]) func everyTruncationIsRefused(name: String) throws {
        let context = try Samples.context()
        let image = try Self.image(name, in: context)
        for count in 0..<image.count {
            #expect(survive(Array(image[..<count]), "\(count) bytes", in: context) != nil, "\(count) bytes")
        }
    }

    @Test func foreignContentIsCalledByItsName() throws {
        let context = try Samples.context()
        let contents: [([UInt8], String)] = [
            ([], "empty"), ([0x50, 0x4B, 3, 4, 0, 0], "zip archive"), (Array("{\"a\": 1}".utf8), "JSON"),
            ([0x80, 4, 0x95], "pickle"), ([0x1F, 0x8B, 8, 0], "gzip"), ([0x93] + Array("NUMPY".utf8), "numpy"),
            (Array("hello world, hello world".utf8), "not an HDF5"), ([0x89, 0x48, 0x44], "truncated"),
        ]
        for (bytes, word) in contents {
            #expect(survive(bytes, word, in: context)?.message.contains(word) == true, "\(word)")
        }
    }

    @Test func aNewerFormatIsRefusedByItsVersion() throws {
        let context = try Samples.context()
        var image = try Self.image("record", in: context)
        let name = Array("least_reader_version".utf8) + [0]
        guard let place = image.indices.first(where: { image[$0...].starts(with: name) }) else {
            Issue.record("no attribute")
            return
        }
        // Name, 12 bytes of type, 4 of extents, then the value.
        let value = place + name.count + 16
        #expect(image[value] == 1)
        image[value] = 9
        Checksums(of: try Self.image("record", in: context)).repair(&image, around: value)
        let error = survive(image, "version 9", in: context)
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("format version 9") == true)
    }

    @Test func hostileFilesAreRefused() throws {
        let context = try Samples.context(limit: 64 << 20)
        let survivors: Set<String> = ["h5_bitflips_1.h5", "h5_bitflips_2.h5", "h5_numeric_names.h5"]
        for file in Golden.files("reject") where file.contains("h5_") || file.contains("truncated_json") {
            let layout: FileImage.Layout = { (_) throws(ApusError) in
                NetworkLayout(
                    layers: [WeightLayout(layer: "dense", weights: [("kernel", Shape(4, 3)), ("bias", Shape(3))])])
            }
            let error = Samples.failure {
                _ = try FileImage.decode(path: "\(Golden.root ?? "")/\(file)", in: context, layout: layout)
            }
            #expect(error != nil || survivors.contains(file.split(separator: "/").last.map(String.init) ?? ""), "\(file)")
            #expect(context.allocator.bytesInUse == 0)
        }
    }
}

/// Where a file has checksums, and what they are of; found in a sound file by trying.
struct Checksums {
    private(set) var ranges: [(start: Int, end: Int)] = []

    init(of image: [UInt8]) {
        let signatures = ["OHDR", "OCHK", "BTHD", "BTLF", "BTIN", "FRHP", "FHIB", "FHDB", "FSHD"].map { Array($0.utf8) }
        var starts = [0]
        for index in image.indices.dropLast(4) where signatures.contains(Array(image[index..<index + 4])) {
            starts.append(index)
        }
        for start in starts {
            for end in (start + 4)..<min(image.count - 3, start + 8192) where Self.stored(image, end) == Self.hash(image, start, end) {
                ranges.append((start, end))
                break
            }
        }
    }

    /// Makes the checksums over a changed byte right again.
    func repair(_ image: inout [UInt8], around index: Int) {
        for range in ranges where index >= range.start && index < range.end {
            let hash = Self.hash(image, range.start, range.end)
            for byte in 0..<4 { image[range.end + byte] = UInt8(truncatingIfNeeded: hash >> UInt32(8 * byte)) }
        }
    }

    private static func stored(_ image: [UInt8], _ end: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(image[end + $1]) << UInt32(8 * $1) }
    }

    private static func hash(_ image: [UInt8], _ start: Int, _ end: Int) -> UInt32 {
        image.withUnsafeBytes { bytes in bytes.baseAddress.map { Lookup3.hash($0 + start, end - start) } ?? 0 }
    }
}
