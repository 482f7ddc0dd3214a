import CApus
import Core
import Networks
import Synchronization

/// What an `apus_augmenter *` or `apus_text_augmenter *` points to: one thread at a time.
final class AugmenterHandle<Augmenter: AnyObject> {
    private var augmenter: Augmenter
    private let busy = Atomic<Bool>(false)

    init(_ augmenter: Augmenter) { self.augmenter = augmenter }

    /// Runs `body` alone. Throws `busy` while another thread or a callback is inside.
    func use(_ body: (inout Augmenter) throws(ApusError) -> Void) throws(ApusError) {
        guard busy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else {
            throw ApusError(.busy, "The augmenter is in use by another thread or callback.")
        }
        defer { busy.store(false, ordering: .releasing) }
        try body(&augmenter)
    }
}

private typealias ImageHandle = AugmenterHandle<Augmenter>
private typealias TextHandle = AugmenterHandle<TextAugmenter>

/// Every call on an augmenter of images.
private func augmenting(
    _ context: OpaquePointer?, _ augmenter: OpaquePointer?,
    _ body: (Context, inout Augmenter) throws(ApusError) -> Void
) -> apus_status {
    boundary(context) { (context) throws(ApusError) in
        let handle = object(try require(augmenter, "augmenter"), as: ImageHandle.self)
        try handle.use { (augmenter) throws(ApusError) in try body(context, &augmenter) }
    }
}

/// Every call on an augmenter of text.
private func augmentingText(
    _ context: OpaquePointer?, _ augmenter: OpaquePointer?, _ body: (Context, TextAugmenter) throws(ApusError) -> Void
) -> apus_status {
    boundary(context) { (context) throws(ApusError) in
        let handle = object(try require(augmenter, "augmenter"), as: TextHandle.self)
        try handle.use { (augmenter) throws(ApusError) in try body(context, augmenter) }
    }
}

/// What options say of the random numbers of `count` samples, and the numbers of the rows, which must be held as long.
private struct Keys {
    private let options: apus_augment_options
    private var numbers: Buffer<Int>?

    init(_ pointer: UnsafePointer<apus_augment_options>?, count: Int, _ context: Context) throws(ApusError) {
        options = try Apus.options(
            pointer, standard: apus_augment_options(), atLeast: MemoryLayout<apus_augment_options>.size, "options")
        guard options.rows != nil else { return }
        let view = try input(options.rows, "rows")
        guard view.shape.rank == 1, view.count == count else {
            throw .shape("rows must have shape (\(count),), one number for each sample, got \(view.shape).")
        }
        guard view.dtype == .int64 || view.dtype == .int32 else {
            throw .dtype("rows must be int64 or int32, got \(view.dtype.name).")
        }
        let numbers = try Buffer<Int>(view.count, in: context.allocator)
        try numbers.pointer.withMemoryRebound(to: Int64.self, capacity: max(view.count, 1)) {
            (values) throws(ApusError) in try view.copy(to: values, name: "rows")
        }
        self.numbers = numbers
    }

    /// A stream of the context where no seed is given.
    func key(_ context: Context) -> SampleKey {
        SampleKey(
            seed: options.seeded != 0 ? options.seed : context.nextStream().bits64(0), epoch: options.epoch,
            first: Int(options.first), rows: numbers.map { UnsafePointer($0.pointer) })
    }
}

@implementation @_cdecl("apus_augmenter_create")
public func apus_augmenter_create(
    _ context: OpaquePointer?, _ steps: UnsafePointer<CChar>?, _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> apus_status {
    boundary(context) { (_) throws(ApusError) in
        let out = try require(out, "out")
        out.pointee = handle(ImageHandle(try Augmenter(text(steps, "steps"))))
    }
}

@implementation @_cdecl("apus_augmenter_free")
public func apus_augmenter_free(_ augmenter: OpaquePointer?) {
    release(augmenter, as: ImageHandle.self)
}

@implementation @_cdecl("apus_augmenter_fit")
public func apus_augmenter_fit(
    _ context: OpaquePointer?, _ augmenter: OpaquePointer?, _ images: UnsafePointer<apus_array>?
) -> apus_status {
    augmenting(context, augmenter) { (context, augmenter) throws(ApusError) in
        augmenter = try augmenter.fitted(to: input(images, "images"), in: context)
    }
}

@implementation @_cdecl("apus_augmenter_config")
public func apus_augmenter_config(
    _ context: OpaquePointer?, _ augmenter: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int,
    _ needed: UnsafeMutablePointer<Int>?
) -> apus_status {
    augmenting(context, augmenter) { (_, augmenter) throws(ApusError) in
        try write(augmenter.config.text, to: buffer, capacity, needed)
    }
}

@implementation @_cdecl("apus_augmenter_output_shape")
public func apus_augmenter_output_shape(
    _ context: OpaquePointer?, _ augmenter: OpaquePointer?, _ images: UnsafePointer<apus_array>?,
    _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    augmenting(context, augmenter) { (_, augmenter) throws(ApusError) in
        let images = try input(images, "images")
        try describe(images.dtype, augmenter.outputShape(images), in: require(out, "out"))
    }
}

@implementation @_cdecl("apus_augment")
public func apus_augment(
    _ context: OpaquePointer?, _ augmenter: OpaquePointer?, _ images: UnsafePointer<apus_array>?,
    _ targets: UnsafePointer<apus_array>?, _ options: UnsafePointer<apus_augment_options>?,
    _ out: UnsafeMutablePointer<apus_array>?, _ outTargets: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    augmenting(context, augmenter) { (context, augmenter) throws(ApusError) in
        let images = try input(images, "images")
        let keys = try Keys(options, count: images.rows, context)
        try augmenter.augment(
            images, targets: targets == nil ? nil : input(targets, "targets"), key: { keys.key(context) },
            to: output(out, "out"), mixed: outTargets == nil ? nil : output(outTargets, "out_targets"), in: context)
        withExtendedLifetime(keys) {}
    }
}

@implementation @_cdecl("apus_dataset_set_augmentation")
public func apus_dataset_set_augmentation(
    _ context: OpaquePointer?, _ dataset: OpaquePointer?, _ augmenter: OpaquePointer?, _ inputNumber: Int32
) -> apus_status {
    boundary(context) { (_) throws(ApusError) in
        let data = try dataSource(dataset, "dataset").form
        guard let augmenter else { return try data.setAugmentation(nil, input: 0) }
        try object(augmenter, as: ImageHandle.self).use { (augmenter) throws(ApusError) in
            try data.setAugmentation(augmenter, input: Int(inputNumber))
        }
    }
}

@implementation @_cdecl("apus_text_augmenter_create")
public func apus_text_augmenter_create(
    _ context: OpaquePointer?, _ steps: UnsafePointer<CChar>?, _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> apus_status {
    boundary(context) { (_) throws(ApusError) in
        let out = try require(out, "out")
        out.pointee = handle(TextHandle(try TextAugmenter(text(steps, "steps"))))
    }
}

@implementation @_cdecl("apus_text_augmenter_free")
public func apus_text_augmenter_free(_ augmenter: OpaquePointer?) {
    release(augmenter, as: TextHandle.self)
}

@implementation @_cdecl("apus_text_augmenter_set_synonyms")
public func apus_text_augmenter_set_synonyms(
    _ context: OpaquePointer?, _ augmenter: OpaquePointer?, _ offsets: UnsafePointer<apus_array>?,
    _ ids: UnsafePointer<apus_array>?
) -> apus_status {
    augmentingText(context, augmenter) { (context, augmenter) throws(ApusError) in
        try augmenter.setSynonyms(offsets: input(offsets, "offsets"), ids: input(ids, "ids"), in: context)
    }
}

@implementation @_cdecl("apus_text_augmenter_set_embeddings")
public func apus_text_augmenter_set_embeddings(
    _ context: OpaquePointer?, _ augmenter: OpaquePointer?, _ embeddings: UnsafePointer<apus_array>?
) -> apus_status {
    augmentingText(context, augmenter) { (context, augmenter) throws(ApusError) in
        try augmenter.setEmbeddings(input(embeddings, "embeddings"), in: context)
    }
}

@implementation @_cdecl("apus_augment_tokens")
public func apus_augment_tokens(
    _ context: OpaquePointer?, _ augmenter: OpaquePointer?, _ tokens: UnsafePointer<apus_array>?,
    _ mask: UnsafePointer<apus_array>?, _ padding: Int64, _ options: UnsafePointer<apus_augment_options>?,
    _ out: UnsafeMutablePointer<apus_array>?, _ outMask: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    augmentingText(context, augmenter) { (context, augmenter) throws(ApusError) in
        let tokens = try input(tokens, "tokens")
        let keys = try Keys(options, count: tokens.rows, context)
        try augmenter.augment(
            tokens, mask: mask == nil ? nil : input(mask, "mask"), padding: padding, key: { keys.key(context) },
            to: output(out, "out"), outMask: outMask == nil ? nil : output(outMask, "out_mask"), in: context)
        withExtendedLifetime(keys) {}
    }
}
