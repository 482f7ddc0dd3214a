import Core
import Foundation
import Storage
import Testing

/// Arrays as other writers store them. h5py 3 made the files: ten weights of shape (7, 11), each 0.5 i - 3.
@Suite struct ChunkTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Files"

    @Test(arguments: ["chunked.h5", "chunked_110.h5"])
    func chunksFiltersAndByteOrdersGiveTheSameNumbers(file: String) throws {
        let context = try Samples.context()
        let model = try FileImage.decode(path: "\(Self.folder)/\(file)", in: context, layout: nil)
        guard case .network(let network) = model, let layer = network.layers.first else {
            Issue.record("no network")
            return
        }
        #expect(layer.weights.count == 10)
        for (name, tensor) in layer.weights {
            #expect(tensor.dtype == .float32 && tensor.shape == Shape(7, 11))
            for index in 0..<tensor.count {
                #expect(tensor.floats[index] == Float(index) * 0.5 - 3, "\(name)[\(index)]")
            }
        }
    }

    /// Compressed data has no checksum of HDF5's; the reader's own must hold.
    @Test func damagedChunksAreSurvived() throws {
        let context = try Samples.context()
        guard let data = FileManager.default.contents(atPath: "\(Self.folder)/chunked.h5") else {
            Issue.record("no file")
            return
        }
        let image = [UInt8](data)
        var bytes = image
        var refused = 0
        for index in stride(from: 0, to: image.count, by: 29) {
            bytes[index] ^= index % 2 == 0 ? 0xFF : UInt8(1) << UInt8(index % 8)
            let error = Samples.failure {
                try bytes.withUnsafeBytes { _ = try FileImage.decode(bytes: $0, in: context, layout: nil) }
            }
            if let error {
                refused += 1
                #expect([.corrupt, .unsupported, .limit].contains(error.code), "\(index): \(error.message)")
            }
            bytes[index] = image[index]
        }
        #expect(refused > 50)
        #expect(context.allocator.bytesInUse == 0)
    }
}
