import Core

/// Reads a formula over the variables of an expression and makes its nodes.
///
/// From loose to tight: comparisons; + and -; *, / and @; unary - and +; ^ and **, which group to the right and bind
/// tighter than a sign before them (-x^2 is -(x^2)). Then numbers, variables, pi, e, inf, nan, arrays of numbers in
/// brackets, and functions with operands and named parameters: sum(x, axes=[0]).
package struct FormulaParser {
    /// Operators and brackets that wait for their end, at most.
    static let mostWaiting = 10_000
    /// Bytes of a formula at most.
    static let mostBytes = 1 << 20

    /// What waits for operands: an operator, a bracket, a function. No recursion, so that no formula exhausts the stack
    /// (Dijkstra's shunting yard, 1961).
    private enum Waiting {
        case binary(String, level: Int, place: Int)
        case sign(Int)
        case bracket
        case call(String, place: Int, firstOperand: Int, given: [(key: String, value: JSON)])
    }

    private let expression: Expression
    private var lexer: FormulaLexer
    private var waiting: [Waiting] = []
    private var operands: [Int] = []

    private init(_ expression: Expression, _ lexer: FormulaLexer) {
        self.expression = expression
        self.lexer = lexer
    }

    /// The node of the formula. A fault names its column, and leaves the expression as it was.
    package static func parse(_ formula: String, in expression: Expression) throws(ApusError) -> Int {
        guard formula.utf8.count <= mostBytes else {
            throw .limit("A formula may have \(mostBytes) bytes, got \(formula.utf8.count).")
        }
        let before = expression.nodeCount
        do {
            var parser = FormulaParser(expression, try FormulaLexer(formula))
            return try parser.formula()
        } catch {
            expression.truncate(to: before)
            throw error
        }
    }

    /// Name and level of the operators between two operands.
    private static let operators: [String: (name: String, level: Int)] = [
        "<": ("less", 1), "<=": ("less_equal", 1), ">": ("greater", 1), ">=": ("greater_equal", 1), "==": ("equal", 1),
        "!=": ("not_equal", 1), "+": ("add", 2), "-": ("subtract", 2), "*": ("multiply", 3), "/": ("divide", 3),
        "@": ("matmul", 3), "^": ("power", 5), "**": ("power", 5),
    ]
    private static let signLevel = 4
    private static let powerLevel = 5

    private mutating func formula() throws(ApusError) -> Int {
        while true {
            try operand()
            // Closing brackets may follow, then an operator, a comma or the end.
            while try accept(")") { try close() }
            if lexer.token == .end { break }
            guard case .symbol(let symbol) = lexer.token else {
                throw lexer.fault("expected an operator or the end, found \(lexer.found)")
            }
            if symbol == "," {
                try comma()
                continue
            }
            guard let (name, level) = FormulaParser.operators[symbol] else {
                throw lexer.fault("expected an operator or the end, found \(lexer.found)")
            }
            let place = lexer.start
            // Powers group to the right.
            try finish(downTo: level == FormulaParser.powerLevel ? level + 1 : level)
            try lexer.advance()
            try wait(.binary(name, level: level, place: place))
        }
        try finish(downTo: 0)
        guard waiting.isEmpty, let node = operands.last else {
            throw lexer.fault("expected ')' or an operator, found \(lexer.found)")
        }
        return node
    }

    private mutating func wait(_ item: Waiting) throws(ApusError) {
        guard waiting.count < FormulaParser.mostWaiting else {
            throw .limit("formula, column \(lexer.column(of: lexer.start)): nested deeper than \(FormulaParser.mostWaiting).")
        }
        waiting.append(item)
    }

    /// Makes the operators that wait and bind at least as tightly as `level`, down to a bracket.
    private mutating func finish(downTo level: Int) throws(ApusError) {
        while let last = waiting.last {
            switch last {
            case .binary(let name, let own, let place):
                if own < level { return }
                waiting.removeLast()
                let node = try make(name, Array(operands.suffix(2)), at: place)
                operands.removeLast(min(2, operands.count))
                operands.append(node)
            case .sign(let place):
                if FormulaParser.signLevel < level { return }
                waiting.removeLast()
                let node = try make("negative", Array(operands.suffix(1)), at: place)
                operands.removeLast(min(1, operands.count))
                operands.append(node)
            case .bracket, .call: return
            }
        }
    }

    /// After ')'.
    private mutating func close() throws(ApusError) {
        try finish(downTo: 0)
        switch waiting.popLast() {
        case .bracket: break
        case .call(let name, let place, let first, let given):
            let own = Array(operands.dropFirst(first))
            operands.removeLast(operands.count - first)
            operands.append(try make(name, own, given, at: place))
        default: throw lexer.fault("there is a ')' too much before this")
        }
    }

    /// At ',': on to the next operand of a function, or to its parameters and its end.
    private mutating func comma() throws(ApusError) {
        try finish(downTo: 0)
        guard case .call = waiting.last else {
            throw lexer.fault("expected an operator or the end, found \(lexer.found)")
        }
        try lexer.advance()
    }

    /// Reads "name=value, name=value" of the function that waits. True when its operands are over.
    private mutating func parameters() throws(ApusError) -> Bool {
        guard case .call(let name, let place, let first, var given) = waiting.last else { return false }
        while case .name(let key) = lexer.token {
            var next = lexer
            try next.advance()
            guard next.token == .symbol("=") else { break }
            try next.advance()
            lexer = next
            given.append((key: key, value: try parameter()))
            waiting[waiting.count - 1] = .call(name, place: place, firstOperand: first, given: given)
            if try !accept(",") {
                guard lexer.token == .symbol(")") else { throw lexer.fault("expected ',' or ')', found \(lexer.found)") }
                return true
            }
        }
        if !given.isEmpty { throw lexer.fault("operands come before parameters") }
        return false
    }

    /// Reads up to the end of an operand that is no bracket and no function: those wait.
    private mutating func operand() throws(ApusError) {
        while true {
            if try parameters() { return }
            let place = lexer.start
            switch lexer.token {
            case .number(let value):
                try lexer.advance()
                var value = value
                // A sign right before a number belongs to it, unless a power comes in between.
                if case .sign = waiting.last, lexer.token != .symbol("^"), lexer.token != .symbol("**") {
                    waiting.removeLast()
                    value = -value
                }
                operands.append(try expression.addConstant([value], Shape()))
                return
            case .name(let name):
                try lexer.advance()
                if try accept("(") {
                    try wait(.call(name, place: place, firstOperand: operands.count, given: []))
                    continue
                }
                operands.append(try named(name, place))
                return
            case .symbol("("):
                try lexer.advance()
                try wait(.bracket)
            case .symbol("["):
                operands.append(try array())
                return
            case .symbol("-"):
                try lexer.advance()
                try wait(.sign(place))
            case .symbol("+"): try lexer.advance()
            default: throw lexer.fault("expected a number, a variable, a function or '(', found \(lexer.found)")
            }
        }
    }

    /// A variable or a constant by name.
    private func named(_ name: String, _ place: Int) throws(ApusError) -> Int {
        if let variable = expression.variables.first(where: { $0.name == name }) { return variable.node }
        let constants = ["pi": Double.pi, "e": 2.718281828459045, "inf": Double.infinity, "nan": Double.nan]
        if let value = constants[name] { return try expression.addConstant([value], Shape()) }
        let known = expression.variables.prefix(20).map(\.name).joined(separator: ", ")
        throw .invalid(
            "formula, column \(lexer.column(of: place)): there is no variable '\(name)'; there \(known.isEmpty ? "are none" : "are " + known)."
        )
    }

    /// Makes an operation; its faults are reported at a column.
    private func make(
        _ name: String, _ operands: [Int], _ given: [(key: String, value: JSON)] = [], at place: Int
    ) throws(ApusError) -> Int {
        do { return try expression.apply(name, operands, given: given) } catch {
            throw error.within("formula, column \(lexer.column(of: place))")
        }
    }

    private mutating func accept(_ symbol: String) throws(ApusError) -> Bool {
        guard lexer.token == .symbol(symbol) else { return false }
        try lexer.advance()
        return true
    }

    private mutating func expect(_ symbol: String, _ what: String) throws(ApusError) {
        guard try accept(symbol) else { throw lexer.fault("expected \(what), found \(lexer.found)") }
    }

    /// A whole number, true, false, null, or an array of whole numbers.
    private mutating func parameter() throws(ApusError) -> JSON {
        if try accept("[") {
            var items: [JSON] = []
            if try accept("]") { return .array(items) }
            while true {
                items.append(try scalarParameter())
                if try accept(",") { continue }
                try expect("]", "',' or ']'")
                return .array(items)
            }
        }
        return try scalarParameter()
    }

    private mutating func scalarParameter() throws(ApusError) -> JSON {
        let isNegative = try accept("-")
        switch lexer.token {
        case .number(let value):
            if let whole = lexer.whole {
                try lexer.advance()
                return .integer(isNegative ? -whole : whole)
            }
            try lexer.advance()
            let signed = isNegative ? -value : value
            return Int(exactly: signed).map { .integer($0) } ?? .number(signed)
        case .name("true") where !isNegative, .name("false") where !isNegative, .name("null") where !isNegative:
            let token = lexer.token
            try lexer.advance()
            return token == .name("null") ? .null : .bool(token == .name("true"))
        default: throw lexer.fault("expected the value of a parameter, found \(lexer.found)")
        }
    }

    /// Numbers in brackets, rows in brackets of rows.
    private mutating func array() throws(ApusError) -> Int {
        var numbers: [Double] = []
        let place = lexer.start
        let extents = try level(&numbers, 1)
        guard Shape(extents).checkedCount == numbers.count else {
            throw .invalid("formula, column \(lexer.column(of: place)): the rows of an array must have equal lengths.")
        }
        return try expression.addConstant(numbers, Shape(extents))
    }

    private mutating func level(_ numbers: inout [Double], _ rank: Int) throws(ApusError) -> [Int] {
        try expect("[", "'['")
        guard rank <= Shape.maximumRank else {
            throw lexer.fault("an array may have \(Shape.maximumRank) dimensions")
        }
        if try accept("]") { return [0] }
        var inner: [Int]?
        var count = 0
        while true {
            var extents: [Int] = []
            if lexer.token == .symbol("[") {
                extents = try level(&numbers, rank + 1)
            } else {
                let isNegative = try accept("-")
                guard case .number(let value) = lexer.token else {
                    guard case .name(let name) = lexer.token, name == "inf" || name == "nan" else {
                        throw lexer.fault("expected a number, found \(lexer.found)")
                    }
                    try lexer.advance()
                    numbers.append(name == "nan" ? .nan : isNegative ? -.infinity : .infinity)
                    count += 1
                    if try accept(",") { continue }
                    try expect("]", "',' or ']'")
                    return [count]
                }
                try lexer.advance()
                numbers.append(isNegative ? -value : value)
            }
            if let inner, inner != extents {
                throw lexer.fault("the rows of an array must have equal lengths")
            }
            inner = extents
            count += 1
            if try accept(",") { continue }
            try expect("]", "',' or ']'")
            return [count] + extents
        }
    }
}
