/// A network for a file, and from one: Keras's configuration as JSON and the weights layer by layer.
package struct NetworkRecord: Sendable {
    /// The weights of one layer in Keras's order, names without the layer's ("kernel", "bias").
    package struct Layer: Sendable {
        package var name: String
        package var weights: [(name: String, value: Tensor)]

        package init(name: String, weights: [(name: String, value: Tensor)] = []) {
            self.name = name
            self.weights = weights
        }
    }

    /// What a compiled network needs to go on training.
    package struct Training: Sendable {
        /// Keras's training_config.
        package var config: JSON
        /// In file order.
        package var optimizerWeights: [(name: String, value: Tensor)]
        /// Apus's own: position, seed, history, parameters; nil in files of other writers.
        package var state: Record?

        package init(config: JSON, optimizerWeights: [(name: String, value: Tensor)] = [], state: Record? = nil) {
            self.config = config
            self.optimizerWeights = optimizerWeights
            self.state = state
        }
    }

    /// The model object: {"class_name": "Sequential" or "Functional", "config": {...}}, in the portable legacy form
    /// (Keras 2 notation) when written; in any form when read.
    package var config: JSON
    package var layers: [Layer]
    /// The model's own block, when weights were read straight into it.
    package var block: Buffer<Float>?
    /// nil when the file has no training state.
    package var training: Training?
    /// nil when unknown.
    package var kerasVersion: String?

    package init(config: JSON, layers: [Layer] = [], training: Training? = nil, kerasVersion: String? = nil) {
        self.config = config
        self.layers = layers
        self.training = training
        self.kerasVersion = kerasVersion
    }
}

/// The weights that a layer needs, by name and shape, in Keras's order.
package struct WeightLayout: Sendable {
    /// The layer's name.
    package var layer: String
    package var weights: [(name: String, shape: Shape)]
    /// Where the weights go: a block that all layers share, and the place of each there. Without it they get memory of
    /// their own.
    package var block: WeightBlock?
    package var offsets: [Int]

    package init(
        layer: String, weights: [(name: String, shape: Shape)], block: WeightBlock? = nil, offsets: [Int] = []
    ) {
        self.layer = layer
        self.weights = weights
        self.block = block
        self.offsets = offsets
    }

    /// The place of a weight in the block, once there is one.
    package func place(of weight: Int) throws(ApusError) -> Tensor? {
        guard let floats = block?.floats, weights.indices.contains(weight), offsets.indices.contains(weight) else {
            return nil
        }
        return try Tensor(sharing: floats, from: offsets[weight], weights[weight].shape)
    }
}

/// The memory that a network keeps all its weights in: made when a file was found to hold them, and not before.
package final class WeightBlock: @unchecked Sendable {
    /// Floats.
    package let count: Int
    package private(set) var floats: Buffer<Float>?

    package init(count: Int) { self.count = count }

    /// Makes the memory, uninitialised. Throws `outOfMemory` or `limit`.
    package func allocate(in allocator: Allocator) throws(ApusError) { floats = try Buffer(count, in: allocator) }
}
