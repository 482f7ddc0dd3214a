import Core

/// Keras 3's tree of weights, written: every object's group `vars`, empty ones too, because Keras 3.0 misses them, with
/// the object's name, by which people and Keras 3.6 on know it.
enum WeightTreeWriter {
    /// The HDF5 file with a network's weights and, with training state, the optimizer's variables.
    static func parts(of network: NetworkRecord, _ storage: ArrayStorage, in context: Context) throws(ApusError)
        -> FileParts
    {
        try ImageWriter.file(storage, in: context.allocator) { (writer) throws(ApusError) in
            try write(network.tree, of: network.layers, to: writer.root, writer, context)
            guard let training = network.training else { return }
            if !training.optimizerWeights.isEmpty {
                let group = try writer.group(optimizerGroup, in: writer.root)
                let name = training.config["optimizer"]?["config"]?["name"]?.stringValue ?? optimizerGroup
                try variables(training.optimizerWeights.map(\.value), named: name, of: group, writer, context)
            }
            try NetworkWriter.write(training.state, writer, context)
        }
    }

    static let optimizerGroup = "optimizer"

    private static func write(
        _ tree: WeightTree, of layers: [NetworkRecord.Layer], to group: borrowing Identifier,
        _ writer: borrowing ImageWriter, _ context: Context
    ) throws(ApusError) {
        if let name = tree.name {
            let values = tree.variables.map { layers[$0.layer].weights[$0.weight].value }
            try variables(values, named: name, of: group, writer, context)
        }
        for child in tree.children {
            let inner = try writer.group(child.key, in: group)
            try write(child.tree, of: layers, to: inner, writer, context)
        }
    }

    private static func variables(
        _ values: [Tensor], named name: String, of group: borrowing Identifier, _ writer: borrowing ImageWriter,
        _ context: Context
    ) throws(ApusError) {
        let vars = try writer.group("vars", in: group)
        // A name that is longer than an attribute is left out: it is there for people.
        if name.utf8.count <= ImageWriter.maximumAttribute {
            try writer.attribute("name", variableText: name, utf8: true, of: vars)
        }
        for (number, value) in values.enumerated() {
            try context.checkInterrupt()
            try writer.dataset("\(number)", value, in: vars)
        }
    }
}
