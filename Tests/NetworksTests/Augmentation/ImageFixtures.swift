import Core
import Networks

/// Images and augmenters for tests.
struct Picturing {
    let context: Context

    init(threads: Int = 1, seed: UInt64 = 1) throws { context = try Context(threads: threads, seed: seed) }

    /// Values on [0, 1).
    func images(_ shape: [Int], seed: UInt64 = 3) throws -> Tensor {
        let tensor = try Tensor(.float32, Shape(shape), in: context.allocator)
        let stream = Philox(seed: seed, stream: 5)
        for index in 0..<tensor.count { tensor.floats[index] = Float(stream.uniform(UInt64(index))) }
        return tensor
    }

    func image(_ rows: [[Float]]) throws -> Tensor {
        try Fixtures.tensor(rows.flatMap { $0 }, [1, rows.count, rows[0].count, 1], in: context)
    }

    /// What steps make of images, as floats.
    func augment(
        _ steps: String, _ images: Tensor, seed: UInt64 = 1, epoch: UInt64 = 0, first: Int = 0
    ) throws -> [Float] {
        try augment(steps, images, nil, seed: seed, epoch: epoch, first: first).images
    }

    func augment(
        _ steps: String, _ images: Tensor, _ targets: Tensor?, seed: UInt64 = 1, epoch: UInt64 = 0, first: Int = 0
    ) throws -> (images: [Float], targets: [Float]) {
        defer { withExtendedLifetime((images, targets)) {} }
        let augmenter = try Augmenter(steps)
        let shape = try augmenter.outputShape(images.view)
        let out = try Tensor(.float32, shape, in: context.allocator)
        let mixed = try targets.map { try Tensor(.float32, $0.shape, in: context.allocator) }
        try augmenter.augment(
            images.view, targets: targets?.view, key: { SampleKey(seed: seed, epoch: epoch, first: first) },
            to: out.view, mixed: mixed?.view, in: context)
        return (out.floatArray, mixed?.floatArray ?? [])
    }

    /// What augmenting says that fails; nil when it does not.
    func refusal(_ steps: String, _ images: Tensor) -> String? {
        do { _ = try augment(steps, images) } catch { return (error as? ApusError)?.message ?? "another error" }
        return nil
    }
}
