import Core
import Numerics

/// A dense float64 array that a test owns.
struct TestArray {
    let buffer: Buffer<Double>
    let shape: [Int]

    init(_ values: [Double], _ shape: [Int]) throws {
        buffer = try Buffer(values, in: Allocator())
        self.shape = shape
    }

    init(zeros shape: [Int]) throws {
        try self.init(Array(repeating: 7, count: shape.reduce(1, *)), shape)
    }

    /// Normal numbers, the same for the same seed.
    init(random shape: [Int], seed: UInt64 = 1) throws {
        let stream = Philox(seed: seed, stream: 1)
        try self.init((0..<shape.reduce(1, *)).map { stream.normal(UInt64($0)) }, shape)
    }

    var view: ArrayView {
        ArrayView(data: UnsafeMutableRawPointer(buffer.pointer), dtype: .float64, shape: Shape(shape))
    }
    var values: [Double] { buffer.array }

    func stack(_ name: String = "a") throws -> MatrixStack { try MatrixStack(view, name) }
    func vectors(_ name: String = "values") throws -> MatrixStack { try MatrixStack(vectors: view, name) }

    subscript(row: Int, column: Int) -> Double {
        get { buffer.pointer[row * shape[1] + column] }
        nonmutating set { buffer.pointer[row * shape[1] + column] = newValue }
    }

    /// The product of two matrices, summed as it is written.
    static func * (a: TestArray, b: TestArray) throws -> TestArray {
        let out = try TestArray(zeros: [a.shape[0], b.shape[1]])
        for i in 0..<a.shape[0] {
            for j in 0..<b.shape[1] {
                var sum = 0.0
                for k in 0..<a.shape[1] { sum += a[i, k] * b[k, j] }
                out[i, j] = sum
            }
        }
        return out
    }

    var transposed: TestArray {
        get throws {
            let out = try TestArray(zeros: [shape[1], shape[0]])
            for i in 0..<shape[0] { for j in 0..<shape[1] { out[j, i] = self[i, j] } }
            return out
        }
    }

    /// The largest difference of two arrays of one shape.
    func distance(_ other: TestArray) -> Double {
        zip(values, other.values).map { abs($0 - $1) }.max() ?? 0
    }

    static func identity(_ n: Int) throws -> TestArray {
        let out = try TestArray(Array(repeating: 0, count: n * n), [n, n])
        for i in 0..<n { out[i, i] = 1 }
        return out
    }
}

/// What 50 roundings of numbers of a size may come to.
func roundings(_ size: Double) -> Double { 50 * size * 0x1p-52 }
