import CVector
import Core
import Testing

struct ExtremesTests {
    private static let codes = [APUS_R_MIN, APUS_R_MAX, APUS_R_MAX_ABSOLUTE]

    /// One value after the other; NaN stays.
    private static func extreme(_ code: Int32, _ values: some Sequence<Double>, from start: Double) -> Double {
        values.reduce(start) { best, value in
            let x = code == APUS_R_MAX_ABSOLUTE ? abs(value) : value
            if best.isNaN || x.isNaN { return .nan }
            return code == APUS_R_MIN ? min(best, x) : max(best, x)
        }
    }

    private static func identity(_ code: Int32) -> Double {
        code == APUS_R_MIN ? .infinity : code == APUS_R_MAX ? -.infinity : 0
    }

    private static func areSame(_ a: Double, _ b: Double) -> Bool { a == b || a.isNaN && b.isNaN }

    @Test(arguments: InstructionSet.available)
    func extremesOfRunsAreThoseOfTheirElements(_ set: InstructionSet) {
        let kernels = set.kernels.reductions
        for size in Array(0...70) + [127, 1023, 1024, 1025, 2048, 5000] {
            for unknown in [-1, 0, size / 2, size - 1] {
                let x = Floats(size, seed: UInt64(size) + 3)
                if unknown >= 0, unknown < size { x.start[unknown] = .nan }
                let doubles = x.values.map(Double.init)
                for code in ExtremesTests.codes {
                    let wanted = ExtremesTests.extreme(code, doubles, from: ExtremesTests.identity(code))
                    #expect(ExtremesTests.areSame(kernels.run_floats(code, x.start, Int64(size)), wanted))
                    #expect(ExtremesTests.areSame(kernels.run_doubles(code, doubles, Int64(size)), wanted))
                }
            }
        }
    }

    @Test(arguments: InstructionSet.available)
    func extremesOfColumnsAreThoseOfTheirElements(_ set: InstructionSet) {
        let kernels = set.kernels.reductions
        for rows in [1, 7, 8, 9, 17] {
            for columns in [1, 7, 8, 15, 16, 17, 33, 40] {
                let stride = columns + 3
                let x = Floats((rows - 1) * stride + columns, seed: 9)
                x.start[(rows / 2) * stride + columns / 2] = .nan
                let doubles = x.values.map(Double.init)
                for code in ExtremesTests.codes {
                    let start = (0..<columns).map { $0 == 2 ? .nan : $0 == 5 ? 2.5 : ExtremesTests.identity(code) }
                    let wanted = (0..<columns).map { column in
                        ExtremesTests.extreme(
                            code, (0..<rows).lazy.map { doubles[$0 * stride + column] }, from: start[column])
                    }
                    var totals = (start, start)
                    kernels.rows_floats(code, x.start, Int64(rows), Int64(columns), Int64(stride), &totals.0)
                    kernels.rows_doubles(code, doubles, Int64(rows), Int64(columns), Int64(stride), &totals.1)
                    #expect(zip(totals.0, wanted).allSatisfy(ExtremesTests.areSame), "\(rows) rows, \(columns) columns")
                    #expect(zip(totals.1, wanted).allSatisfy(ExtremesTests.areSame), "\(rows) rows, \(columns) columns")
                }
            }
        }
    }

    @Test(arguments: InstructionSet.available)
    func transpositionsPutEveryElementInItsPlace(_ set: InstructionSet) {
        for rows in [1, 3, 7, 8, 9, 15, 16, 17, 31, 33] {
            for columns in [1, 3, 7, 8, 9, 15, 16, 17, 31, 33] {
                let x = Floats((rows - 1) * (columns + 2) + columns) { Float($0) }
                let out = Floats((columns - 1) * (rows + 1) + rows) { _ in -1 }
                set.kernels.transpose4(
                    x.start, Int64(columns + 2), Int64(rows), Int64(columns), out.start, Int64(rows + 1))
                let doubles = x.values.map(Double.init)
                var other = out.values.map { _ in -1.0 }
                set.kernels.transpose8(
                    doubles, Int64(columns + 2), Int64(rows), Int64(columns), &other, Int64(rows + 1))
                for place in 0..<out.count {
                    let (c, r) = place.quotientAndRemainder(dividingBy: rows + 1)
                    let wanted = r < rows ? Double(r * (columns + 2) + c) : -1
                    #expect(out[place] == wanted && other[place] == wanted, "\(rows) by \(columns)")
                }
                #expect(out.isIntact)
            }
        }
    }
}
