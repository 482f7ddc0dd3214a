import Core
import Numerics
import Testing

@Suite struct ArrayProductTests {
    private func product(
        _ a: Doubles, _ b: Doubles, _ shape: Shape, transposesA: Bool = false, transposesB: Bool = false,
        threads: Int = 1
    ) throws -> [Double] {
        let out = try Doubles(zeros: shape)
        try ArrayProduct.multiply(
            a.view, b.view, transposesA: transposesA, transposesB: transposesB, into: out.view,
            in: Context(threads: threads))
        return out.buffer.array
    }

    @Test func multipliesTheTextbookMatrices() throws {
        let a = try Doubles([1, 2, 3, 4, 5, 6], Shape(2, 3))
        let b = try Doubles([7, 8, 9, 10, 11, 12], Shape(3, 2))
        #expect(try product(a, b, Shape(2, 2)) == [58, 64, 139, 154])
        #expect(try product(b, a, Shape(2, 2), transposesA: true, transposesB: true) == [58, 139, 64, 154])
        #expect(try product(Doubles([1, 2, 3]), b, Shape(2)) == [58, 64])
        #expect(try product(a, Doubles([1, 1, 1]), Shape(2)) == [6, 15])
        #expect(try product(Doubles([1, 2, 3]), Doubles([4, 5, 6]), Shape()) == [32])
    }

    /// Whole numbers: every order of adding gives the same.
    @Test(arguments: [(150, 150, 150), (33, 900, 401), (300, 17, 700), (160, 801, 160), (2, 500, 3000)])
    func multipliesExactlyInEveryForm(m: Int, k: Int, n: Int) throws {
        let a = try Doubles((0..<m * k).map { Double(($0 * 7 + 3) % 17 - 8) }, Shape(m, k))
        let b = try Doubles((0..<k * n).map { Double(($0 * 5 + 1) % 13 - 6) }, Shape(k, n))
        let found = try product(a, b, Shape(m, n), threads: 3)
        // Freivalds' check: c v = a (b v).
        let v = (0..<n).map { Double(($0 * 3 + 2) % 7 - 3) }
        let bv = (0..<k).map { row in (0..<n).reduce(0.0) { $0 + b.buffer.pointer[row * n + $1] * v[$1] } }
        for i in 0..<m {
            let expected = (0..<k).reduce(0.0) { $0 + a.buffer.pointer[i * k + $1] * bv[$1] }
            #expect((0..<n).reduce(0.0) { $0 + found[i * n + $1] * v[$1] } == expected)
        }
    }

    @Test func threadsDoNotChangeABit() throws {
        let a = try Doubles(spread(300 * 420), Shape(300, 420))
        let b = try Doubles(spread(420 * 390, seed: 2), Shape(420, 390))
        #expect(try product(a, b, Shape(300, 390)) == product(a, b, Shape(300, 390), threads: 7))
    }

    @Test func broadcastsBatches() throws {
        let a = try Doubles([1, 0, 0, 1, 0, 1, 1, 0], Shape(2, 2, 2))
        let b = try Doubles([1, 2, 3, 4], Shape(2, 2))
        #expect(try product(a, b, Shape(2, 2, 2)) == [1, 2, 3, 4, 3, 4, 1, 2])
    }

    @Test func refusesWhatDoesNotFit() throws {
        let a = try Doubles([1, 2, 3, 4, 5, 6], Shape(2, 3))
        #expect(throws: ApusError.self) { try product(a, a, Shape(2, 2)) }
        #expect(throws: ApusError.self) { try product(a, a, Shape(3, 3), transposesB: true) }
        #expect(throws: ApusError.self) { try product(Doubles([1], Shape()), a, Shape(3)) }
    }
}
