import CApus
import Core
import Learning
import Networks
import Numerics
import Storage

@implementation @_cdecl("apus_context_create")
public func apus_context_create(
    _ given: UnsafePointer<apus_context_options>?, _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> apus_status {
    guard let out else { return APUS_E_INVALID_ARGUMENT }
    out.pointee = nil
    do {
        let options = try options(
            given, standard: apus_context_options(), atLeast: MemoryLayout<apus_context_options>.size, "options")
        var custom: Allocator.Custom?
        if let allocator = options.allocator {
            let pair = try Apus.options(
                allocator, standard: apus_allocator(), atLeast: MemoryLayout<apus_allocator>.size, "allocator")
            guard let allocate = pair.allocate, let deallocate = pair.deallocate else {
                throw ApusError.invalid("An allocator needs both functions.")
            }
            custom = Allocator.Custom(user: pair.user, allocate: allocate, deallocate: deallocate)
        }
        guard options.instruction_set >= 0, options.instruction_set <= 3 else {
            throw ApusError.invalid("instruction_set must be 0 to 3, got \(options.instruction_set).")
        }
        var log: Context.Log?
        if let callback = options.log {
            let user = options.log_user
            log = { level, message in callback(user, level, message) }
        }
        let limit = options.memory_limit == 0 ? Int.max : Int(clamping: options.memory_limit)
        let context = try Context(
            threads: Int(options.threads), seed: options.seed,
            allocator: Allocator(custom: custom, limit: limit),
            instructionSet: InstructionSet(rawValue: options.instruction_set), log: log)
        out.pointee = handle(ContextHandle(context))
        return APUS_OK
    } catch {
        return (error as? ApusError)?.code.rawValue ?? APUS_E_INTERNAL
    }
}

@implementation @_cdecl("apus_context_free")
public func apus_context_free(_ context: OpaquePointer?) {
    release(context, as: ContextHandle.self)
}

@implementation @_cdecl("apus_last_error")
public func apus_last_error(_ context: OpaquePointer?) -> UnsafePointer<CChar>? {
    guard let context else { return emptyText }
    return object(context, as: ContextHandle.self).lastError
}

@implementation @_cdecl("apus_status_text")
public func apus_status_text(_ status: apus_status) -> UnsafePointer<CChar>? {
    func fixed(_ text: StaticString) -> UnsafePointer<CChar>? {
        UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
    }
    switch status {
    case APUS_OK: return fixed("success")
    case APUS_E_INVALID_ARGUMENT: return fixed("invalid argument")
    case APUS_E_SHAPE: return fixed("shape does not fit")
    case APUS_E_DTYPE: return fixed("element type does not fit")
    case APUS_E_BUFFER_TOO_SMALL: return fixed("buffer too small")
    case APUS_E_OUT_OF_MEMORY: return fixed("out of memory")
    case APUS_E_LIMIT: return fixed("limit reached")
    case APUS_E_IO: return fixed("input or output failed")
    case APUS_E_CORRUPT: return fixed("corrupt data")
    case APUS_E_UNSUPPORTED: return fixed("not supported")
    case APUS_E_NOT_CONVERGED: return fixed("did not converge")
    case APUS_E_INTERRUPTED: return fixed("interrupted")
    case APUS_E_NOT_FITTED: return fixed("not fitted")
    case APUS_E_INTERNAL: return fixed("internal error")
    case APUS_E_BUSY: return fixed("in use by another thread or callback")
    default: return fixed("unknown status")
    }
}

@implementation @_cdecl("apus_interrupt")
public func apus_interrupt(_ context: OpaquePointer?) {
    guard let context else { return }
    object(context, as: ContextHandle.self).context.interrupt()
}

private let version = Version.text

@implementation @_cdecl("apus_version")
public func apus_version() -> UnsafePointer<CChar>? {
    UnsafeRawPointer(version.utf8Start).assumingMemoryBound(to: CChar.self)
}

#if compiler(>=6.4)
    private let compiler = "6.4 or later"
#else
    private let compiler = "6.3"
#endif

@implementation @_cdecl("apus_build_info")
public func apus_build_info(
    _ context: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int,
    _ needed: UnsafeMutablePointer<Int>?
) -> apus_status {
    boundary(context) { (context) throws(ApusError) in
        let info: JSON = [
            "version": .string("\(version)"),
            "instruction_sets": .array(InstructionSet.allCases.map { .string($0.name) }),
            "instruction_set_detected": .string(InstructionSet.best.name),
            "instruction_set": .string(context.instructionSet.name), "threads": .integer(context.threads),
            "openblas": .string(BLAS.version), "hdf5": .string(FileImage.libraryVersion), "swift": .string(compiler),
        ]
        try write(info.text, to: buffer, capacity, needed)
    }
}

@implementation @_cdecl("apus_catalog")
public func apus_catalog(
    _ context: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int,
    _ needed: UnsafeMutablePointer<Int>?
) -> apus_status {
    boundary(context) { (_) throws(ApusError) in
        let catalog: JSON = [
            "version": .string("\(version)"), "estimators": .array(EstimatorCatalog.entries.map(\.json)),
            "layers": LayerCatalog.json, "activations": ActivationCatalog.family.json,
            "initializers": InitializerCatalog.family.json, "losses": LossCatalog.family.json,
            "regularizers": RegularizerCatalog.family.json, "constraints": ConstraintCatalog.family.json,
            "optimizers": OptimizerCatalog.family.json, "schedules": ScheduleCatalog.family.json,
            "callbacks": CallbackCatalog.json, "transformations": TransformationCatalog.family.json,
            "text_transformations": TextTransformationCatalog.family.json,
            "metrics": MetricCatalog.family.json,
            "calculus": [
                "derivative": ParameterSpec.json(Differences.specs + [Differences.orderSpec]),
                "integrate": ParameterSpec.json(Integrator.specs), "expression": ExpressionCatalog.json,
            ],
            "statistics": StatisticCatalog.json, "distributions": DistributionCatalog.json,
            "operations": OperationCatalog.json,
            "minimizers": MinimizerCatalog.json, "scalar_minimizers": ScalarMinimiser.json,
            "root_finders": RootFinder.json,
            "trainer": ParameterSpec.json(Trainer.specs), "network": ParameterSpec.json(NetworkBuilder.specs),
            "ensemble": ParameterSpec.json(Ensemble.specs), "hdf5_dataset": ParameterSpec.json(HDF5Source.specs),
            "reductions": Reduction.json,
        ]
        try write(catalog.text, to: buffer, capacity, needed)
    }
}

@implementation @_cdecl("apus_set_seed")
public func apus_set_seed(_ context: OpaquePointer?, _ seed: UInt64) -> apus_status {
    boundary(context) { (context) throws(ApusError) in context.reseed(seed) }
}
