import Core

/// One operation that expressions know: its name, how many operands it takes, its parameters, and how it is made for
/// shapes.
struct ExpressionEntry: Sendable {
    let name: String
    /// Other names that formulas may use.
    let aliases: [String]
    let operands: ClosedRange<Int>
    let specs: [ParameterSpec]
    let make: @Sendable ([Shape], Parameters) throws(ApusError) -> any ExpressionOperation
}

/// All operations of expressions, one line each.
package enum ExpressionCatalog {
    private static func unary<Rule: UnaryRule>(_ rule: Rule.Type) -> ExpressionEntry {
        ExpressionEntry(name: Rule.name, aliases: aliases[Rule.name] ?? [], operands: 1...1, specs: []) {
            (shapes, _) throws(ApusError) in UnaryOperation<Rule>(shapes[0])
        }
    }

    private static func binary<Rule: BinaryRule>(_ rule: Rule.Type) -> ExpressionEntry {
        ExpressionEntry(name: Rule.name, aliases: aliases[Rule.name] ?? [], operands: 2...2, specs: []) {
            (shapes, _) throws(ApusError) in
            guard let shape = Shape.broadcast(shapes) else {
                throw .shape("\(Rule.name): shapes \(shapes[0]) and \(shapes[1]) do not broadcast.")
            }
            return BinaryOperation<Rule>(shape, shapes[0], shapes[1])
        }
    }

    private static func reduction(
        _ name: String, _ make: @escaping @Sendable (ReducedAxes) throws(ApusError) -> any ExpressionOperation
    ) -> ExpressionEntry {
        ExpressionEntry(name: name, aliases: [], operands: 1...1, specs: ReducedAxes.specs) {
            (shapes, parameters) throws(ApusError) in try make(ReducedAxes(shapes[0], parameters))
        }
    }

    private static let aliases: [String: [String]] = [
        "absolute": ["abs"], "log": ["ln"], "power": ["pow"], "arcsin": ["asin"], "arccos": ["acos"],
        "arctan": ["atan"], "arctan2": ["atan2"], "arcsinh": ["asinh"], "arccosh": ["acosh"], "arctanh": ["atanh"],
        "maximum": ["max"], "minimum": ["min"],
    ]

    static let entries: [ExpressionEntry] = [
        unary(NegativeRule.self), unary(AbsoluteRule.self), unary(SignRule.self), unary(SquareRule.self),
        unary(SqrtRule.self), unary(CbrtRule.self), unary(ReciprocalRule.self), unary(ExpRule.self),
        unary(Exp2Rule.self), unary(Expm1Rule.self), unary(LogRule.self), unary(Log2Rule.self), unary(Log10Rule.self),
        unary(Log1pRule.self), unary(SigmoidRule.self), unary(SoftplusRule.self), unary(SinRule.self),
        unary(CosRule.self), unary(TanRule.self), unary(ArcsinRule.self), unary(ArccosRule.self),
        unary(ArctanRule.self), unary(SinhRule.self), unary(CoshRule.self), unary(TanhRule.self),
        unary(ArcsinhRule.self), unary(ArccoshRule.self), unary(ArctanhRule.self), unary(FloorRule.self),
        unary(CeilRule.self), unary(TruncRule.self), unary(RintRule.self), unary(LogicalNotRule.self),
        unary(IsNaNRule.self), unary(IsInfRule.self), unary(IsFiniteRule.self), unary(ReluRule.self),
        unary(ErfRule.self), unary(ErfcRule.self), unary(GammalnRule.self),
        binary(AddRule.self), binary(SubtractRule.self), binary(MultiplyRule.self), binary(DivideRule.self),
        binary(PowerRule.self), binary(MaximumRule.self), binary(MinimumRule.self), binary(FmaxRule.self),
        binary(FminRule.self), binary(RemainderRule.self), binary(FmodRule.self), binary(HypotRule.self),
        binary(Arctan2Rule.self), binary(EqualRule.self), binary(NotEqualRule.self), binary(LessRule.self),
        binary(LessEqualRule.self), binary(GreaterRule.self), binary(GreaterEqualRule.self),
        binary(LogicalAndRule.self), binary(LogicalOrRule.self), binary(LogicalXorRule.self),
        reduction("sum") { (axes) throws(ApusError) in try SumOperation(isMean: false, axes) },
        reduction("mean") { (axes) throws(ApusError) in try SumOperation(isMean: true, axes) },
        reduction("product") { (axes) throws(ApusError) in ProductReduction(axes) },
        reduction("max") { (axes) throws(ApusError) in try ExtremeOperation(isMaximum: true, axes) },
        reduction("min") { (axes) throws(ApusError) in try ExtremeOperation(isMaximum: false, axes) },
        reduction("logsumexp") { (axes) throws(ApusError) in try LogSumExpOperation(axes) },
        reduction("norm_2") { (axes) throws(ApusError) in NormOperation(axes) },
        ExpressionEntry(name: "matmul", aliases: [], operands: 2...2, specs: []) { (shapes, _) throws(ApusError) in
            try MatmulOperation(shapes[0], shapes[1])
        },
        ExpressionEntry(name: "softmax", aliases: [], operands: 1...1, specs: SoftmaxOperation.specs) {
            (shapes, parameters) throws(ApusError) in try SoftmaxOperation(shapes[0], parameters)
        },
        ExpressionEntry(name: "transpose", aliases: [], operands: 1...1, specs: RearrangeOperation.transposeSpecs) {
            (shapes, parameters) throws(ApusError) in try RearrangeOperation(transpose: shapes[0], parameters)
        },
        ExpressionEntry(name: "reshape", aliases: [], operands: 1...1, specs: RearrangeOperation.reshapeSpecs) {
            (shapes, parameters) throws(ApusError) in try RearrangeOperation(reshape: shapes[0], parameters)
        },
        ExpressionEntry(name: "slice", aliases: [], operands: 1...1, specs: RearrangeOperation.sliceSpecs) {
            (shapes, parameters) throws(ApusError) in try RearrangeOperation(slice: shapes[0], parameters)
        },
        ExpressionEntry(name: "concatenate", aliases: [], operands: 1...1024, specs: ConcatenateOperation.specs) {
            (shapes, parameters) throws(ApusError) in try ConcatenateOperation(shapes, parameters)
        },
        ExpressionEntry(name: "where", aliases: [], operands: 3...3, specs: []) { (shapes, _) throws(ApusError) in
            try WhereOperation(shapes)
        },
    ]

    /// The names of all operations.
    package static var names: [String] { entries.map(\.name) }

    private static let byName: [String: ExpressionEntry] = {
        var table: [String: ExpressionEntry] = [:]
        for entry in entries { table[entry.name] = entry }
        return table
    }()

    private static let byAlias: [String: ExpressionEntry] = {
        var table: [String: ExpressionEntry] = [:]
        for entry in entries { for alias in entry.aliases { table[alias] = entry } }
        return table
    }()

    /// The operation of a name or alias for so many operands: "max" of one array reduces, of two compares.
    static func find(_ name: String, operands: Int) -> ExpressionEntry? {
        if let entry = byName[name], entry.operands.contains(operands) { return entry }
        if let entry = byAlias[name], entry.operands.contains(operands) { return entry }
        return byName[name] ?? byAlias[name]
    }

    package static var json: JSON {
        .array(
            entries.map { entry in
                [
                    "name": .string(entry.name), "operands": .integer(entry.operands.lowerBound),
                    "parameters": ParameterSpec.json(entry.specs),
                ]
            })
    }
}
