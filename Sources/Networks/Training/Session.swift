import Core

/// Inference for one thread: a plan and the weights of the moment it was made.
package final class Session {
    package let graph: NetworkGraph
    package let maximumRows: Int
    private let plan: Plan

    /// Throws `invalidArgument` for a row count below 1, `limit` or `outOfMemory` with the bytes needed.
    package init(_ model: NetworkModel, maximumRows: Int, in context: Context) throws(ApusError) {
        guard maximumRows >= 1, maximumRows <= Int(Int32.max) else {
            throw .invalid("max_batch must be 1 to \(Int32.max), got \(maximumRows).")
        }
        self.graph = model.graph
        self.maximumRows = maximumRows
        self.plan = try Plan(model.graph, rows: maximumRows, training: false, in: context.allocator)
        self.plan.attach(model.weights, gradients: nil)
    }

    package var inputCount: Int { graph.inputs.count }
    package var outputCount: Int { graph.outputs.count }

    package func inputShape(_ index: Int) -> Shape { graph.nodes[graph.inputs[index]].shape }
    package func outputShape(_ index: Int) -> Shape { graph.nodes[graph.outputs[index]].shape }

    /// Checks that an array holds rows of input `index`.
    package func checkInput(_ view: ArrayView, _ index: Int) throws(ApusError) {
        try Rows.check(view, of: inputShape(index), name: "inputs[\(index)]")
    }

    /// Loads rows of an input, checked before.
    package func load(_ view: ArrayView, _ index: Int) throws(ApusError) {
        try view.copy(to: plan.input(index), name: "inputs[\(index)]")
    }

    package func run(rows: Int, in context: Context) {
        plan.forward(rows: rows, training: false, random: Philox(seed: 0, stream: 0), in: context)
    }

    /// Writes the rows of an output into an array of their shape.
    package func store(_ index: Int, into view: ArrayView) throws(ApusError) {
        try view.write(UnsafePointer(plan.output(index)), name: "outputs[\(index)]")
    }
}

/// Checks of arrays that hold rows.
package enum Rows {
    /// Rank and extents of `view` against the shape of one row.
    package static func check(_ view: ArrayView, of row: Shape, name: String) throws(ApusError) {
        var fits = view.shape.rank == row.rank + 1
        if fits {
            for index in 0..<row.rank where view.shape[index + 1] != row[index] { fits = false }
        }
        guard fits else {
            let expected = (["rows"] + row.extents.map(String.init)).joined(separator: ", ")
            throw .shape("\(name) must have shape (\(expected)\(row.rank == 0 ? "," : "")), got \(view.shape).")
        }
    }
}
