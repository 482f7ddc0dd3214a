import Core
import Glibc
import Storage

/// Models to save, and ways to compare what comes back.
enum Samples {
    static func context(limit: Int = Int.max) throws -> Context {
        try Context(threads: 1, allocator: Allocator(limit: limit))
    }

    /// A record with an item of every kind, empty ones included.
    static func record(in context: Context) throws -> Record {
        let allocator = context.allocator
        var tensors: [(String, Tensor)] = [
            ("coef", try Tensor(doubles: [1.5, -2, .infinity, 1e-300, 0, 7], Shape(2, 3), in: allocator)),
            ("empty", try Tensor(.float32, Shape(0, 4), in: allocator)),
            ("scalar", try Tensor(int64s: [-5], Shape(), in: allocator)),
        ]
        for (name, dtype) in [("f", DType.float32), ("i", .int32), ("u", .uint8), ("b", .bool)] {
            let tensor = try Tensor(dtype, Shape(3), in: allocator)
            tensor.bytes.clear()
            tensor.bytes.pointer[0] = 1
            tensors.append((name, tensor))
        }
        var record = Record(
            kind: "sample",
            [
                ("greeting", .text("Grüße, 世界")), ("nothing", .text("")), ("long", .text(String(repeating: "x", count: 70_000))),
                ("features", .texts(["a", "längere", ""])), ("none", .texts([])), ("count", .integer(-3)),
                ("most", .integer(Int.max)), ("alpha", .real(0.1)), ("parameters", .json(["a": 1, "b": [nil, true, "c"]])),
            ])
        for (name, tensor) in tensors { record.set(name, .tensor(tensor)) }
        record.set(
            "inner", .record(Record(kind: "step", [("depth", .integer(2)), ("deeper", .record(Record(kind: "leaf")))])))
        return record
    }

    static func tensor(_ shape: Shape, in context: Context) throws -> Tensor {
        let tensor = try Tensor(.float32, shape, in: context.allocator)
        for index in 0..<tensor.count { tensor.floats[index] = Float(index) / 8 - 1 }
        return tensor
    }

    /// Two dense layers, 4 to 3 to 2, with training state when asked.
    static func network(training: Bool, in context: Context) throws -> NetworkRecord {
        func dense(_ name: String, _ units: Int) -> JSON {
            [
                "class_name": "Dense",
                "config": [
                    "name": .string(name), "trainable": true, "dtype": "float32", "units": .integer(units),
                    "activation": "relu", "use_bias": true, "kernel_initializer": "glorot_uniform",
                    "bias_initializer": "zeros", "kernel_regularizer": nil, "bias_regularizer": nil,
                    "kernel_constraint": nil, "bias_constraint": nil,
                ],
            ]
        }
        let config: JSON = [
            "class_name": "Sequential",
            "config": [
                "name": "sequential",
                "layers": [
                    [
                        "class_name": "InputLayer",
                        "config": ["batch_input_shape": [nil, 4], "dtype": "float32", "sparse": false, "name": "input"],
                    ],
                    dense("dense", 3), dense("dense_1", 2),
                ],
            ],
        ]
        var network = NetworkRecord(config: config)
        network.layers = [
            NetworkRecord.Layer(
                name: "dense",
                weights: [
                    ("kernel", try tensor(Shape(4, 3), in: context)), ("bias", try tensor(Shape(3), in: context)),
                ]),
            NetworkRecord.Layer(
                name: "dense_1",
                weights: [
                    ("kernel", try tensor(Shape(3, 2), in: context)), ("bias", try tensor(Shape(2), in: context)),
                ]),
        ]
        guard training else { return network }
        var state = NetworkRecord.Training(
            config: [
                "loss": [
                    "class_name": "MeanSquaredError",
                    "config": ["name": "mean_squared_error", "reduction": "sum_over_batch_size"],
                ],
                "metrics": nil, "weighted_metrics": nil, "loss_weights": nil,
                "optimizer_config": [
                    "class_name": "Custom>SGD",
                    "config": ["name": "SGD", "learning_rate": 0.01, "momentum": 0.0, "is_legacy_optimizer": false],
                ],
            ])
        state.optimizerWeights = [
            ("iteration:0", try Tensor(int64s: [17], Shape(), in: context.allocator)),
            ("m/dense/kernel:0", try tensor(Shape(4, 3), in: context)),
            ("m/dense/bias:0", try tensor(Shape(3), in: context)),
        ]
        state.state = Record(kind: "trainer", [("epoch", .integer(5)), ("seed", .text("42"))])
        network.training = state
        return network
    }

    /// The shapes that `network` needs.
    static func layout(_ config: JSON) throws(ApusError) -> NetworkLayout {
        NetworkLayout(
            layers: [
                WeightLayout(layer: "dense", weights: [("kernel", Shape(4, 3)), ("bias", Shape(3))]),
                WeightLayout(layer: "dense_1", weights: [("kernel", Shape(3, 2)), ("bias", Shape(2))]),
            ], tree: tree)
    }

    /// Keras 3's tree of `network`.
    static var tree: WeightTree {
        func dense(_ layer: Int) -> WeightTree {
            WeightTree(
                name: "dense", variables: [.init(layer: layer, weight: 0), .init(layer: layer, weight: 1)])
        }
        let layers = WeightTree(children: [(key: "dense", tree: dense(0)), (key: "dense_1", tree: dense(1))])
        return WeightTree(name: "sequential", children: [(key: "layers", tree: layers)])
    }

    /// `network` for an archive, or its weights alone.
    static func network(_ form: NetworkRecord.Form, training: Bool, in context: Context) throws -> NetworkRecord {
        var network = try network(training: training, in: context)
        network.form = form
        network.tree = tree
        return network
    }

    // Comparison

    static func same(_ a: Tensor, _ b: Tensor) -> Bool {
        a.dtype == b.dtype && a.shape == b.shape && memcmp(a.bytes.pointer, b.bytes.pointer, a.bytes.count) == 0
    }

    static func same(_ a: Record, _ b: Record) -> Bool {
        guard a.kind == b.kind, a.items.map(\.name) == b.items.map(\.name) else { return false }
        return zip(a.items, b.items).allSatisfy { a, b in
            switch (a.value, b.value) {
            case (.text(let x), .text(let y)): x == y
            case (.texts(let x), .texts(let y)): x == y
            case (.integer(let x), .integer(let y)): x == y
            case (.real(let x), .real(let y)): x == y
            case (.json(let x), .json(let y)): x == y
            case (.tensor(let x), .tensor(let y)): same(x, y)
            case (.record(let x), .record(let y)): same(x, y)
            default: false
            }
        }
    }

    static func same(_ a: [(name: String, value: Tensor)], _ b: [(name: String, value: Tensor)]) -> Bool {
        a.map(\.name) == b.map(\.name) && zip(a, b).allSatisfy { same($0.value, $1.value) }
    }

    /// The message of what `body` throws; nil when it does not.
    static func failure(_ body: () throws -> Void) -> ApusError? {
        do {
            try body()
            return nil
        } catch {
            return error as? ApusError
        }
    }

    /// A new folder for one test.
    static func folder() throws -> String {
        var template = Array("/tmp/apus-storage-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw ApusError(.io, "mkdtemp") }
        return String(cString: made)
    }
}
