import Core
import Numerics
import Testing

struct RunningMomentsTests {
    private func moments(_ values: [Double], weights: [Double]? = nil) throws -> RunningMoments {
        let context = try Context(threads: 2)
        let x = try Tensor(doubles: values, Shape(values.count), in: context.allocator)
        let w = try weights.map { try Tensor(doubles: $0, Shape($0.count), in: context.allocator) }
        return try withExtendedLifetime((x, w)) { try RunningMoments(of: x.view, weights: w?.view, in: context) }
    }

    @Test func mergingOneByOneIsAddingAllAtOnce() throws {
        let random = Philox(seed: 5, stream: 5)
        let values = (0..<500).map { 1e9 + random.normal($0) }
        let whole = try moments(values)
        var single = RunningMoments()
        for value in values { try single.merge(moments([value])) }
        for name in ["mean", "variance", "std", "standard_error", "skewness", "kurtosis", "min", "max", "sum"] {
            let a = try whole.statistic(name, ddof: 1)
            let b = try single.statistic(name, ddof: 1)
            #expect(abs(a - b) <= 1e-12 * max(abs(a), 0.1), "\(name): \(a) and \(b)")
        }
    }

    @Test func valuesWithoutWeightCountOnlyAsSeen() throws {
        var all = try moments([1, 2, 3], weights: [1, 1, 1])
        try all.merge(moments([100, -100], weights: [0, 0]))
        #expect(try all.statistic("mean", ddof: 0) == 2 && all.count == 5)
        #expect(try all.statistic("max", ddof: 0) == 100)
        var none = try moments([7], weights: [0])
        #expect(throws: ApusError.self) { try none.statistic("mean", ddof: 0) }
        try none.merge(moments([1, 3]))
        #expect(try none.statistic("variance", ddof: 0) == 1 && none.count == 3)
    }
}
