import Core
import Foundation
import Networks
import Storage
import Testing

/// Rows of files, read window by window.
@Suite struct StreamingTests {
    static let folder = ChunkTests.folder

    static func open(_ path: String, _ parameters: String, in context: Context) throws -> HDF5Source {
        try HDF5Source(
            path: path, Parameters(kind: "hdf5_dataset", specs: HDF5Source.specs, text: parameters), in: context)
    }

    /// The first input of every row of an epoch, in the order in which they come, and the rows' numbers by messages.
    static func rows(
        _ source: HDF5Source, batch: Int, shuffles: Bool = false, epoch: Int = 0, from first: Int = 0,
        in context: Context
    ) throws -> [[Float]] {
        let pass = try source.pass(PassPlan(batchSize: batch, shuffles: shuffles, seed: 5), in: context)
        defer { pass.end() }
        try pass.begin(epoch: epoch, batch: first)
        var rows: [[Float]] = []
        for _ in first..<(pass.batches ?? 0) {
            guard let batch = try pass.next() else { break }
            let view = batch.data.inputs[0]
            for index in 0..<batch.count {
                let place = batch.order.map { $0[batch.start + index] } ?? batch.start + index
                let values = view.row(place).assumingMemoryBound(to: Float.self)
                rows.append((0..<view.rowCount).map { values[$0] })
            }
        }
        return rows
    }

    @Test(arguments: [1, 2, 3, 7], [true, false])
    func windowsHoldTheRowsOfTheFile(batch: Int, prefetch: Bool) throws {
        let context = try Samples.context()
        for file in ["chunked.h5", "chunked_110.h5"] {
            for name in Self.names {
                // The smallest buffers that serve: windows of single batches.
                var rows: [[Float]]?
                for size in stride(from: 100, to: 40_000, by: 50) where rows == nil {
                    let parameters = "inputs=\(name) float64=round prefetch=\(prefetch) start=1 count=5"
                    let source = try Self.open(
                        "\(Self.folder)/\(file)", "\(parameters) buffer_bytes=\(size)", in: context)
                    rows = try? Self.rows(source, batch: batch, in: context)
                }
                let expected: [[Float]] = (1..<6).map { row in
                    (0..<11).map { column in Float(row * 11 + column) * 0.5 - 3 }
                }
                #expect(rows == expected, "\(name)")
            }
        }
        #expect(context.allocator.bytesInUse == 0)
    }

    /// The ten arrays of both files.
    static let names = [
        "big", "checked", "deflate", "double", "everything", "half", "halfbig", "plain", "shuffled", "whole",
    ].map { "model_weights/all/\($0)" }

    /// A long array as a network's weight: row i holds i, 0, 0.
    private func long(_ rows: Int, in context: Context) throws -> String {
        var record = try Samples.network(training: false, in: context)
        let tensor = try Tensor(.float32, Shape(rows, 3), in: context.allocator)
        tensor.bytes.clear()
        for row in 0..<rows { tensor.floats[3 * row] = Float(row) }
        record.layers[0].weights[0].value = tensor
        let image = try FileImage.encode(.network(record), in: context)
        let path = try Samples.folder() + "/long.h5"
        _ = FileManager.default.createFile(atPath: path, contents: Data(image.array))
        return path
    }

    @Test func everyRowComesOnceInAnOrderOfTheEpoch() throws {
        let context = try Samples.context()
        let path = try long(1000, in: context)
        defer { try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent) }
        #expect(try Self.open(path, "inputs=model_weights/dense/dense/kernel:0", in: context).rows == 1000)
        let parameters = "inputs=model_weights/dense/dense/kernel:0 buffer_bytes=6000"
        let plain = try Self.rows(Self.open(path, parameters, in: context), batch: 8, in: context).map { Int($0[0]) }
        #expect(plain == Array(0..<1000))
        for more in ["", " block_rows=1", " block_rows=13", " block_rows=1000", " start=7 count=900 block_rows=13"] {
            let source = try Self.open(path, parameters + more, in: context)
            let all = more.contains("start") ? 7..<907 : 0..<1000
            var orders: [[Int]] = []
            for epoch in 0..<3 {
                let come = try Self.rows(source, batch: 8, shuffles: true, epoch: epoch, in: context)
                let order = come.map { Int($0[0]) }
                #expect(order.sorted() == Array(all), "\(more)")
                let later = try Self.rows(source, batch: 8, shuffles: true, epoch: epoch, from: 40, in: context)
                #expect(later.map { Int($0[0]) } == Array(order[320...]), "\(more)")
                orders.append(order)
            }
            #expect(orders[0] != orders[1] && orders[1] != orders[2] && orders[0] != Array(all), "\(more)")
            let alone = try Self.open(path, parameters + more + " prefetch=false", in: context)
            let last = try Self.rows(alone, batch: 8, shuffles: true, epoch: 2, in: context).map { Int($0[0]) }
            #expect(last == orders[2])
        }
        #expect(context.allocator.bytesInUse == 0)
    }

    @Test func aLimitNamesTheBytesNeeded() throws {
        let context = try Samples.context()
        let path = try long(1000, in: context)
        defer { try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent) }
        let parameters = "inputs=model_weights/dense/dense/kernel:0 buffer_bytes=6000"
        let source = try Self.open(path, parameters, in: context)
        let error = Samples.failure { _ = try source.pass(PassPlan(batchSize: 151), in: context) }
        #expect(error?.code == .limit)
        #expect(error?.message.contains("151 rows needs 6040 bytes") == true)
    }

    /// Every flipped byte of a file: its rows come, whatever they hold, or a clean error does.
    @Test(arguments: ["chunked.h5", "chunked_110.h5"]) func damagedFilesAreSurvived(file: String) throws {
        let context = try Samples.context(limit: 64 << 20)
        let folder = try Samples.folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/damaged.h5"
        guard let data = FileManager.default.contents(atPath: "\(Self.folder)/\(file)") else {
            Issue.record("no file")
            return
        }
        let list = JSON.array(Self.names.map { .string($0) }).text
        var bytes = [UInt8](data)
        var refused = 0
        func survive(_ what: String) {
            _ = FileManager.default.createFile(atPath: path, contents: Data(bytes))
            let error = Samples.failure {
                let source = try Self.open(path, "{\"inputs\": \(list), \"float64\": \"round\"}", in: context)
                _ = try Self.rows(source, batch: 2, in: context)
            }
            guard let error else { return }
            refused += 1
            let clean: [ApusError.Code] = [.corrupt, .unsupported, .limit, .invalidArgument, .shape, .dtype]
            #expect(clean.contains(error.code), "\(what): \(error.code) \(error.message)")
        }
        for index in stride(from: 0, to: bytes.count, by: 11) {
            let kept = bytes[index]
            bytes[index] ^= index % 2 == 0 ? 0xFF : UInt8(1) << UInt8(index % 8)
            survive("byte \(index)")
            bytes[index] = kept
        }
        let whole = bytes
        for count in stride(from: 0, to: whole.count, by: 97) {
            bytes = Array(whole[..<count])
            survive("\(count) bytes")
        }
        #expect(refused > 300)
        #expect(context.allocator.bytesInUse == 0)
    }
}
