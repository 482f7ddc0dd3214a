import Core

/// Sums of each channel over many places, cut by size alone and added in order.
enum PlaceSums {
    /// Floats of one part.
    private static let block = 1 << 15

    private static func share(_ channels: Int) -> Int { max(1, block / max(1, channels)) }
    private static func parts(_ places: Int, _ channels: Int) -> Int {
        max(1, (places + share(channels) - 1) / share(channels))
    }

    static func workspace(_ places: Int, channels: Int) -> Int { cappedProduct(parts(places, channels), channels) }

    /// Sets (or, where `accumulates`, adds to) `sums`.
    static func add(
        _ values: UnsafePointer<Float>, places: Int, channels: Int, to sums: UnsafeMutablePointer<Float>,
        accumulates: Bool, workspace: UnsafeMutablePointer<Float>, in context: Context
    ) {
        let share = share(channels)
        let parts = parts(places, channels)
        context.parallel(parts) { part in
            let from = part * share
            context.kernels.sum_rows(
                values + from * channels, Int64(min(places, from + share) - from), Int64(channels), Int64(channels),
                workspace + part * channels)
        }
        if !accumulates { sums.update(repeating: 0, count: channels) }
        for part in 0..<parts { context.kernels.add(sums, workspace + part * channels, sums, Int64(channels)) }
    }
}
