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

    /// Keras's file formats of networks.
    package enum Form: Sendable {
        /// One HDF5 file, .h5, which Keras 2 and 3 read.
        case legacy
        /// A zip archive, .keras, of Keras 3.
        case archive
        /// The weights alone in Keras 3's tree, .weights.h5.
        case weights
    }

    /// What a compiled network needs to go on training.
    package struct Training: Sendable {
        /// Keras's training_config, in archives compile_config.
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

    /// What the file is or was.
    package var form: Form
    /// The model object: {"class_name": "Sequential" or "Functional", "config": {...}}. When written in the portable
    /// legacy notation (that of Keras 2), for archives in that of Keras 3; in any notation when read.
    package var config: JSON
    package var layers: [Layer]
    /// How Keras 3 arranges the weights of `layers`; empty where the form does not need it.
    package var tree: WeightTree
    /// The model's own block, when weights were read straight into it.
    package var block: Buffer<Float>?
    /// nil when the file has no training state.
    package var training: Training?
    /// nil when unknown.
    package var kerasVersion: String?

    package init(
        _ form: Form = .legacy, config: JSON, layers: [Layer] = [], tree: WeightTree = WeightTree(),
        training: Training? = nil, kerasVersion: String? = nil
    ) {
        self.form = form
        self.config = config
        self.layers = layers
        self.tree = tree
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

/// How Keras 3 keeps weights in a file: groups within groups as its objects hold each other. An object's group has a
/// group `vars` of its own variables, in order of creation.
package struct WeightTree: Sendable {
    /// One weight, by its places in the list of layers that the tree belongs to.
    package struct Place: Sendable {
        package var layer: Int
        package var weight: Int

        package init(layer: Int, weight: Int) {
            self.layer = layer
            self.weight = weight
        }
    }

    /// What Keras calls the object; nil for a mere list of objects, which has no variables.
    package var name: String?
    package var variables: [Place]
    /// By the name of their group: "layers", and in it "dense", "dense_1".
    package var children: [(key: String, tree: WeightTree)]

    package init(
        name: String? = nil, variables: [Place] = [], children: [(key: String, tree: WeightTree)] = []
    ) {
        self.name = name
        self.variables = variables
        self.children = children
    }
}

/// What a network's weights must be in a file: in the legacy form layer by layer, and as Keras 3's tree of the same.
package struct NetworkLayout: Sendable {
    package var layers: [WeightLayout]
    package var tree: WeightTree

    package init(layers: [WeightLayout], tree: WeightTree = WeightTree()) {
        self.layers = layers
        self.tree = tree
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
