import Core

/// A graph compiled for up to a number of rows: every activation, gradient and scratch has its place in one arena, and
/// a pass allocates nothing.
package final class Plan {
    package let graph: NetworkGraph
    package let rows: Int
    package let isForTraining: Bool
    private let arena: Buffer<Float>
    private let outputs: [UnsafeMutablePointer<Float>]
    private let gradients: [UnsafeMutablePointer<Float>?]
    private let steps: [PlannedStep]
    /// Backward's order, with what is known beforehand about each step.
    private struct PlannedStep {
        let node: Int
        let layer: any Layer
        let step: LayerStep
        /// The input's gradient was already written by another consumer: this one's goes to a spare place and is added.
        let addsInputGradient: Bool
        /// Another call of the same layer was before this one in the backward pass.
        let sharesWeights: Bool
        /// Some weight before this node trains, so that backward must go through it.
        let inputTrains: Bool
        let trains: Bool
    }
    /// Whether a node is the input of another.
    private let isConsumed: [Bool]
    private let spare: UnsafeMutablePointer<Float>?
    /// Keeps the weights alive that the steps point into.
    private var weights: Buffer<Float>?

    /// Throws `limit` or `outOfMemory` with the size that the arena needs.
    package init(_ graph: NetworkGraph, rows: Int, training: Bool, in allocator: Allocator) throws(ApusError) {
        self.graph = graph
        self.rows = rows
        self.isForTraining = training
        // OpenBLAS counts in 32 bits.
        for node in graph.nodes {
            let (positions, overflow) = rows.multipliedReportingOverflow(by: node.shape.count / max(1, node.shape.last))
            guard !overflow, positions <= Int(Int32.max) else {
                throw .limit("A batch of \(rows) rows is too large for this network.")
            }
        }
        // Two passes over the same layout: sizes, then pointers.
        var size = 0
        var overflow = false
        func take(_ perRow: Int, _ rows: Int) -> Int {
            let (count, carry) = perRow.multipliedReportingOverflow(by: rows)
            let start = size
            let (padded, full) = count.addingReportingOverflow(15)
            let (next, more) = size.addingReportingOverflow(padded & ~15)
            overflow = overflow || carry || full || more
            size = next
            return start
        }
        let nodes = graph.nodes
        func isView(_ node: Int) -> Bool { graph.layers[nodes[node].layer].layer.isView }
        var outputOffsets: [Int] = []
        var gradientOffsets: [Int] = []
        for index in nodes.indices {
            if isView(index) {
                outputOffsets.append(outputOffsets[nodes[index].inputs[0]])
            } else {
                outputOffsets.append(take(nodes[index].shape.count, rows))
            }
        }
        // A view of a value with several consumers, or of an output, needs a gradient of its own.
        var consumers = [Int](repeating: 0, count: nodes.count)
        for node in nodes { for input in node.inputs { consumers[input] += 1 } }
        var isOutput = [Bool](repeating: false, count: nodes.count)
        for output in graph.outputs { isOutput[output] = true }
        for index in nodes.indices {
            let source = nodes[index].inputs.first ?? index
            let shares = isView(index) && consumers[source] == 1 && !isOutput[source]
            if !training {
                gradientOffsets.append(0)
            } else if shares {
                gradientOffsets.append(gradientOffsets[source])
            } else {
                gradientOffsets.append(take(nodes[index].shape.count, rows))
            }
        }
        var scratchOffsets: [Int] = []
        for node in nodes {
            let layer = graph.layers[node.layer].layer
            let count = layer.scratch(node.inputs.map { nodes[$0].shape }, output: node.shape, rows: rows)
            scratchOffsets.append(take(count, 1))
        }
        let room = nodes.map { node in
            graph.layers[node.layer].layer.workspace(
                node.inputs.map { nodes[$0].shape }, output: node.shape, rows: rows, training: training)
        }
        let workspaceOffset = take(room.max() ?? 0, 1)
        let largest = training && nodes.indices.contains { consumers[$0] > 1 || (isOutput[$0] && consumers[$0] > 0) }
            ? nodes.map(\.shape.count).max() ?? 0 : 0
        let spareOffset = take(largest, rows)
        if overflow {
            throw .limit("A batch of \(rows) rows is too large for this network.")
        }
        let arena: Buffer<Float>
        do { arena = try Buffer(zeros: size, in: allocator) } catch {
            throw ApusError(
                error.code, "The arena for \(rows) rows needs \(size &* 4) bytes. " + error.message)
        }
        self.arena = arena
        let outputs = outputOffsets.map { arena.pointer + $0 }
        let gradients: [UnsafeMutablePointer<Float>?] = gradientOffsets.map { training ? arena.pointer + $0 : nil }
        self.outputs = outputs
        isConsumed = consumers.map { $0 > 0 }
        self.gradients = gradients
        self.spare = largest > 0 ? arena.pointer + spareOffset : nil

        var trainsUpTo: [Bool] = []
        for node in nodes {
            let own = graph.layers[node.layer].slots.contains { graph.slots[$0].isTrainable }
            trainsUpTo.append(own || node.inputs.contains { trainsUpTo[$0] })
        }
        var steps: [PlannedStep] = []
        var written = Set(graph.outputs)
        var visited = Set<Int>()
        for index in nodes.indices.reversed() {
            let node = nodes[index]
            guard let source = node.inputs.first else { continue }
            let layer = graph.layers[node.layer]
            let adds = written.contains(source)
            written.insert(source)
            let step = LayerStep(
                inputShape: nodes[source].shape, outputShape: node.shape, input: outputs[source],
                output: outputs[index], outputGradient: gradients[index], scratch: arena.pointer + scratchOffsets[index],
                workspace: arena.pointer + workspaceOffset)
            steps.append(
                PlannedStep(
                    node: index, layer: layer.layer, step: step, addsInputGradient: adds,
                    sharesWeights: !visited.insert(node.layer).inserted, inputTrains: trainsUpTo[source],
                    trains: layer.slots.contains { graph.slots[$0].isTrainable }))
        }
        self.steps = steps.reversed()
        inputReaders = graph.inputs.map { input in
            let isOutput = graph.outputs.contains { outputOffsets[$0] == outputOffsets[input] }
            return isOutput ? [] : steps.filter { $0.step.input == outputs[input] }.map(\.step)
        }
    }

    /// The steps that read each input, directly or through views; none when an output is the input's memory.
    private let inputReaders: [[LayerStep]]

    /// Bytes of the arena.
    package var bytes: Int { arena.count * 4 }

    /// Points the steps at a set of weights and, in training, their gradients. Weights must not be freed before the
    /// plan, or the next call of this.
    package func attach(_ weights: Buffer<Float>, gradients: Buffer<Float>?) {
        self.weights = weights
        for planned in steps {
            let slots = graph.layers[graph.nodes[planned.node].layer].slots
            planned.step.weights = slots.map { weights.pointer + graph.slots[$0].offset }
            if let gradients, planned.trains {
                planned.step.gradients = slots.map { gradients.pointer + graph.slots[$0].offset }
            }
        }
    }

    /// Lets the steps read the rows of input `index` where they are, instead of the plan's own place; nil goes back to
    /// that. The memory is only read, and must stay until the backward pass. False when an output is the input's memory.
    package func borrowInput(_ index: Int, _ rows: UnsafePointer<Float>?) -> Bool {
        let readers = inputReaders[index]
        guard !readers.isEmpty else { return false }
        let pointer = rows.map { UnsafeMutablePointer(mutating: $0) } ?? outputs[graph.inputs[index]]
        for step in readers { step.input = pointer }
        return true
    }

    /// Where input `index`'s rows belong.
    package func input(_ index: Int) -> UnsafeMutablePointer<Float> { outputs[graph.inputs[index]] }
    /// Where output `index`'s rows are.
    package func output(_ index: Int) -> UnsafeMutablePointer<Float> { outputs[graph.outputs[index]] }
    /// Where the gradient by output `index` belongs. Of a plan for training.
    package func outputGradient(_ index: Int) -> UnsafeMutablePointer<Float>? { gradients[graph.outputs[index]] }
    /// Where the gradient by input `index` is after a backward pass that was asked for it.
    package func inputGradient(_ index: Int) -> UnsafeMutablePointer<Float>? { gradients[graph.inputs[index]] }

    /// The activation at the end of output `index`, when nothing else uses what is before it.
    package func finalActivation(_ index: Int) -> Activation? {
        let node = graph.outputs[index]
        guard !isConsumed[node] else { return nil }
        return graph.layers[graph.nodes[node].layer].layer.finalActivation
    }

    /// Runs all layers on `count` rows.
    ///
    /// - Parameters:
    ///   - random: seed of the pass and a stream number that no other pass has; each node gets a stream of its own.
    package func forward(rows count: Int, training: Bool, random: Philox, in context: Context) {
        for planned in steps {
            let step = planned.step
            step.rows = count
            step.training = training
            if planned.layer.isView { continue }
            if training {
                step.random = Philox(seed: random.seed, stream: random.stream &+ UInt64(planned.node) << 40)
            }
            planned.layer.forward(step, in: context)
        }
    }

    /// From the gradients by the outputs to those by the weights (added to those held when `accumulates`) and, where
    /// asked, by the inputs.
    package func backward(
        beforeActivation: [Bool], accumulates: Bool, wantsInputGradients: Bool, in context: Context
    ) {
        for planned in steps.reversed() {
            let step = planned.step
            let needsInput = planned.inputTrains || wantsInputGradients
            if !planned.trains && !needsInput { continue }
            let source = graph.nodes[planned.node].inputs[0]
            guard let target = gradients[source] else { continue }
            let count = step.rows * step.inputCount
            if planned.layer.isView {
                if let own = step.outputGradient, own != target, needsInput {
                    if planned.addsInputGradient {
                        context.kernels.add(target, own, target, Int64(count))
                    } else {
                        target.update(from: own, count: count)
                    }
                }
                continue
            }
            step.accumulates = accumulates || planned.sharesWeights
            step.gradientIsBeforeActivation = false
            for (index, node) in graph.outputs.enumerated() where node == planned.node {
                step.gradientIsBeforeActivation = beforeActivation[index]
            }
            step.inputGradient = needsInput ? (planned.addsInputGradient ? spare : target) : nil
            planned.layer.backward(step, in: context)
            if needsInput, planned.addsInputGradient, let spare {
                context.kernels.add(target, spare, target, Int64(count))
            }
        }
    }
}
