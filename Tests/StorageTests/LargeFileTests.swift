import Core
import Foundation
import Networks
import Storage
import Testing

/// Files over 4 GB and arrays of more than 2^31 elements. They take next to no memory and disk: the large array is
/// memory that is never touched, and a hole in the file.
@Suite struct LargeFileTests {
    private static let rows = (1 << 27) + 8
    private static let columns = 17

    /// Memory of the system that is there when it is touched.
    private static func untouched(_ size: Int) -> UnsafeMutableRawPointer? {
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | Int32(MAP_NORESERVE)
        let memory = mmap(nil, size, PROT_READ | PROT_WRITE, flags, -1, 0)
        return memory == MAP_FAILED ? nil : memory
    }

    private static func large() throws -> Tensor {
        let allocator = Allocator(
            custom: Allocator.Custom(
                user: nil, allocate: { _, size, _ in LargeFileTests.untouched(size) },
                deallocate: { _, memory, size, _ in munmap(memory, size) }))
        let tensor = try Tensor(.float32, Shape(rows, columns), in: allocator)
        for column in 0..<columns {
            tensor.floats[column] = Float(column)
            tensor.floats[tensor.count - columns + column] = Float(100 + column)
        }
        return tensor
    }

    /// A network's file with the large array and a small one behind it, and what it took in memory of the context.
    private static func write(to path: String, in context: Context) throws {
        var network = try Samples.network(training: false, in: context)
        let rest = try Samples.tensor(Shape(rows % 1000, 1), in: context)
        network.layers.append(NetworkRecord.Layer(name: "large", weights: [("table", try large()), ("tail", rest)]))
        let before = context.allocator.bytesInUse
        let parts = try FileImage.parts(of: .network(network), in: context)
        #expect(context.allocator.bytesInUse - before < 1 << 20)
        #expect(parts.count > rows * columns * 4)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        #expect(ftruncate(descriptor, parts.count) == 0)
        var position = 0
        try parts.forEachRun { (run) throws(ApusError) in
            // Of the large array only its ends.
            for range in run.count < 1 << 20 ? [0..<run.count] : [0..<4096, run.count - 4096..<run.count] {
                let piece = UnsafeRawBufferPointer(rebasing: run[range])
                #expect(pwrite(descriptor, piece.baseAddress, piece.count, position + range.lowerBound) == piece.count)
            }
            position += run.count
        }
        #expect(position == parts.count)
    }

    private static func withFile(_ body: (String, Context) throws -> Void) throws {
        let folder = try Samples.folder()
        let path = folder + "/large.h5"
        defer {
            unlink(path)
            rmdir(folder)
        }
        let context = try Samples.context(limit: 64 << 20)
        try write(to: path, in: context)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_size > 1 << 33 && status.st_blocks * 512 < 1 << 20)
        try body(path, context)
        #expect(context.allocator.bytesInUse == 0)
    }

    @Test func rowsBeyondTwoToTheThirtyFirstElementsAreStreamed() throws {
        try Self.withFile { path, context in
            let group = "model_weights/large/large"
            let last = try StreamingTests.open(path, "inputs=\(group)/table:0 start=\(Self.rows - 3)", in: context)
            let rows = try StreamingTests.rows(last, batch: 2, in: context)
            #expect(rows.count == 3 && rows[0] == [Float](repeating: 0, count: Self.columns))
            #expect(rows.last == (0..<Self.columns).map { Float(100 + $0) })
            let first = try StreamingTests.open(path, "inputs=\(group)/table:0 count=1", in: context)
            #expect(try StreamingTests.rows(first, batch: 1, in: context) == [(0..<Self.columns).map { Float($0) }])
            // Behind the large array, so beyond 4 GB.
            let tail = try StreamingTests.open(path, "inputs=\(group)/tail:0 start=1 count=2", in: context)
            #expect(try StreamingTests.rows(tail, batch: 2, in: context) == [[1 / 8 - 1], [2 / 8 - 1]])
        }
    }

    @Test func aWeightTooLargeForTheMemoryLimitIsALimitError() throws {
        try Self.withFile { path, context in
            let layout: FileImage.Layout = { (config) throws(ApusError) in
                let block = WeightBlock(count: Self.rows * Self.columns + 1024)
                let weights = [(name: "table", shape: Shape(Self.rows, Self.columns)), ("tail", Shape(Self.rows % 1000, 1))]
                var layout = try Samples.layout(config)
                layout.layers.append(
                    WeightLayout(layer: "large", weights: weights, block: block, offsets: [0, Self.rows * Self.columns]))
                return layout
            }
            for layout in [nil, layout] {
                let error = Samples.failure { _ = try FileImage.decode(path: path, in: context, layout: layout) }
                #expect(error?.code == .limit)
                #expect(error?.message.contains("memory limit is \(64 << 20) bytes") == true, "\(error?.message ?? "")")
                let limits = LoadLimits(maximumBytes: 1 << 30)
                let file = Samples.failure {
                    _ = try FileImage.decode(path: path, limits: limits, in: context, layout: layout)
                }
                #expect(file?.code == .limit)
                #expect(file?.message.contains("load limit is \(1 << 30) bytes") == true, "\(file?.message ?? "")")
            }
        }
    }

    @Test func largeArraysArePartsOfAFileAndNotCopied() throws {
        let context = try Samples.context()
        let record = Record(
            kind: "k", [("a", .tensor(try Samples.tensor(Shape(300, 1000), in: context))), ("b", .real(1))])
        let before = context.allocator.bytesInUse
        let parts = try FileImage.parts(of: .estimator(record), in: context)
        #expect(parts.count > 1_200_000)
        #expect(context.allocator.bytesInUse - before < 300_000)
        let gathered = try parts.gathered(in: context.allocator)
        var position = 0
        try parts.forEachRun { (run) throws(ApusError) in
            let same = run.elementsEqual(UnsafeBufferPointer(start: gathered.pointer + position, count: run.count))
            #expect(same)
            position += run.count
        }
        #expect(position == gathered.count)
        guard case .estimator(let loaded) = try FileImage.decode(bytes: gathered, in: context, layout: nil) else {
            Issue.record("no record")
            return
        }
        #expect(Samples.same(loaded, record))
    }

    @Test func weightsAreReadIntoTheModelsBlock() throws {
        let context = try Samples.context()
        let network = try Samples.network(training: false, in: context)
        let bytes = try FileImage.encode(.network(network), in: context)
        let block = WeightBlock(count: 96)
        let layout: FileImage.Layout = { (config) throws(ApusError) in
            var layout = try Samples.layout(config)
            for index in layout.layers.indices {
                layout.layers[index].block = block
                layout.layers[index].offsets = [64 * index, 64 * index + 16]
            }
            return layout
        }
        guard case .network(let loaded) = try FileImage.decode(bytes: bytes, in: context, layout: layout),
            let floats = loaded.block
        else {
            Issue.record("no block")
            return
        }
        #expect(floats === block.floats && floats.count == 96)
        for (index, layer) in loaded.layers.enumerated() {
            for (number, weight) in layer.weights.enumerated() {
                #expect(weight.value.floats == floats.pointer + 64 * index + 16 * number)
                #expect(Samples.same(weight.value, network.layers[index].weights[number].value))
            }
        }
    }
}
