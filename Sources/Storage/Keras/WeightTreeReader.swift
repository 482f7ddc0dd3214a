import Core

/// Keras 3's tree of weights, read into the places that a network has for them.
enum WeightTreeReader {
    /// Told of an object whose variables do not fit, which is then passed over.
    typealias Mismatch = (ApusError) -> Void

    /// The weights of the layout's layers, in its order; nil for those that were passed over. All arrays are checked
    /// before any is allocated, and go to the layout's block.
    ///
    /// Throws `corrupt` when objects, counts or shapes are not those of the layout, unless they are to be passed over.
    static func weights(
        in root: FileObject, _ layout: NetworkLayout, mismatch: Mismatch? = nil
    ) throws(ApusError) -> [[Tensor?]] {
        let found = try arrays(in: root, layout, mismatch: mismatch)
        try NetworkReader.allocate(for: found.lazy.joined().compactMap(\.self), layout.layers, in: root.file)
        var weights: [[Tensor?]] = []
        for (layer, arrays) in zip(layout.layers, found) {
            var tensors: [Tensor?] = []
            for (number, array) in arrays.enumerated() {
                let place = try layer.place(of: number)
                if let array { tensors.append(try array.weight(at: place)) } else { tensors.append(nil) }
            }
            weights.append(tensors)
        }
        return weights
    }

    /// The arrays for the weights of the layout's layers, in its order, of which nothing was read; nil for those that
    /// were passed over.
    static func arrays(
        in root: FileObject, _ layout: NetworkLayout, mismatch: Mismatch? = nil
    ) throws(ApusError) -> [[StoredArray?]] {
        var found = layout.layers.map { [StoredArray?](repeating: nil, count: $0.weights.count) }
        try find(layout.tree, in: root, path: "", layout, mismatch, &found)
        return found
    }

    /// The variables in the group `vars` of an object's group, in order; none where the group is missing.
    static func variables(of group: FileObject?, path: String) throws(ApusError) -> [StoredArray] {
        guard let group = try group?.child("vars") else { return [] }
        guard group.isGroup else { throw FileBytes.damaged("'\(path)/vars' is no group") }
        // Each link was counted against the limits when the group was read.
        let count = try group.names().count
        var arrays: [StoredArray] = []
        for number in 0..<count {
            guard let object = try group.child("\(number)") else {
                throw FileBytes.damaged("'\(path)/vars' has \(count) names, but none of them is '\(number)'")
            }
            arrays.append(try StoredArray(object, "\(path)/vars/\(number)"))
        }
        return arrays
    }

    private static func find(
        _ tree: WeightTree, in group: FileObject?, path: String, _ layout: NetworkLayout, _ mismatch: Mismatch?,
        _ found: inout [[StoredArray?]]
    ) throws(ApusError) {
        if tree.name != nil {
            do throws(ApusError) {
                let arrays = try variables(of: group, path: path.isEmpty ? "" : path)
                try check(arrays, tree, path: path, layout)
                for (place, array) in zip(tree.variables, arrays) { found[place.layer][place.weight] = array }
            } catch {
                guard let mismatch, error.code == .corrupt else { throw error }
                mismatch(error)
            }
        }
        for child in tree.children {
            try find(
                child.tree, in: self.child(child.key, of: group), path: path.isEmpty ? child.key : "\(path)/\(child.key)",
                layout, mismatch, &found)
        }
    }

    /// The group of that name, or of the name that other releases of Keras give it: private attributes have a stroke in
    /// front, and Keras 2.13 lists layers under another name.
    private static func child(_ key: String, of group: FileObject?) throws(ApusError) -> FileObject? {
        guard let group else { return nil }
        if let child = try group.child(key) { return child }
        return try group.child(key == "layers" ? "_layer_checkpoint_dependencies" : "_" + key)
    }

    /// Throws unless the variables are those of the object.
    private static func check(
        _ arrays: [StoredArray], _ tree: WeightTree, path: String, _ layout: NetworkLayout
    ) throws(ApusError) {
        guard arrays.count == tree.variables.count else {
            throw .corrupt(
                "'\(tree.name ?? "")' has \(tree.variables.count) weights, the file has \(arrays.count) in '\(path)'.")
        }
        for (place, array) in zip(tree.variables, arrays) {
            let layer = layout.layers[place.layer]
            try NetworkReader.check(array, is: layer.weights[place.weight], of: layer.layer)
        }
    }
}
