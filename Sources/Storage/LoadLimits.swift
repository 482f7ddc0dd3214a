/// How much a file may ask for before it is refused.
package struct LoadLimits: Sendable {
    /// Bytes of all arrays together.
    package var maximumBytes: Int
    /// Layers of a network, weights of a layer, items of a record, optimizer arrays: each list's length.
    package var maximumLayers: Int
    /// Nesting of configuration and records; never more than 1000, for the sake of the stack.
    package var maximumDepth: Int

    package init(maximumBytes: Int = 16 << 30, maximumLayers: Int = 100_000, maximumDepth: Int = 64) {
        self.maximumBytes = maximumBytes
        self.maximumLayers = maximumLayers
        self.maximumDepth = min(maximumDepth, 1000)
    }

    /// Bytes of a file: its arrays and what describes them.
    var maximumFile: Int {
        let (most, overflow) = maximumBytes.addingReportingOverflow(256 << 20)
        return overflow ? Int.max : most
    }

    /// Bytes of one configuration text. Its JSON value takes some thirty times as much memory.
    static let maximumConfiguration = 32 << 20
    /// Bytes of one layer, weight or item name, as in Keras.
    static let maximumName = 64_512
}
