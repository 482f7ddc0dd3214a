import CVector
import Core
import Glibc

/// Euclidean lengths whose squares may leave the range of float64.
///
/// A sum of squares between 2^-960 and infinity has lost nothing that matters: squares that vanished are below 2^-1074
/// each. Otherwise the elements are taken again, times the power of two that makes the greatest about 1 (Blue 1978,
/// doi:10.1145/355769.355771).
enum EuclideanNorm {
    private static let least = 0x1p-960

    /// Whether the root of a sum of squares is the length.
    static func isSafe(_ sum: Double) -> Bool { sum.isNaN || (sum >= least && sum < .infinity) }

    /// Turns sums of squares into lengths.
    static func finish(_ plan: ReductionPlan, _ values: UnsafeMutablePointer<Double>, in context: Context)
        throws(ApusError)
    {
        // The square of a float32, and of any whole number, is in range.
        let isFloat = plan.dtype != .float64
        let reader = ElementReader(plan.dtype, plan.reduced, isAligned: plan.isAligned)
        let slices = ReductionSlices(units: plan.keptCount, elementsOfUnit: plan.reducedCount)
        let room = isFloat ? 0 : 2 &* ElementReader.blockLength
        let scratch = try Buffer<Double>(room &* slices.count, in: context.allocator)
        let kernels = context.kernels.reductions
        context.parallel(slices.count) { slice in
            for index in slices.range(slice) {
                let sum = values[index]
                if isFloat || isSafe(sum) {
                    values[index] = sum.squareRoot()
                    continue
                }
                if context.isInterrupted { return }
                values[index] = scaled(
                    reader, plan.base + plan.kept.offset(of: index), plan.reducedCount, kernels,
                    scratch.pointer + slice &* room)
            }
        }
        try context.checkInterrupt()
    }

    /// The length with the elements scaled; `scratch` has two blocks of doubles.
    private static func scaled(
        _ reader: ElementReader, _ base: UnsafeRawPointer, _ count: Int, _ kernels: apus_reduction_kernels,
        _ scratch: UnsafeMutablePointer<Double>
    ) -> Double {
        let copies = UnsafeMutableRawPointer(scratch)
        let block = scratch + ElementReader.blockLength
        var greatest = Cascade(APUS_R_MAX_ABSOLUTE)
        reader.blocks(base, 0, count, copies) {
            greatest.add(reader.reduce(APUS_R_MAX_ABSOLUTE, kernels, $0, $1))
        }
        guard let scale = scale(for: greatest.total) else { return greatest.total }
        var sum = Cascade(APUS_R_SUM_SQUARES)
        reader.blocks(base, 0, count, copies) { pointer, n in
            let x = pointer.assumingMemoryBound(to: Double.self)
            for i in 0..<n { block[i] = x[i] * scale }
            sum.add(kernels.run_doubles(APUS_R_SUM_SQUARES, block, Int64(n)))
        }
        return sum.total.squareRoot() / scale
    }

    /// The power of two that brings `greatest` to about 1; nil for 0, infinity and NaN.
    static func scale(for greatest: Double) -> Double? {
        guard greatest > 0, greatest < .infinity else { return nil }
        return scalbn(1.0, -Int32(max(-1000, Int(greatest.exponent))))
    }
}
