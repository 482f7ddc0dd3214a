import Core
import Glibc

/// Running an augmenter on batches.
extension Augmenter {
    /// Arrays of float32 with a row for each sample, which steps that mix samples mix too.
    struct Targets {
        let values: UnsafeMutablePointer<Float>
        let width: Int
    }

    /// Augments a batch of checked images into `out`, which may be them, and mixes `targets` where they lie.
    ///
    /// - Parameter name: what messages call the images.
    func run(
        _ images: ArrayView, _ shape: ImageShape, to out: ArrayView, targets: [Targets], key: SampleKey,
        name: String = "images", in context: Context
    ) throws(ApusError) {
        try checkFitted()
        let end = try outputShape(shape)
        let count = images.rows
        guard count > 0 else { return }
        let stages = stages
        var largest = shape.count
        var extents = shape
        for step in steps {
            extents = try step.outputShape(extents)
            largest = max(largest, extents.count)
        }
        let lanes = min(context.threads, count)
        let rooms = try Buffer<Float>(cappedProduct(2, lanes, largest), in: context.allocator)
        // Steps that mix work on the whole batch, as floats; between them it lies here.
        var batch: ArrayView?
        var held: Buffer<Float>?
        var previous: Buffer<Float>?
        defer { withExtendedLifetime((held, previous)) {} }
        let faults = try Buffer<Int>(lanes, in: context.allocator)
        faults.pointer.update(repeating: -1, count: lanes)
        var place = 0
        var now = shape
        repeat {
            var own: [Stage] = []
            while place < stages.count {
                if case .batch = stages[place] { break }
                own.append(stages[place])
                place += 1
            }
            let source = batch ?? images
            var after = now
            for case .framing(let step) in own { after = try step.transformation.outputShape(after) }
            var target = out
            if place < stages.count {
                // Rows of another size must not be written where others are still to be read.
                previous = held
                let buffer: Buffer<Float>
                if let held, after == now {
                    buffer = held
                } else {
                    buffer = try Buffer(cappedProduct(count, after.count), in: context.allocator)
                }
                held = buffer
                target = ArrayView(
                    data: UnsafeMutableRawPointer(buffer.pointer), dtype: .float32,
                    shape: after.shape.prefixed(by: count))
            }
            let (from, into, begin) = (source, target, now)
            let each = max(1, (1 << 14) / max(largest, 1))
            let slices = (count - 1) / each + 1
            context.parallel(slices, lanes: lanes) { slice, lane in
                for index in slice * each..<min(count, (slice + 1) * each) {
                    if context.isInterrupted { return }
                    let room = rooms.pointer + 2 * lane * largest
                    if !Augmenter.change(
                        from, index, begin, own, room, room + largest, into, key, isFirst: batch == nil),
                        faults.pointer[lane] < 0 || faults.pointer[lane] > index
                    { faults.pointer[lane] = index }
                }
            }
            try context.checkInterrupt()
            var fault = Int.max
            for lane in 0..<lanes where faults.pointer[lane] >= 0 { fault = min(fault, faults.pointer[lane]) }
            if fault < count { throw ImageRows.notFinite(images, fault, name) }
            now = after
            guard place < stages.count, case .batch(let step) = stages[place], let held else { return }
            batch = target
            place += 1
            try mix(step, held, now, count, targets, key, in: context)
            if place == stages.count {
                for index in 0..<count {
                    ImageRows.store(held.pointer + index * end.count, out, index, count: end.count)
                }
                return
            }
        } while true
    }

    /// One image through stages; false where it is not finite as it comes.
    private static func change(
        _ source: ArrayView, _ index: Int, _ shape: ImageShape, _ stages: [Stage],
        _ first: UnsafeMutablePointer<Float>, _ second: UnsafeMutablePointer<Float>, _ out: ArrayView, _ key: SampleKey,
        isFirst: Bool
    ) -> Bool {
        if !ImageRows.load(source, index, to: first, count: shape.count), isFirst { return false }
        var (image, other, shape) = (first, second, shape)
        for stage in stages {
            switch stage {
            case .resampling(let steps, let sampling):
                var map: AffineMap?
                for step in steps {
                    let draws = key.draws(index, step: step.number)
                    guard draws.takes(step.probability), let next = step.transformation.map(shape, draws) else {
                        continue
                    }
                    map = map.map { $0.followed(by: next) } ?? next
                }
                guard let map, map != .identity else { continue }
                sampling.resample(image, shape, map, to: other)
                swap(&image, &other)
            case .pixels(let step):
                let draws = key.draws(index, step: step.number)
                if draws.takes(step.probability) { step.transformation.apply(image, shape, draws) }
            case .framing(let step):
                step.transformation.apply(image, shape, to: other, key.draws(index, step: step.number))
                if let after = try? step.transformation.outputShape(shape) { shape = after }
                swap(&image, &other)
            case .batch: continue
            }
        }
        ImageRows.store(image, out, index, count: shape.count)
        return true
    }

    /// Mixes each sample with its partner in a permutation of the batch.
    private func mix(
        _ step: Step<any BatchTransformation>, _ images: Buffer<Float>, _ shape: ImageShape, _ count: Int,
        _ targets: [Targets], _ key: SampleKey, in context: Context
    ) throws(ApusError) {
        let order = try Buffer<Int>(count, in: context.allocator)
        key.batchRandom(step: step.number).permute(order.pointer, count: count)
        let size = shape.count
        let before = try Buffer(copying: images.pointer, count: count * size, in: context.allocator)
        func mixture(_ index: Int) -> Mixture {
            let draws = key.draws(index, step: step.number)
            return draws.takes(step.probability) ? step.transformation.mixture(shape, draws) : .none
        }
        context.parallel(over: count, by: max(1, (1 << 15) / size)) { range in
            for index in range {
                mixture(index).apply(images.pointer + index * size, before.pointer + order.pointer[index] * size, shape)
            }
        }
        for target in targets where target.width > 0 {
            let before = try Buffer(copying: target.values, count: count * target.width, in: context.allocator)
            for index in 0..<count {
                mixture(index).mix(
                    target.values + index * target.width, before.pointer + order.pointer[index] * target.width,
                    count: target.width)
            }
        }
    }

    /// Augments images of an array into another, with targets that are mixed where a step mixes.
    ///
    /// - Parameters:
    ///   - key: asked for when everything else was checked.
    ///   - images: float32 or uint8, (images, height, width, channels), finite.
    ///   - out: float32 or uint8 of the shape that `outputShape` gives; it may be the images themselves.
    ///   - targets: real, a row for each image; nil for none.
    ///   - mixed: float32 or float64 of the shape of the targets, which it may be.
    package func augment(
        _ images: ArrayView, targets: ArrayView?, key: () throws(ApusError) -> SampleKey, to out: ArrayView,
        mixed: ArrayView?, in context: Context
    ) throws(ApusError) {
        try Augmenter.checkKind(images, "images")
        try Augmenter.checkKind(out, "out")
        let shape = try ImageShape(row: images.shape.dropFirst(1), "images")
        let expected = try outputShape(shape).shape.prefixed(by: images.rows)
        guard out.shape == expected else { throw .shape("out must have shape \(expected), got \(out.shape).") }
        try images.requireApart(from: out, "images", "out", orSame: true)
        if (targets == nil) != (mixed == nil) {
            throw .invalid("targets and out_targets belong together: give both or neither.")
        }
        if targets == nil, mixesSamples {
            throw .invalid("A step that mixes samples mixes their targets too: give targets and out_targets.")
        }
        guard let targets, let mixed else {
            try checkFitted()
            return try run(images, shape, to: out, targets: [], key: key(), in: context)
        }
        guard targets.shape.rank >= 1, targets.rows == images.rows else {
            throw .shape("targets must have \(images.rows) rows, as many as images, got shape \(targets.shape).")
        }
        guard mixed.shape == targets.shape else {
            throw .shape("out_targets must have shape \(targets.shape), got \(mixed.shape).")
        }
        guard mixed.dtype == .float32 || mixed.dtype == .float64 else {
            throw .dtype("out_targets must be float32 or float64, got \(mixed.dtype.name).")
        }
        try targets.requireApart(from: mixed, "targets", "out_targets", orSame: true)
        try out.requireApart(from: mixed, "out", "out_targets", orSame: false)
        try images.requireApart(from: mixed, "images", "out_targets", orSame: false)
        try targets.requireApart(from: out, "targets", "out", orSame: false)
        let values = try Buffer<Float>(targets.count, in: context.allocator)
        try targets.copy(to: values.pointer, name: "targets")
        let width = targets.rowCount
        try checkFitted()
        try run(
            images, shape, to: out, targets: [Targets(values: values.pointer, width: width)], key: key(), in: context)
        try mixed.write(UnsafePointer(values.pointer), name: "out_targets")
    }
}
