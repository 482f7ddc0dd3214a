import Core

/// Inference for one thread: plans and the weights of the moment it was made.
package final class Session {
    package let graph: NetworkGraph
    package let maximumRows: Int
    private let weights: Buffer<Float>
    private let cache: PlanCache
    private let allocator: Allocator
    private var plan: Plan?
    private var states: LayerStates?
    /// Shapes of one row of each input of the run to come.
    private var shapes: [Shape]

    /// A network whose inputs have extents that are not declared gets its memory when the first rows come. Throws
    /// `invalidArgument` for a row count below 1, `limit` or `outOfMemory` with the bytes needed.
    package init(_ model: NetworkModel, maximumRows: Int, in context: Context) throws(ApusError) {
        guard maximumRows >= 1, maximumRows <= Int(Int32.max) else {
            throw .invalid("max_batch must be 1 to \(Int32.max), got \(maximumRows).")
        }
        self.graph = model.graph
        self.maximumRows = maximumRows
        self.weights = model.weights
        self.allocator = context.allocator
        cache = PlanCache(model.graph, training: false)
        shapes = graph.inputs.indices.map { model.graph.inputShape($0) }
        if graph.hasFixedInputs { try prepare(in: context) }
    }

    package var inputCount: Int { graph.inputs.count }
    package var outputCount: Int { graph.outputs.count }

    /// Checks that an array holds rows of input `index`, and remembers their shape for `prepare`.
    package func checkInput(_ view: ArrayView, _ index: Int) throws(ApusError) {
        try Rows.check(view, of: graph.inputShape(index), name: "inputs[\(index)]")
        if !graph.hasFixedInputs { shapes[index] = view.shape.dropFirst(1) }
    }

    /// Makes the memory for inputs of the shapes checked last, if there is none for them. Throws `shape` for those that
    /// do not go together, `limit` or `outOfMemory`.
    package func prepare(in context: Context) throws(ApusError) {
        if let plan, graph.hasFixedInputs || plan.program.inputShapes == shapes { return }
        let (plan, isFresh) = try cache.plan(rows: maximumRows, shapes, in: context)
        if isFresh { plan.attach(weights, gradients: nil) }
        if plan.stateCount > 0 {
            let states: LayerStates
            if let held = self.states, held.values.count == cappedProduct(plan.stateCount, maximumRows) {
                states = held
            } else {
                states = try LayerStates(count: plan.stateCount, rows: maximumRows, in: allocator)
            }
            self.states = states
            plan.attach(states)
        }
        self.plan = plan
    }

    private func ready() throws(ApusError) -> Plan {
        guard let plan else { throw ApusError(.internal, "The session has no plan.") }
        return plan
    }

    /// Shape of one row of output `index` for the inputs prepared for; as declared before any were.
    package func outputShape(_ index: Int) -> Shape { plan?.program.outputShapes[index] ?? graph.outputShape(index) }

    /// Loads rows of an input, checked and prepared for before.
    package func load(_ view: ArrayView, _ index: Int) throws(ApusError) {
        try view.copy(to: ready().input(index), name: "inputs[\(index)]")
    }

    package func run(rows: Int, in context: Context) {
        plan?.forward(rows: rows, training: false, random: Philox(seed: 0, stream: 0), in: context)
    }

    /// Writes the rows of an output into an array of their shape.
    package func store(_ index: Int, into view: ArrayView) throws(ApusError) {
        try view.write(UnsafePointer(ready().output(index)), name: "outputs[\(index)]")
    }

    /// Sets what stateful layers keep back to zeros.
    package func resetStates() { states?.reset() }
}

/// Checks of arrays that hold rows.
package enum Rows {
    /// Rank and extents of `view` against the shape of one row, whose unknown extents may be any from 1.
    package static func check(_ view: ArrayView, of row: Shape, name: String) throws(ApusError) {
        var fits = view.shape.rank == row.rank + 1
        if fits {
            for index in 0..<row.rank {
                let extent = view.shape[index + 1]
                if row[index] < 0 ? extent < 1 : extent != row[index] { fits = false }
            }
        }
        guard fits else {
            let expected = (["rows"] + row.extents.map { $0 < 0 ? "any" : String($0) }).joined(separator: ", ")
            throw .shape("\(name) must have shape (\(expected)\(row.rank == 0 ? "," : "")), got \(view.shape).")
        }
    }
}
