import Core

/// How a loss sees the output of a shape: so many places in a row, so many elements for each.
struct LossForm {
    let places: Int
    let width: Int
    /// Elements between neighbours of one place: 1 when nothing has to be moved.
    let inner: Int
    let isBatch: Bool

    init(_ layout: LossLayout, _ shape: Shape) {
        switch layout {
        case .axis(let axis):
            width = max(1, shape.rank == 0 ? 1 : shape[axis])
            var inner = 1
            for index in (axis + 1)..<max(shape.rank, axis + 1) { inner = cappedProduct(inner, shape[index]) }
            self.inner = inner
            places = max(1, shape.count / width)
            isBatch = false
        case .row, .batch:
            width = max(1, shape.count)
            inner = 1
            places = 1
            isBatch = layout == .batch
        }
    }

    /// Whether the loss compares along the last axis, so that activations and metrics see the same places.
    func isPlain(_ shape: Shape) -> Bool { inner == 1 && !isBatch && width == max(1, shape.last) }

    /// Moves the elements of each place together, or (`back`) where they were.
    func turn(
        _ source: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, rows: Int, back: Bool,
        in context: Context
    ) {
        let (size, width, inner) = (width * inner, width, inner)
        context.parallel(over: rows * (places / inner), by: max(1, (1 << 14) / max(size, 1))) { range in
            for block in range {
                let (from, to) = (source + block * size, target + block * size)
                for column in 0..<width {
                    for place in 0..<inner {
                        let (apart, together) = (column * inner + place, place * width + column)
                        if back { to[apart] = from[together] } else { to[together] = from[apart] }
                    }
                }
            }
        }
    }
}

/// Memory for the loss of one output beside the plan's, made when first needed.
final class LossRoom {
    private let allocator: Allocator
    private var floats: [Use: Buffer<Float>] = [:]

    enum Use: Hashable {
        /// Weights by place: of the loss with mask and ignored classes, of samples, of samples along the last axis.
        case weights, samples, lastAxisSamples
        /// Moved along with their classes.
        case output, target, gradient
    }

    init(_ allocator: Allocator) { self.allocator = allocator }

    func floats(_ use: Use, _ count: Int) throws(ApusError) -> UnsafeMutablePointer<Float> {
        if let held = floats[use], held.count >= count { return held.pointer }
        let fresh = try Buffer<Float>(count, in: allocator)
        floats[use] = fresh
        return fresh.pointer
    }
}
