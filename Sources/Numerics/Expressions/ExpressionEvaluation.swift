import Core

/// One evaluation of a node: values of all nodes behind it, and the sweeps that carry derivatives.
package final class ExpressionEvaluation {
    private let expression: Expression
    private let target: Int
    private let context: Context
    /// Which nodes the target needs, ascending.
    private let needed: [Int]
    private var values: Operands
    private var tangents: Operands
    private var keep: [Buffer<Double>] = []

    /// Evaluates `node` for values of all variables in their order. Throws `shape` where one does not fit.
    package init(_ expression: Expression, node: Int, values given: [ArrayView], context: Context) throws(ApusError) {
        _ = try expression.shape(of: node)
        self.expression = expression
        self.context = context
        target = node
        let nodes = expression.nodes
        var isNeeded = [Bool](repeating: false, count: node + 1)
        isNeeded[node] = true
        for index in stride(from: node, through: 0, by: -1) where isNeeded[index] {
            for operand in nodes[index].operands { isNeeded[operand] = true }
        }
        needed = (0...node).filter { isNeeded[$0] }
        values = Operands(repeating: nil, count: node + 1)
        tangents = []
        guard given.count == expression.variables.count else {
            throw .invalid("n_values must be \(expression.variables.count), one for each variable, got \(given.count).")
        }
        for (index, variable) in expression.variables.enumerated() {
            guard given[index].shape == variable.shape else {
                throw .shape("values[\(index)] (\(variable.name)) must have shape \(variable.shape), got \(given[index].shape).")
            }
            if variable.node <= node, isNeeded[variable.node] {
                values[variable.node] = try dense(given[index], "values[\(index)]")
            }
        }
        try forward()
    }

    /// The elements of an array as dense doubles: where they are, or copied.
    private func dense(_ array: ArrayView, _ name: String) throws(ApusError) -> UnsafePointer<Double> {
        if array.dtype == .float64, array.isDense {
            return UnsafePointer(array.data.assumingMemoryBound(to: Double.self))
        }
        let copy = try Buffer<Double>(array.count, in: context.allocator)
        try array.copy(to: copy.pointer, name: name)
        keep.append(copy)
        return UnsafePointer(copy.pointer)
    }

    /// One buffer for an array at each of some nodes, and where each begins.
    private func arena(_ places: [Int], isZero: Bool) throws(ApusError) -> Results {
        var total = 0
        for place in places {
            let (sum, overflow) = total.addingReportingOverflow(expression.nodes[place].shape.count)
            if overflow { throw .limit("The intermediate results of the expression are too large.") }
            total = sum
        }
        let buffer = try isZero
            ? Buffer<Double>(zeros: total, in: context.allocator) : Buffer<Double>(total, in: context.allocator)
        keep.append(buffer)
        var result = Results(repeating: nil, count: target + 1)
        var next = buffer.pointer
        for place in places {
            result[place] = next
            next += expression.nodes[place].shape.count
        }
        return result
    }

    private func forward() throws(ApusError) {
        let operations = needed.filter { if case .operation = expression.nodes[$0].content { true } else { false } }
        let results = try arena(operations, isZero: false)
        for index in needed {
            switch expression.nodes[index].content {
            case .variable: break
            case .constant(let buffer): values[index] = UnsafePointer(buffer.pointer)
            case .operation(let operation, let operands):
                try context.checkInterrupt()
                guard let result = results[index] else { continue }
                try operation.value(operands.map { values[$0] }, result, context)
                values[index] = UnsafePointer(result)
            }
        }
    }

    /// The value of the target.
    package var value: UnsafePointer<Double>? { values[target] }

    /// Adjoints of the wanted variables for an adjoint of the target (nil: 1, for one element).
    package func gradient(
        wanted: [Bool], output: ArrayView?
    ) throws(ApusError) -> [UnsafePointer<Double>?] {
        let seed = try seed(output)
        let adjoints = try adjoints(wanted: wanted, seed: seed)
        for index in needed.reversed() {
            guard case .operation(let operation, let operands) = expression.nodes[index].content,
                let bar = adjoints[index], let y = values[index]
            else { continue }
            try context.checkInterrupt()
            try operation.reverse(
                operands.map { values[$0] }, y, UnsafePointer(bar), operands.map { adjoints[$0] }, context)
        }
        return expression.variables.map { $0.node <= target ? adjoints[$0.node].map { UnsafePointer($0) } : nil }
    }

    /// The Hessian of the target, which has one element, times directions (nil: zero), by each wanted variable: the tangent
    /// of the reverse sweep.
    package func hessianProduct(
        wanted: [Bool], directions: [ArrayView?]
    ) throws(ApusError) -> [UnsafePointer<Double>?] {
        let nodes = expression.nodes
        guard nodes[target].shape.count == 1 else {
            throw .shape("The Hessian needs a node of one element, but it has shape \(nodes[target].shape).")
        }
        guard directions.count == expression.variables.count else {
            throw .invalid("directions must be \(expression.variables.count), one for each variable, got \(directions.count).")
        }
        // Tangents forward.
        tangents = Operands(repeating: nil, count: target + 1)
        for (index, variable) in expression.variables.enumerated() {
            guard let direction = directions[index] else { continue }
            guard direction.shape == variable.shape else {
                throw .shape(
                    "directions[\(index)] (\(variable.name)) must have shape \(variable.shape), got \(direction.shape).")
            }
            if variable.node <= target { tangents[variable.node] = try dense(direction, "directions[\(index)]") }
        }
        var moves = tangents.map { $0 != nil }
        let moving = needed.filter { index in
            let operands = nodes[index].operands
            if operands.contains(where: { moves[$0] }) { moves[index] = true }
            return !operands.isEmpty && moves[index]
        }
        let room = try arena(moving, isZero: false)
        for index in moving {
            guard case .operation(let operation, let operands) = nodes[index].content, let y = values[index],
                let dy = room[index]
            else { continue }
            try operation.tangent(operands.map { values[$0] }, y, operands.map { tangents[$0] }, dy, context)
            tangents[index] = UnsafePointer(dy)
        }
        // Adjoints and their tangents backward.
        let bars = try adjoints(wanted: wanted, seed: seed(nil))
        let changes = try adjoints(wanted: wanted, seed: nil)
        let largest = needed.map { nodes[$0].shape.count }.max() ?? 1
        let zero = try Buffer<Double>(zeros: largest, in: context.allocator)
        for index in needed.reversed() {
            guard case .operation(let operation, let operands) = nodes[index].content, let bar = bars[index],
                let change = changes[index], let y = values[index]
            else { continue }
            try context.checkInterrupt()
            let x = operands.map { values[$0] }
            try operation.reverseTangent(
                x, y, operands.map { tangents[$0] }, tangents[index] ?? UnsafePointer(zero.pointer),
                UnsafePointer(bar), UnsafePointer(change), operands.map { changes[$0] }, context)
            try operation.reverse(x, y, UnsafePointer(bar), operands.map { bars[$0] }, context)
        }
        return expression.variables.map { $0.node <= target ? changes[$0.node].map { UnsafePointer($0) } : nil }
    }

    /// The adjoint of the target as dense doubles.
    private func seed(_ output: ArrayView?) throws(ApusError) -> UnsafePointer<Double> {
        let shape = expression.nodes[target].shape
        if let output {
            guard output.shape == shape else {
                throw .shape("output_gradient must have shape \(shape), got \(output.shape).")
            }
            return try dense(output, "output_gradient")
        }
        guard shape.count == 1 else {
            throw .invalid("output_gradient must be given for a node of shape \(shape): it has more than one element.")
        }
        let one = try Buffer<Double>(1, in: context.allocator)
        one.pointer[0] = 1
        keep.append(one)
        return UnsafePointer(one.pointer)
    }

    /// Zeroed adjoints of the nodes between wanted variables and the target, the target's set to `seed`.
    private func adjoints(wanted: [Bool], seed: UnsafePointer<Double>?) throws(ApusError) -> Results {
        guard wanted.count == expression.variables.count else {
            throw .invalid("gradients must be \(expression.variables.count), one for each variable, got \(wanted.count).")
        }
        var leads = [Bool](repeating: false, count: target + 1)
        for (index, variable) in expression.variables.enumerated() where variable.node <= target {
            leads[variable.node] = wanted[index]
        }
        for index in needed where expression.nodes[index].operands.contains(where: { leads[$0] }) { leads[index] = true }
        let result = try arena(needed.filter { leads[$0] }, isZero: true)
        if let seed, let bar = result[target] { bar.update(from: seed, count: expression.nodes[target].shape.count) }
        return result
    }
}
