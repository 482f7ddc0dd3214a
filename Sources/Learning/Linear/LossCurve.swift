import Core

/// Costs in the order they came, in memory from the context's allocator.
struct LossCurve {
    private var buffer: Buffer<Double>
    private(set) var count = 0
    private let allocator: Allocator

    init(in allocator: Allocator) throws(ApusError) {
        self.allocator = allocator
        buffer = try Buffer(64, in: allocator)
    }

    mutating func append(_ cost: Double) throws(ApusError) {
        if count == buffer.count {
            let larger = try Buffer<Double>(2 * count, in: allocator)
            larger.pointer.update(from: buffer.pointer, count: count)
            buffer = larger
        }
        buffer.pointer[count] = cost
        count += 1
    }

    /// As the attribute loss_curve_.
    func tensor() throws(ApusError) -> Tensor {
        try Tensor(doubles: buffer.pointer, Shape(count), in: allocator)
    }
}
