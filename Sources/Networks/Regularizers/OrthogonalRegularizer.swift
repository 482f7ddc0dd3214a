import Core
import Glibc

/// factor / pairs * sum over pairs of rows (or columns) a, b of |a . b| / (|a| |b|): how far they are from orthogonal.
struct OrthogonalRegularizer: Regularizer {
    static let entry = Entry<any Regularizer>(
        "OrthogonalRegularizer", aliases: ["orthogonal"], doc: "mean magnitude of the cosines between rows or columns",
        parameters: [
            RegularizerCatalog.factor("factor", default: 0.01, "factor of the penalty"),
            ParameterSpec("mode", .choice(["rows", "columns"]), default: "rows", "which vectors are to be orthogonal"),
        ]
    ) { OrthogonalRegularizer(parameters: $0, factor: $0.real("factor"), byRows: $0.text("mode") == "rows") }
    let parameters: Parameters
    let factor: Double
    let byRows: Bool

    /// Below it a length counts as this, as in Keras.
    private static let smallest = 1e-7

    func check(_ shape: Shape) throws(ApusError) {
        guard shape.rank == 2 else {
            throw .shape("OrthogonalRegularizer needs a matrix, got a weight of shape \(shape).")
        }
    }

    /// Vector i is the elements start + j * step for j below length.
    private struct Vectors {
        let count: Int
        let length: Int
        let outer: Int
        let inner: Int
    }

    private func vectors(_ shape: Shape) -> Vectors {
        let (rows, columns) = shape.rank == 2 ? (shape[0], shape[1]) : (1, shape.count)
        return byRows
            ? Vectors(count: rows, length: columns, outer: columns, inner: 1)
            : Vectors(count: columns, length: rows, outer: 1, inner: columns)
    }

    private func dot(_ w: UnsafePointer<Float>, _ v: Vectors, _ i: Int, _ j: Int) -> Double {
        var sum = 0.0
        for k in 0..<v.length {
            sum += Double(w[i * v.outer + k * v.inner]) * Double(w[j * v.outer + k * v.inner])
        }
        return sum
    }

    private func length(_ w: UnsafePointer<Float>, _ v: Vectors, _ i: Int) -> Double {
        max(sqrt(dot(w, v, i, i)), OrthogonalRegularizer.smallest)
    }

    func penalty(_ values: UnsafePointer<Float>, _ shape: Shape) -> Double {
        let v = vectors(shape)
        guard v.count > 1 else { return 0 }
        var sum = 0.0
        for i in 0..<v.count {
            let own = length(values, v, i)
            for j in 0..<i { sum += abs(dot(values, v, i, j)) / (own * length(values, v, j)) }
        }
        return factor * sum / (Double(v.count) * Double(v.count - 1) / 2)
    }

    func addGradient(
        _ values: UnsafePointer<Float>, _ shape: Shape, scale: Float, to gradient: UnsafeMutablePointer<Float>
    ) {
        let v = vectors(shape)
        guard v.count > 1 else { return }
        let share = Double(scale) * factor / (Double(v.count) * Double(v.count - 1) / 2)
        for i in 0..<v.count {
            let own = length(values, v, i)
            let isScaled = own > OrthogonalRegularizer.smallest
            for j in 0..<v.count where j != i {
                let other = length(values, v, j)
                let cosine = dot(values, v, i, j) / (own * other)
                let sign = cosine > 0 ? share : cosine < 0 ? -share : 0
                // d cos / d a = b / (|a| |b|) - cos a / |a|^2
                for k in 0..<v.length {
                    let a = Double(values[i * v.outer + k * v.inner])
                    let b = Double(values[j * v.outer + k * v.inner])
                    let slope = b / (own * other) - (isScaled ? cosine * a / (own * own) : 0)
                    gradient[i * v.outer + k * v.inner] += Float(sign * slope)
                }
            }
        }
    }
}
