import Core
import Numerics
import Testing

struct StatisticsTests {
    /// One statistic of all of some values.
    private func statistic(
        _ name: String, _ values: [Double], weights: [Double]? = nil, parameters: String = "", threads: Int = 2
    ) throws -> Double {
        let context = try Context(threads: threads)
        let a = try Tensor(doubles: values, Shape(values.count), in: context.allocator)
        let w = try weights.map { try Tensor(doubles: $0, Shape($0.count), in: context.allocator) }
        let made = try ArrayStatistic(
            name, parameters: parameters, of: a.view, weights: w?.view, axes: nil, in: context)
        return try withExtendedLifetime((a, w)) { try made.make().array[0] }
    }

    @Test func aCompensatedSumKeepsWhatCancels() throws {
        #expect(try statistic("sum", [1e16, 1, -1e16]) == 1)
        var sum = CompensatedSum()
        for _ in 0..<1000 { sum.add(0.1) }
        #expect(abs(sum.value - 100) < 1.5e-14 && sum.divided(by: 1000) == 0.1)
    }

    @Test func equalValuesHaveTheirValueAsMeanAndNoVariance() throws {
        for count in [1, 3, 7, 100, 70_000] {
            let values = [Double](repeating: 0.1, count: count)
            #expect(try statistic("mean", values) == 0.1)
            #expect(try statistic("variance", values) == 0)
        }
    }

    @Test func wholeWeightsRepeatValues() throws {
        #expect(try statistic("mean", [1, 2, 9], weights: [3, 0, 1]) == 3)
        #expect(try statistic("variance", [1, 2, 9], weights: [3, 0, 1]) == 12)
        #expect(try statistic("variance", [1, 2, 9], weights: [3, 0, 1], parameters: "weights=frequency") == 16)
        #expect(try statistic("median", [9, 1, 2], weights: [1, 2, 1]) == 1.5)
        #expect(try statistic("median", [9, 1, 2], weights: [0, 2, 3]) == 2)
    }

    @Test(arguments: ["mean", "median", "variance", "product", "kurtosis", "min"])
    func bitsDoNotDependOnTheNumberOfThreads(name: String) throws {
        let random = Philox(seed: 3, stream: 1)
        let values = (0..<200_000).map { random.normal($0) + 2 }
        let one = try statistic(name, values, threads: 1)
        #expect(!one.isNaN)
        for threads in [2, 3, 8] { #expect(try statistic(name, values, threads: threads).bitPattern == one.bitPattern) }
    }

    @Test func anInterruptEndsALongReduction() throws {
        let context = try Context(threads: 2)
        let a = try Tensor(.float64, Shape(300_000), in: context.allocator)
        let made = try ArrayStatistic("mean", parameters: "", of: a.view, weights: nil, axes: nil, in: context)
        context.interrupt()
        withExtendedLifetime(a) { _ = #expect(throws: ApusError.self) { try made.make() } }
    }

    @Test func refusedNamesSayWhichThereAre() {
        #expect { _ = try StatisticCatalog.entry("average") } throws: { error in
            (error as? ApusError)?.message.contains("geometric_mean") == true
        }
        #expect(Set(StatisticCatalog.entries.map(\.name)).count == StatisticCatalog.entries.count)
    }

    @Test func statisticsNeedElementsUnlessTheySayOtherwise() throws {
        for entry in StatisticCatalog.entries {
            if entry.takesNothing {
                #expect(try statistic(entry.name, []).isFinite)
            } else {
                #expect(throws: ApusError.self) { try statistic(entry.name, []) }
            }
        }
    }

    @Test func everyStatisticOfNaNIsNaN() throws {
        for entry in StatisticCatalog.entries {
            #expect(try statistic(entry.name, [1, .nan, 3]).isNaN, "\(entry.name)")
        }
    }
}
