import CApus
import Core
import Numerics

/// The plane of two float operands and a dense output of at most two dimensions and few elements; nil for all others,
/// right or wrong, which `input` and `output` judge.
@inline(__always)
func smallPlane(
    _ a: UnsafePointer<apus_array>?, _ b: UnsafePointer<apus_array>?, _ out: UnsafeMutablePointer<apus_array>?,
    _ operation: ElementwiseOperation
) -> (plane: SmallPlane, dtype: DType)? {
    guard let a, let b, let out, operation.arity == 2, isPlain(UnsafePointer(out)) else { return nil }
    guard let dtype = DType(rawValue: a.pointee.dtype), dtype == .float32 || dtype == .float64,
        b.pointee.dtype == a.pointee.dtype, let target = out.pointee.data
    else { return nil }
    let written: DType = operation.result == .truth ? .bool : dtype
    let rank = out.pointee.ndim
    guard out.pointee.dtype == written.rawValue, rank == 1 || rank == 2,
        Int(bitPattern: target) & (written.size - 1) == 0
    else { return nil }
    let rows = rank == 2 ? extent(UnsafePointer(out), 0) : 1
    let columns = extent(UnsafePointer(out), Int(rank) - 1)
    // Narrow ones are better merged into long rows.
    guard rows >= 1, columns >= 8, rows <= SmallPlane.most, columns <= SmallPlane.most,
        rows &* columns <= SmallPlane.most,
        let first = SmallOperand(a, dtype.size, rows, columns), let second = SmallOperand(b, dtype.size, rows, columns),
        max(a.pointee.ndim, b.pointee.ndim) == rank, first.fillsRows || second.fillsRows || rows == 1,
        first.fillsColumns || second.fillsColumns
    else { return nil }
    let bytes = rows &* columns &* written.size
    guard first.isApart(target, bytes, columns, written.size), second.isApart(target, bytes, columns, written.size) else {
        return nil
    }
    let plane = SmallPlane(
        rows: rows, columns: columns, first.operand, second.operand, size: dtype.size, out: target, width: written.size)
    return (plane, dtype)
}

@inline(__always)
private func extent(_ array: UnsafePointer<apus_array>, _ index: Int) -> Int {
    (UnsafeRawPointer(array) + shapeOffset).loadUnaligned(fromByteOffset: 8 &* index, as: Int.self)
}

/// An aligned operand that stretches to rows and columns, with the bytes it reaches.
private struct SmallOperand {
    var operand: SmallPlane.Operand
    var fillsRows = false
    var fillsColumns = false
    private let low: Int
    private let high: Int
    private let size: Int

    @inline(__always)
    init?(_ array: UnsafePointer<apus_array>, _ size: Int, _ rows: Int, _ columns: Int) {
        let rank = array.pointee.ndim
        let flags = array.pointee.flags
        guard array.pointee.struct_size >= UInt32(MemoryLayout<apus_array>.size), flags & ~APUS_ARRAY_STRIDED == 0,
            rank >= 0, rank <= 2, let data = array.pointee.data
        else { return nil }
        let strides = UnsafeRawPointer(array) + stridesOffset
        let isStrided = flags & APUS_ARRAY_STRIDED != 0
        self.size = size
        var (row, column) = (0, 0)
        if rank > 0 {
            let own = extent(array, Int(rank) - 1)
            guard own == columns || own == 1 else { return nil }
            fillsColumns = own == columns
            if own > 1 {
                column = isStrided ? strides.loadUnaligned(fromByteOffset: 8 &* Int(rank - 1), as: Int.self) : size
            }
            if rank == 2 {
                let ownRows = extent(array, 0)
                guard ownRows == rows || ownRows == 1 else { return nil }
                fillsRows = ownRows == rows
                if ownRows > 1 { row = isStrided ? strides.loadUnaligned(as: Int.self) : own &* size }
            }
        }
        // Far steps are none of a small array's.
        let farthest: UInt = 1 << 40
        guard row.magnitude < farthest, column.magnitude < farthest,
            (Int(bitPattern: data) | row | column) & (size - 1) == 0
        else { return nil }
        let (down, across) = (row &* (rows - 1), column &* (columns - 1))
        low = min(down, 0) &+ min(across, 0)
        high = max(down, 0) &+ max(across, 0) &+ size
        operand = SmallPlane.Operand(data: UnsafeRawPointer(data), row: row, column: column)
    }

    /// Whether the output's bytes are none of the operand's, or the operand is the output itself.
    @inline(__always)
    func isApart(_ out: UnsafeMutableRawPointer, _ bytes: Int, _ columns: Int, _ width: Int) -> Bool {
        let (start, own) = (Int(bitPattern: out), Int(bitPattern: operand.data))
        if start &+ bytes <= own &+ low || own &+ high <= start { return true }
        return start == own && width == size && fillsColumns && operand.column == size
            && (bytes == columns &* size || operand.row == columns &* size)
    }
}
