import Core
import Foundation
import Storage
import Testing

/// Files that real Keras wrote, if they are there: in the folder that APUS_GOLDEN names, or beside the repository.
enum Golden {
    static let root: String? = {
        let beside = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/golden").path
        let path = ProcessInfo.processInfo.environment["APUS_GOLDEN"] ?? beside
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }()

    static func files(_ folder: String) -> [String] {
        guard let root else { return [] }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)")) ?? []
        return names.filter { $0.hasSuffix(".h5") && !$0.hasSuffix(".ref.h5") && !$0.hasSuffix("weights.h5") }.sorted()
            .map { "\(folder)/\($0)" }
    }
}

@Suite struct GoldenTests {
    @Test(arguments: ["layers", "models", "training", "lenient", "compat"])
    func everyFileOfKerasIsRead(folder: String) throws {
        let context = try Samples.context()
        for file in Golden.files(folder) {
            let error = Samples.failure {
                let model = try FileImage.decode(path: "\(Golden.root ?? "")/\(file)", in: context, layout: nil)
                guard case .network(let network) = model else { throw ApusError(.internal, "not a network") }
                #expect(network.config["class_name"] != nil)
                #expect(!network.layers.isEmpty, "\(file)")
            }
            #expect(error == nil, "\(file): \(error?.message ?? "")")
        }
    }
}
