import Core

/// NumPy's rule for shapes: aligned from the last dimension, an extent of 1 stretches to any other.
package enum Broadcasting {
    /// The common shape of two operands. Throws `shape` when two extents differ and neither is 1.
    package static func shape(_ a: Shape, _ b: Shape, names: (String, String) = ("a", "b")) throws(ApusError) -> Shape {
        var result = a.rank >= b.rank ? a : b
        let least = min(a.rank, b.rank)
        for back in 0..<least {
            let (m, n) = (a[a.rank - 1 - back], b[b.rank - 1 - back])
            guard m == n || m == 1 || n == 1 else {
                throw .shape("\(names.0) has shape \(a) and \(names.1) has shape \(b), which do not broadcast.")
            }
            result[result.rank - 1 - back] = m == 1 ? n : m
        }
        return result
    }

    /// The strides with which an operand runs through a larger shape: 0 where it is stretched. Throws `shape` when it
    /// does not stretch to it.
    package static func strides(of view: ArrayView, through shape: Shape, name: String) throws(ApusError) -> Shape {
        let missing = shape.rank - view.shape.rank
        var result = shape
        var fits = missing >= 0
        for index in 0..<shape.rank {
            guard fits, index >= missing else {
                result[index] = 0
                continue
            }
            let extent = view.shape[index - missing]
            fits = extent == shape[index] || extent == 1
            result[index] = extent == 1 ? 0 : view.strides[index - missing]
        }
        guard fits else {
            throw .shape("\(name) has shape \(view.shape), which does not broadcast to \(shape).")
        }
        return result
    }
}
