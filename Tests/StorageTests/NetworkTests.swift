import Core
import Foundation
import Storage
import Testing

@Suite struct NetworkTests {
    private func decoded(
        _ bytes: Buffer<UInt8>, training: Bool = true, layout: FileImage.Layout?, in context: Context
    ) throws -> NetworkRecord {
        let model = try FileImage.decode(
            bytes: bytes, in: context, training: training, layout: layout)
        guard case .network(let network) = model else { throw ApusError(.internal, "not a network") }
        return network
    }

    @Test(arguments: [false, true]) func networksComeBackAsTheyWere(training: Bool) throws {
        let context = try Samples.context()
        let network = try Samples.network(training: training, in: context)
        let bytes = try FileImage.encode(.network(network), in: context)
        let loaded = try decoded(bytes, layout: Samples.layout, in: context)
        #expect(loaded.config == network.config)
        #expect(loaded.kerasVersion == "2.15.0")
        #expect(loaded.layers.map(\.name) == network.layers.map(\.name))
        for (a, b) in zip(loaded.layers, network.layers) { #expect(Samples.same(a.weights, b.weights)) }
        #expect((loaded.training != nil) == training)
        if let a = loaded.training, let b = network.training, let x = a.state, let y = b.state {
            #expect(a.config == b.config)
            #expect(Samples.same(a.optimizerWeights, b.optimizerWeights))
            #expect(Samples.same(x, y))
        } else {
            #expect(!training)
        }
        if training { #expect(try decoded(bytes, training: false, layout: nil, in: context).training == nil) }
    }

    @Test func equalNetworksGiveEqualBytes() throws {
        let context = try Samples.context()
        let network = try Samples.network(training: true, in: context)
        let first = try FileImage.encode(.network(network), in: context)
        let second = try FileImage.encode(.network(network), in: context)
        #expect(first.array == second.array)
    }

    @Test func manyLayersWithLongNamesSplitTheirList() throws {
        let context = try Samples.context()
        var network = NetworkRecord(config: ["class_name": "Sequential", "config": ["name": "s", "layers": []]])
        let long = String(repeating: "n", count: 100)
        for index in 0..<900 {
            let weights = [(name: "kernel", value: try Samples.tensor(Shape(2), in: context))]
            network.layers.append(NetworkRecord.Layer(name: "\(long)_\(index)", weights: weights))
        }
        let bytes = try FileImage.encode(.network(network), in: context)
        let loaded = try decoded(bytes, layout: nil, in: context)
        #expect(loaded.layers.map(\.name) == network.layers.map(\.name))
    }

    @Test func thousandsOfWeightsInOneGroupAreRead() throws {
        let context = try Samples.context()
        var network = try Samples.network(training: true, in: context)
        let slots = try (0..<3000).map { (name: "adam/slot_\($0):0", value: try Samples.tensor(Shape(1), in: context)) }
        network.training?.optimizerWeights = slots
        let bytes = try FileImage.encode(.network(network), in: context)
        let loaded = try decoded(bytes, layout: nil, in: context)
        #expect(Samples.same(loaded.training?.optimizerWeights ?? [], slots))
    }

    @Test func shapesOtherThanTheConfigurationsAreRefused() throws {
        let context = try Samples.context()
        let bytes = try FileImage.encode(.network(try Samples.network(training: false, in: context)), in: context)
        let wrong: [[WeightLayout]] = [
            [],
            [WeightLayout(layer: "dense", weights: [("kernel", Shape(4, 3)), ("bias", Shape(3))])],
            [
                WeightLayout(layer: "a", weights: [("kernel", Shape(4, 3)), ("bias", Shape(3))]),
                WeightLayout(layer: "b", weights: [("kernel", Shape(2, 3)), ("bias", Shape(2))]),
            ],
            [
                WeightLayout(layer: "a", weights: [("kernel", Shape(4, 3)), ("bias", Shape(3))]),
                WeightLayout(layer: "b", weights: [("kernel", Shape(3, 2))]),
            ],
        ]
        for layout in wrong {
            let error = Samples.failure {
                _ = try decoded(bytes, layout: { (_) throws(ApusError) in NetworkLayout(layers: layout) }, in: context)
            }
            #expect(error?.code == .corrupt)
        }
        let own = Samples.failure {
            _ = try decoded(bytes, layout: { (_) throws(ApusError) in throw .unsupported("no such layer") }, in: context)
        }
        #expect(own?.message == "no such layer")
    }

    @Test func layersAndWeightsOfOneNameAreRefused() throws {
        let context = try Samples.context()
        var network = try Samples.network(training: false, in: context)
        network.layers[1].name = "dense"
        #expect(Samples.failure { _ = try FileImage.encode(.network(network), in: context) }?.code == .invalidArgument)
        network = try Samples.network(training: false, in: context)
        network.layers[0].weights[1].name = "kernel"
        #expect(Samples.failure { _ = try FileImage.encode(.network(network), in: context) }?.code == .invalidArgument)
        network.layers[0].name = "a/b"
        #expect(Samples.failure { _ = try FileImage.encode(.network(network), in: context) }?.code == .invalidArgument)
    }

    @Test func failuresOfEveryAllocationAreClean() throws {
        let context = try Samples.context()
        let network = try Samples.network(training: true, in: context)
        let bytes = try FileImage.encode(.network(network), in: context)
        var refused = 0
        for limit in stride(from: 0, through: 20_000, by: 250) {
            let small = try Samples.context(limit: limit)
            if Samples.failure({ _ = try FileImage.encode(.network(network), in: small) })?.code == .limit { refused += 1 }
            if Samples.failure({ _ = try decoded(bytes, layout: nil, in: small) })?.code == .limit { refused += 1 }
            #expect(small.allocator.bytesInUse == 0)
        }
        #expect(refused > 10)
        #expect(try FileImage.openIdentifiers() == 0)
    }
}
