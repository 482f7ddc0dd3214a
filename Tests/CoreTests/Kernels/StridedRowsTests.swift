import CVector
import Core
import Testing

struct StridedRowsTests {
    /// Rows of sums that begin within the one before, and a place's values in the order of the rows, to the bit.
    @Test(arguments: InstructionSet.available)
    func addsOverlappingRowsInTheirOrder(_ set: InstructionSet) {
        for columns in [0, 1, 2, 3, 4, 9, 15, 16, 17, 40, 64, 71] {
            for (rows, step) in [(0, 1), (1, 0), (7, 0), (14, 2), (9, columns), (5, columns + 3)] {
                let values = Floats(max(0, rows - 1) * (columns + 5) + columns, seed: UInt64(columns))
                let sums = Floats(max(0, rows - 1) * step + columns, seed: 2)
                let expected = sums.copy()
                for row in 0..<rows {
                    for column in 0..<columns {
                        expected.start[row * step + column] += values.start[row * (columns + 5) + column]
                    }
                }
                set.kernels.add_rows(
                    values.start, Int64(columns + 5), sums.start, Int64(step), Int64(rows), Int64(columns))
                #expect(sums.values == expected.values && sums.isIntact)
            }
        }
    }
}
