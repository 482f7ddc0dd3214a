import Core

/// Which weights of a network take their values from a file.
package struct WeightMatching: Sendable {
    /// Whether layers of equal names belong together; otherwise those with weights do in their order, as in Keras.
    package var byName = false
    /// Whether weights that do not fit are left as they are, instead of failing.
    package var skipsMismatch = false
    /// The layers of the network that take part, by their names or by what their names begin with, "encoder*"; nil for
    /// all.
    package var layers: [String]?

    package init() {}

    package static let specs = [
        ParameterSpec("by_name", .boolean, default: false, "pair layers of equal names instead of equal places"),
        ParameterSpec("skip_mismatch", .boolean, default: false, "leave weights as they are that do not fit"),
        ParameterSpec(
            "layers", .nullable(.any("an array of names, or of beginnings of names with * after them")),
            default: .null, "the layers that take part; null for all"),
    ]

    /// Throws `invalidArgument` for what is no list of names.
    package init(_ parameters: Parameters) throws(ApusError) {
        byName = parameters.boolean("by_name")
        skipsMismatch = parameters.boolean("skip_mismatch")
        let given = parameters["layers"]
        if given.isNull { return }
        let names = (given.arrayValue ?? [given]).map(\.stringValue)
        layers = names.compactMap(\.self)
        guard layers?.count == names.count else {
            throw .parameter(
                "layers", of: parameters.kind, mustBe: "an array of names, or of beginnings of names with * after them",
                got: given.text)
        }
    }

    /// Whether each of the layers takes part. Throws `invalidArgument` for a name that is none of theirs.
    func chosen(_ names: [String]) throws(ApusError) -> [Bool] {
        guard let layers else { return names.map { _ in true } }
        var chosen = names.map { _ in false }
        for wanted in layers {
            let exact = names.firstIndex(of: wanted)
            let start = wanted.hasSuffix("*") ? String(wanted.dropLast()) : nil
            var isThere = exact != nil
            if let exact { chosen[exact] = true }
            for (index, name) in names.enumerated() where exact == nil {
                guard let start, name.hasPrefix(start) else { continue }
                chosen[index] = true
                isThere = true
            }
            guard isThere else {
                throw .invalid(
                    "There is no layer '\(wanted)' with weights; there are \(names.joined(separator: ", ")).")
            }
        }
        return chosen
    }
}

/// What a file has for the weights of a network.
package struct WeightsReport: Sendable {
    /// Paths of the weights that take values from the file: "dense/kernel".
    package fileprivate(set) var loaded: [String] = []
    /// Weights that do not fit and were left as they are, and why.
    package fileprivate(set) var skipped: [(weight: String, reason: String)] = []
    /// Weights that the file has nothing for, or whose layer was not chosen.
    package fileprivate(set) var untouched: [String] = []
    /// Layers of the file that no layer of the network took.
    package fileprivate(set) var unused: [String] = []

    /// {"loaded": ["dense/kernel"], "skipped": [{"weight": ..., "reason": ...}], "untouched": [...], "unused": [...]}.
    package var json: JSON {
        func list(_ names: [String]) -> JSON { .array(names.map { .string($0) }) }
        return [
            "loaded": list(loaded),
            "skipped": .array(skipped.map { ["weight": .string($0.weight), "reason": .string($0.reason)] }),
            "untouched": list(untouched), "unused": list(unused),
        ]
    }
}

/// Pairs the layers of a file with those of a network, as Keras does. Nothing of the arrays is read.
struct WeightsPairing {
    private(set) var report = WeightsReport()
    /// What to read: the array, and the layer and weight of the layout that it is for.
    private(set) var reads: [(layer: Int, weight: Int, array: StoredArray)] = []
    private let matching: WeightMatching
    /// The layers with weights, and their places in the network's layout.
    private let expected: [WeightLayout]
    private let places: [Int]

    /// Throws `shape` for layers, counts or shapes that do not fit, `corrupt` for arrays that are no weights.
    init(_ root: FileObject, with layout: NetworkLayout, _ matching: WeightMatching) throws(ApusError) {
        self.matching = matching
        places = layout.layers.indices.filter { !layout.layers[$0].weights.isEmpty }
        expected = places.map { layout.layers[$0] }
        let chosen = try matching.chosen(expected.map(\.layer))
        if let found = try WeightsPairing.layers(of: root) {
            try pair(found, chosen)
        } else {
            try pair(in: root, layout, chosen)
        }
    }

    /// The weights of a file in the legacy layout, layer by layer; nil for a file in Keras 3's tree.
    private static func layers(of root: FileObject) throws(ApusError) -> [NetworkReader.StoredLayer]? {
        let hasNames = try root.attribute("layer_names") != nil
        let hasSplitNames = try root.attribute("layer_names0") != nil
        if hasNames || hasSplitNames {
            _ = try NetworkReader.version(of: root)
            return try NetworkReader.stored(in: root)
        }
        if let group = try root.isGroup ? root.child("model_weights") : nil {
            _ = try NetworkReader.version(of: root)
            return try NetworkReader.stored(in: group)
        }
        if try KerasWeights.isTree(root) { return nil }
        if try root.attribute("apus_format") != nil {
            throw .unsupported("The file holds a model of another kind, not a network's weights.")
        }
        throw try FileImage.withoutModel(root)
    }

    /// Weights of Keras 3's tree, in which objects are found by their classes and order.
    private mutating func pair(in root: FileObject, _ layout: NetworkLayout, _ chosen: [Bool]) throws(ApusError) {
        guard !matching.byName else {
            throw .invalid("by_name is for the legacy layout; a file of Keras 3's tree does not go by names of layers.")
        }
        var reasons: [String] = []
        let found = try WeightTreeReader.arrays(in: root, layout) { reasons.append($0.message) }
        for (index, layer) in expected.enumerated() {
            for (number, weight) in layer.weights.enumerated() {
                let path = "\(layer.layer)/\(weight.name)"
                if !chosen[index] {
                    report.untouched.append(path)
                } else if let array = found[places[index]][number] {
                    report.loaded.append(path)
                    reads.append((layer: places[index], weight: number, array: array))
                } else {
                    let reason = reasons.joined(separator: " ")
                    guard matching.skipsMismatch else { throw .shape(reason) }
                    report.skipped.append((weight: path, reason: "weight '\(path)' has no counterpart: \(reason)"))
                }
            }
        }
    }

    /// Weights of the legacy layout.
    private mutating func pair(_ found: [NetworkReader.StoredLayer], _ chosen: [Bool]) throws(ApusError) {
        let partners = try matching.byName ? byName(found) : byPosition(found)
        for (index, partner) in partners.enumerated() {
            if let partner, chosen[index] {
                try pair(index, with: found[partner])
            } else {
                report.untouched += expected[index].weights.map { "\(expected[index].layer)/\($0.name)" }
            }
        }
        let used = Set(partners.enumerated().compactMap { chosen[$0.offset] ? $0.element : nil })
        report.unused = found.indices.filter { !used.contains($0) && !found[$0].arrays.isEmpty }.map { found[$0].name }
    }

    /// For each layer of the network the place of its partner in the file.
    private func byPosition(_ found: [NetworkReader.StoredLayer]) throws(ApusError) -> [Int?] {
        let places = found.indices.filter { !found[$0].arrays.isEmpty }
        guard places.count == expected.count else {
            throw .shape(
                "The file has weights of \(places.count) layers, the model has \(expected.count) layers with weights. by_name pairs layers of equal names."
            )
        }
        return places
    }

    private func byName(_ found: [NetworkReader.StoredLayer]) -> [Int?] {
        var places: [String: Int] = [:]
        for (index, layer) in found.enumerated() { places[layer.name] = index }
        return expected.map { places[$0.layer] }
    }

    private mutating func pair(_ index: Int, with stored: NetworkReader.StoredLayer) throws(ApusError) {
        let layer = expected[index]
        guard stored.arrays.count == layer.weights.count else {
            let reason =
                "layer '\(layer.layer)' has \(layer.weights.count) weights, the file has \(stored.arrays.count) in '\(stored.name)'."
            guard matching.skipsMismatch else { throw .shape(reason) }
            report.skipped += layer.weights.map { (weight: "\(layer.layer)/\($0.name)", reason: reason) }
            return
        }
        for (number, (array, weight)) in zip(stored.arrays, layer.weights).enumerated() {
            let path = "\(layer.layer)/\(weight.name)"
            try NetworkReader.checkType(of: array, as: weight.name, of: layer.layer)
            guard array.shape == weight.shape else {
                let reason =
                    "weight '\(path)' has shape \(weight.shape), the file has \(array.shape) in '\(stored.name)'."
                guard matching.skipsMismatch else { throw .shape(reason) }
                report.skipped.append((weight: path, reason: reason))
                continue
            }
            report.loaded.append(path)
            reads.append((layer: places[index], weight: number, array: array))
        }
    }
}

extension FileImage {
    /// An HDF5 file of a network's weights without its configuration, in Keras's legacy layout.
    package static func parts(
        ofWeights network: NetworkRecord, storage: ArrayStorage, in context: Context
    ) throws(ApusError) -> FileParts {
        try NetworkWriter.weightsParts(of: network, storage, in: context)
    }

    /// Reads weights for a network that there is: from a file of weights, or from that of a whole model.
    ///
    /// - Parameters:
    ///   - layout: what files have of the network.
    ///   - accept: sees what will be done before anything of it is done; false ends here.
    ///   - set: takes the value of a weight, of the layer and weight of these places in the layout: float32 of its
    ///   shape,
    ///     or a whole number.
    ///
    /// Throws `shape` where file and network do not fit, and what `decode` throws; before the first value is read.
    package static func loadWeights(
        path: String, limits: LoadLimits = LoadLimits(), in context: Context, for layout: NetworkLayout,
        matching: WeightMatching, accept: (WeightsReport) throws(ApusError) -> Bool,
        set: (_ layer: Int, _ weight: Int, _ value: Tensor) throws(ApusError) -> Void
    ) throws(ApusError) -> WeightsReport {
        let bytes = try RegularFile.read(path, limits: limits, in: context)
        defer { withExtendedLifetime(bytes) {} }
        func load(_ bytes: UnsafeRawBufferPointer) throws(ApusError) -> WeightsReport {
            let root = try root(of: bytes, limits: limits, in: context)
            defer { root.file.forget() }
            let pairing = try WeightsPairing(root, with: layout, matching)
            guard try accept(pairing.report) else { return pairing.report }
            for read in pairing.reads { try set(read.layer, read.weight, read.array.tensor(exact: false)) }
            return pairing.report
        }
        do throws(ApusError) {
            let content = UnsafeRawBufferPointer(bytes.elements)
            guard isArchive(content) else { return try load(content) }
            let weights = try ArchiveReader.weights(in: content, limits: limits, in: context)
            defer { withExtendedLifetime(weights) {} }
            return try load(weights.bytes)
        } catch { throw error.code == .interrupted ? error : error.within("'\(path)'") }
    }
}
