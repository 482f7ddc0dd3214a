/// Notices that a method no longer gets anywhere: near the least value steps are taken for what they do to the
/// gradient. When they help neither, nothing is left but rounding, whatever the tolerance and the iterations allowed.
struct Stagnation {
    private var value: Double
    private var slope: Double
    private var idle = 0

    /// Iterations in a row that may pass without a lower value or a lower gradient.
    private static let most = 100

    init(_ run: Minimisation) {
        value = run.value
        slope = run.slope
    }

    /// To be called after each iteration: whether there have been too many in vain.
    mutating func isReached(_ run: Minimisation) -> Bool {
        idle = run.value < value || run.slope < slope ? 0 : idle + 1
        value = min(value, run.value)
        slope = min(slope, run.slope)
        return idle > Stagnation.most
    }
}
