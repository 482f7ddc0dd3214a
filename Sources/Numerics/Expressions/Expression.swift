import Core

/// A graph of operations on float64 arrays. Nodes are numbered in the order of their making, operands come before what is
/// made of them.
package final class Expression: @unchecked Sendable {
    /// Nodes at most.
    package static let mostNodes = 1 << 20

    enum Content {
        /// Variables are numbered by themselves.
        case variable(Int)
        case constant(Buffer<Double>)
        case operation(any ExpressionOperation, [Int])
    }

    struct Node {
        let content: Content
        let shape: Shape
        /// Whether a variable is behind it.
        let isActive: Bool

        var operands: [Int] { if case .operation(_, let operands) = content { operands } else { [] } }
    }

    struct Variable {
        let name: String
        let shape: Shape
        let node: Int
    }

    private(set) var nodes: [Node] = []
    private(set) var variables: [Variable] = []
    private let allocator: Allocator

    package init(context: Context) { allocator = context.allocator }

    package var variableCount: Int { variables.count }
    package var nodeCount: Int { nodes.count }

    /// The name and shape of a variable.
    package func variable(_ index: Int) -> (name: String, shape: Shape) { (variables[index].name, variables[index].shape) }

    /// Throws `invalidArgument` for a number that is no node.
    package func shape(of node: Int) throws(ApusError) -> Shape {
        try check(node)
        return nodes[node].shape
    }

    private func check(_ node: Int) throws(ApusError) {
        guard node >= 0, node < nodes.count else {
            throw .invalid("node must be 0 to \(nodes.count - 1), got \(node).")
        }
    }

    private func append(_ content: Content, _ shape: Shape, isActive: Bool) throws(ApusError) -> Int {
        guard let count = shape.checkedCount, count <= Int.max / 64 else {
            throw .shape("A node of shape \(shape) is too large.")
        }
        guard nodes.count < Expression.mostNodes else {
            throw .limit("An expression may have \(Expression.mostNodes) nodes.")
        }
        nodes.append(Node(content: content, shape: shape, isActive: isActive))
        return nodes.count - 1
    }

    /// Forgets the nodes from `count` on: what a formula with a fault has made. No variables may be among them.
    func truncate(to count: Int) { nodes.removeLast(nodes.count - count) }

    /// A variable. Its name must be one that formulas can use, and new.
    package func addVariable(_ name: String, _ shape: Shape) throws(ApusError) -> Int {
        guard let first = name.utf8.first, FormulaLexer.isLetter(first), name.utf8.count <= 128,
            name.utf8.allSatisfy({ FormulaLexer.isLetter($0) || FormulaLexer.isDigit($0) })
        else {
            throw .invalid("name must be letters, digits and '_', not beginning with a digit, got '\(name)'.")
        }
        guard !variables.contains(where: { $0.name == name }) else {
            throw .invalid("name '\(name)' is already a variable.")
        }
        let node = try append(.variable(variables.count), shape, isActive: true)
        variables.append(Variable(name: name, shape: shape, node: node))
        return node
    }

    /// A constant; the array is copied.
    package func addConstant(_ array: ArrayView) throws(ApusError) -> Int {
        let values = try Buffer<Double>(array.count, in: allocator)
        try array.copy(to: values.pointer, name: "value")
        return try append(.constant(values), array.shape, isActive: false)
    }

    /// A constant of the given numbers, which must be as many as the shape has elements.
    func addConstant(_ numbers: [Double], _ shape: Shape) throws(ApusError) -> Int {
        try append(.constant(Buffer(numbers, in: allocator)), shape, isActive: false)
    }

    /// An operation on earlier nodes; parameters as text.
    package func apply(_ name: String, _ operands: [Int], parameters: String) throws(ApusError) -> Int {
        let given = try ParameterText.parse(parameters, for: name)
        return try apply(name, operands, given: given)
    }

    func apply(_ name: String, _ operands: [Int], given: [(key: String, value: JSON)]) throws(ApusError) -> Int {
        guard let entry = ExpressionCatalog.find(name, operands: operands.count) else {
            throw ApusError(
                .invalidArgument,
                "There is no operation '\(name)'; there are \(ExpressionCatalog.names.joined(separator: ", ")).",
                isUnknownName: true)
        }
        guard entry.operands.contains(operands.count) else {
            let wanted =
                entry.operands.count == 1 ? "\(entry.operands.lowerBound)" : "at least \(entry.operands.lowerBound)"
            throw .invalid("\(name) takes \(wanted) operands, got \(operands.count).")
        }
        for operand in operands { try check(operand) }
        let checked = try Parameters(kind: entry.name, specs: entry.specs, given: given)
        let operation = try entry.make(operands.map { nodes[$0].shape }, checked)
        return try append(
            .operation(operation, operands), operation.shape, isActive: operands.contains { nodes[$0].isActive })
    }
}
