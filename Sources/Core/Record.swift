/// What a model says of itself for a file, and what a file says to a model: named values, arrays and nested records, in
/// order. Storage turns records into HDF5 groups and back.
package struct Record: Sendable {
    package enum Value: Sendable {
        case text(String)
        case texts([String])
        case integer(Int)
        case real(Double)
        case json(JSON)
        case tensor(Tensor)
        case record(Record)
    }

    /// The model kind, "linear_regression".
    package var kind: String
    package var items: [(name: String, value: Value)]

    package init(kind: String, _ items: [(name: String, value: Value)] = []) {
        self.kind = kind
        self.items = items
    }

    package subscript(name: String) -> Value? { items.first { $0.name == name }?.value }

    package mutating func set(_ name: String, _ value: Value) { items.append((name: name, value: value)) }

    private func missing(_ name: String, _ what: String) -> ApusError {
        .corrupt("A \(kind) needs \(what) '\(name)'; the file \(self[name] == nil ? "lacks it" : "has another type").")
    }

    package func text(_ name: String) throws(ApusError) -> String {
        guard case .text(let value)? = self[name] else { throw missing(name, "the text") }
        return value
    }

    package func integer(_ name: String) throws(ApusError) -> Int {
        guard case .integer(let value)? = self[name] else { throw missing(name, "the whole number") }
        return value
    }

    package func real(_ name: String) throws(ApusError) -> Double {
        guard case .real(let value)? = self[name] else { throw missing(name, "the number") }
        return value
    }

    package func record(_ name: String) throws(ApusError) -> Record {
        guard case .record(let value)? = self[name] else { throw missing(name, "the group") }
        return value
    }

    /// Texts, or nil when the record has none of that name.
    package func texts(_ name: String) throws(ApusError) -> [String]? {
        guard let value = self[name] else { return nil }
        guard case .texts(let texts) = value else { throw missing(name, "the texts") }
        return texts
    }

    /// An array of the given dtype, with the extents given (nil: any).
    package func tensor(_ name: String, _ dtype: DType = .float64, shape: [Int?]) throws(ApusError) -> Tensor {
        guard case .tensor(let value)? = self[name] else { throw missing(name, "the array") }
        let fits =
            value.dtype == dtype && value.shape.rank == shape.count
            && shape.enumerated().allSatisfy { $0.element == nil || $0.element == value.shape[$0.offset] }
        guard fits else {
            let wanted = shape.map { $0.map(String.init) ?? "any" }.joined(separator: ", ")
            throw .corrupt(
                "The array '\(name)' of a \(kind) must be \(dtype.name) of shape (\(wanted)), the file has \(value.dtype.name) of shape \(value.shape)."
            )
        }
        return value
    }
}
