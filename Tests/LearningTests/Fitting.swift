import Core
import Learning
import Testing

/// Arrays and fits for tests, over Swift arrays.
struct Fitting {
    let context: Context

    init(threads: Int = 1, seed: UInt64 = 7, limit: Int = Int.max) throws {
        context = try Context(threads: threads, seed: seed, allocator: Allocator(limit: limit))
    }

    func array(_ values: [Double], _ shape: Int...) throws -> Tensor {
        try Tensor(doubles: values, Shape(shape), in: context.allocator)
    }

    func whole(_ values: [Int64]) throws -> Tensor {
        try Tensor(int64s: values, Shape(values.count), in: context.allocator)
    }

    func fit(
        _ kind: String, _ parameters: String = "", _ x: Tensor, _ y: Tensor? = nil, weight: Tensor? = nil,
        names: [String]? = nil, progress: ProgressSink? = nil
    ) throws -> any FittedModel {
        let entry = try EstimatorCatalog.entry(kind)
        let checked = try Parameters(kind: kind, specs: entry.parameters, text: parameters)
        defer { context.releaseBLAS() }
        return try entry.fit(
            FitInput(
                context: context, parameters: checked, x: x.view, y: y?.view, sampleWeight: weight?.view,
                featureNames: names, progress: progress))
    }

    func predict(_ model: any FittedModel, _ x: Tensor, _ what: Prediction = .predict) throws -> [Double] {
        let (_, shape) = try model.outputShape(what, rows: x.shape[0])
        let out = try Tensor(.float64, shape, in: context.allocator)
        defer { context.releaseBLAS() }
        try model.predict(what, x.view, into: out.view, in: context)
        return withExtendedLifetime((x, out)) { (0..<out.count).map { out.doubles[$0] } }
    }

    /// Through its record and back.
    func reload(_ model: any FittedModel) throws -> any FittedModel {
        try EstimatorCatalog.entry(model.parameters.kind).load(model.record(), model.parameters, context)
    }

    /// Reproducible values spread over -1 ..< 1.
    func noise(_ count: Int, stream: UInt64 = 1) -> [Double] {
        let random = Philox(seed: 20_240_601, stream: stream)
        return (0..<count).map { 2 * random.uniform(UInt64($0)) - 1 }
    }
}

extension FittedModel {
    func attribute(_ name: String) -> Tensor? { attributes.first { $0.name == name }?.value }

    /// A float64 attribute's values; empty when there is none.
    func values(_ name: String) -> [Double] {
        guard let tensor = attribute(name), tensor.dtype == .float64 else { return [] }
        return (0..<tensor.count).map { tensor.doubles[$0] }
    }

    /// Every attribute as bytes, to compare bits.
    var bits: [String: [UInt8]] {
        Dictionary(uniqueKeysWithValues: attributes.map { ($0.name, $0.value.bytes.array) })
    }
}

/// How far apart two numbers may be: a multiple of the spacing of doubles at the larger one, or of an absolute scale.
enum Tolerance {
    static let rounding = 16.0
    static let solved = 4096.0
    static let published = 0x1p38
}

func assertClose(
    _ observed: [Double], _ expected: [Double], ulps: Double = Tolerance.rounding, scale: Double = 1,
    location: SourceLocation = #_sourceLocation
) {
    #expect(observed.count == expected.count, sourceLocation: location)
    for (a, b) in zip(observed, expected) {
        let bound = ulps * max(abs(b), scale).ulp
        #expect(abs(a - b) <= bound, "\(a) is not within \(bound) of \(b)", sourceLocation: location)
    }
}

/// The message of the ApusError that a body throws; nil when it throws none.
func message(_ body: () throws -> Void) -> String? {
    do { try body() } catch { return (error as? ApusError)?.message ?? "\(error)" }
    return nil
}

/// The code of the ApusError that a body throws; nil when it throws none.
func code(_ body: () throws -> Void) -> ApusError.Code? {
    do { try body() } catch { return (error as? ApusError)?.code }
    return nil
}
