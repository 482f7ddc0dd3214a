import CVector
import Core
import Glibc

/// ln sum exp x = m + ln(1 + sum over the others of exp(x - m)) with the greatest element m: nothing overflows, and what
/// the others add is not lost beside 1.
enum LogSumExp {
    /// Turns greatest elements into logarithms of sums.
    static func finish(_ plan: ReductionPlan, _ values: UnsafeMutablePointer<Double>, in context: Context)
        throws(ApusError)
    {
        let reader = ElementReader(plan.dtype, plan.reduced, isAligned: plan.isAligned)
        let count = plan.reducedCount
        let length = 8192
        let pieces = (count - 1) / length + 1
        // An exponential costs as much as some tens of elements that are only added.
        let slices = ReductionSlices(units: plan.keptCount &* pieces, elementsOfUnit: 32 &* min(count, length))
        let sums = try Buffer<Double>(slices.units, in: context.allocator)
        let ties = try Buffer<Double>(slices.units, in: context.allocator)
        let room = 2 &* ElementReader.blockLength
        let scratch = try Buffer<Double>(room &* slices.count, in: context.allocator)
        let kernels = context.kernels.reductions
        context.parallel(slices.count) { slice in
            if context.isInterrupted { return }
            let copies = UnsafeMutableRawPointer(scratch.pointer + slice &* room)
            let block = scratch.pointer + (slice &* room &+ ElementReader.blockLength)
            for unit in slices.range(slice) {
                let (index, piece) = unit.quotientAndRemainder(dividingBy: pieces)
                let from = piece &* length
                let greatest = values[index]
                // Infinite and NaN: the greatest is the answer.
                if !greatest.isFinite { continue }
                var cascade = Cascade(APUS_R_SUM)
                var equals = 0
                reader.blocks(
                    plan.base + plan.kept.offset(of: index), from, min(count, from &+ length), copies
                ) { pointer, n in
                    equals &+= exponentials(pointer, n, reader.isSingle, less: greatest, to: block)
                    cascade.add(kernels.run_doubles(APUS_R_SUM, block, Int64(n)))
                }
                sums.pointer[unit] = cascade.total
                ties.pointer[unit] = Double(equals)
            }
        }
        try context.checkInterrupt()
        for index in 0..<plan.keptCount where values[index].isFinite {
            var cascade = Cascade(APUS_R_SUM)
            var others = -1.0
            for piece in 0..<pieces {
                cascade.add(sums.pointer[index &* pieces + piece])
                others += ties.pointer[index &* pieces + piece]
            }
            values[index] += log1p(cascade.total + others)
        }
    }

    /// exp(x - greatest) of a block, 0 for the elements that equal the greatest; how many those are.
    private static func exponentials(
        _ block: UnsafeRawPointer, _ count: Int, _ isSingle: Bool, less greatest: Double,
        to out: UnsafeMutablePointer<Double>
    ) -> Int {
        var equals = 0
        for i in 0..<count {
            let x = isSingle
                ? Double(block.assumingMemoryBound(to: Float.self)[i]) : block.assumingMemoryBound(to: Double.self)[i]
            if x == greatest {
                equals &+= 1
                out[i] = 0
            } else {
                out[i] = exp(x - greatest)
            }
        }
        return equals
    }
}
