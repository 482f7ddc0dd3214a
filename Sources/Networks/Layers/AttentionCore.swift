import CVector
import Core

/// softmax(scores of queries and keys) times values: what Attention and AdditiveAttention are, and MultiHeadAttention
/// between its projections.
///
/// Inputs: queries, values and keys; without keys the values are the keys. Vaswani et al. (2017), "Attention is all you
/// need", arXiv:1706.03762; Luong, Pham, Manning (2015), arXiv:1508.04025; Bahdanau, Cho, Bengio (2015), arXiv:1409.0473.
final class AttentionCore: Layer {
    /// How a query q and a key k are compared.
    enum Comparison: Equatable {
        /// factor (q . k), with a weight times that where said.
        case dot(Float, isWeighted: Bool)
        /// sum of scale tanh(q + k), with scale a weight for each feature or 1.
        case additive(isWeighted: Bool)
        /// weight times the sum of tanh(scale (q + k)), with scale a weight or 1.
        case concat(isWeighted: Bool)
    }

    /// What becomes of places that do not count.
    enum Masking {
        /// They get no weight; without any that counts the result is 0. Queries that do not count get 0.
        case drops
        /// 1e9 is taken off their scores; queries that do not count get 0.
        case subtracts
    }

    let parameters: Parameters
    let comparison: Comparison
    private let masking: Masking
    private let attended: Int
    private let hasHeads: Bool
    private let isCausal: Bool
    private let returnsScores: Bool
    private let dropout: Float

    init(
        parameters: Parameters, comparison: Comparison, masking: Masking, attended: Int = 1, hasHeads: Bool = false
    ) {
        self.parameters = parameters
        self.comparison = comparison
        self.masking = masking
        self.attended = attended
        self.hasHeads = hasHeads
        isCausal = parameters.boolean("use_causal_mask")
        returnsScores = parameters.boolean("return_attention_scores")
        dropout = Float(parameters.real("dropout"))
    }

    var inputCount: ClosedRange<Int> { 2...3 }

    // MARK: Shapes

    func outputShapes(_ inputs: [Shape]) throws(ApusError) -> [Shape] {
        let (query, value, key) = (inputs[0], inputs[1], inputs.count > 2 ? inputs[2] : inputs[1])
        let tail = hasHeads ? 2 : 1
        func fits(_ a: Shape, _ b: Shape, _ axes: Range<Int>) -> Bool {
            axes.allSatisfy { a[$0] == b[$0] || a[$0] < 0 || b[$0] < 0 }
        }
        guard query.rank >= tail + attended, value.rank == query.rank, key.rank == query.rank,
            fits(query, value, 0..<query.rank - tail - attended), fits(key, value, 0..<key.rank - 1),
            fits(query, key, query.rank - 1..<query.rank)
        else {
            let shapes = inputs.map(\.description).joined(separator: ", ")
            throw .shape(
                "\(parameters.kind) needs queries and keys of as many features, and as many keys as values, got \(shapes).")
        }
        var shape = query
        shape[shape.rank - 1] = value.last
        guard returnsScores else { return [shape] }
        var scores = Shape()
        for axis in 0..<query.rank - tail - attended { scores.append(query[axis]) }
        if hasHeads { scores.append(query[query.rank - 2]) }
        guard scores.rank + 2 * attended < Shape.maximumRank else {
            throw .shape("\(parameters.kind) has scores of too many axes for queries of shape \(query).")
        }
        for axis in query.rank - tail - attended..<query.rank - tail { scores.append(query[axis]) }
        for axis in value.rank - tail - attended..<value.rank - tail { scores.append(value[axis]) }
        return [shape, scores]
    }

    func outputMasks(_ masks: [Shape?], inputs: [Shape], outputs: [Shape]) -> [OutputMask] {
        outputs.indices.map { $0 == 0 ? .input(0) : .none }
    }

    func weights(_ inputs: [Shape]) -> [WeightSpec] {
        let ones = Ones(parameters: Parameters(kind: "Ones"))
        switch comparison {
        case .dot(_, let isWeighted): return isWeighted ? [WeightSpec("scale", Shape(), ones)] : []
        case .additive(let isWeighted):
            let features = Shape(inputs.first?.last ?? 1)
            let glorot = VarianceScaling(
                parameters: Parameters(kind: "GlorotUniform"), scale: 1, mode: "fan_avg", distribution: "uniform")
            return isWeighted ? [WeightSpec("scale", features, glorot)] : []
        case .concat(let isWeighted):
            return (isWeighted ? [WeightSpec("scale", Shape(), ones)] : [])
                + [WeightSpec("concat_score_weight", Shape(), ones)]
        }
    }

    private func geometry(_ inputs: [Shape]) -> AttentionGeometry {
        AttentionGeometry(query: inputs[0], value: inputs[1], attended: attended, hasHeads: hasHeads)
    }

    // MARK: Memory

    /// The weights of all attentions.
    func scratch(_ call: LayerCall) -> Int {
        let g = geometry(call.inputs)
        return call.training ? cappedProduct(call.rows, g.count, g.room) : 0
    }

    /// In each lane two matrices of scores, a row of queries and one of keys, and what the comparison needs; behind them the
    /// gradients by its weights of each attention.
    func workspace(_ call: LayerCall) -> Int {
        let g = geometry(call.inputs)
        let lanes = cappedProduct(call.lanes, laneRoom(g))
        guard call.training else { return lanes }
        return min(lanes + cappedProduct(call.rows, g.count, weightRoom(g)), 1 << 56)
    }

    private func laneRoom(_ g: AttentionGeometry) -> Int {
        min(2 * g.room + cappedProduct(g.queries + g.keys + 3, g.features) + 16, 1 << 56)
    }

    /// Floats of the comparison's weights.
    private func weightRoom(_ g: AttentionGeometry) -> Int {
        switch comparison {
        case .dot(_, let isWeighted): isWeighted ? 1 : 0
        case .additive(let isWeighted): isWeighted ? g.features : 0
        case .concat(let isWeighted): isWeighted ? 2 : 1
        }
    }

    // MARK: Passes

    /// Masks of queries and of keys or values, as floats for each row and step; nil where there are none.
    private func masks(_ step: LayerStep) -> (query: UnsafePointer<Float>?, value: UnsafePointer<Float>?, key: UnsafePointer<Float>?) {
        func mask(_ place: Int) -> UnsafePointer<Float>? {
            let shape = step.inputShapes[place].dropLast
            return step.mask(place, over: hasHeads ? shape.dropLast : shape)
        }
        // Keras's Attention has masks of queries and values alone.
        return (mask(0), mask(1), step.inputs.count > 2 && masking == .drops ? mask(2) : nil)
    }

    func forward(_ step: LayerStep, in context: Context) {
        let g = geometry(step.inputShapes)
        let masks = masks(step)
        context.parallel(step.rows * g.count, lanes: step.lanes) { number, lane in
            let room = step.workspace + lane * laneRoom(g)
            let scores = step.isDifferentiable ? step.scratch + number * g.room : room + g.room
            let (query, key, value) = (g.query(number), g.key(number), g.value(number))
            let keys = step.inputs.count > 2 ? step.inputs[2] : step.inputs[1]
            compare(
                step.inputs[0] + query.start, query.step, keys + key.start, key.step, g, step.weights, scores,
                room + 2 * g.room, in: context)
            weigh(scores, g, number, masks, in: context)
            if returnsScores { (step.outputs[1] + number * g.scores).update(from: scores, count: g.scores) }
            let dropped = drop(step, scores, number, g, room, in: context)
            let output = g.output(number)
            Product.inPlace(
                context.kernels, g.queries, g.width, g.keys, dropped, g.keys, step.inputs[1] + value.start, value.step,
                step.output + output.start, output.step)
            guard masking == .subtracts, let counts = masks.query else { return }
            for t in 0..<g.queries where counts[number / g.heads * g.queries + t] == 0 {
                (step.output + output.start + t * output.step).update(repeating: 0, count: g.width)
            }
        }
    }

    /// Scores to weights that add up to 1.
    private func weigh(
        _ scores: UnsafeMutablePointer<Float>, _ g: AttentionGeometry, _ number: Int,
        _ masks: (query: UnsafePointer<Float>?, value: UnsafePointer<Float>?, key: UnsafePointer<Float>?),
        in context: Context
    ) {
        let group = number / g.heads
        let value = masks.value.map { $0 + group * g.keys }
        let key = masks.key.map { $0 + group * g.keys }
        let query = masking == .drops ? masks.query.map { $0 + group * g.queries } : nil
        let isMasked = isCausal || value != nil || key != nil || query != nil
        func counts(_ t: Int, _ s: Int) -> Bool {
            (!isCausal || s <= t) && value?[s] != 0 && key?[s] != 0 && query?[t] != 0
        }
        if isMasked {
            for t in 0..<g.queries {
                let line = scores + t * g.keys
                for s in 0..<g.keys where !counts(t, s) { line[s] = masking == .drops ? -1e9 : line[s] - 1e9 }
            }
        }
        context.kernels.softmax(scores, scores, nil, Int64(g.queries), Int64(g.keys))
        guard isMasked, masking == .drops else { return }
        for t in 0..<g.queries {
            let line = scores + t * g.keys
            for s in 0..<g.keys where !counts(t, s) { line[s] = 0 }
        }
    }

    /// The same values, or in training with dropout others in `room`.
    private func drop(
        _ step: LayerStep, _ values: UnsafeMutablePointer<Float>, _ number: Int, _ g: AttentionGeometry,
        _ room: UnsafeMutablePointer<Float>, in context: Context
    ) -> UnsafeMutablePointer<Float> {
        guard step.training, dropout > 0 else { return values }
        context.kernels.dropout(
            values, room, Int64(g.scores), dropout, step.random.seed, step.random.stream, UInt64(number * g.room))
        return room
    }

    func backward(_ step: LayerStep, in context: Context) {
        guard let dy = step.outputGradient else { return }
        let g = geometry(step.inputShapes)
        let masks = masks(step)
        let weightRoom = weightRoom(g)
        let partials = step.workspace + step.lanes * laneRoom(g)
        // Values that are the keys too get both gradients.
        let sharesKeys = step.inputs.count == 2
        let keyPlace = sharesKeys ? 1 : 2
        context.parallel(step.rows * g.count, lanes: step.lanes) { number, lane in
            let room = step.workspace + lane * laneRoom(g)
            let weights = step.scratch + number * g.room
            let (query, key, value, output) = (g.query(number), g.key(number), g.value(number), g.output(number))
            let gradient = dy + output.start
            if masking == .subtracts, let counts = masks.query {
                for t in 0..<g.queries where counts[number / g.heads * g.queries + t] == 0 {
                    (gradient + t * output.step).update(repeating: 0, count: g.width)
                }
            }
            if let target = step.inputGradients[1] {
                let dropped = drop(step, weights, number, g, room, in: context)
                Product.inPlace(
                    context.kernels, transposesA: true, g.keys, g.width, g.queries, dropped, g.keys, gradient,
                    output.step, target + value.start, value.step)
            }
            let dScores = room + g.room
            Product.inPlace(
                context.kernels, transposesB: true, g.queries, g.keys, g.width, gradient, output.step,
                step.inputs[1] + value.start, value.step, dScores, g.keys)
            if step.training, dropout > 0 {
                context.kernels.dropout(
                    dScores, dScores, Int64(g.scores), dropout, step.random.seed, step.random.stream,
                    UInt64(number * g.room))
            }
            if returnsScores {
                context.kernels.add(
                    dScores, step.outputGradients[1] + number * g.scores, dScores, Int64(g.scores))
            }
            context.kernels.softmax_gradient(weights, dScores, dScores, Int64(g.queries), Int64(g.keys))
            differentiate(
                step.inputs[0] + query.start, query.step, step.inputs[keyPlace] + key.start, key.step, g, step.weights,
                dScores, query: step.inputGradients[0].map { $0 + query.start },
                key: step.inputGradients[keyPlace].map { $0 + key.start }, addsToKey: sharesKeys,
                weights: partials + number * weightRoom, room: room + 2 * g.room, in: context)
        }
        var offset = 0
        for (place, out) in step.gradients.enumerated() {
            let count = comparison == .additive(isWeighted: true) ? g.features : 1
            if let out {
                for index in 0..<count {
                    var sum = 0.0
                    for number in 0..<step.rows * g.count { sum += Double(partials[number * weightRoom + offset + index]) }
                    out[index] = (step.accumulates ? out[index] : 0) + Float(sum)
                }
            }
            offset += place < weightRoom ? count : 0
        }
    }

    var callKeywords: [(key: String, value: JSON)] {
        ["use_causal_mask", "return_attention_scores"].compactMap { name in
            parameters.boolean(name) ? (key: name, value: true) : nil
        }
    }

    var config: [(key: String, value: JSON)] {
        // Keras reads a score_mode of "dot" in a file as its function of that name, so the default goes without saying.
        parameters.values.filter { item in
            item.key != "use_causal_mask" && item.key != "return_attention_scores"
                && !(item.key == "score_mode" && item.value == "dot")
        }
    }
}
