import Core

/// The plans of a trainer or a session: one for each kind of input shapes that came last.
final class PlanCache {
    private let graph: NetworkGraph
    private let isForTraining: Bool
    /// Plans at most: sequences of many lengths must not fill the memory.
    private static let maximum = 4
    private var plans: [(plan: Plan, lastUse: Int)] = []
    private var uses = 0

    init(_ graph: NetworkGraph, training: Bool) {
        self.graph = graph
        self.isForTraining = training
    }

    /// A plan for at least `rows` rows of inputs of these shapes, and whether it is a fresh one, which is not attached to
    /// weights yet. Throws `shape` for inputs that the graph does not take, `limit` or `outOfMemory` with the bytes needed;
    /// the plans that there are stay then.
    func plan(rows: Int, _ shapes: [Shape], in context: Context) throws(ApusError) -> (plan: Plan, isFresh: Bool) {
        uses += 1
        var program: Program?
        for index in plans.indices where plans[index].plan.program.inputShapes == shapes {
            if plans[index].plan.rows >= rows {
                plans[index].lastUse = uses
                return (plans[index].plan, false)
            }
            program = plans[index].plan.program
        }
        let known: Program
        if let program { known = program } else { known = try Program(graph, inputShapes: shapes) }
        let plan = try Plan(known, rows: rows, training: isForTraining, in: context)
        plans.removeAll { $0.plan.program === known }
        if plans.count >= PlanCache.maximum, let oldest = plans.indices.min(by: { plans[$0].lastUse < plans[$1].lastUse }) {
            plans.remove(at: oldest)
        }
        plans.append((plan, uses))
        return (plan, true)
    }
}
