import Core

/// Scores x coef' + intercept, row by row: one row gives the same bits as that row among others.
struct LinearScores {
    private let coefficients: UnsafePointer<Double>
    private let intercepts: UnsafePointer<Double>
    private let features: Int
    private let outputs: Int

    /// The tensors must outlive this.
    init(_ coefficients: Tensor, _ intercepts: Tensor, features: Int) {
        self.coefficients = UnsafePointer(coefficients.doubles)
        self.intercepts = UnsafePointer(intercepts.doubles)
        self.features = features
        self.outputs = intercepts.count
    }

    /// Writes rows x outputs scores. Throws as RowMap does.
    func run(_ x: ArrayView, into out: ArrayView, in context: Context) throws(ApusError) {
        try RowMap.run(x, into: out, width: outputs, in: context) { row, scores in self.row(row, scores) }
    }

    /// The scores of one row.
    @inline(__always)
    func row(_ row: UnsafePointer<Double>, _ scores: UnsafeMutablePointer<Double>) {
        for t in 0..<outputs { scores[t] = score(row, t) }
    }

    /// One score of one row.
    @inline(__always)
    func score(_ row: UnsafePointer<Double>, _ output: Int) -> Double {
        intercepts[output] + LinearScores.dot(row, coefficients + output &* features, features)
    }

    /// The sum of products in a fixed order: eight running sums, then the rest.
    private static func dot(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ count: Int) -> Double {
        var low = SIMD4<Double>(repeating: 0)
        var high = SIMD4<Double>(repeating: 0)
        var i = 0
        while i + 8 <= count {
            low += lanes(a + i) * lanes(b + i)
            high += lanes(a + i + 4) * lanes(b + i + 4)
            i += 8
        }
        low += high
        var sum = (low[0] + low[1]) + (low[2] + low[3])
        while i < count {
            sum += a[i] * b[i]
            i += 1
        }
        return sum
    }

    @inline(__always)
    private static func lanes(_ pointer: UnsafePointer<Double>) -> SIMD4<Double> {
        UnsafeRawPointer(pointer).loadUnaligned(as: SIMD4<Double>.self)
    }
}
