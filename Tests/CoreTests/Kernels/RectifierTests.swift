import CVector
import Core
import Testing

struct RectifierTests {
    /// Slope, threshold, limit.
    private static let forms: [(Float, Float, Float)] = [(0, 0, .infinity), (0.1, 0, 6), (0.25, 1, 2), (0, -1, .infinity)]

    @Test(arguments: InstructionSet.available)
    func followTheirFormula(_ set: InstructionSet) {
        let kernels = set.kernels
        for (slope, threshold, limit) in Self.forms {
            for size in kernelSizes {
                let x = Floats(size, seed: UInt64(size), from: -9, to: 9)
                let (y, dy, dx) = (Floats(size), Floats(size, seed: 4), Floats(size))
                kernels.rectify(x.start, y.start, slope, threshold, limit, Int64(size))
                kernels.rectify_gradient(x.start, dy.start, dx.start, slope, threshold, limit, Int64(size))
                for i in 0..<size {
                    let v = x.start[i]
                    #expect(y.start[i] == (v >= limit ? limit : v >= threshold ? v : slope * (v - threshold)))
                    #expect(dx.start[i] == dy.start[i] * (v >= limit ? 0 : v >= threshold ? 1 : slope))
                }
                #expect(y.isIntact && dx.isIntact)
            }
        }
        let odd = Floats([.nan, .infinity, -.infinity, 0, -0.0])
        kernels.rectify(odd.start, odd.start, 0, 0, 6, 5)
        #expect(odd.start[0].isNaN && Array(odd.values.dropFirst()) == [6, 0, 0, 0])
    }

    @Test(arguments: InstructionSet.available)
    func takeASlopeForEachElement(_ set: InstructionSet) {
        let kernels = set.kernels
        for size in kernelSizes {
            let (x, slope, dy) = (Floats(size, seed: 1), Floats(size, seed: 2), Floats(size, seed: 3))
            let (y, dx, by) = (Floats(size), Floats(size), Floats(size) { _ in 1 })
            kernels.prelu(x.start, slope.start, y.start, Int64(size))
            kernels.prelu_gradient(x.start, slope.start, dy.start, dx.start, by.start, Int64(size))
            for i in 0..<size {
                let v = x.start[i]
                #expect(y.start[i] == (v > 0 ? v : slope.start[i] * v))
                #expect(dx.start[i] == (v > 0 ? 1 : slope.start[i]) * dy.start[i])
                #expect(by.start[i] == 1 + (v > 0 ? 0 : dy.start[i] * v))
            }
            #expect(y.isIntact && dx.isIntact && by.isIntact)
            kernels.prelu_gradient(x.start, slope.start, dy.start, nil, nil, Int64(size))
        }
    }
}
