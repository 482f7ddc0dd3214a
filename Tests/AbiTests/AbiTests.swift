import Apus
import CApus
import Core
import Testing

/// The C ABI through the header's own types. The C programs in Tests/c hold it from outside.
struct AbiTests {
    private func context() throws -> OpaquePointer {
        var context: OpaquePointer?
        #expect(apus_context_create(nil, &context) == APUS_OK)
        return try #require(context)
    }

    private func text(
        _ call: (UnsafeMutablePointer<CChar>?, Int, UnsafeMutablePointer<Int>?) -> apus_status
    ) throws -> String {
        var needed = 0
        #expect(call(nil, 0, &needed) == APUS_OK)
        var buffer = [CChar](repeating: 1, count: needed)
        #expect(call(&buffer, needed - 1, &needed) == APUS_E_BUFFER_TOO_SMALL)
        #expect(buffer.allSatisfy { $0 == 1 })
        #expect(call(&buffer, needed, &needed) == APUS_OK)
        return try #require(String(validatingCString: buffer))
    }

    @Test func theVersionIsTheHeaders() throws {
        let version = try #require(apus_version())
        #expect(String(cString: version) == APUS_VERSION_STRING)
        #expect(APUS_VERSION_STRING == "\(APUS_VERSION_MAJOR).\(APUS_VERSION_MINOR).\(APUS_VERSION_PATCH)")
    }

    @Test func theCatalogDescribesEveryKind() throws {
        let context = try context()
        defer { apus_context_free(context) }
        let catalog = try JSONParser.parse(text { apus_catalog(context, $0, $1, $2) })
        for (family, kinds) in [
            "estimators": [
                "linear_regression", "logistic_regression", "mean_normalizer", "standard_scaler", "min_max_scaler",
                "pipeline",
            ],
            "layers": ["InputLayer", "Dense", "Activation", "Dropout", "Flatten"],
            "activations": ["linear", "relu", "leaky_relu", "elu", "sigmoid", "tanh", "softmax"],
            "initializers": ["GlorotUniform", "HeNormal", "LecunUniform", "Constant", "Zeros", "Ones", "TruncatedNormal"],
            "losses": ["MeanSquaredError", "MeanAbsoluteError", "Huber", "BinaryCrossentropy", "CategoricalCrossentropy", "SparseCategoricalCrossentropy"],
            "optimizers": ["SGD", "Adam"], "metrics": ["Accuracy"],
            "transformations": ["RandomFlip", "RandomRotation", "ColorJitter", "MixUp"],
            "text_transformations": ["RandomDeletion", "SynonymReplacement", "EmbeddingReplacement"],
        ] {
            let entries = try #require(catalog[family]?.arrayValue)
            let names = Set(entries.compactMap { $0["kind"]?.stringValue })
            #expect(names.isSuperset(of: kinds), "\(family)")
            for entry in entries {
                #expect(entry["doc"]?.stringValue?.isEmpty == false)
                for parameter in entry["parameters"]?.arrayValue ?? [] {
                    #expect(parameter["name"]?.stringValue != nil && parameter["constraint"]?.stringValue != nil)
                    #expect(parameter["doc"]?.stringValue?.isEmpty == false)
                }
            }
        }
    }

    @Test func theBuildTellsWhatItIs() throws {
        let context = try context()
        defer { apus_context_free(context) }
        let info = try JSONParser.parse(text { apus_build_info(context, $0, $1, $2) })
        #expect(info["version"]?.stringValue == APUS_VERSION_STRING)
        #expect(info["hdf5"]?.stringValue?.isEmpty == false)
        #expect(info["openblas"]?.stringValue?.contains("OpenBLAS") == true)
        #expect(info["instruction_sets"]?.arrayValue == ["baseline", "v3", "v4"])
    }

    @Test func messagesLastUntilTheNextCall() throws {
        let context = try context()
        defer { apus_context_free(context) }
        var network: OpaquePointer?
        #expect(apus_network_create(context, "nam=x", &network) == APUS_E_INVALID_ARGUMENT)
        #expect(network == nil)
        let message = try #require(apus_last_error(context))
        #expect(String(cString: message) == "network has no parameter 'nam'; it has name.")
        #expect(apus_network_create(context, nil, &network) == APUS_OK)
        let none = try #require(apus_last_error(context))
        #expect(String(cString: none) == "")
        apus_network_free(network)
    }

    @Test func textThatIsNotUTF8IsRefused() throws {
        let context = try context()
        defer { apus_context_free(context) }
        var network: OpaquePointer?
        let bytes: [CChar] = [CChar(bitPattern: 0xC3), 0x28, 0]
        #expect(apus_network_create(context, bytes, &network) == APUS_E_INVALID_ARGUMENT)
    }
}
