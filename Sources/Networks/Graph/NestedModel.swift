import Core

/// A network as a layer of another: Sequential or Functional within a model. It keeps its own layers for names,
/// configuration and files; to run, plans take it apart.
package final class NestedModel: CompositeLayer {
    package let graph: NetworkGraph
    package let parameters: Parameters
    /// Values that fresh weights begin with; nil: those of the layers' initializers.
    private let start: Buffer<Float>?

    /// - Parameter start: weights of the graph to begin with.
    package init(_ graph: NetworkGraph, start: Buffer<Float>? = nil) {
        self.graph = graph
        self.start = start
        parameters = Parameters(kind: graph.isSequential ? "Sequential" : "Functional")
    }

    package var parts: [GraphLayer] { graph.layers }

    package var inputCount: ClosedRange<Int> { graph.inputs.count...graph.inputs.count }

    package func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        for (index, shape) in inputs.enumerated() {
            let wanted = graph.inputShape(index)
            let fits = wanted.admits(shape) || shape.admits(wanted)
            guard fits || (!shape.isKnown && wanted.rank == shape.rank) else {
                let name = graph.layer(of: graph.inputs[index]).name
                throw .shape("The input '\(name)' of the model must have shape \(wanted) per row, got \(shape).")
            }
        }
        return try graph.outputShapes(for: inputs)
    }

    package func weights(_ inputs: [Shape]) -> [WeightSpec] {
        graph.slots.map { slot in
            WeightSpec(
                slot.path, slot.shape,
                start.map { Stored(weights: $0, offset: slot.offset, count: slot.count) } ?? slot.initializer,
                isTrainable: slot.isTrainable, regularizer: slot.regularizer, constraint: slot.constraint)
        }
    }

    package func expand(_ inputs: [Program.Flow], in expansion: Expansion) throws(ApusError) -> [Program.Flow] {
        try expansion.run(graph, inputs)
    }

    /// "Fills" a weight with the value that it had in the model.
    private struct Stored: Initializer {
        let weights: Buffer<Float>
        let offset: Int
        let count: Int
        var parameters: Parameters { Parameters(kind: "Zeros") }

        func fill(_ out: UnsafeMutablePointer<Float>, shape: Shape, random: Philox) {
            out.update(from: weights.pointer + offset, count: min(count, shape.count))
        }
    }
}
