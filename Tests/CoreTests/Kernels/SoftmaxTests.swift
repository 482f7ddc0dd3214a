import CVector
import Core
import Glibc
import Testing

struct SoftmaxTests {
    private static let widths = [1, 2, 3, 10, 15, 16, 17, 31, 33, 100, 1000, 5000]

    @Test(arguments: InstructionSet.available)
    func agreesWithTheFormula(_ set: InstructionSet) {
        let kernels = set.kernels
        for width in Self.widths {
            let rows = 3
            let x = Floats(rows * width, seed: UInt64(width), from: -20, to: 20)
            let y = Floats(rows * width)
            let logs = Floats(rows)
            kernels.softmax(x.start, y.start, logs.start, Int64(rows), Int64(width))
            let sums = (0..<rows).map { row in (0..<width).reduce(0.0) { $0 + exp(x[row * width + $1]) } }
            // x - max is rounded to a float, which the exponential multiplies by its size, up to 40.
            func share(_ i: Int) -> Double { exp(x[i]) / sums[i / width] }
            let error = largestError(y, from: share, scale: share)
            #expect(error <= 12 * roundings && y.isIntact, "width \(width)")
            #expect(largestError(logs, from: { log(sums[$0]) }, scale: { max(1, abs(log(sums[$0]))) }) <= roundings)
            kernels.softmax(x.start, x.start, nil, Int64(rows), Int64(width))
            #expect(x.bits == y.bits, "in place, width \(width)")
        }
    }

    @Test(arguments: InstructionSet.available)
    func givesARowTheSameBitsAloneAndAmongOthers(_ set: InstructionSet) {
        for width in Self.widths {
            let x = Floats(7 * width, seed: 3)
            let y = Floats(7 * width)
            set.kernels.softmax(x.start, y.start, nil, 7, Int64(width))
            for row in 0..<7 {
                let alone = Floats(width) { x.start[row * width + $0] }
                set.kernels.softmax(alone.start, alone.start, nil, 1, Int64(width))
                #expect(alone.bits == Array(y.bits[row * width..<(row + 1) * width]), "width \(width), row \(row)")
            }
        }
    }

    @Test(arguments: InstructionSet.available, [3, 20])
    func staysFiniteForLargeLogitsAndSkipsMinusInfinity(_ set: InstructionSet, _ width: Int) {
        let x = Floats(width) { $0 < 2 ? 3e38 : -.infinity }
        let logs = Floats(1)
        set.kernels.softmax(x.start, x.start, logs.start, 1, Int64(width))
        #expect(x.values == (0..<width).map { $0 < 2 ? 0.5 : 0 })
        #expect(logs.values == [3e38])
    }

    @Test(arguments: InstructionSet.available, [3, 20])
    func isNaNWhereNothingIsDefined(_ set: InstructionSet, _ width: Int) {
        for odd: Float in [.nan, .infinity] {
            for place in [0, width - 1] {
                let x = Floats(width) { $0 == place ? odd : 1 }
                let logs = Floats(1)
                set.kernels.softmax(x.start, x.start, logs.start, 1, Int64(width))
                #expect(x.values.allSatisfy { $0.isNaN } && logs.start[0].isNaN, "\(odd) at \(place)")
            }
        }
        let nothing = Floats(width) { _ in -.infinity }
        set.kernels.softmax(nothing.start, nothing.start, nil, 1, Int64(width))
        #expect(nothing.values.allSatisfy { $0.isNaN })
    }

    @Test(arguments: InstructionSet.available)
    func gradientAgreesWithTheFormula(_ set: InstructionSet) {
        for width in Self.widths {
            let rows = 3
            let y = Floats(rows * width, seed: 1)
            set.kernels.softmax(y.start, y.start, nil, Int64(rows), Int64(width))
            let dy = Floats(rows * width, seed: 2)
            let dx = Floats(rows * width)
            set.kernels.softmax_gradient(y.start, dy.start, dx.start, Int64(rows), Int64(width))
            let inner = (0..<rows).map { row in
                (0..<width).reduce(0.0) { $0 + y[row * width + $1] * dy[row * width + $1] }
            }
            let error = largestError(
                dx, from: { y[$0] * (dy[$0] - inner[$0 / width]) },
                scale: { y[$0] * (abs(dy[$0]) + abs(inner[$0 / width])) })
            #expect(error <= roundings && dx.isIntact, "width \(width)")
            set.kernels.softmax_gradient(y.start, dy.start, dy.start, Int64(rows), Int64(width))
            #expect(dy.bits == dx.bits, "in place, width \(width)")
        }
    }

    @Test(arguments: InstructionSet.available)
    func logarithmAgreesWithTheFormula(_ set: InstructionSet) {
        for width in Self.widths {
            let rows = 3
            let x = Floats(rows * width, seed: UInt64(width), from: -20, to: 20)
            let y = Floats(rows * width)
            set.kernels.log_softmax(x.start, y.start, Int64(rows), Int64(width))
            let logs = (0..<rows).map { row in log((0..<width).reduce(0.0) { $0 + exp(x[row * width + $1]) }) }
            let error = largestError(y, from: { x[$0] - logs[$0 / width] }, scale: { abs(x[$0]) + abs(logs[$0 / width]) })
            #expect(error <= roundings && y.isIntact, "width \(width)")

            let (dy, dx) = (Floats(rows * width, seed: 2), Floats(rows * width))
            set.kernels.log_softmax_gradient(y.start, dy.start, dx.start, Int64(rows), Int64(width))
            let sums = (0..<rows).map { row in (0..<width).reduce(0.0) { $0 + dy[row * width + $1] } }
            let off = largestError(
                dx, from: { dy[$0] - exp(y[$0]) * sums[$0 / width] }, scale: { abs(dy[$0]) + abs(sums[$0 / width]) })
            #expect(off <= roundings && dx.isIntact, "width \(width)")
            set.kernels.log_softmax_gradient(y.start, dy.start, dy.start, Int64(rows), Int64(width))
            set.kernels.log_softmax(x.start, x.start, Int64(rows), Int64(width))
            #expect(dy.bits == dx.bits && x.bits == y.bits, "in place, width \(width)")
        }
    }

    @Test(arguments: InstructionSet.available, [3, 20])
    func logarithmStaysFiniteForLargeLogits(_ set: InstructionSet, _ width: Int) {
        let x = Floats(width) { $0 == 0 ? 3e38 : $0 == 1 ? 0 : -.infinity }
        set.kernels.log_softmax(x.start, x.start, 1, Int64(width))
        #expect(x.values == (0..<width).map { $0 == 0 ? 0 : $0 == 1 ? -3e38 : -.infinity })
    }
}
