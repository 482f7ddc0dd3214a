import CApus
import CVector
import Core
import Learning
import Networks

/// What an `apus_model *` points to.
final class ModelHandle {
    enum Content {
        case estimator(any FittedModel)
        case network(NetworkModel)
    }
    let content: Content

    init(_ model: any FittedModel) { content = .estimator(model) }
    init(_ network: NetworkModel) { content = .network(network) }

    /// The network, or an error that names what it is instead.
    func network() throws(ApusError) -> NetworkModel {
        switch content {
        case .network(let network): return network
        case .estimator(let model): throw .invalid("model must be a network, it is a \(model.parameters.kind).")
        }
    }
}

func model(_ pointer: OpaquePointer?) throws(ApusError) -> ModelHandle {
    object(try require(pointer, "model"), as: ModelHandle.self)
}

/// A caller's progress callback as a sink, called in the caller's own floating-point state; nil stays nil.
func sink(_ callback: apus_progress_callback?, _ user: UnsafeMutableRawPointer?, _ context: Context) -> ProgressSink? {
    guard let callback else { return nil }
    return { report in
        var progress = apus_progress()
        progress.struct_size = UInt32(MemoryLayout<apus_progress>.size)
        progress.stage = report.stage.rawValue
        progress.epoch = Int64(report.epoch)
        progress.epochs = Int64(report.epochs)
        progress.batch = Int64(report.batch)
        progress.batches = Int64(report.batches)
        progress.samples = Int64(report.samples)
        progress.seconds = report.seconds
        progress.samples_per_second = report.samplesPerSecond
        progress.loss = report.loss
        progress.validation_loss = report.validationLoss
        progress.n_metrics = Int32(report.metrics.count)
        progress.has_validation = report.hasValidation ? 1 : 0
        let names = CStrings(report.metricNames)
        let decision: Int32 = report.metrics.withUnsafeBufferPointer { metrics in
            report.validationMetrics.withUnsafeBufferPointer { held in
                progress.metric_names = names.pointer
                progress.metrics = metrics.baseAddress
                progress.validation_metrics = report.hasValidation ? held.baseAddress : nil
                return withUnsafePointer(to: progress) { progress in
                    inCallersState(context) { callback(user, progress) }
                }
            }
        }
        return decision == 0 ? .go : decision > 0 ? .stop : .abort
    }
}

@implementation @_cdecl("apus_fit")
public func apus_fit(
    _ context: OpaquePointer?, _ kind: UnsafePointer<CChar>?, _ parameters: UnsafePointer<CChar>?,
    _ x: UnsafePointer<apus_array>?, _ y: UnsafePointer<apus_array>?, _ options: UnsafePointer<apus_fit_options>?,
    _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> apus_status {
    boundary(context) { (context) throws(ApusError) in
        let out = try require(out, "out")
        let entry = try EstimatorCatalog.entry(text(kind, "kind"))
        let parameters = try Parameters(
            kind: entry.kind, specs: entry.parameters, text: optionalText(parameters, "parameters"))
        let options = try Apus.options(
            options, standard: apus_fit_options(), atLeast: apus_fit_options.sizeOfVersion1, "options")
        if options.class_weight != nil {
            throw .invalid("class_weight is for networks; an estimator that weighs classes has a parameter of that name.")
        }
        let x = try input(x, "x")
        guard x.shape.rank == 2, x.shape[0] > 0, x.shape[1] > 0 else {
            throw .shape("x must have two dimensions, rows by columns, with at least one of each, got \(x.shape).")
        }
        var names: [String]?
        if let list = options.feature_names {
            var given: [String] = []
            for column in 0..<x.shape[1] { given.append(try text(list[column], "feature_names")) }
            names = given
        }
        let fit = FitInput(
            context: context, parameters: parameters, x: x, y: y == nil ? nil : try input(y, "y"),
            sampleWeight: options.sample_weight == nil ? nil : try input(options.sample_weight, "sample_weight"),
            featureNames: names, progress: sink(options.progress, options.progress_user, context))
        out.pointee = handle(ModelHandle(try entry.fit(fit)))
    }
}

@implementation @_cdecl("apus_model_free")
public func apus_model_free(_ model: OpaquePointer?) {
    release(model, as: ModelHandle.self)
}

private func prediction(_ what: Int32) throws(ApusError) -> Prediction {
    guard let prediction = Prediction(rawValue: what) else {
        throw .invalid("what must be 0 (APUS_PREDICT) to 3 (APUS_INVERSE_TRANSFORM), got \(what).")
    }
    return prediction
}

/// dtype and shape of a prediction; x is checked against the model.
private func shape(_ model: ModelHandle, _ what: Prediction, _ x: ArrayView) throws(ApusError) -> (DType, Shape) {
    switch model.content {
    case .estimator(let model):
        let (dtype, shape) = try model.outputShape(what, rows: x.rows)
        guard x.shape.rank == 2 else {
            throw .shape("x must have two dimensions, rows by columns, got \(x.shape).")
        }
        if what != .inverseTransform, x.shape[1] != model.features {
            throw .shape("x must have \(model.features) columns as in training, got \(x.shape[1]).")
        }
        guard x.rows > 0 else { throw .shape("x must have at least one row, got shape \(x.shape).") }
        return (dtype, shape)
    case .network(let network):
        guard what == .predict else { throw .unsupported("A network predicts its outputs alone, not \(what.name).") }
        guard network.graph.inputs.count == 1 else {
            throw .unsupported("The network has \(network.graph.inputs.count) inputs: run it through a session.")
        }
        try Rows.check(x, of: network.graph.inputShape(0), name: "x")
        guard x.rows > 0 else { throw .shape("x must have at least one row, got shape \(x.shape).") }
        let shapes = try network.graph.outputShapes(for: [x.shape.dropFirst(1)])
        return (.float32, shapes[0].prefixed(by: x.rows))
    }
}

@implementation @_cdecl("apus_model_output_shape")
public func apus_model_output_shape(
    _ context: OpaquePointer?, _ model: OpaquePointer?, _ what: Int32, _ x: UnsafePointer<apus_array>?,
    _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context) { (_) throws(ApusError) in
        let out = try require(out, "out")
        let (dtype, extents) = try shape(Apus.model(model), prediction(what), input(x, "x"))
        try describe(dtype, extents, in: out)
    }
}

/// Rows that a network predicts at once.
private let rowsAtOnce = 512

@implementation @_cdecl("apus_predict")
public func apus_predict(
    _ context: OpaquePointer?, _ model: OpaquePointer?, _ what: Int32, _ x: UnsafePointer<apus_array>?,
    _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context) { (context) throws(ApusError) in
        let model = try Apus.model(model)
        let what = try prediction(what)
        let x = try input(x, "x")
        let (_, extents) = try shape(model, what, x)
        let out = try output(out, "out")
        guard out.shape == extents else { throw .shape("out must have shape \(extents), got \(out.shape).") }
        switch model.content {
        case .estimator(let model): try model.predict(what, x, into: out, in: context)
        case .network(let network): try predict(network, x, into: out, in: context)
        }
    }
}

private func predict(_ network: NetworkModel, _ x: ArrayView, into out: ArrayView, in context: Context)
    throws(ApusError)
{
    guard out.dtype == .float32 || out.dtype == .float64 else {
        throw .dtype("out must be float32 or float64, got \(out.dtype.name).")
    }
    let session = try Session(network, maximumRows: min(x.rows, rowsAtOnce), in: context)
    var done = 0
    while done < x.rows {
        try context.checkInterrupt()
        let rows = min(rowsAtOnce, x.rows - done)
        let part = x.rows(done, rows)
        try session.checkInput(part, 0)
        try session.prepare(in: context)
        try session.load(part, 0)
        session.run(rows: rows, in: context)
        try session.store(0, into: out.rows(done, rows))
        done += rows
    }
}

@implementation @_cdecl("apus_model_attribute")
public func apus_model_attribute(
    _ context: OpaquePointer?, _ model: OpaquePointer?, _ name: UnsafePointer<CChar>?,
    _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context) { (_) throws(ApusError) in
        let model = try Apus.model(model)
        let name = try text(name, "name")
        switch model.content {
        case .estimator(let model):
            let attributes = model.attributes
            guard let attribute = attributes.first(where: { $0.name == name }) else {
                throw .invalid(
                    "A \(model.parameters.kind) has no attribute '\(name)'; it has \(attributes.map(\.name).joined(separator: ", "))."
                )
            }
            try deliver(attribute.value.view, to: out)
        case .network(let network):
            let slot = try network.graph.slot(name)
            let weights = network.weights
            try deliver(NetworkModel.view(slot, in: weights), to: out)
            withExtendedLifetime(weights) {}
        }
    }
}

@implementation @_cdecl("apus_model_info")
public func apus_model_info(
    _ context: OpaquePointer?, _ model: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int,
    _ needed: UnsafeMutablePointer<Int>?
) -> apus_status {
    boundary(context) { (context) throws(ApusError) in
        switch try Apus.model(model).content {
        case .network(let network): try write(network.info(in: context).text, to: buffer, capacity, needed)
        case .estimator(let model):
            let info: JSON = [
                "kind": .string(model.parameters.kind), "parameters": model.parameters.json,
                "n_features": .integer(model.features),
                "feature_names": model.featureNames.map { .array($0.map { .string($0) }) } ?? .null,
                "attributes": .array(
                    model.attributes.map { attribute in
                        [
                            "name": .string(attribute.name), "dtype": .string(attribute.value.dtype.name),
                            "shape": .array(attribute.value.shape.extents.map { .integer($0) }),
                        ]
                    }),
            ]
            try write(info.text, to: buffer, capacity, needed)
        }
    }
}
