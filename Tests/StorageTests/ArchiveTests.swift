import Core
import Storage
import Testing

/// Keras 3's archives and its weights alone.
@Suite struct ArchiveTests {
    /// The members of the archive of a small network.
    private func sample(training: Bool = false, in context: Context) throws -> ZipSample {
        let network = try Samples.network(.archive, training: training, in: context)
        var weights = network
        weights.form = .weights
        let config = Array(network.config.text.utf8)
        return ZipSample(members: [
            .init("metadata.json", Array("{\"keras_version\": \"3.15.1\", \"date_saved\": \"2026-01-01@00:00:00\"}".utf8)),
            .init("config.json", config), .init("model.weights.h5", try FileImage.encode(.network(weights), in: context).array),
        ])
    }

    private func decoded(
        _ bytes: [UInt8], limits: LoadLimits = LoadLimits(), in context: Context
    ) throws -> NetworkRecord {
        let model = try bytes.withUnsafeBytes {
            try FileImage.decode(bytes: $0, limits: limits, in: context, layout: Samples.layout)
        }
        guard case .network(let network) = model else { throw ApusError(.internal, "not a network") }
        return network
    }

    private func expectSample(_ image: [UInt8], in context: Context) throws {
        let network = try decoded(image, in: context)
        let wanted = try Samples.network(training: false, in: context)
        for (a, b) in zip(network.layers, wanted.layers) { #expect(Samples.same(a.weights, b.weights)) }
        #expect(network.config == wanted.config && network.kerasVersion == "3.15.1" && network.form == .archive)
    }

    @Test(arguments: [false, true]) func networksComeBackAsTheyWere(training: Bool) throws {
        let context = try Samples.context()
        let network = try Samples.network(.archive, training: training, in: context)
        let bytes = try FileImage.encode(.network(network), in: context)
        #expect(bytes.array == (try FileImage.encode(.network(network), in: context).array))
        let loaded = try decoded(bytes.array, in: context)
        for (a, b) in zip(loaded.layers, network.layers) { #expect(Samples.same(a.weights, b.weights)) }
        #expect(loaded.config["config"] == network.config["config"])
        #expect((loaded.training != nil) == training)
        guard let a = loaded.training, let b = network.training else { return }
        #expect(a.config == b.config)
        #expect(zip(a.optimizerWeights, b.optimizerWeights).allSatisfy { Samples.same($0.value, $1.value) })
        if let x = a.state, let y = b.state { #expect(Samples.same(x, y)) } else { Issue.record("no state") }
    }

    @Test func theArchiveWrittenIsThatOfTheFormat() throws {
        let context = try Samples.context()
        let network = try Samples.network(.archive, training: false, in: context)
        let image = try FileImage.encode(.network(network), in: context).array
        // Made again by hand from its own parts it is the same but for the version that wrote it, its mode and date.
        var own = try sample(in: context)
        let metadata: JSON = ["keras_version": "3.15.1", "date_saved": "1980-01-01@00:00:00"]
        own.members[0] = .init("metadata.json", Array(metadata.text.utf8))
        var config = network.config.objectValue ?? []
        config.append((key: "compile_config", value: .object([])))
        own.members[1] = .init("config.json", Array(JSON.object(config).text.utf8))
        let wanted = own.image
        #expect(image.count == wanted.count)
        let differing = zip(image, wanted).enumerated().filter { $0.element.0 != $0.element.1 }
        // In each local header the date, in each entry maker, date and mode.
        #expect(differing.count <= 3 * (1 + 2 + 1 + 4))
    }

    @Test func weightsComeBackAloneAndFromArchives() throws {
        let context = try Samples.context()
        let network = try Samples.network(.weights, training: false, in: context)
        let layout = try Samples.layout(.null)
        for image in [try FileImage.encode(.network(network), in: context).array, try sample(in: context).image] {
            let weights = try image.withUnsafeBytes { try KerasWeights.decode(bytes: $0, layout: layout, in: context) }
            for (tensors, layer) in zip(weights, network.layers) {
                let own = zip(tensors, layer.weights)
                #expect(own.allSatisfy { tensor, weight in tensor.map { Samples.same($0, weight.value) } == true })
            }
        }
    }

    @Test func objectsThatDoNotFitArePassedOverWhenAskedFor() throws {
        let context = try Samples.context()
        let image = try FileImage.encode(.network(Samples.network(.weights, training: false, in: context)), in: context)
        var layout = try Samples.layout(.null)
        layout.layers[1].weights[0].shape = Shape(3, 5)
        let bytes = UnsafeRawBufferPointer(image.elements)
        defer { withExtendedLifetime(image) {} }
        let error = Samples.failure { _ = try KerasWeights.decode(bytes: bytes, layout: layout, in: context) }
        #expect(error?.code == .corrupt && error?.message.contains("'kernel' of layer 'dense_1'") == true)
        var messages: [String] = []
        let weights = try KerasWeights.decode(bytes: bytes, layout: layout, in: context) { messages.append($0.message) }
        #expect(weights[0].allSatisfy { $0 != nil } && weights[1].allSatisfy { $0 == nil } && messages.count == 1)
    }

    @Test func namesSayTheForm() {
        #expect(FileImage.form(ofFileAt: "a/model.keras") == .archive)
        #expect(FileImage.form(ofFileAt: "model.weights.h5") == .weights)
        #expect(FileImage.form(ofFileAt: "model.h5") == .legacy)
        #expect(FileImage.form(ofFileAt: "weights.h5") == .legacy)
        #expect(FileImage.form(ofFileAt: "") == .legacy)
    }

    // Archives of other writers

    @Test func otherWritersArchivesAreRead() throws {
        let context = try Samples.context()
        let plain = try sample(in: context)
        try expectSample(plain.image, in: context)
        var zip = plain
        for index in zip.members.indices { zip.members[index].deflate() }
        zip.members.reverse()
        try expectSample(zip.image, in: context)
        zip = plain
        for index in zip.members.indices { zip.members[index].isStreamed = true }
        try expectSample(zip.image, in: context)
        zip = plain
        zip.isWide = true
        for index in zip.members.indices { zip.members[index].isWide = true }
        try expectSample(zip.image, in: context)
        zip = plain
        zip.comment = Array("made by hand PK\u{5}\u{6} with a comment".utf8)
        zip.members.append(.init("../evil.txt", [1]))
        zip.members.append(.init("/abs.txt", [1]))
        zip.members.append(.init("assets/words.txt", []))
        zip.members[3].flags = 1
        try expectSample(zip.image, in: context)
    }

    // Hostile archives

    @Test func contradictionsAreRefused() throws {
        let context = try Samples.context()
        let plain = try sample(in: context)
        func refused(
            _ what: String, _ code: ApusError.Code, limits: LoadLimits = LoadLimits(), _ change: (inout ZipSample) -> Void
        ) {
            var zip = plain
            change(&zip)
            let error = Samples.failure { _ = try decoded(zip.image, limits: limits, in: context) }
            #expect(error?.code == code, "\(what): \(error?.message ?? "read")")
            #expect(context.allocator.bytesInUse == 0)
        }
        let (config, weights) = (1, 2)
        refused("encrypted", .unsupported) { $0.members[weights].flags = 1 }
        refused("strongly encrypted", .unsupported) { $0.members[weights].flags = 0x41 }
        refused("bzip2", .unsupported) { $0.members[weights].method = 12 }
        refused("other method in the header", .corrupt) { $0.members[weights].localMethod = 8 }
        refused("other name in the header", .corrupt) { $0.members[config].localName = Array("config.jsom".utf8) }
        refused("checksum", .corrupt) { $0.members[config].checksum ^= 1 }
        refused("sizes", .corrupt) { $0.members[weights].size = 5 }
        refused("beyond the end", .corrupt) { $0.members[weights].stored = 1 << 31 }
        refused("absurd size", .limit) {
            $0.members[weights].isWide = true
            $0.members[weights].size = Int.max
        }
        refused("absurd stored size", .corrupt) {
            $0.members[weights].isWide = true
            $0.members[weights].stored = Int.max
            $0.members[weights].size = 10
        }
        refused("place beyond the end", .corrupt) { $0.members[weights].place = 1 << 30 }
        refused("absurd place", .corrupt) {
            $0.members[weights].isWide = true
            $0.members[weights].place = Int.max
        }
        refused("one in the other", .corrupt) { $0.members[config].place = 0 }
        refused("twice", .corrupt) { $0.members.append($0.members[config]) }
        refused("no configuration", .unsupported) { $0.members.remove(at: config) }
        refused("no weights", .corrupt) { $0.members.remove(at: weights) }
        refused("numpy weights", .unsupported) { $0.members[weights].name = Array("model.weights.npz".utf8) }
        refused("no members", .unsupported) { $0.members = [] }
        refused("too many entries", .corrupt) { $0.count = 4 }
        refused("too few entries", .corrupt) { $0.count = 2 }
        refused("directory beyond the end", .corrupt) { $0.directoryPlace = 1 << 30 }
        refused("parts", .unsupported) { $0.disk = 1 }
        refused("a bomb", .limit) {
            $0.members[weights].content = [UInt8](repeating: 0, count: 2 << 20)
            $0.members[weights].packed = [UInt8](repeating: 0, count: 1000)
            $0.members[weights].method = 8
        }
        refused("deflate that ends early", .corrupt) {
            $0.members[config].deflate()
            $0.members[config].packed.removeLast()
        }
        refused("deflate with more behind it", .corrupt) {
            $0.members[config].deflate()
            $0.members[config].packed.append(0)
        }
        refused("not UTF-8", .corrupt) { $0.members[config] = .init("config.json", [0xFF, 0xFE]) }
        refused("no JSON", .corrupt) { $0.members[config] = .init("config.json", Array("{".utf8)) }
        refused("old", .unsupported) { $0.members[0] = .init("metadata.json", Array("{\"keras_version\": \"1.2\"}".utf8)) }
        refused("no HDF5", .corrupt) { $0.members[weights] = .init("model.weights.h5", Array("hello world".utf8)) }
        refused("limits", .limit, limits: LoadLimits(maximumBytes: 10)) { _ in }
    }

    @Test func everyTruncationAndFlippedByteIsSurvived() throws {
        let context = try Samples.context()
        var zip = try sample(in: context)
        zip.members[1].deflate()
        zip.isWide = true
        let image = zip.image
        for count in 0..<image.count {
            let error = Samples.failure { _ = try decoded(Array(image[..<count]), in: context) }
            #expect(error != nil, "\(count) bytes")
        }
        var bytes = image
        for index in bytes.indices {
            for mask in [1, 0x80, 0xFF] as [UInt8] {
                bytes[index] = image[index] ^ mask
                let error = Samples.failure { _ = try decoded(bytes, in: context) }
                #expect(error == nil || [.corrupt, .unsupported, .limit].contains(error?.code), "byte \(index)")
            }
            bytes[index] = image[index]
        }
        #expect(context.allocator.bytesInUse == 0)
        try expectSample(bytes, in: context)
    }

    @Test func treesOtherThanTheLayoutAreRefused() throws {
        let context = try Samples.context()
        let image = try sample(in: context).image
        func refused(_ change: @escaping (inout NetworkLayout) -> Void) -> ApusError? {
            Samples.failure {
                try image.withUnsafeBytes { bytes in
                    _ = try FileImage.decode(bytes: bytes, in: context) { (config) throws(ApusError) in
                        var layout = try Samples.layout(config)
                        change(&layout)
                        return layout
                    }
                }
            }
        }
        #expect(refused { $0.layers[0].weights[0].shape = Shape(3, 4) }?.code == .corrupt)
        #expect(refused { $0.tree.children[0].tree.children[0].tree.variables.removeLast() }?.code == .corrupt)
        #expect(refused { $0.tree.children[0].tree.children[1].key = "dense_2" }?.code == .corrupt)
        #expect(refused { _ in } == nil)
    }

    @Test func failuresOfEveryAllocationAreClean() throws {
        let context = try Samples.context()
        let network = try Samples.network(.archive, training: true, in: context)
        var zip = try sample(in: context)
        for index in zip.members.indices { zip.members[index].deflate() }
        let image = zip.image
        var refused = 0
        for limit in stride(from: 0, through: 40_000, by: 500) {
            let small = try Samples.context(limit: limit)
            if Samples.failure({ _ = try FileImage.encode(.network(network), in: small) })?.code == .limit { refused += 1 }
            if Samples.failure({ _ = try decoded(image, in: small) })?.code == .limit { refused += 1 }
            #expect(small.allocator.bytesInUse == 0)
        }
        #expect(refused > 10)
        #expect(try FileImage.openIdentifiers() == 0)
    }
}
