import Core
import Testing

struct ArrayViewTests {
    private func doubles(_ view: ArrayView) throws(ApusError) -> [Double] {
        var out = [Double](repeating: 0, count: view.count)
        try view.copy(to: &out, name: "x")
        return out
    }

    /// 0, 1, ..., 11 as int32.
    private func numbers(_ body: (UnsafeMutableRawPointer) throws -> Void) rethrows {
        var values = (0..<12).map { Int32($0) }
        try values.withUnsafeMutableBytes { bytes in
            if let base = bytes.baseAddress { try body(base) }
        }
    }

    @Test func stridesAreFollowed() throws {
        try numbers { (data: UnsafeMutableRawPointer) throws in
            let transposed = ArrayView(data: data, dtype: .int32, shape: Shape(4, 3), strides: Shape(4, 16))
            #expect(try doubles(transposed) == [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11])
            let reversed = ArrayView(data: data + 44, dtype: .int32, shape: Shape(12), strides: Shape(-4))
            #expect(try doubles(reversed) == (0..<12).reversed().map(Double.init))
            let broadcast = ArrayView(data: data + 8, dtype: .int32, shape: Shape(2, 3), strides: Shape(0, 4))
            #expect(try doubles(broadcast) == [2, 3, 4, 2, 3, 4])
            #expect(!transposed.isDense && !reversed.isDense && !broadcast.isDense)
            #expect(try doubles(transposed.rows(1, 2)) == [1, 5, 9, 2, 6, 10])
        }
    }

    @Test func misalignedDataIsRead() throws {
        var bytes = [UInt8](repeating: 0, count: 33)
        try bytes.withUnsafeMutableBytes { (raw: UnsafeMutableRawBufferPointer) throws in
            guard let base = raw.baseAddress else { return }
            let odd = base + (Int(bitPattern: base) & 7 == 0 ? 1 : 0)
            for index in 0..<4 { (odd + 8 * index).storeBytes(of: Double(index) / 2, as: Double.self) }
            let view = ArrayView(data: odd, dtype: .float64, shape: Shape(4))
            #expect(!view.isDense)
            #expect(try doubles(view) == [0, 0.5, 1, 1.5])
        }
    }

    @Test func emptyArraysAndScalarsAreRead() throws {
        try numbers { (data: UnsafeMutableRawPointer) throws in
            #expect(try doubles(ArrayView(data: data, dtype: .int32, shape: Shape(3, 0))) == [])
            #expect(try doubles(ArrayView(data: data + 20, dtype: .int32, shape: Shape())) == [5])
        }
    }

    @Test func nothingIsNarrowedSilently() throws {
        var wide: [Int64] = [1 << 24, 1 << 24 + 1, 1 << 53 + 1]
        var single = [Float](repeating: 0, count: 3)
        try wide.withUnsafeMutableBytes { (raw: UnsafeMutableRawBufferPointer) throws in
            guard let base = raw.baseAddress else { return }
            let view = ArrayView(data: base, dtype: .int64, shape: Shape(2))
            #expect(throws: ApusError.self) { try view.copy(to: &single, name: "x") }
            #expect(throws: Never.self) { try view.rows(0, 1).copy(to: &single, name: "x") }
            #expect(throws: ApusError.self) {
                try doubles(ArrayView(data: base, dtype: .int64, shape: Shape(3)))
            }
            #expect(throws: ApusError.self) {
                try ArrayView(data: base, dtype: .float64, shape: Shape(1)).copy(to: &single, name: "x")
            }
        }
    }

    @Test func shapesKnowWhenTheyOverflow() {
        #expect(Shape(1 << 32, 1 << 32).checkedCount == nil)
        #expect(Shape(1 << 40, 1 << 40, 0).checkedCount == 0)
        #expect(Shape(3, 4).checkedCount == 12 && Shape().checkedCount == 1)
        #expect(Shape(3, 4).description == "(3, 4)" && Shape(3).description == "(3,)")
    }
}
