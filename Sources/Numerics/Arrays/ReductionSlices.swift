/// Units of work in slices for threads, cut by size alone.
struct ReductionSlices {
    let units: Int
    private let length: Int
    let count: Int

    /// Elements that are worth a slice of their own.
    static let elements = 65_536
    /// Slices that have scratch memory at most.
    private static let most = 256

    init(units: Int, elementsOfUnit: Int) {
        self.units = units
        let bySize = max(ReductionSlices.elements / max(elementsOfUnit, 1), 1)
        length = max(bySize, (units - 1) / ReductionSlices.most + 1)
        count = units == 0 ? 0 : (units - 1) / length + 1
    }

    func range(_ slice: Int) -> Range<Int> { slice &* length..<min(units, (slice + 1) &* length) }
}
