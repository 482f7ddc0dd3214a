import Core

/// Keras's legacy HDF5 layout, written so that Keras 2 and 3 both load it.
enum NetworkWriter {
    /// What the file says wrote it: a release whose files every later Keras reads, or Keras 3 where only that computes
    /// the same.
    private static func kerasVersion(_ network: NetworkRecord) -> String {
        OldConfiguration.mentionsChanged(network.config) ? "3.0.0" : "2.15.0"
    }
    private static let backend = "tensorflow"
    /// Where Apus keeps what Keras has no place for.
    static let trainerGroup = "apus_trainer"
    static let topLevel = "top_level_model_weights"

    /// A whole file.
    static func parts(of network: NetworkRecord, _ storage: ArrayStorage, in context: Context) throws(ApusError)
        -> FileParts
    {
        try ImageWriter.file(storage, in: context.allocator) { (writer) throws(ApusError) in
            try writer.attribute("keras_version", variableText: kerasVersion(network), utf8: true, of: writer.root)
            try writer.attribute("backend", variableText: backend, utf8: true, of: writer.root)
            try writer.attribute("model_config", variableText: network.config.text, utf8: false, of: writer.root)
            let group = try writer.group("model_weights", in: writer.root)
            try weights(network, to: group, writer, context)
            if let training = network.training { try write(training, writer, context) }
        }
    }

    /// A file of the weights alone.
    static func weightsParts(of network: NetworkRecord, _ storage: ArrayStorage, in context: Context) throws(ApusError)
        -> FileParts
    {
        try ImageWriter.file(storage, in: context.allocator) { (writer) throws(ApusError) in
            try weights(network, to: writer.root, writer, context)
        }
    }

    private static func weights(
        _ network: NetworkRecord, to group: borrowing Identifier, _ writer: borrowing ImageWriter, _ context: Context
    ) throws(ApusError) {
        try writer.attribute("backend", variableText: backend, utf8: false, of: group)
        try writer.attribute("keras_version", variableText: kerasVersion(network), utf8: false, of: group)
        try names(network.layers.map(\.name), "layer_names", of: group, writer)
        var seen: Set<String> = [topLevel]
        for layer in network.layers {
            guard seen.insert(layer.name).inserted else {
                throw .invalid("The network has two layers named '\(layer.name)', which a Keras file cannot hold.")
            }
            let child = try writer.group(layer.name, in: group)
            let named = layer.weights.map { (name: "\(layer.name)/\($0.name):0", value: $0.value) }
            try write(named, to: child, writer, context)
        }
        let top = try writer.group(topLevel, in: group)
        try names([], "weight_names", of: top, writer)
    }

    private static func write(
        _ training: NetworkRecord.Training, _ writer: borrowing ImageWriter, _ context: Context
    ) throws(ApusError) {
        try writer.attribute("training_config", variableText: training.config.text, utf8: false, of: writer.root)
        if !training.optimizerWeights.isEmpty {
            let group = try writer.group("optimizer_weights", in: writer.root)
            try write(training.optimizerWeights, to: group, writer, context)
        }
        try write(training.state, writer, context)
    }

    /// The trainer's own state, where Keras does not look.
    static func write(
        _ state: Record?, _ writer: borrowing ImageWriter, _ context: Context
    ) throws(ApusError) {
        guard let state else { return }
        let group = try writer.group(trainerGroup, in: writer.root)
        try RecordWriter.versions(of: group, writer)
        try RecordWriter.write(state, to: group, writer, context)
    }

    /// Arrays under their names, which lead through groups, and the list of the names.
    private static func write(
        _ weights: [(name: String, value: Tensor)], to group: borrowing Identifier, _ writer: borrowing ImageWriter,
        _ context: Context
    ) throws(ApusError) {
        try names(weights.map(\.name), "weight_names", of: group, writer)
        let tree = NameTree(weights.map(\.name))
        try write(tree, weights, to: group, writer, context)
    }

    private static func write(
        _ tree: NameTree, _ weights: [(name: String, value: Tensor)], to group: borrowing Identifier,
        _ writer: borrowing ImageWriter, _ context: Context
    ) throws(ApusError) {
        for (name, entry) in tree.entries {
            switch entry {
            case .array(let index):
                try context.checkInterrupt()
                try writer.dataset(name, weights[index].value, in: group)
            case .group(let inner):
                let child = try writer.group(name, in: group)
                try write(inner, weights, to: child, writer, context)
            case .conflict:
                throw .invalid("Two weights have the name '\(name)', which a Keras file cannot hold.")
            }
        }
    }

    private static func names(
        _ names: [String], _ list: String, of group: borrowing Identifier, _ writer: borrowing ImageWriter
    ) throws(ApusError) {
        if names.isEmpty {
            try writer.attribute(emptyList: list, of: group)
            return
        }
        let parts = try ImageWriter.parts(of: names, list)
        if parts.count == 1 {
            try writer.attribute(list, variableTexts: names, utf8: false, of: group)
        } else {
            for (index, part) in parts.enumerated() {
                try writer.attribute("\(list)\(index)", texts: Array(part), of: group)
            }
        }
    }
}

/// Names joined by "/" as a tree of groups, in order of first appearance.
private struct NameTree {
    enum Entry {
        /// The place in the list of names.
        case array(Int)
        case group(NameTree)
        /// Twice the same, or an array and a group.
        case conflict
    }

    private(set) var entries: [(name: String, entry: Entry)] = []

    init(_ names: [String]) {
        self.init(names.enumerated().map { (index: $0, parts: $1.split(separator: "/", omittingEmptySubsequences: false)[...]) })
    }

    private init(_ names: [(index: Int, parts: ArraySlice<Substring>)]) {
        var order: [Substring] = []
        var members: [Substring: [(index: Int, parts: ArraySlice<Substring>)]] = [:]
        for name in names {
            guard let first = name.parts.first else { continue }
            if members[first] == nil { order.append(first) }
            members[first, default: []].append((name.index, name.parts.dropFirst()))
        }
        for first in order {
            let inner = members[first] ?? []
            if inner.count == 1, let only = inner.first, only.parts.isEmpty {
                entries.append((String(first), .array(only.index)))
            } else if inner.contains(where: { $0.parts.isEmpty }) {
                entries.append((String(first), .conflict))
            } else {
                entries.append((String(first), .group(NameTree(inner))))
            }
        }
    }
}
