import Core
import Networks
import Testing

/// Random values and networks for tests.
enum Fixtures {
    static func context(threads: Int = 1, seed: UInt64 = 1) throws -> Context {
        try Context(threads: threads, seed: seed)
    }

    /// A network from layers given as (kind, parameters), the input's shape first.
    static func network(
        _ shape: [Int], _ layers: [(String, String)], in context: Context
    ) throws -> NetworkModel {
        let builder = NetworkBuilder(name: "test", allocator: context.allocator)
        try builder.add("InputLayer", given: [(key: "shape", value: .array(shape.map { .integer($0) }))], inputs: nil)
        for (kind, parameters) in layers {
            try builder.add(kind, given: ParameterText.parse(parameters, for: kind), inputs: nil)
        }
        return try NetworkModel(initializing: builder.graph(), in: context)
    }

    /// What a network says that refuses a layer on inputs of these shapes; nil when it takes it.
    static func refusal(_ kind: String, _ parameters: String, _ shapes: [[Int]]) throws -> String? {
        let builder = NetworkBuilder(name: "test", allocator: Allocator())
        let nodes = try shapes.map { shape in
            try builder.add("Input", given: [(key: "shape", value: .array(shape.map { .integer($0) }))], inputs: nil)
        }
        do throws(ApusError) {
            let node = try builder.add(kind, given: ParameterText.parse(parameters, for: kind), inputs: nodes)
            _ = try builder.graph(outputs: [node])
            return nil
        } catch { return error.message }
    }

    static func trainer(_ model: NetworkModel, _ parameters: String, in context: Context) throws -> Trainer {
        try Trainer(
            model, parameters: Parameters(kind: "trainer", specs: Trainer.specs, text: parameters), in: context)
    }

    /// Normal floats of a shape.
    static func normals(_ shape: [Int], seed: UInt64, in context: Context) throws -> Tensor {
        let tensor = try Tensor(.float32, Shape(shape), in: context.allocator)
        let stream = Philox(seed: seed, stream: 77)
        for index in 0..<tensor.count { tensor.floats[index] = Float(stream.normal(UInt64(index))) }
        return tensor
    }

    /// Class numbers below `classes`.
    static func labels(_ shape: [Int], classes: Int, seed: UInt64, in context: Context) throws -> Tensor {
        let tensor = try Tensor(.int64, Shape(shape), in: context.allocator)
        let stream = Philox(seed: seed, stream: 78)
        var draw: UInt64 = 0
        for index in 0..<tensor.count { tensor.int64s[index] = Int64(stream.below(UInt64(classes), draw: &draw)) }
        return tensor
    }

    static func tensor(_ values: [Float], _ shape: [Int], in context: Context) throws -> Tensor {
        let tensor = try Tensor(.float32, Shape(shape), in: context.allocator)
        for (index, value) in values.enumerated() { tensor.floats[index] = value }
        return tensor
    }

    static func dataset(_ x: Tensor, _ y: Tensor? = nil, weight: Tensor? = nil) throws(ApusError) -> Dataset {
        try Dataset(inputs: [x.view], targets: y.map { [$0.view] } ?? [], sampleWeight: weight?.view)
    }
}

extension Tensor {
    var floatArray: [Float] { (0..<count).map { floats[$0] } }
}

extension ArrayView {
    /// The elements of a dense float32 view.
    var floatArray: [Float] {
        let values = data.assumingMemoryBound(to: Float.self)
        return (0..<count).map { values[$0] }
    }
}

/// Largest |a - b| / max(1, |b|).
func largestError(_ a: [Float], _ b: [Float]) -> Double {
    guard a.count == b.count else { return .infinity }
    return zip(a, b).map { Double(abs($0 - $1)) / max(1, Double(abs($1))) }.max() ?? 0
}

/// Float32 rounding of sums of some hundred terms.
let roundingOfSums = 2e-5
