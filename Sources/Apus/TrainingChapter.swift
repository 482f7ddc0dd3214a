import CApus
import Core
import Networks
import Synchronization

/// What an `apus_trainer *` points to: one thread at a time.
final class TrainerHandle {
    let trainer: Trainer
    private let busy = Atomic<Bool>(false)

    init(_ trainer: Trainer) { self.trainer = trainer }

    /// Runs `body` alone. Throws `busy` while another thread or a callback is inside.
    func use(_ body: (Trainer) throws(ApusError) -> Void) throws(ApusError) {
        guard busy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else {
            throw ApusError(.busy, "The trainer is in use by another thread or callback.")
        }
        defer { busy.store(false, ordering: .releasing) }
        try body(trainer)
    }
}

/// Every call on a trainer.
@inline(__always)
func training(
    _ context: OpaquePointer?, _ trainer: OpaquePointer?, _ body: (Context, Trainer) throws(ApusError) -> Void
) -> apus_status {
    boundary(context) { (context) throws(ApusError) in
        let handle = object(try require(trainer, "trainer"), as: TrainerHandle.self)
        try handle.use { (trainer) throws(ApusError) in try body(context, trainer) }
    }
}

/// The caller's arrays for values whose rows have these shapes, checked before anything is computed; none for NULL
/// with 0.
private func results(
    _ pointer: UnsafeMutablePointer<apus_array>?, _ count: Int32, of shapes: [Shape], rows: Int, _ name: String,
    _ side: String
) throws(ApusError) -> [ArrayView] {
    if pointer == nil, count == 0 { return [] }
    let views = try outputs(pointer, count, name)
    guard views.count == shapes.count else {
        throw .invalid("The network has \(shapes.count) \(side), got \(views.count) \(name).")
    }
    for (index, view) in views.enumerated() {
        let shape = shapes[index].prefixed(by: rows)
        guard view.shape == shape else {
            throw .shape("\(name)[\(index)] must have shape \(shape), got \(view.shape).")
        }
        try checkReal(view, "\(name)[\(index)]")
    }
    return views
}

/// Throws for an output that real values cannot go to, before anything is computed.
private func checkReal(_ view: ArrayView, _ name: String) throws(ApusError) {
    guard view.dtype == .float32 || view.dtype == .float64 else {
        throw .dtype("\(name) must be float32 or float64, got \(view.dtype.name).")
    }
}

@implementation @_cdecl("apus_dataset_create")
public func apus_dataset_create(
    _ context: OpaquePointer?, _ inputs: UnsafePointer<apus_array>?, _ inputCount: Int32,
    _ targets: UnsafePointer<apus_array>?, _ targetCount: Int32, _ weight: UnsafePointer<apus_array>?,
    _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> apus_status {
    boundary(context) { (_) throws(ApusError) in
        let out = try require(out, "out")
        out.pointee = handle(DatasetHandle(try batch(inputs, inputCount, targets, targetCount, weight)))
    }
}

private func batch(
    _ inputs: UnsafePointer<apus_array>?, _ inputCount: Int32, _ targets: UnsafePointer<apus_array>?,
    _ targetCount: Int32, _ weight: UnsafePointer<apus_array>?
) throws(ApusError) -> Dataset {
    guard inputCount > 0 else { throw .invalid("n_inputs must be at least 1, got \(inputCount).") }
    return try Dataset(
        inputs: Apus.inputs(inputs, inputCount, "inputs"), targets: Apus.inputs(targets, targetCount, "targets"),
        sampleWeight: weight == nil ? nil : input(weight, "sample_weight"))
}

@implementation @_cdecl("apus_dataset_set_sample_weights")
public func apus_dataset_set_sample_weights(
    _ context: OpaquePointer?, _ dataset: OpaquePointer?, _ weights: UnsafePointer<apus_array>?, _ count: Int32
) -> apus_status {
    boundary(context) { (_) throws(ApusError) in
        let data = try Apus.dataset(dataset, "dataset")
        guard count >= 0, count <= 4096 else { throw .invalid("n_weights must be in [0, 4096], got \(count).") }
        var views: [ArrayView?] = []
        if count > 0 {
            let weights = try require(weights, "weights")
            for index in 0..<Int(count) {
                views.append(weights[index].data == nil ? nil : try input(weights + index, "weights"))
            }
        }
        try data.setSampleWeights(views)
    }
}

/// One weight >= 0 for each class.
private func classWeights(_ view: ArrayView, _ context: Context) throws(ApusError) -> [Float] {
    guard view.shape.rank == 1, view.count >= 1, view.count <= 1 << 20 else {
        throw .shape("class_weight must be an array of one weight for each class, got shape \(view.shape).")
    }
    let values = try Buffer<Float>(view.count, in: context.allocator)
    try view.copy(to: values.pointer, name: "class_weight")
    let result = values.array
    for (number, weight) in result.enumerated() where !(weight >= 0 && weight.isFinite) {
        throw .invalid("class_weight must be >= 0 and finite, class \(number) has \(weight).")
    }
    return result
}

@implementation @_cdecl("apus_trainer_create")
public func apus_trainer_create(
    _ context: OpaquePointer?, _ model: OpaquePointer?, _ parameters: UnsafePointer<CChar>?,
    _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> apus_status {
    boundary(context) { (context) throws(ApusError) in
        let out = try require(out, "out")
        let network = try Apus.model(model).network()
        let parameters = try Parameters(
            kind: "trainer", specs: Trainer.specs, text: optionalText(parameters, "parameters"))
        out.pointee = handle(TrainerHandle(try Trainer(network, parameters: parameters, in: context)))
    }
}

@implementation @_cdecl("apus_trainer_free")
public func apus_trainer_free(_ trainer: OpaquePointer?) {
    release(trainer, as: TrainerHandle.self)
}

extension apus_fit_options {
    /// Bytes of the struct in version 1.0, which ends before `callbacks`.
    static var sizeOfVersion1: Int { MemoryLayout<Self>.offset(of: \Self.callbacks) ?? MemoryLayout<Self>.size }
}

@implementation @_cdecl("apus_trainer_fit")
public func apus_trainer_fit(
    _ context: OpaquePointer?, _ trainer: OpaquePointer?, _ train: OpaquePointer?, _ validation: OpaquePointer?,
    _ options: UnsafePointer<apus_fit_options>?
) -> apus_status {
    training(context, trainer) { (context, trainer) throws(ApusError) in
        let options = try Apus.options(
            options, standard: apus_fit_options(), atLeast: apus_fit_options.sizeOfVersion1, "options")
        if options.sample_weight != nil {
            throw .invalid("sample_weight of a network's fit belongs to its dataset (apus_dataset_create).")
        }
        guard options.shuffle >= -1, options.shuffle <= 1 else {
            throw .invalid("shuffle must be -1, 0 or 1, got \(options.shuffle).")
        }
        var plan = FitPlan()
        plan.epochs = options.epochs == 0 ? 1 : Int(options.epochs)
        plan.batchSize = options.batch_size == 0 ? 32 : Int(options.batch_size)
        plan.shuffles = options.shuffle >= 0
        plan.reportsBatches = options.progress_every_batch != 0
        plan.validationSplit = options.validation_split
        plan.callbacks = try optionalText(options.callbacks, "callbacks")
        plan.save = { (trainer, path) throws(ApusError) in try saveCheckpoint(trainer, to: path, context) }
        if options.class_weight != nil {
            plan.classWeights = try classWeights(input(options.class_weight, "class_weight"), context)
        }
        try trainer.fit(
            dataSource(train, "train"), validation: validation == nil ? nil : dataSource(validation, "validation"),
            plan: plan, progress: sink(options.progress, options.progress_user, context), in: context)
    }
}

@implementation @_cdecl("apus_trainer_evaluate")
public func apus_trainer_evaluate(
    _ context: OpaquePointer?, _ trainer: OpaquePointer?, _ data: OpaquePointer?, _ batchSize: Int64,
    _ values: UnsafeMutablePointer<Double>?, _ count: Int32
) -> apus_status {
    training(context, trainer) { (context, trainer) throws(ApusError) in
        let values = try require(values, "values")
        let names = trainer.metricNames
        guard Int(count) == names.count else {
            throw .invalid("n_values must be \(names.count) (\(names.joined(separator: ", "))), got \(count).")
        }
        let results = try trainer.evaluate(
            dataSource(data, "dataset"), batchSize: batchSize == 0 ? 32 : Int(batchSize), in: context)
        for (index, value) in results.enumerated() { values[index] = value }
    }
}

@implementation @_cdecl("apus_trainer_metric_names")
public func apus_trainer_metric_names(
    _ context: OpaquePointer?, _ trainer: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int,
    _ needed: UnsafeMutablePointer<Int>?
) -> apus_status {
    training(context, trainer) { (_, trainer) throws(ApusError) in
        try write(JSON.array(trainer.metricNames.map { .string($0) }).text, to: buffer, capacity, needed)
    }
}

@implementation @_cdecl("apus_trainer_history")
public func apus_trainer_history(
    _ context: OpaquePointer?, _ trainer: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int,
    _ needed: UnsafeMutablePointer<Int>?
) -> apus_status {
    training(context, trainer) { (_, trainer) throws(ApusError) in
        try write(trainer.historyJSON.text, to: buffer, capacity, needed)
    }
}

@implementation @_cdecl("apus_trainer_step")
public func apus_trainer_step(
    _ context: OpaquePointer?, _ trainer: OpaquePointer?, _ inputs: UnsafePointer<apus_array>?, _ inputCount: Int32,
    _ targets: UnsafePointer<apus_array>?, _ targetCount: Int32, _ weight: UnsafePointer<apus_array>?,
    _ loss: UnsafeMutablePointer<Double>?
) -> apus_status {
    training(context, trainer) { (context, trainer) throws(ApusError) in
        let value = try trainer.step(batch(inputs, inputCount, targets, targetCount, weight), in: context)
        loss?.pointee = value
    }
}

@implementation @_cdecl("apus_trainer_train_on_batch")
public func apus_trainer_train_on_batch(
    _ context: OpaquePointer?, _ trainer: OpaquePointer?, _ data: OpaquePointer?,
    _ classWeight: UnsafePointer<apus_array>?, _ values: UnsafeMutablePointer<Double>?, _ count: Int32
) -> apus_status {
    training(context, trainer) { (context, trainer) throws(ApusError) in
        let values = try require(values, "values")
        let names = trainer.metricNames
        guard Int(count) == names.count else {
            throw .invalid("n_values must be \(names.count) (\(names.joined(separator: ", "))), got \(count).")
        }
        let data = try dataset(data, "dataset")
        let weights = classWeight == nil ? nil : try classWeights(input(classWeight, "class_weight"), context)
        let results = try trainer.trainOnBatch(data, classWeights: weights, in: context)
        for (index, value) in results.enumerated() { values[index] = value }
    }
}

@implementation @_cdecl("apus_trainer_forward")
public func apus_trainer_forward(
    _ context: OpaquePointer?, _ trainer: OpaquePointer?, _ inputs: UnsafePointer<apus_array>?, _ inputCount: Int32,
    _ isTraining: Int32, _ out: UnsafeMutablePointer<apus_array>?, _ outputCount: Int32
) -> apus_status {
    training(context, trainer) { (context, trainer) throws(ApusError) in
        let data = try batch(inputs, inputCount, nil, 0, nil)
        let views = try results(
            out, outputCount, of: trainer.outputShapes(for: data), rows: data.count, "outputs", "outputs")
        try trainer.runForward(data, training: isTraining != 0, in: context)
        for (index, view) in views.enumerated() {
            let output = try trainer.output(index)
            try view.write(
                UnsafePointer(output.data.assumingMemoryBound(to: Float.self)), name: "outputs[\(index)]")
        }
    }
}

@implementation @_cdecl("apus_trainer_loss")
public func apus_trainer_loss(
    _ context: OpaquePointer?, _ trainer: OpaquePointer?, _ targets: UnsafePointer<apus_array>?, _ count: Int32,
    _ weight: UnsafePointer<apus_array>?, _ loss: UnsafeMutablePointer<Double>?
) -> apus_status {
    training(context, trainer) { (context, trainer) throws(ApusError) in
        let data = try Dataset(
            inputs: [], targets: inputs(targets, count, "targets"),
            sampleWeight: weight == nil ? nil : input(weight, "sample_weight"))
        let value = try trainer.loss(data, in: context)
        loss?.pointee = value
    }
}

@implementation @_cdecl("apus_trainer_backward")
public func apus_trainer_backward(
    _ context: OpaquePointer?, _ trainer: OpaquePointer?, _ gradients: UnsafePointer<apus_array>?, _ count: Int32,
    _ out: UnsafeMutablePointer<apus_array>?, _ inputCount: Int32
) -> apus_status {
    training(context, trainer) { (context, trainer) throws(ApusError) in
        try trainer.checkReady()
        let graph = trainer.model.graph
        var given: [ArrayView]?
        if gradients != nil || count != 0 {
            let views = try inputs(gradients, count, "output_gradients")
            guard views.count == graph.outputs.count else {
                throw .invalid("The network has \(graph.outputs.count) outputs, got \(views.count) gradients.")
            }
            given = views
        }
        let wanted = try results(
            out, inputCount, of: trainer.inputShapesOfLastForward, rows: trainer.rowsOfLastForward, "input_gradients",
            "inputs")
        try trainer.backward(outputGradients: given, wantsInputGradients: !wanted.isEmpty, in: context)
        for (index, view) in wanted.enumerated() {
            let gradient = try trainer.inputGradient(index)
            try view.write(
                UnsafePointer(gradient.data.assumingMemoryBound(to: Float.self)), name: "input_gradients[\(index)]")
        }
    }
}

@implementation @_cdecl("apus_trainer_apply")
public func apus_trainer_apply(_ context: OpaquePointer?, _ trainer: OpaquePointer?, _ scale: Double) -> apus_status {
    training(context, trainer) { (context, trainer) throws(ApusError) in
        guard Float(scale).isFinite else { throw .invalid("scale must be finite as float32, got \(scale).") }
        try trainer.apply(scale: scale == 0 ? 1 : scale, in: context)
    }
}

@implementation @_cdecl("apus_trainer_zero_gradients")
public func apus_trainer_zero_gradients(_ context: OpaquePointer?, _ trainer: OpaquePointer?) -> apus_status {
    training(context, trainer) { (_, trainer) throws(ApusError) in trainer.zeroGradients() }
}

@implementation @_cdecl("apus_trainer_weight")
public func apus_trainer_weight(
    _ context: OpaquePointer?, _ trainer: OpaquePointer?, _ path: UnsafePointer<CChar>?,
    _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    training(context, trainer) { (_, trainer) throws(ApusError) in
        try deliver(trainer.weight(text(path, "path")), to: out)
    }
}

@implementation @_cdecl("apus_trainer_set_weight")
public func apus_trainer_set_weight(
    _ context: OpaquePointer?, _ trainer: OpaquePointer?, _ path: UnsafePointer<CChar>?,
    _ value: UnsafePointer<apus_array>?
) -> apus_status {
    training(context, trainer) { (_, trainer) throws(ApusError) in
        try trainer.set(text(path, "path"), to: input(value, "value"))
    }
}

@implementation @_cdecl("apus_trainer_gradient")
public func apus_trainer_gradient(
    _ context: OpaquePointer?, _ trainer: OpaquePointer?, _ path: UnsafePointer<CChar>?,
    _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    training(context, trainer) { (_, trainer) throws(ApusError) in
        try deliver(trainer.gradient(text(path, "path")), to: out)
    }
}

@implementation @_cdecl("apus_trainer_layer_output")
public func apus_trainer_layer_output(
    _ context: OpaquePointer?, _ trainer: OpaquePointer?, _ layer: UnsafePointer<CChar>?, _ call: Int32,
    _ output: Int32, _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    training(context, trainer) { (_, trainer) throws(ApusError) in
        try deliver(trainer.layerOutput(text(layer, "layer"), call: Int(call), output: Int(output)), to: out)
    }
}

@implementation @_cdecl("apus_trainer_set_learning_rate")
public func apus_trainer_set_learning_rate(_ context: OpaquePointer?, _ trainer: OpaquePointer?, _ rate: Double)
    -> apus_status
{
    training(context, trainer) { (_, trainer) throws(ApusError) in try trainer.setLearningRate(rate) }
}

@implementation @_cdecl("apus_trainer_refresh")
public func apus_trainer_refresh(_ context: OpaquePointer?, _ trainer: OpaquePointer?) -> apus_status {
    training(context, trainer) { (context, trainer) throws(ApusError) in trainer.refresh(in: context) }
}

@implementation @_cdecl("apus_trainer_publish")
public func apus_trainer_publish(_ context: OpaquePointer?, _ trainer: OpaquePointer?) -> apus_status {
    training(context, trainer) { (context, trainer) throws(ApusError) in try trainer.publish(in: context) }
}

@implementation @_cdecl("apus_trainer_reset_states")
public func apus_trainer_reset_states(_ context: OpaquePointer?, _ trainer: OpaquePointer?) -> apus_status {
    training(context, trainer) { (_, trainer) throws(ApusError) in trainer.resetStates() }
}
