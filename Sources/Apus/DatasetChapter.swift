import CApus
import Core
import Networks
import Storage

/// What an `apus_dataset *` points to.
final class DatasetHandle {
    let source: any DataSource

    init(_ source: any DataSource) { self.source = source }
}

/// A dataset of any kind.
func dataSource(_ pointer: OpaquePointer?, _ name: StaticString) throws(ApusError) -> any DataSource {
    object(try require(pointer, name), as: DatasetHandle.self).source
}

/// A dataset of arrays. Throws `unsupported` for one whose rows come a few at a time.
func dataset(_ pointer: OpaquePointer?, _ name: StaticString) throws(ApusError) -> Dataset {
    guard let arrays = try dataSource(pointer, name) as? Dataset else {
        throw .unsupported("\(name) must be of arrays (apus_dataset_create): this call needs all rows in memory.")
    }
    return arrays
}

@implementation @_cdecl("apus_dataset_free")
public func apus_dataset_free(_ dataset: OpaquePointer?) {
    release(dataset, as: DatasetHandle.self)
}

@implementation @_cdecl("apus_dataset_open_hdf5")
public func apus_dataset_open_hdf5(
    _ context: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ parameters: UnsafePointer<CChar>?,
    _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> apus_status {
    boundary(context) { (context) throws(ApusError) in
        let out = try require(out, "out")
        let path = try text(path, "path")
        let parameters = try Parameters(
            kind: "hdf5_dataset", specs: HDF5Source.specs, text: optionalText(parameters, "parameters"))
        out.pointee = handle(DatasetHandle(try HDF5Source(path: path, parameters, in: context)))
    }
}

@implementation @_cdecl("apus_dataset_info")
public func apus_dataset_info(
    _ context: OpaquePointer?, _ dataset: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int,
    _ needed: UnsafeMutablePointer<Int>?
) -> apus_status {
    boundary(context) { (_) throws(ApusError) in
        let source = try dataSource(dataset, "dataset")
        func describe(_ views: [ArrayView?]) -> JSON {
            .array(
                views.map { view in
                    guard let view else { return .null }
                    let shape = view.shape.dropFirst(1).extents.map { JSON.integer($0) }
                    return ["dtype": .string(view.dtype.name), "shape": .array(shape)]
                })
        }
        let info: JSON = [
            "rows": source.rows.map { JSON.integer($0) } ?? .null, "inputs": describe(source.form.inputs),
            "targets": describe(source.form.targets), "sample_weights": describe(source.form.sampleWeights),
        ]
        try write(info.text, to: buffer, capacity, needed)
    }
}

@implementation @_cdecl("apus_predict_dataset")
public func apus_predict_dataset(
    _ context: OpaquePointer?, _ model: OpaquePointer?, _ data: OpaquePointer?, _ batchSize: Int64,
    _ outputs: UnsafeMutablePointer<apus_array>?, _ outputCount: Int32
) -> apus_status {
    boundary(context) { (context) throws(ApusError) in
        let network = try Apus.model(model).network()
        let source = try dataSource(data, "dataset")
        let views = try Apus.outputs(outputs, outputCount, "outputs")
        try network.predict(source, batchSize: batchSize == 0 ? 32 : Int(batchSize), into: views, in: context)
    }
}

@implementation @_cdecl("apus_dataset_from_callback")
public func apus_dataset_from_callback(
    _ context: OpaquePointer?, _ form: UnsafePointer<apus_batch_form>?, _ callback: apus_batch_callback?,
    _ user: UnsafeMutableRawPointer?, _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> apus_status {
    boundary(context) { (_) throws(ApusError) in
        let out = try require(out, "out")
        let callback = try require(callback, "callback")
        let form = try options(
            require(form, "form"), standard: apus_batch_form(), atLeast: MemoryLayout<apus_batch_form>.size, "form")
        guard form.n_inputs >= 1 else { throw .invalid("n_inputs must be at least 1, got \(form.n_inputs).") }
        guard form.rows >= 0, form.batches >= 0 else {
            throw .invalid("rows and batches must be >= 0, got \(form.rows) and \(form.batches).")
        }
        guard form.rows == 0 || form.batches == 0 else {
            throw .invalid("rows and batches must not both be given, got \(form.rows) and \(form.batches).")
        }
        guard form.any_rows == 0 || form.rows == 0 else {
            throw .invalid("any_rows goes with batches or an unknown end, not with rows.")
        }
        let length: CallbackSource.Length =
            form.rows > 0 ? .rows(Int(form.rows)) : form.batches > 0 ? .batches(Int(form.batches)) : .unknown
        let source = try CallbackSource(
            inputs: forms(form.inputs, form.n_inputs, "inputs"),
            targets: forms(form.targets, form.n_targets, "targets"),
            sampleWeights: forms(form.sample_weights, form.n_sample_weights, "sample_weights"), length: length,
            takesAnyRows: form.any_rows != 0
        ) { request, context in fill(request, callback, user, context) }
        out.pointee = handle(DatasetHandle(source))
    }
}

/// Lets the caller's function fill a batch; what it returned.
private func fill(
    _ request: CallbackSource.Request, _ callback: apus_batch_callback, _ user: UnsafeMutableRawPointer?,
    _ context: Context
) -> Int {
    var batch = apus_batch()
    batch.struct_size = UInt32(MemoryLayout<apus_batch>.size)
    batch.stage = request.beginsEpoch ? APUS_BATCH_EPOCH : APUS_BATCH_FILL
    batch.epoch = Int64(request.epoch)
    batch.batch = Int64(request.batch)
    batch.row = Int64(request.row)
    batch.rows = Int64(request.rows)
    batch.n_inputs = Int32(request.inputs.count)
    batch.n_targets = Int32(request.targets.count)
    batch.n_sample_weights = Int32(request.sampleWeights.count)
    let inputs = request.inputs.map(lent)
    let targets = request.targets.map(lent)
    let weights = request.sampleWeights.map(lent)
    return inputs.withUnsafeBufferPointer { inputs in
        targets.withUnsafeBufferPointer { targets in
            weights.withUnsafeBufferPointer { weights in
                batch.inputs = inputs.baseAddress
                batch.targets = targets.baseAddress
                batch.sample_weights = weights.baseAddress
                return withUnsafePointer(to: batch) { batch in
                    Int(inCallersState(context) { callback(user, batch) })
                }
            }
        }
    }
}
