import CVector
import Core
import Testing

private struct ProductShape: CustomStringConvertible {
    var (m, n, k): (Int, Int, Int)
    var description: String { "\(m) x \(n) x \(k)" }
}

/// A product's operands, their last rows ending at pages that may not be touched.
private struct Operands {
    var (m, n, k): (Int, Int, Int)
    var (ta, tb): (Bool, Bool)
    var (lda, ldb, ldc): (Int, Int, Int)
    var (a, b, before): (Floats, Floats, Floats)

    init(_ shape: ProductShape, _ ta: Bool, _ tb: Bool, padding: Int = 0) {
        (m, n, k, self.ta, self.tb) = (shape.m, shape.n, shape.k, ta, tb)
        (lda, ldb, ldc) = ((ta ? m : k) + padding, (tb ? k : n) + padding, n + padding)
        a = Floats(max(0, (ta ? k : m) * lda - padding), seed: 1)
        b = Floats(max(0, (tb ? n : k) * ldb - padding), seed: 2)
        before = Floats(m * ldc - padding, seed: 3)
    }

    /// What c holds before; with beta 0 NaN, for c must not be read.
    func start(_ beta: Float) -> Floats {
        beta == 0 ? Floats(before.count) { $0 % ldc < n ? .nan : before.start[$0] } : before.copy()
    }

    func panels(_ kernels: apus_kernels) -> Int { (n + Int(kernels.panel_columns) - 1) / Int(kernels.panel_columns) }

    /// op(b) packed, `step` panels at a time.
    func pack(_ kernels: apus_kernels, step: Int = .max) -> Floats {
        let packed = Floats(k * ((n + 15) / 16 * 16)) { _ in .nan }
        let panels = panels(kernels)
        for from in stride(from: 0, to: panels, by: min(step, panels)) {
            kernels.pack_columns(
                tb ? 1 : 0, Int64(k), Int64(n), b.start, Int64(ldb), Int64(from),
                Int64(min(panels, from + min(step, panels))), packed.start)
        }
        return packed
    }

    /// The rows and panels given.
    func multiply(
        _ kernels: apus_kernels, _ packed: Floats, _ rows: Range<Int>, _ panels: Range<Int>, _ beta: Float, _ c: Floats
    ) {
        kernels.packed_product(
            ta ? 1 : 0, Int64(rows.count), Int64(n), Int64(k), a.start + rows.lowerBound * (ta ? 1 : lda), Int64(lda),
            packed.start, Int64(panels.lowerBound), Int64(panels.upperBound), beta,
            c.start + rows.lowerBound * ldc, Int64(ldc))
    }

    /// The rows given, b as it is.
    func multiplyDirectly(_ kernels: apus_kernels, _ rows: Range<Int>, _ beta: Float, _ c: Floats) {
        kernels.direct_product(
            ta ? 1 : 0, tb ? 1 : 0, Int64(rows.count), Int64(n), Int64(k),
            a.start + rows.lowerBound * (ta ? 1 : lda), Int64(lda), b.start, Int64(ldb), beta,
            c.start + rows.lowerBound * ldc, Int64(ldc))
    }

    /// The element's terms added up in double precision, each through `each`.
    func terms(_ i: Int, _ beta: Float, _ each: (Double) -> Double) -> Double {
        let (row, column) = (i / ldc, i % ldc)
        guard column < n else { return each(before[i]) }
        var sum = beta == 0 ? 0 : each(before[i])
        for s in 0..<k {
            sum += each(a[ta ? s * lda + row : row * lda + s] * b[tb ? column * ldb + s : s * ldb + column])
        }
        return sum
    }
}

private let transpositions = [(false, false), (true, false), (false, true), (true, true)]

struct PackedProductTests {
    /// Sizes of 1 to 70 that meet every remainder of tiles, panels and vectors; blocks of k at and past their limit.
    private static let shapes: [ProductShape] = {
        var shapes = [(11, 10, 800), (11, 42, 801), (5, 20, 1601), (38, 33, 800), (3, 3, 0), (1, 530, 3), (40, 530, 2)]
        for i in 1...70 { shapes.append((i, 1 + i * 37 % 70, 1 + i * 53 % 70)) }
        return shapes.map { ProductShape(m: $0.0, n: $0.1, k: $0.2) }
    }()

    @Test(arguments: InstructionSet.available, [0, 3])
    func agreesWithTheDefinitionForEveryTransposition(_ set: InstructionSet, _ padding: Int) {
        for shape in Self.shapes {
            for (ta, tb) in transpositions {
                let operands = Operands(shape, ta, tb, padding: padding)
                let packed = operands.pack(set.kernels)
                for beta: Float in [0, 1] {
                    let (c, direct) = (operands.start(beta), operands.start(beta))
                    operands.multiply(set.kernels, packed, 0..<shape.m, 0..<operands.panels(set.kernels), beta, c)
                    operands.multiplyDirectly(set.kernels, 0..<shape.m, beta, direct)
                    let error = largestError(
                        c, from: { operands.terms($0, beta) { $0 } }, scale: { operands.terms($0, beta, abs) })
                    #expect(error <= roundings, "\(shape), \(ta), \(tb), beta \(beta)")
                    #expect(c.bits == direct.bits, "\(shape), \(ta), \(tb), beta \(beta)")
                    #expect(c.isIntact && direct.isIntact && packed.isIntact)
                }
            }
        }
    }

    @Test(arguments: InstructionSet.available)
    func givesTheSameBitsHoweverRowsAndPanelsAreCut(_ set: InstructionSet) {
        let kernels = set.kernels
        for shape in Self.shapes where shape.k > 0 && shape.m % 2 == 1 {
            for (ta, tb) in transpositions {
                let operands = Operands(shape, ta, tb)
                let panels = operands.panels(kernels)
                let whole = operands.start(0)
                operands.multiply(kernels, operands.pack(kernels), 0..<shape.m, 0..<panels, 0, whole)
                for step in [shape.m < 20 ? 1 : 7, 5] {
                    let packed = operands.pack(kernels, step: step)
                    let (cut, direct) = (operands.start(0), operands.start(0))
                    for row in stride(from: 0, to: shape.m, by: step) {
                        let rows = row..<min(shape.m, row + step)
                        operands.multiplyDirectly(kernels, rows, 0, direct)
                        for panel in stride(from: 0, to: panels, by: step) {
                            operands.multiply(kernels, packed, rows, panel..<min(panels, panel + step), 0, cut)
                        }
                    }
                    #expect(cut.bits == whole.bits && direct.bits == whole.bits, "\(shape), \(ta), \(tb), by \(step)")
                }
            }
        }
    }

    @Test(arguments: InstructionSet.available)
    func givesEqualColumnsEqualBitsWhateverTheWidth(_ set: InstructionSet) {
        let k = 850
        let wide = Operands(ProductShape(m: 13, n: 50, k: k), false, false)
        let c = wide.start(0)
        wide.multiply(set.kernels, wide.pack(set.kernels), 0..<13, 0..<wide.panels(set.kernels), 0, c)
        for column in [0, 17, 49] {
            var narrow = Operands(ProductShape(m: 13, n: 1, k: k), false, false)
            narrow.b = Floats(k) { wide.b.start[$0 * 50 + column] }
            let one = narrow.start(0)
            narrow.multiply(set.kernels, narrow.pack(set.kernels), 0..<13, 0..<1, 0, one)
            #expect(one.bits == (0..<13).map { c.start[$0 * 50 + column].bitPattern })
        }
    }

    @Test(arguments: InstructionSet.available)
    func letsNaNAndInfinityThrough(_ set: InstructionSet) {
        var operands = Operands(ProductShape(m: 2, n: 2, k: 2), false, false)
        (operands.a, operands.b) = (Floats([0, 1, .infinity, 1]), Floats([.nan, 1, 1, 1]))
        let c = operands.start(0)
        operands.multiply(set.kernels, operands.pack(set.kernels), 0..<2, 0..<1, 0, c)
        #expect(c.start[0].isNaN && c.start[1] == 1 && c.start[2].isNaN && c.start[3] == .infinity)
    }
}
