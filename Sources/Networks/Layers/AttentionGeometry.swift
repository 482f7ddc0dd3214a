import Core

/// How the rows of queries, values and keys lie: (batches..., steps..., heads, features), the axis of heads there or not,
/// one axis of steps or more taken together.
struct AttentionGeometry {
    let batches: Int
    let heads: Int
    /// Queries; keys and values.
    let queries: Int
    let keys: Int
    /// Features of a query and a key; of a value.
    let features: Int
    let width: Int

    /// - Parameter attended: axes of steps.
    init(query: Shape, value: Shape, attended: Int, hasHeads: Bool) {
        let tail = hasHeads ? 2 : 1
        let lead = max(0, query.rank - tail - attended)
        var (batches, queries, keys) = (1, 1, 1)
        for axis in 0..<lead { batches = cappedProduct(batches, query[axis]) }
        for axis in lead..<max(lead, query.rank - tail) { queries = cappedProduct(queries, query[axis]) }
        for axis in lead..<max(lead, value.rank - tail) { keys = cappedProduct(keys, value[axis]) }
        (self.batches, self.queries, self.keys) = (batches, queries, keys)
        heads = hasHeads ? query[query.rank - 2] : 1
        (features, width) = (query.last, value.last)
    }

    /// Attentions of one row, each of its own matrix of scores.
    var count: Int { cappedProduct(batches, heads) }
    /// Elements of one matrix of scores; its place is a multiple of four, so that dropout begins at whole Philox blocks.
    var scores: Int { cappedProduct(queries, keys) }
    var room: Int { (scores + 15) / 16 * 16 }

    /// Where the first query (key, value) of an attention is among the rows, and how far apart they are.
    func query(_ number: Int) -> (start: Int, step: Int) {
        (number / heads * queries * heads * features + number % heads * features, heads * features)
    }
    func key(_ number: Int) -> (start: Int, step: Int) {
        (number / heads * keys * heads * features + number % heads * features, heads * features)
    }
    func value(_ number: Int) -> (start: Int, step: Int) {
        (number / heads * keys * heads * width + number % heads * width, heads * width)
    }
    func output(_ number: Int) -> (start: Int, step: Int) {
        (number / heads * queries * heads * width + number % heads * width, heads * width)
    }
}
