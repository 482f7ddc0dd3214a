import Core

/// Least and greatest values, one for each run; NaN where a run holds NaN.
struct ExtremeStatistics {
    let runs: Runs
    let context: Context

    func extremes(_ least: UnsafeMutablePointer<Double>, _ greatest: UnsafeMutablePointer<Double>) throws(ApusError) {
        // A partial result is (1 when there is one, least and greatest).
        try runs.accumulate(
            width: 2, in: context, merge: { ExtremeStatistics.join($0, $1[1].high, $1[1].low, isSet: $1[0].high == 1) },
            finish: { output, sums in
                least[output] = sums[1].high
                greatest[output] = sums[1].low
            }
        ) { _, x, _, count, sums in
            if count == 0 { return }
            let (low, high) = RunSums.extremes(x, count)
            ExtremeStatistics.join(sums, low, high, isSet: true)
        }
    }

    private static func join(_ sums: UnsafeMutablePointer<CompensatedSum>, _ low: Double, _ high: Double, isSet: Bool) {
        guard isSet else { return }
        if sums[0].high == 0 {
            sums[0].high = 1
            sums[1] = CompensatedSum(low, high)
        } else if low.isNaN || sums[1].high.isNaN {
            sums[1] = CompensatedSum(.nan, .nan)
        } else {
            sums[1] = CompensatedSum(min(sums[1].high, low), max(sums[1].low, high))
        }
    }
}
