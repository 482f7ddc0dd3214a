import CVector

// Each element of the product is summed in one order that depends on k alone, so that a row gives the same bits alone
// and in a batch: k is cut into chunks of 256; a chunk of 32 or more into four stretches, the last taking what is left
// over; a stretch is summed from first to last, the stretches' sums are added first to last, then the chunks'.

private let chunkLength = 256
private let panelWidth = 32

/// Where a chunk's factors are: element (i, s) of `a` at `a[i * aRow + s * aStep]`, row s of `b` at `b[s * bStep]`.
private struct Factors {
    var a: Source
    var aRow: Int
    var aStep: Int
    var b: Source
    var bStep: Int

    @inline(__always) func from(_ s: Int) -> Factors {
        Factors(a: a + s &* aStep, aRow: aRow, aStep: aStep, b: b + s &* bStep, bStep: bStep)
    }
}

/// The length of all stretches of a chunk but the last.
@inline(__always) private func stretch(of length: Int) -> Int { length < 32 ? length : length &>> 2 }

/// Four rows of one column block.
private struct Tile {
    var r0 = splat(0)
    var r1 = splat(0)
    var r2 = splat(0)
    var r3 = splat(0)

    @inline(__always) init() {}

    @inline(__always) mutating func add(_ a: Source, _ aRow: Int, _ b: Lanes) {
        r0 = fma(splat(a[0]), b, r0)
        r1 = fma(splat(a[aRow]), b, r1)
        r2 = fma(splat(a[2 &* aRow]), b, r2)
        r3 = fma(splat(a[3 &* aRow]), b, r3)
    }

    @inline(__always) mutating func add(_ other: Tile) {
        r0 = r0 + other.r0
        r1 = r1 + other.r1
        r2 = r2 + other.r2
        r3 = r3 + other.r3
    }

    @inline(__always) func put(_ c: Target, _ cRow: Int, _ n: Int, _ keep: Float) {
        VectorProduct.put(r0, c, n, keep)
        VectorProduct.put(r1, c + cRow, n, keep)
        VectorProduct.put(r2, c + 2 &* cRow, n, keep)
        VectorProduct.put(r3, c + 3 &* cRow, n, keep)
    }
}

/// The products of one chunk with one block of columns.
private enum VectorProduct {
    /// `c = x + keep c`; c is not read where `keep` is 0.
    @inline(__always) static func put(_ x: Lanes, _ c: Target, _ n: Int, _ keep: Float) {
        store(keep == 0 ? x : fma(splat(keep), load(c, n), x), c, n)
    }

    /// Four rows, up to sixteen columns.
    @inline(__always) static func fourRows(
        _ f: Factors, _ length: Int, _ c: Target, _ cRow: Int, _ n: Int, _ keep: Float
    ) {
        let q = stretch(of: length)
        var total = Tile()
        var (a, b) = (f.a, f.b)
        var start = 0
        repeat {
            let end = length &- start < 2 &* q ? length : start &+ q
            var part = Tile()
            var s = start
            while s < end {
                part.add(a, f.aRow, load(b, n))
                a += f.aStep
                b += f.bStep
                s &+= 1
            }
            if start == 0 { total = part } else { total.add(part) }
            start = end
        } while start < length
        total.put(c, cRow, n, keep)
    }

    /// Four rows, sixteen columns and up to sixteen more.
    @inline(__always) static func fourRowsWide(
        _ f: Factors, _ length: Int, _ c: Target, _ cRow: Int, _ n: Int, _ keep: Float
    ) {
        let q = stretch(of: length)
        var (left, right) = (Tile(), Tile())
        var (a, b) = (f.a, f.b)
        var start = 0
        repeat {
            let end = length &- start < 2 &* q ? length : start &+ q
            var (partLeft, partRight) = (Tile(), Tile())
            var s = start
            while s < end {
                partLeft.add(a, f.aRow, load(b, 16))
                partRight.add(a, f.aRow, load(b + 16, n))
                a += f.aStep
                b += f.bStep
                s &+= 1
            }
            if start == 0 {
                (left, right) = (partLeft, partRight)
            } else {
                left.add(partLeft)
                right.add(partRight)
            }
            start = end
        } while start < length
        left.put(c, cRow, 16, keep)
        right.put(c + 16, cRow, n, keep)
    }

    /// One row, up to sixteen columns, its four stretches side by side.
    @inline(__always) static func oneRow(_ f: Factors, _ length: Int, _ c: Target, _ n: Int, _ keep: Float) {
        var tile = Tile()
        let q = length &>> 2
        var s = 0
        if length >= 32 {
            let (f1, f2, f3) = (f.from(q), f.from(2 &* q), f.from(3 &* q))
            var (a, b) = (0, 0)
            while s < q {
                tile.r0 = fma(splat(f.a[a]), load(f.b + b, n), tile.r0)
                tile.r1 = fma(splat(f1.a[a]), load(f1.b + b, n), tile.r1)
                tile.r2 = fma(splat(f2.a[a]), load(f2.b + b, n), tile.r2)
                tile.r3 = fma(splat(f3.a[a]), load(f3.b + b, n), tile.r3)
                a &+= f.aStep
                b &+= f.bStep
                s &+= 1
            }
            s = 4 &* q
        }
        var rest = f.from(s)
        while s < length {
            tile.r3 = fma(splat(rest.a[0]), load(rest.b, n), tile.r3)
            rest = rest.from(1)
            s &+= 1
        }
        put(length >= 32 ? ((tile.r0 + tile.r1) + tile.r2) + tile.r3 : tile.r3, c, n, keep)
    }
}

/// One call of `smallProduct`.
private struct Product {
    var m: Int
    var n: Int
    var k: Int
    var a: Source
    var aRow: Int
    var aStep: Int
    var b: Source
    var bRow: Int
    var beta: Float
    var c: Target
    var cRow: Int

    /// Rows of the product for one chunk and up to `panelWidth` columns. `n` is passed as the constant 16 where it is
    /// 16, for loads without masks.
    @inline(__always) func rows(_ f: Factors, _ length: Int, _ column: Int, _ width: Int, _ keep: Float) {
        var f = f
        var c = c + column
        var row = 0
        // A wide tile needs the thirty-two registers of AVX-512.
        let isWide = apus_compiled_isa_level() == APUS_ISA_V4 && width > 16
        while row &+ 4 <= m {
            if isWide {
                if width == 32 {
                    VectorProduct.fourRowsWide(f, length, c, cRow, 16, keep)
                } else {
                    VectorProduct.fourRowsWide(f, length, c, cRow, width &- 16, keep)
                }
            } else {
                each(f, c, width) { f, c, n in VectorProduct.fourRows(f, length, c, cRow, n, keep) }
            }
            f.a += 4 &* aRow
            c += 4 &* cRow
            row &+= 4
        }
        while row < m {
            each(f, c, width) { f, c, n in VectorProduct.oneRow(f, length, c, n, keep) }
            f.a += aRow
            c += cRow
            row &+= 1
        }
    }

    /// Calls `body` for the one or two column blocks.
    @inline(__always) private func each(
        _ f: Factors, _ c: Target, _ width: Int, _ body: (_ f: Factors, _ c: Target, _ n: Int) -> Void
    ) {
        var f = f
        var c = c
        var left = width
        while left >= 16 {
            body(f, c, 16)
            f.b += 16
            c += 16
            left &-= 16
        }
        if left > 0 { body(f, c, left) }
    }

    /// Chunk by chunk, block of columns by block, with `factors(start, length, column, width)` saying where they are.
    @inline(__always) func run(_ factors: (Int, Int, Int, Int) -> Factors) {
        var column = 0
        while column < n {
            let width = n &- column < panelWidth ? n &- column : panelWidth
            var start = 0
            repeat {
                let length = k &- start < chunkLength ? k &- start : chunkLength
                rows(factors(start, length, column, width), length, column, width, start == 0 ? beta : 1)
                start &+= chunkLength
            } while start < k
            column &+= panelWidth
        }
    }

    /// `b` as it is.
    func runStraight() {
        run { start, _, column, _ in
            Factors(a: a + start &* aStep, aRow: aRow, aStep: aStep, b: b + start &* bRow + column, bStep: bRow)
        }
    }

    /// `b` transposed, a chunk of a column block at a time, into `panel`.
    func runTransposed(_ panel: Target) {
        run { start, length, column, width in
            var left = 0
            while left < width {
                let tileRows = width &- left < 16 ? width &- left : 16
                var s = 0
                while s < length {
                    let tileColumns = length &- s < 16 ? length &- s : 16
                    apus_f16_transpose(
                        b + (column &+ left) &* bRow + start + s, Int64(truncatingIfNeeded: bRow),
                        Int64(truncatingIfNeeded: tileRows), Int64(truncatingIfNeeded: tileColumns),
                        panel + s &* panelWidth + left, Int64(truncatingIfNeeded: panelWidth))
                    s &+= 16
                }
                left &+= 16
            }
            return Factors(a: a + start &* aStep, aRow: aRow, aStep: aStep, b: Source(panel), bStep: panelWidth)
        }
    }
}

/// `c = op(a) op(b) + beta c` for products too small for a call into OpenBLAS, row-major: op(a) is m x k, op(b) k x n.
func smallProduct(
    _ transposeA: Int32, _ transposeB: Int32, _ m: Int64, _ n: Int64, _ k: Int64, _ a: Source, _ lda: Int64,
    _ b: Source, _ ldb: Int64, _ beta: Float, _ c: Target, _ ldc: Int64
) {
    let lda = Int(truncatingIfNeeded: lda)
    var product = Product(
        m: Int(truncatingIfNeeded: m), n: Int(truncatingIfNeeded: n), k: Int(truncatingIfNeeded: k), a: a,
        aRow: transposeA != 0 ? 1 : lda, aStep: transposeA != 0 ? lda : 1, b: b, bRow: Int(truncatingIfNeeded: ldb),
        beta: beta, c: c, cRow: Int(truncatingIfNeeded: ldc))
    if transposeB == 0 {
        product.runStraight()
    } else {
        apus_with_panel({ job, panel in job.assumingMemoryBound(to: Product.self).pointee.runTransposed(panel) }, &product)
    }
}
