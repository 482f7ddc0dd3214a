import Core
import Numerics
import Testing

struct OrderTests {
    private func quantiles(_ values: [Double], _ q: [Double], _ method: QuantileMethod) throws -> [Double] {
        let context = try Context(threads: 2)
        let a = try Tensor(doubles: values, Shape(values.count), in: context.allocator)
        return try withExtendedLifetime(a) {
            try Runs(a.view, name: "a", axes: nil, in: context).quantiles(q, method, name: "a", in: context).array
        }
    }

    /// Orders that quickselect dislikes, among them one that makes a median of three bad.
    @Test(arguments: [0, 1, 2, 3, 4, 5])
    func selectionIsExactForAwkwardOrders(kind: Int) throws {
        let random = Philox(seed: 7, stream: UInt64(kind))
        for count in [25, 1000, 5000, 40_000] {
            let values: [Double] = (0..<count).map { i in
                switch kind {
                case 0: Double(i)
                case 1: Double(-i)
                case 2: Double(i % 2)
                case 3: Double(i < count / 2 ? i : count - i)
                case 4: Double((i * 7919) % 100)
                default: random.normal(UInt64(i))
                }
            }
            let sorted = values.sorted()
            let q = [0, 0.01, 0.25, 0.5, 0.9, 1]
            let found = try quantiles(values, q, .lower)
            for (i, p) in q.enumerated() { #expect(found[i] == sorted[Int(Double(count - 1) * p)]) }
        }
    }

    @Test(arguments: QuantileMethod.allCases)
    func everyMethodIsMonotoneAndKeepsTheEnds(method: QuantileMethod) throws {
        let values = [3.0, 1, 4, 1, 5, 9, 2, 6]
        let q = (0...100).map { Double($0) / 100 }
        let found = try quantiles(values, q, method)
        #expect(found.first == 1 && found.last == 9)
        #expect(zip(found, found.dropFirst()).allSatisfy { $0 <= $1 })
    }

    @Test func quantilesBetweenInfinitiesAreNotMadeFromTheirDifference() throws {
        #expect(try quantiles([-.infinity, -.infinity, 0, .infinity, .infinity], [0, 0.1, 0.5, 1], .linear)
            == [-.infinity, -.infinity, 0, .infinity])
        let far = try quantiles([-1.7e308, 1.7e308], [0.25, 0.5], .linear)
        #expect(abs(far[0] + 0.85e308) < 1e293 && far[1] == 0)
    }

    @Test(arguments: [0, 1, 23, 24, 25, 48, 49, 1000])
    func mergeSortSortsAndIsStable(count: Int) throws {
        let random = Philox(seed: 1, stream: 2)
        let values = (0..<count).map { (random.uniform(UInt64($0)) * 10).rounded() }
        let buffer = try Buffer(values + values, in: Allocator())
        Sorting.sort(buffer.pointer, count, scratch: buffer.pointer + count)
        #expect(Array(buffer.array.prefix(count)) == values.sorted())
        let pairs = (0..<2 * count).map { Sorting.Keyed(value: values.isEmpty ? 0 : values[$0 % count], place: $0) }
        let items = try Buffer(pairs, in: Allocator())
        Sorting.sort(items.pointer, count, scratch: items.pointer + count)
        for i in 1..<max(count, 1) {
            let (a, b) = (items.pointer[i - 1], items.pointer[i])
            #expect(a.value < b.value || (a.value == b.value && a.place < b.place))
        }
    }

    @Test func kendallCountsPairsAsTheyAre() throws {
        let context = try Context(threads: 2)
        let random = Philox(seed: 2, stream: 2)
        let n = 60
        let values = (0..<2 * n).map { (random.uniform(UInt64($0)) * 8).rounded() }
        let x = try Tensor(doubles: values, Shape(n, 2), in: context.allocator)
        var (balance, left, right) = (0.0, 0.0, 0.0)
        for i in 0..<n {
            for j in 0..<i {
                let a = values[2 * i] - values[2 * j]
                let b = values[2 * i + 1] - values[2 * j + 1]
                balance += (a * b > 0 ? 1 : a * b < 0 ? -1 : 0)
                left += a != 0 ? 1 : 0
                right += b != 0 ? 1 : 0
            }
        }
        let found = try withExtendedLifetime(x) { try CorrelationMethod.kendall.correlation(of: x.view, in: context).array }
        #expect(abs(found[1] - balance / (left * right).squareRoot()) < 1e-14)
    }
}
