import CVector
import Core
import Glibc

/// Reductions of arrays along axes.
///
/// Every sum is made in double precision: of float32 too, and of whole numbers, which must be exact there. A sum of n
/// elements along a run is off by at most (38 + log2(n / 2048)) 2^-53 sum |x|, along rows by (83 + log2(n / 64)) 2^-53
/// sum |x|; what rounding to a float32 `out` adds comes on top.
package enum ArrayReduction {
    /// Reduces `a` along `axes` (all for nil) into `out`, which has the dimensions that stay, with or without an extent
    /// of 1 for each reduced one. Throws `invalidArgument` for axes, emptiness where it has no value and shared memory,
    /// `shape` and `dtype` for what `out` cannot take, `outOfMemory`, `limit`, `interrupted`.
    package static func reduce(
        _ operation: Reduction, _ a: ArrayView, axes: [Int]?, into out: ArrayView, in context: Context
    ) throws(ApusError) {
        let isReduced = try Axes.resolve(axes, rank: a.shape.rank)
        if operation == .argmin || operation == .argmax, let axes, axes.count > 1, axes.count < a.shape.rank {
            throw .invalid("\(operation.rawValue) takes one axis or all, got \(axes.count).")
        }
        let plan = ReductionPlan(a, isReduced: isReduced, inOrder: operation.countsPositions)
        try plan.checkShape(out)
        try checkType(operation, a, out)
        try out.requireApart(from: a, named: "a", inPlace: true)
        try a.requireExact("a")
        let target = plan.inPlanOrder(out)
        if operation.result == .real, target.dtype == .float64, target.isDense, !out.sharesMemory(with: a) {
            try evaluate(operation, plan, target.data.assumingMemoryBound(to: Double.self), in: context)
            return
        }
        let values = try Buffer<Double>(plan.keptCount, in: context.allocator)
        try evaluate(operation, plan, values.pointer, in: context)
        try write(values.pointer, operation, to: target, in: context)
    }

    /// All elements of `a` to one number; positions count the elements row by row, truth is 0 or 1.
    package static func reduceAll(_ operation: Reduction, _ a: ArrayView, in context: Context) throws(ApusError)
        -> Double
    {
        if let value = atOnce(operation, a, in: context) { return value }
        let plan = ReductionPlan(
            a, isReduced: Array(repeating: true, count: a.shape.rank), inOrder: operation.countsPositions)
        try a.requireExact("a")
        let value = try Buffer<Double>(1, in: context.allocator)
        try evaluate(operation, plan, value.pointer, in: context)
        return value.pointer.pointee
    }

    /// The reduction of one dense block of reals, without a plan; nil where that is not all there is to it.
    private static func atOnce(_ operation: Reduction, _ a: ArrayView, in context: Context) -> Double? {
        guard a.isDense, !a.dtype.isInteger, a.count > 0, a.count <= ElementReader.blockLength,
            !operation.countsPositions, operation != .logSumExp
        else { return nil }
        let kernels = context.kernels.reductions
        let value =
            a.dtype == .float32
            ? kernels.run_floats(operation.code, a.data.assumingMemoryBound(to: Float.self), Int64(a.count))
            : kernels.run_doubles(operation.code, a.data.assumingMemoryBound(to: Double.self), Int64(a.count))
        if operation == .norm2 { return EuclideanNorm.isSafe(value) ? value.squareRoot() : nil }
        return finished(operation, value, Double(a.count))
    }

    /// What the pass over `count` elements comes to.
    private static func finished(_ operation: Reduction, _ value: Double, _ count: Double) -> Double {
        switch operation {
        case .mean: value / count
        case .any: value > 0 ? 1 : 0
        case .all: value == count ? 1 : 0
        default: value
        }
    }

    /// The results of a plan.
    static func evaluate(
        _ operation: Reduction, _ plan: ReductionPlan, _ values: UnsafeMutablePointer<Double>, in context: Context
    ) throws(ApusError) {
        if plan.keptCount == 0 { return }
        if plan.reducedCount == 0 {
            guard let value = operation.ofNothing else {
                throw .invalid("a has no elements to take the \(operation.rawValue) of.")
            }
            values.update(repeating: value, count: plan.keptCount)
            return
        }
        if operation.countsPositions {
            try BestPlace(code: operation.code, context: context).run(plan, values)
            return
        }
        try ReductionPass(code: operation.code, context: context).run(plan, values)
        let count = Double(plan.reducedCount)
        switch operation {
        case .mean, .any, .all:
            for index in 0..<plan.keptCount { values[index] = finished(operation, values[index], count) }
        case .norm2: try EuclideanNorm.finish(plan, values, in: context)
        case .logSumExp: try LogSumExp.finish(plan, values, in: context)
        default: break
        }
    }

    private static func checkType(_ operation: Reduction, _ a: ArrayView, _ out: ArrayView) throws(ApusError) {
        let (isAllowed, wanted): (Bool, String)
        switch operation.result {
        case .real where a.dtype == .float32:
            (isAllowed, wanted) = (out.dtype == .float32 || out.dtype == .float64, "float32 or float64")
        case .real: (isAllowed, wanted) = (out.dtype == .float64, "float64")
        case .position: (isAllowed, wanted) = (out.dtype == .int64 || out.dtype == .int32, "int64 or int32")
        case .truth: (isAllowed, wanted) = (out.dtype == .bool || out.dtype == .uint8, "bool or uint8")
        }
        guard isAllowed else {
            throw .dtype(
                "out must be \(wanted) for the \(operation.rawValue) of \(a.dtype.name), got \(out.dtype.name).")
        }
    }

    private static func write(
        _ values: UnsafeMutablePointer<Double>, _ operation: Reduction, to out: ArrayView, in context: Context
    ) throws(ApusError) {
        switch operation.result {
        case .real: try out.write(UnsafePointer(values))
        case .truth: out.forEachElement { $1.storeBytes(of: values[$0] == 0 ? 0 : 1, as: UInt8.self) }
        case .position:
            let positions = try Buffer<Int64>(out.count, in: context.allocator)
            for index in 0..<out.count { positions.pointer[index] = Int64(exactly: values[index]) ?? 0 }
            try out.write(UnsafePointer(positions.pointer))
        }
    }
}

extension Reduction {
    /// Whether the order of elements matters.
    var countsPositions: Bool { self == .argmin || self == .argmax }
}
