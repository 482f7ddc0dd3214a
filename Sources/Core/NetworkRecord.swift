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

    package init(layer: String, weights: [(name: String, shape: Shape)]) {
        self.layer = layer
        self.weights = weights
    }
}
