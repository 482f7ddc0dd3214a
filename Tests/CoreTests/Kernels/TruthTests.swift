import CVector
import Core
import Testing

private let relations: [(code: Int32, holds: @Sendable (Double, Double) -> Bool)] = [
    (APUS_OP_EQUAL, { $0 == $1 }), (APUS_OP_NOT_EQUAL, { $0 != $1 }), (APUS_OP_LESS, { $0 < $1 }),
    (APUS_OP_LESS_EQUAL, { $0 <= $1 }), (APUS_OP_GREATER, { $0 > $1 }), (APUS_OP_GREATER_EQUAL, { $0 >= $1 }),
    (APUS_OP_LOGICAL_AND, { $0 != 0 && $1 != 0 }), (APUS_OP_LOGICAL_OR, { $0 != 0 || $1 != 0 }),
    (APUS_OP_LOGICAL_XOR, { ($0 != 0) != ($1 != 0) }), (APUS_OP_LOGICAL_NOT, { x, _ in x == 0 }),
    (APUS_OP_ISNAN, { x, _ in x.isNaN }), (APUS_OP_ISINF, { x, _ in x.isInfinite }),
    (APUS_OP_ISFINITE, { x, _ in x.isFinite }),
]

@Suite struct TruthTests {
    private static let values = [0, -0.0, 1, -1, .nan, .infinity, -.infinity, 2, 5e-324, 1]

    /// Truths of elements that begin `offset` bytes into their memory, and the byte behind the last.
    private static func truths<Element>(
        _ kernel: (Int32, UnsafePointer<apus_elements>) -> Void, _ code: Int32, _ x: [Element], _ y: [Element],
        _ steps: (Int64, Int64), offset: Int
    ) -> [UInt8] {
        let count = x.count
        var out = [UInt8](repeating: 77, count: count + 1)
        let size = count * MemoryLayout<Element>.stride + 128
        let room = UnsafeMutableRawPointer.allocate(byteCount: 2 * size, alignment: 64)
        defer { room.deallocate() }
        let (a, b) = (room + offset, room + size + offset)
        x.withUnsafeBytes { if let from = $0.baseAddress { a.copyMemory(from: from, byteCount: $0.count) } }
        y.withUnsafeBytes { if let from = $0.baseAddress { b.copyMemory(from: from, byteCount: $0.count) } }
        out.withUnsafeMutableBytes { out in
            guard let out = out.baseAddress else { return }
            var job = apus_elements(
                rows: 1, columns: Int64(count), a: a, b: b, c: a, out: out, a_row: 0, b_row: 0, c_row: 0, out_row: 0,
                a_step: steps.0, b_step: steps.1, c_step: 1)
            kernel(code, &job)
        }
        return out
    }

    @Test(arguments: InstructionSet.available)
    func relationsHoldAtEveryLengthAndAddress(set: InstructionSet) {
        let kernels = set.kernels
        for count in Array(1...20) + [31, 32, 33, 63, 64, 65, 80, 127, 129, 200] {
            let x = (0..<count).map { TruthTests.values[($0 * 7) % 10] }
            let y = (0..<count).map { TruthTests.values[($0 * 3 + $0 / 10) % 10] }
            func float(_ x: Double) -> Float { x == 5e-324 ? 1e-45 : Float(x) }
            let (floats, others) = (x.map(float), y.map(float))
            for (a, b) in [(1, 1), (0, 1), (1, 0), (0, 0)] as [(Int64, Int64)] {
                for (code, holds) in relations {
                    let wanted = (0..<count).map { holds(x[a == 0 ? 0 : $0], y[b == 0 ? 0 : $0]) ? UInt8(1) : 0 } + [77]
                    for offset in [0, 8, 16, 56] {
                        let doubles = TruthTests.truths(kernels.elementwise_double, code, x, y, (a, b), offset: offset)
                        #expect(doubles == wanted, "operation \(code), count \(count)")
                        let singles = TruthTests.truths(
                            kernels.elementwise_float, code, floats, others, (a, b), offset: offset / 2)
                        #expect(singles == wanted, "operation \(code), count \(count)")
                    }
                }
            }
        }
    }
}
