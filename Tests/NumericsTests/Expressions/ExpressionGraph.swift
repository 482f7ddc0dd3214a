import Core
import Numerics

/// An expression under test with the values of its variables.
struct ExpressionGraph {
    let expression: Expression
    let context: Context
    private(set) var values: [[Double]] = []
    private var shapes: [Shape] = []

    init() throws {
        context = try Context(threads: 1)
        expression = Expression(context: context)
    }

    mutating func variable(_ name: String, _ value: [Double], _ shape: Shape = Shape()) throws -> Int {
        values.append(value)
        shapes.append(shape)
        return try expression.addVariable(name, shape)
    }

    func constant(_ value: [Double], _ shape: Shape = Shape()) throws -> Int {
        var value = value
        return try value.withUnsafeMutableBytes { (bytes) throws(ApusError) in
            guard let base = bytes.baseAddress else { throw ApusError.invalid("empty") }
            return try expression.addConstant(ArrayView(data: base, dtype: .float64, shape: shape))
        }
    }

    func apply(_ name: String, _ operands: Int..., parameters: String = "") throws -> Int {
        try expression.apply(name, operands, parameters: parameters)
    }

    func parse(_ formula: String) throws -> Int { try FormulaParser.parse(formula, in: expression) }

    private func views(_ arrays: [[Double]], _ body: ([ArrayView]) throws -> Void) throws {
        let buffers = try arrays.map { try Buffer($0, in: context.allocator) }
        let views = zip(buffers, shapes).map {
            ArrayView(data: UnsafeMutableRawPointer($0.0.pointer), dtype: .float64, shape: $0.1)
        }
        try withExtendedLifetime(buffers) { try body(views) }
    }

    func value(_ node: Int, at given: [[Double]]? = nil) throws -> [Double] {
        var result: [Double] = []
        try views(given ?? values) { views in
            let evaluation = try ExpressionEvaluation(expression, node: node, values: views, context: context)
            let count = try expression.shape(of: node).count
            if let value = evaluation.value { result = Array(UnsafeBufferPointer(start: value, count: count)) }
            withExtendedLifetime(evaluation) {}
        }
        return result
    }

    private func collect(_ pointers: [UnsafePointer<Double>?]) -> [[Double]] {
        zip(pointers, values).map { pointer, value in
            pointer.map { Array(UnsafeBufferPointer(start: $0, count: value.count)) }
                ?? [Double](repeating: 0, count: value.count)
        }
    }

    func gradient(_ node: Int, at given: [[Double]]? = nil, wanted: [Bool]? = nil) throws -> [[Double]] {
        var result: [[Double]] = []
        try views(given ?? values) { views in
            let evaluation = try ExpressionEvaluation(expression, node: node, values: views, context: context)
            result = collect(
                try evaluation.gradient(wanted: wanted ?? values.map { _ in true }, output: nil))
            withExtendedLifetime(evaluation) {}
        }
        return result
    }

    func hessianProduct(_ node: Int, _ directions: [[Double]]) throws -> [[Double]] {
        var result: [[Double]] = []
        try views(values) { points in
            try views(directions) { moves in
                let evaluation = try ExpressionEvaluation(expression, node: node, values: points, context: context)
                result = collect(
                    try evaluation.hessianProduct(wanted: values.map { _ in true }, directions: moves))
                withExtendedLifetime(evaluation) {}
            }
        }
        return result
    }
}
