import CVector
import Core
import Testing

@Suite struct FirstBestTests {
    /// Numbers with repeated extremes, zeros of both signs, all equal, infinite; NaN here and there.
    private static func kinds(_ count: Int) -> [[Double]] {
        let random = Philox(seed: 8, stream: 1)
        var draw: UInt64 = 0
        let few = (0..<count).map { _ in Double(random.below(7, draw: &draw)) - 3 }
        let place = Int(random.below(UInt64(count), draw: &draw))
        return [
            few, few.map { $0 * 1e30 }, few.map { _ in -0.0 }, (0..<count).map { $0 < place ? 0.0 : -0.0 },
            few.map { _ in -.infinity }, few.map { _ in .infinity }, (0..<count).map(Double.init),
            (0..<count).map { -Double($0) }, (0..<count).map { $0 >= place ? .nan : 1 },
            (0..<count).map { $0 == place || $0 == count - 1 ? .nan : Double($0) },
        ]
    }

    private static func place(_ values: [Double], _ isBetter: (Double, Double) -> Bool) -> Int {
        var best = 0
        for (i, x) in values.enumerated() where !values[best].isNaN {
            if x.isNaN || isBetter(x, values[best]) { best = i }
        }
        return best
    }

    @Test(arguments: InstructionSet.available)
    func findsTheFirstExtremeOrTheFirstNaN(set: InstructionSet) {
        let kernels = set.kernels.reductions
        for count in Array(1...70) + [127, 128, 129, 1000, 1023, 1024, 1025, 1100, 2049, 5000] {
            for values in FirstBestTests.kinds(count) {
                let floats = values.map(Float.init)
                for (code, isBetter) in [(APUS_R_MIN, { $0 < $1 }), (APUS_R_MAX, { $0 > $1 })]
                    as [(Int32, (Double, Double) -> Bool)]
                {
                    let wanted = FirstBestTests.place(values, isBetter)
                    var best = 0.0
                    #expect(kernels.first_best_doubles(code, values, Int64(count), &best) == Int64(wanted))
                    #expect(best == values[wanted] || best.isNaN && values[wanted].isNaN)
                    #expect(kernels.first_best_floats(code, floats, Int64(count), &best) == Int64(wanted))
                    #expect(best == Double(floats[wanted]) || best.isNaN && floats[wanted].isNaN)
                }
            }
        }
    }
}
