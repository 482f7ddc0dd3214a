import CApus
import Core
import Learning
import Networks
import Storage

/// Nesting that fits on the stack of any thread.
private let deepest = 1000

/// The limits of a load: the caller's, or the defaults.
func limits(_ given: UnsafePointer<apus_load_limits>?, _ context: Context) throws(ApusError) -> LoadLimits {
    let options = try options(
        given, standard: apus_load_limits(), atLeast: MemoryLayout<apus_load_limits>.size, "limits")
    guard options.max_depth >= 0 else { throw .invalid("max_depth must be >= 0, got \(options.max_depth).") }
    var result = LoadLimits()
    if options.max_bytes > 0 {
        result.maximumBytes = Int(clamping: options.max_bytes)
    } else {
        result.maximumBytes = min(result.maximumBytes, context.allocator.limit)
    }
    // Counts of layers are added to and multiplied by small numbers.
    if options.max_layers > 0 { result.maximumLayers = min(Int(clamping: options.max_layers), Int(Int32.max)) }
    if options.max_depth > 0 { result.maximumDepth = min(Int(options.max_depth), deepest) }
    return result
}

/// How a save stores arrays.
func storage(_ options: UnsafePointer<CChar>?) throws(ApusError) -> ArrayStorage {
    ArrayStorage(try Parameters(kind: "save", specs: ArrayStorage.specs, text: optionalText(options, "options")))
}

private let saveSpecs =
    [
        ParameterSpec(
            "format", .nullable(.choice(["h5", "keras", "weights"])), default: .null,
            "of a network's file; null for the one that the path's ending says")
    ] + ArrayStorage.specs

/// The file of a model.
///
/// - Parameter path: where it will be; nil for one that has no name, which is an .h5 file unless the options say.
private func encode(
    _ model: ModelHandle, _ given: UnsafePointer<CChar>?, path: String? = nil, _ context: Context
) throws(ApusError) -> FileParts {
    let options = try Parameters(kind: "save", specs: saveSpecs, text: optionalText(given, "options"))
    let format = options["format"]
    let storage = ArrayStorage(options)
    switch model.content {
    case .estimator(let model):
        guard format.isNull || format == "h5" else {
            throw .invalid("The format '\(format.stringValue ?? "")' is for networks; every other model is saved as h5.")
        }
        return try FileImage.parts(of: .estimator(EstimatorCatalog.record(of: model)), storage: storage, in: context)
    case .network(let network):
        let form: NetworkRecord.Form =
            switch format.stringValue {
            case "keras": .archive
            case "weights": .weights
            case nil: FileImage.form(ofFileAt: path ?? "")
            default: .legacy
            }
        return try FileImage.parts(of: .network(network.record(as: form, in: context)), storage: storage, in: context)
    }
}

/// Remembers the graph that a configuration gave, so that it is made once.
private final class GraphCell {
    var graph: NetworkGraph?
}

/// Where a model's file is.
private enum Source {
    case path(String)
    case bytes(UnsafeRawBufferPointer)
}

private func decode(
    _ source: Source, _ limits: LoadLimits, training: Bool, _ context: Context
) throws(ApusError) -> (SavedModel, NetworkGraph?) {
    let cell = GraphCell()
    func layout(_ config: JSON) throws(ApusError) -> NetworkLayout {
        let graph = try KerasConfig.read(config, in: context, maximumLayers: limits.maximumLayers)
        cell.graph = graph
        return NetworkModel.layout(graph)
    }
    let saved: SavedModel
    switch source {
    case .path(let path):
        saved = try FileImage.decode(path: path, limits: limits, in: context, training: training, layout: layout)
    case .bytes(let bytes):
        saved = try FileImage.decode(bytes: bytes, limits: limits, in: context, training: training, layout: layout)
    }
    return (saved, cell.graph)
}

/// The error as the fault of a file: what would be a caller's mistake elsewhere is damage there.
private func damage(_ error: ApusError) -> ApusError {
    switch error.code {
    case .invalidArgument, .shape, .dtype, .notFitted: ApusError(.corrupt, error.message)
    default: error
    }
}

private func load(_ source: Source, _ limits: LoadLimits, _ context: Context) throws(ApusError) -> ModelHandle {
    do throws(ApusError) {
        let (saved, graph) = try decode(source, limits, training: false, context)
        switch saved {
        case .estimator(let record):
            return ModelHandle(try EstimatorCatalog.load(record, in: context))
        case .network(let record):
            guard let graph else { throw ApusError(.internal, "A network was read without its graph.") }
            return ModelHandle(try NetworkModel(record: record, graph: graph, in: context))
        }
    } catch { throw damage(error) }
}

@implementation @_cdecl("apus_model_save")
public func apus_model_save(
    _ context: OpaquePointer?, _ model: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ options: UnsafePointer<CChar>?
) -> apus_status {
    boundary(context) { (context) throws(ApusError) in
        let model = try Apus.model(model)
        let path = try text(path, "path")
        try AtomicFile.write(encode(model, options, path: path, context), to: path, in: context)
    }
}

@implementation @_cdecl("apus_model_load")
public func apus_model_load(
    _ context: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ limits: UnsafePointer<apus_load_limits>?,
    _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> apus_status {
    boundary(context) { (context) throws(ApusError) in
        let out = try require(out, "out")
        out.pointee = handle(
            try load(.path(text(path, "path")), Apus.limits(limits, context), context))
    }
}

@implementation @_cdecl("apus_model_save_memory")
public func apus_model_save_memory(
    _ context: OpaquePointer?, _ model: OpaquePointer?, _ options: UnsafePointer<CChar>?,
    _ buffer: UnsafeMutableRawPointer?, _ capacity: Int, _ needed: UnsafeMutablePointer<Int>?
) -> apus_status {
    boundary(context) { (context) throws(ApusError) in
        let needed = try require(needed, "needed")
        let file = try encode(Apus.model(model), options, context)
        needed.pointee = file.count
        guard let buffer else {
            if capacity == 0 { return }
            throw .invalid("buffer must not be NULL with a capacity of \(capacity).")
        }
        guard UInt(bitPattern: capacity) >= UInt(file.count) else {
            throw ApusError(.bufferTooSmall, "The file needs \(file.count) bytes, the buffer has \(capacity).")
        }
        try file.copy(to: buffer)
    }
}

@implementation @_cdecl("apus_model_load_memory")
public func apus_model_load_memory(
    _ context: OpaquePointer?, _ bytes: UnsafeRawPointer?, _ size: Int, _ limits: UnsafePointer<apus_load_limits>?,
    _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> apus_status {
    boundary(context) { (context) throws(ApusError) in
        let out = try require(out, "out")
        let bytes = try require(bytes, "bytes")
        guard size >= 0 else { throw .invalid("size is too large.") }
        out.pointee = handle(
            try load(
                .bytes(UnsafeRawBufferPointer(start: bytes, count: size)), Apus.limits(limits, context), context))
    }
}

@implementation @_cdecl("apus_model_save_stream")
public func apus_model_save_stream(
    _ context: OpaquePointer?, _ model: OpaquePointer?, _ options: UnsafePointer<CChar>?,
    _ write: apus_write_callback?, _ user: UnsafeMutableRawPointer?
) -> apus_status {
    boundary(context) { (context) throws(ApusError) in
        let write = try require(write, "write")
        let file = try encode(Apus.model(model), options, context)
        let most = 1 << 20
        var done = 0
        try file.forEachRun { (run) throws(ApusError) in
            var place = 0
            while place < run.count, let start = run.baseAddress {
                try context.checkInterrupt()
                let count = min(most, run.count - place)
                let answer = write(user, start + place, count)
                guard answer == 0 else {
                    throw .io("The write callback returned \(answer) after \(done) of \(file.count) bytes.")
                }
                place += count
                done += count
            }
        }
    }
}

@implementation @_cdecl("apus_model_load_stream")
public func apus_model_load_stream(
    _ context: OpaquePointer?, _ read: apus_read_callback?, _ user: UnsafeMutableRawPointer?,
    _ limits: UnsafePointer<apus_load_limits>?, _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> apus_status {
    boundary(context) { (context) throws(ApusError) in
        let out = try require(out, "out")
        let read = try require(read, "read")
        let limits = try Apus.limits(limits, context)
        var buffer = try Buffer<UInt8>(1 << 16, in: context.allocator)
        var count = 0
        while true {
            try context.checkInterrupt()
            if count == buffer.count {
                guard count < limits.maximumBytes else {
                    throw .limit("The stream is longer than the limit of \(limits.maximumBytes) bytes.")
                }
                // One byte more than the limit, to see whether the stream ends at it.
                let larger = try Buffer<UInt8>(min(count * 2 - 1, limits.maximumBytes) + 1, in: context.allocator)
                larger.pointer.update(from: buffer.pointer, count: count)
                buffer = larger
            }
            let space = buffer.count - count
            let got = read(user, buffer.pointer + count, space)
            if got == 0 { break }
            guard got > 0, got <= Int64(space) else {
                throw .io("The read callback returned \(got) for \(space) bytes, after \(count).")
            }
            count += Int(got)
        }
        let bytes = UnsafeRawBufferPointer(start: buffer.pointer, count: count)
        out.pointee = handle(try load(.bytes(bytes), limits, context))
        withExtendedLifetime(buffer) {}
    }
}

@implementation @_cdecl("apus_trainer_save")
public func apus_trainer_save(_ context: OpaquePointer?, _ trainer: OpaquePointer?, _ path: UnsafePointer<CChar>?)
    -> apus_status
{
    training(context, trainer) { (context, trainer) throws(ApusError) in
        try saveCheckpoint(trainer, to: text(path, "path"), context)
    }
}

/// Writes a trainer's checkpoint.
func saveCheckpoint(_ trainer: Trainer, to path: String, _ context: Context) throws(ApusError) {
    // Weights alone are no checkpoint.
    let form: NetworkRecord.Form = FileImage.form(ofFileAt: path) == .archive ? .archive : .legacy
    let file = try FileImage.parts(of: .network(trainer.record(as: form, in: context)), in: context)
    try AtomicFile.write(file, to: path, in: context)
}

@implementation @_cdecl("apus_trainer_load")
public func apus_trainer_load(
    _ context: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ limits: UnsafePointer<apus_load_limits>?,
    _ out: UnsafeMutablePointer<OpaquePointer?>?, _ model: UnsafeMutablePointer<OpaquePointer?>?
) -> apus_status {
    boundary(context) { (context) throws(ApusError) in
        let out = try require(out, "out")
        let path = try text(path, "path")
        let limits = try Apus.limits(limits, context)
        let saved: SavedModel
        let graph: NetworkGraph?
        do throws(ApusError) {
            (saved, graph) = try decode(.path(path), limits, training: true, context)
        } catch { throw damage(error) }
        guard case .network(let record) = saved, let graph else {
            throw .unsupported("'\(path)' holds no network, so no checkpoint.")
        }
        do throws(ApusError) {
            let network = try NetworkModel(record: record, graph: graph, in: context)
            let trainer = try Trainer(record: record, model: network, in: context)
            out.pointee = handle(TrainerHandle(trainer))
            model?.pointee = handle(ModelHandle(network))
        } catch { throw damage(error.within("'\(path)'")) }
    }
}
