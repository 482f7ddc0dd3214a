import Core

/// The last steps s and gradient changes y, and the inverse Hessian H that they stand for: Nocedal 1980, "Updating
/// quasi-Newton matrices with limited storage", doi:10.1090/S0025-5718-1980-0572855-7.
struct CurvaturePairs {
    let count: Int
    let memory: Int
    private let steps: Buffer<Double>
    private let changes: Buffer<Double>
    private let inverse: Buffer<Double>
    private let factors: Buffer<Double>
    private(set) var used = 0
    private var next = 0
    /// s'y / y'y of the newest pair: H without the pairs is this multiple of the identity.
    private(set) var scale = 1.0

    init(_ count: Int, _ memory: Int, in allocator: Allocator) throws(ApusError) {
        self.count = count
        self.memory = max(memory, 1)
        let (cells, overflow) = count.multipliedReportingOverflow(by: self.memory)
        if overflow { throw .limit("\(self.memory) pairs of \(count) numbers are too many.") }
        steps = try Buffer(cells, in: allocator)
        changes = try Buffer(cells, in: allocator)
        inverse = try Buffer(self.memory, in: allocator)
        factors = try Buffer(self.memory, in: allocator)
    }

    var isEmpty: Bool { used == 0 }

    mutating func forget() {
        used = 0
        next = 0
        scale = 1
    }

    /// Where pair `index` is kept, 0 the oldest.
    func slot(_ index: Int) -> Int { (next &- used &+ index &+ memory) % memory }

    /// The step of pair `index`, 0 the oldest.
    func step(_ index: Int) -> UnsafeMutablePointer<Double> { steps.pointer + slot(index) &* count }
    /// The gradient change of pair `index`, 0 the oldest.
    func change(_ index: Int) -> UnsafeMutablePointer<Double> { changes.pointer + slot(index) &* count }

    /// Keeps a pair where its curvature is positive beyond rounding; says whether it did.
    mutating func append(
        _ x: UnsafePointer<Double>, _ xNew: UnsafePointer<Double>, _ g: UnsafePointer<Double>,
        _ gNew: UnsafePointer<Double>
    ) -> Bool {
        let s = steps.pointer + next &* count
        let y = changes.pointer + next &* count
        for i in 0..<count {
            s[i] = xNew[i] - x[i]
            y[i] = gNew[i] - g[i]
        }
        let curvature = innerProduct(s, y, count)
        let length = innerProduct(y, y, count)
        guard curvature > 0x1p-52 * length, length > 0, length.isFinite else {
            // The slot of the oldest pair is spoilt.
            if used == memory { used -= 1 }
            return false
        }
        inverse.pointer[next] = 1 / curvature
        scale = curvature / length
        next = (next + 1) % memory
        used = min(used + 1, memory)
        return true
    }

    /// vector = H vector, by the two-loop recursion.
    func apply(to vector: UnsafeMutablePointer<Double>) {
        for index in stride(from: used - 1, through: 0, by: -1) {
            let slot = slot(index)
            let factor = inverse.pointer[slot] * innerProduct(steps.pointer + slot &* count, vector, count)
            factors.pointer[slot] = factor
            addProduct(-factor, changes.pointer + slot &* count, to: vector, count)
        }
        for i in 0..<count { vector[i] *= scale }
        for index in 0..<used {
            let slot = slot(index)
            let factor = inverse.pointer[slot] * innerProduct(changes.pointer + slot &* count, vector, count)
            addProduct(factors.pointer[slot] - factor, steps.pointer + slot &* count, to: vector, count)
        }
    }

    /// Writes H, count x count.
    func write(to matrix: UnsafeMutablePointer<Double>) {
        for i in 0..<count {
            let row = matrix + i &* count
            for j in 0..<count { row[j] = i == j ? 1 : 0 }
            apply(to: row)
        }
    }
}
