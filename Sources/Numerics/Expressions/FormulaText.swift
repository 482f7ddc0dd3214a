import Core

/// Writes a node as a formula that `FormulaParser` reads back.
package enum FormulaText {
    /// Bytes at most: nodes in use several times are written as often.
    static let mostBytes = 1 << 20

    private static let infix: [String: (symbol: String, level: Int)] = [
        "less": ("<", 1), "less_equal": ("<=", 1), "greater": (">", 1), "greater_equal": (">=", 1), "equal": ("==", 1),
        "not_equal": ("!=", 1), "add": ("+", 2), "subtract": ("-", 2), "multiply": ("*", 3), "divide": ("/", 3),
        "matmul": ("@", 3), "power": ("^", 5),
    ]
    /// Of a sign, and of what needs no brackets.
    private static let signLevel = 4
    private static let atomLevel = 6

    private enum Piece {
        case text(String)
        /// A node that binds at least as tightly as the level.
        case node(Int, Int)
    }

    /// Throws `limit` for a formula longer than 1 MiB.
    package static func write(_ expression: Expression, node: Int) throws(ApusError) -> String {
        _ = try expression.shape(of: node)
        var result = ""
        var pieces = [Piece.node(node, 0)]
        while let piece = pieces.popLast() {
            switch piece {
            case .text(let text): result += text
            case .node(let index, let level): pieces += try expand(expression, index, level).reversed()
            }
            guard result.utf8.count <= mostBytes, pieces.count <= mostBytes else {
                throw .limit("The formula of node \(node) is longer than \(mostBytes) bytes.")
            }
        }
        return result
    }

    private static func expand(_ expression: Expression, _ index: Int, _ level: Int) throws(ApusError) -> [Piece] {
        switch expression.nodes[index].content {
        case .variable(let number): return [.text(expression.variables[number].name)]
        case .constant(let buffer):
            let text = try array(buffer, expression.nodes[index].shape)
            return [.text(text.hasPrefix("-") && level > signLevel ? "(\(text))" : text)]
        case .operation(let operation, let operands):
            var pieces: [Piece]
            let own: Int
            if let (symbol, strength) = infix[operation.name] {
                own = strength
                // Left to right, but powers right to left with a sign allowed in the exponent.
                let isPower = operation.name == "power"
                pieces = [
                    .node(operands[0], isPower ? atomLevel : own), .text(isPower ? symbol : " \(symbol) "),
                    .node(operands[1], isPower ? signLevel : own + 1),
                ]
            } else if operation.name == "negative" {
                own = signLevel
                let isNumber: Bool
                if case .constant = expression.nodes[operands[0]].content { isNumber = true } else { isNumber = false }
                // -(2) is an operation, -2 a number.
                pieces = isNumber
                    ? [.text("-("), .node(operands[0], 0), .text(")")] : [.text("-"), .node(operands[0], signLevel)]
            } else {
                own = atomLevel
                pieces = [.text(operation.name + "(")]
                for (number, operand) in operands.enumerated() {
                    if number > 0 { pieces.append(.text(", ")) }
                    pieces.append(.node(operand, 0))
                }
                for setting in operation.settings { pieces.append(.text(", " + setting)) }
                pieces.append(.text(")"))
            }
            return own < level ? [.text("(")] + pieces + [.text(")")] : pieces
        }
    }

    private static func array(_ buffer: Buffer<Double>, _ shape: Shape) throws(ApusError) -> String {
        if shape.rank == 0 { return number(buffer.pointer[0]) }
        guard buffer.count <= mostBytes / 4 else {
            throw .limit("A constant of shape \(shape) is too large for a formula.")
        }
        var place = 0
        func level(_ dimension: Int) -> String {
            if dimension == shape.rank {
                place += 1
                return number(buffer.pointer[place - 1])
            }
            var items: [String] = []
            for _ in 0..<shape[dimension] { items.append(level(dimension + 1)) }
            return "[" + items.joined(separator: ", ") + "]"
        }
        return level(0)
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "nan" }
        if value.isInfinite { return value > 0 ? "inf" : "-inf" }
        if value.magnitude < 1e15, value == value.rounded(), !(value == 0 && value.sign == .minus) {
            return String(Int(value))
        }
        return "\(value)"
    }
}
