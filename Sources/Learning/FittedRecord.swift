import Core

/// What the records of all estimators begin with: how many features, and their names.
struct FeatureNotes: Sendable {
    let features: Int
    let names: [String]?

    init(features: Int, names: [String]?) {
        self.features = features
        self.names = names
    }

    /// Reads and checks them. Throws `corrupt`.
    init(_ record: Record) throws(ApusError) {
        let features = try record.integer("features")
        guard features >= 1 else {
            throw .corrupt("A \(record.kind) must have at least one feature, the file has \(features).")
        }
        let names = try record.texts("feature_names")
        if let names, names.count != features {
            throw .corrupt("A \(record.kind) of \(features) features has \(names.count) feature names in the file.")
        }
        self.features = features
        self.names = names
    }

    /// A record that begins with them.
    func record(_ kind: String) -> Record {
        var record = Record(kind: kind, [(name: "features", value: .integer(features))])
        if let names { record.set("feature_names", .texts(names)) }
        return record
    }
}

extension Record {
    /// A float64 array whose every value is finite. Throws `corrupt`.
    func finite(_ name: String, shape: [Int?]) throws(ApusError) -> Tensor {
        let tensor = try tensor(name, shape: shape)
        for index in 0..<tensor.count where !tensor.doubles[index].isFinite {
            throw .corrupt("The array '\(name)' of a \(kind) holds a value that is not finite.")
        }
        return tensor
    }

    /// A whole number that is at least `least`. Throws `corrupt`.
    func count(_ name: String, atLeast least: Int) throws(ApusError) -> Int {
        let value = try integer(name)
        guard value >= least else {
            throw .corrupt("The \(name) of a \(kind) must be at least \(least), the file has \(value).")
        }
        return value
    }
}

extension Tensor {
    /// A scalar whole number, as n_iter_ is.
    static func scalar(_ value: Int, in allocator: Allocator) throws(ApusError) -> Tensor {
        try Tensor(int64s: [Int64(value)], Shape(), in: allocator)
    }

    /// A scalar truth value, as converged_ is.
    static func scalar(_ value: Bool, in allocator: Allocator) throws(ApusError) -> Tensor {
        let tensor = try Tensor(.bool, Shape(), in: allocator)
        tensor.bytes.pointer[0] = value ? 1 : 0
        return tensor
    }
}

extension Record {
    /// The arrays of a list that are there, each of its dtype and rank, real ones finite. Throws `corrupt`.
    func optional(_ list: [(name: String, dtype: DType, rank: Int)]) throws(ApusError) -> [(
        name: String, value: Tensor
    )] {
        var found: [(name: String, value: Tensor)] = []
        for item in list where self[item.name] != nil {
            let shape = [Int?](repeating: nil, count: item.rank)
            let value =
                item.dtype == .float64
                ? try finite(item.name, shape: shape) : try tensor(item.name, item.dtype, shape: shape)
            found.append((name: item.name, value: value))
        }
        return found
    }
}
