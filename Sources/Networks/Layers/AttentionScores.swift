import CVector
import Core

/// The comparisons of queries and keys, and their gradients.
extension AttentionCore {
    /// Writes the scores of all pairs: [queries, keys]. `room` holds a vector of features.
    func compare(
        _ query: UnsafePointer<Float>, _ queryStep: Int, _ key: UnsafePointer<Float>, _ keyStep: Int,
        _ g: AttentionGeometry, _ weights: [UnsafeMutablePointer<Float>], _ scores: UnsafeMutablePointer<Float>,
        _ room: UnsafeMutablePointer<Float>, in context: Context
    ) {
        if case .dot(let factor, let isWeighted) = comparison {
            Product.inPlace(
                context.kernels, transposesB: true, g.queries, g.keys, g.features, query, queryStep, key, keyStep, scores,
                g.keys)
            let scale = isWeighted ? factor * weights[0][0] : factor
            if scale != 1 { context.kernels.scale(scale, scores, Int64(g.scores)) }
            return
        }
        let (inner, outer, perFeature) = factors(weights)
        for t in 0..<g.queries {
            for s in 0..<g.keys {
                tangents(query + t * queryStep, key + s * keyStep, g.features, inner, room, in: context)
                if let perFeature { context.kernels.multiply(room, perFeature, room, Int64(g.features)) }
                scores[t * g.keys + s] = outer * Float(context.kernels.sum(room, Int64(g.features)))
            }
        }
    }

    /// Scores are outer * sum perFeature tanh(inner (q + k)).
    private func factors(
        _ weights: [UnsafeMutablePointer<Float>]
    ) -> (inner: Float, outer: Float, perFeature: UnsafePointer<Float>?) {
        switch comparison {
        case .dot: (1, 1, nil)
        case .additive(let isWeighted): (1, 1, isWeighted ? UnsafePointer(weights[0]) : nil)
        case .concat(let isWeighted): isWeighted ? (weights[0][0], weights[1][0], nil) : (1, weights[0][0], nil)
        }
    }

    /// tanh(inner (q + k)).
    @inline(__always)
    private func tangents(
        _ query: UnsafePointer<Float>, _ key: UnsafePointer<Float>, _ features: Int, _ inner: Float,
        _ out: UnsafeMutablePointer<Float>, in context: Context
    ) {
        context.kernels.add(query, key, out, Int64(features))
        if inner != 1 { context.kernels.scale(inner, out, Int64(features)) }
        context.kernels.activation(APUS_K_TANH, 0, out, out, Int64(features))
    }

    /// From the gradient by the scores to those by queries, keys and weights (these set, in the order of the weights).
    /// `room` holds a row of queries, one of keys and three vectors.
    func differentiate(
        _ query: UnsafePointer<Float>, _ queryStep: Int, _ key: UnsafePointer<Float>, _ keyStep: Int,
        _ g: AttentionGeometry, _ weights: [UnsafeMutablePointer<Float>], _ dScores: UnsafeMutablePointer<Float>,
        query dQuery: UnsafeMutablePointer<Float>?, key dKey: UnsafeMutablePointer<Float>?, addsToKey: Bool,
        weights dWeights: UnsafeMutablePointer<Float>, room: UnsafeMutablePointer<Float>, in context: Context
    ) {
        if case .dot(let factor, let isWeighted) = comparison {
            if isWeighted {
                // The sum of dS (q . k) is that of q . (dS k).
                Product.inPlace(
                    context.kernels, g.queries, g.features, g.keys, dScores, g.keys, key, keyStep, room, g.features)
                var sum = 0.0
                for t in 0..<g.queries {
                    for c in 0..<g.features {
                        sum += Double(query[t * queryStep + c]) * Double(room[t * g.features + c])
                    }
                }
                dWeights[0] = Float(sum) * factor
            }
            let scale = isWeighted ? factor * weights[0][0] : factor
            if scale != 1 { context.kernels.scale(scale, dScores, Int64(g.scores)) }
            if let dQuery {
                Product.inPlace(
                    context.kernels, g.queries, g.features, g.keys, dScores, g.keys, key, keyStep, dQuery, queryStep)
            }
            if let dKey {
                Product.inPlace(
                    context.kernels, transposesA: true, g.keys, g.features, g.queries, dScores, g.keys, query, queryStep,
                    beta: addsToKey ? 1 : 0, dKey, keyStep)
            }
            return
        }
        let (inner, outer, perFeature) = factors(weights)
        let n = g.features
        let (queries, keys) = (room, room + g.queries * n)
        let (tangent, sums, slope) = (keys + g.keys * n, keys + (g.keys + 1) * n, keys + (g.keys + 2) * n)
        queries.update(repeating: 0, count: (g.queries + g.keys) * n)
        sums.update(repeating: 0, count: n)
        var (byInner, byOuter) = (0.0, 0.0)
        for t in 0..<g.queries {
            for s in 0..<g.keys {
                let gradient = dScores[t * g.keys + s]
                if gradient == 0 { continue }
                let (q, k) = (query + t * queryStep, key + s * keyStep)
                tangents(q, k, n, inner, tangent, in: context)
                for c in 0..<n {
                    let part = perFeature?[c] ?? 1
                    slope[c] = gradient * outer * part * (1 - tangent[c] * tangent[c])
                    sums[c] += gradient * outer * tangent[c]
                    byInner += Double(slope[c]) * Double(q[c] + k[c])
                    byOuter += Double(gradient * part * tangent[c])
                }
                context.kernels.axpy(inner, slope, queries + t * n, Int64(n))
                context.kernels.axpy(inner, slope, keys + s * n, Int64(n))
            }
        }
        if let dQuery { for t in 0..<g.queries { (dQuery + t * queryStep).update(from: queries + t * n, count: n) } }
        if let dKey {
            for s in 0..<g.keys {
                let (to, from) = (dKey + s * keyStep, keys + s * n)
                if addsToKey { context.kernels.add(to, from, to, Int64(n)) } else { to.update(from: from, count: n) }
            }
        }
        switch comparison {
        case .dot: break
        case .additive(let isWeighted): if isWeighted { dWeights.update(from: sums, count: n) }
        case .concat(let isWeighted):
            if isWeighted { dWeights[0] = Float(byInner) }
            dWeights[isWeighted ? 1 : 0] = Float(byOuter)
        }
    }
}
