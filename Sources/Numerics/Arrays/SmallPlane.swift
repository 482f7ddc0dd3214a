import CVector
import Core

/// Two arrays of up to two dimensions that are combined into a dense one, all of them small: a row or a column for all,
/// or one that is transposed. The plan of a large loop would take as long as the elements.
package struct SmallPlane {
    /// An operand of the plane's rows and columns: bytes from row to row and from column to column, 0 where it is
    /// stretched.
    package struct Operand {
        package var data: UnsafeRawPointer
        package var row: Int
        package var column: Int

        package init(data: UnsafeRawPointer, row: Int, column: Int) {
            (self.data, self.row, self.column) = (data, row, column)
        }
    }

    /// Elements at most.
    package static let most = 4096
    /// The sides of the squares in which operands are transposed.
    private static let side = 32

    private let rows: Int
    private let columns: Int
    private var a: Operand
    private var b: Operand
    private let out: UnsafeMutableRawPointer
    private let size: Int
    private let width: Int

    /// The operands are aligned and have `size` bytes an element, the dense output `width` bytes; `out` shares no byte
    /// with them unless it is one of them.
    package init(
        rows: Int, columns: Int, _ a: Operand, _ b: Operand, size: Int, out: UnsafeMutableRawPointer, width: Int
    ) {
        (self.rows, self.columns, self.a, self.b) = (rows, columns, a, b)
        (self.size, self.out, self.width) = (size, out, width)
    }

    /// Whether rows of the operand go to the kernel as they are.
    private func isDirect(_ operand: Operand) -> Bool { operand.column == size || operand.column == 0 }

    /// Whether the operand's elements are neighbours down its columns.
    private func isTransposed(_ operand: Operand) -> Bool { operand.row == size && operand.column > 0 }

    /// `out = operation(a, b)`. False, and nothing done, for layouts that take the plan of a loop.
    package func run(_ operation: ElementwiseOperation, _ dtype: DType, in context: Context) throws(ApusError) -> Bool {
        guard isDirect(a) || isTransposed(a), isDirect(b) || isTransposed(b) else { return false }
        try context.checkInterrupt()
        let kernel = Elementwise.kernel(operation, dtype, context)
        if isDirect(a), isDirect(b) {
            var job = job(a, b, 0, 0, rows, columns)
            kernel(operation.code, &job)
            return true
        }
        var squares = Squares(
            plane: self, code: operation.code, kernel: kernel, transposing: TransposingKernels(context))
        withUnsafeMutablePointer(to: &squares) {
            apus_with_panel(
                { squares, panel in
                    let squares = squares.assumingMemoryBound(to: Squares.self)
                    squares.pointee.plane.run(squares, UnsafeMutableRawPointer(panel))
                }, UnsafeMutableRawPointer($0))
        }
        return true
    }

    private struct Squares {
        let plane: SmallPlane
        let code: Int32
        let kernel: Elementwise.Kernel
        let transposing: TransposingKernels
    }

    private func run(_ squares: UnsafePointer<Squares>, _ panel: UnsafeMutableRawPointer) {
        let room = SmallPlane.side &* SmallPlane.side &* 8
        var top = 0
        while top < rows {
            let height = min(SmallPlane.side, rows &- top)
            var left = 0
            while left < columns {
                let part = min(SmallPlane.side, columns &- left)
                let first = square(a, top, left, height, part, panel, squares)
                let second = square(b, top, left, height, part, panel + room, squares)
                var job = job(first, second, top, left, height, part)
                squares.pointee.kernel(squares.pointee.code, &job)
                left &+= part
            }
            top &+= height
        }
    }

    /// A square of an operand: where it lies, or turned into rows.
    private func square(
        _ operand: Operand, _ top: Int, _ left: Int, _ height: Int, _ part: Int, _ room: UnsafeMutableRawPointer,
        _ squares: UnsafePointer<Squares>
    ) -> Operand {
        let start = operand.data + (top &* operand.row &+ left &* operand.column)
        if isDirect(operand) { return Operand(data: start, row: operand.row, column: operand.column) }
        let stride = Int64(operand.column / size)
        if size == 4 {
            squares.pointee.transposing.four(
                start.assumingMemoryBound(to: Float.self), stride, Int64(part), Int64(height),
                room.assumingMemoryBound(to: Float.self), Int64(part))
        } else {
            squares.pointee.transposing.eight(
                start.assumingMemoryBound(to: Double.self), stride, Int64(part), Int64(height),
                room.assumingMemoryBound(to: Double.self), Int64(part))
        }
        return Operand(data: UnsafeRawPointer(room), row: part &* size, column: size)
    }

    /// What the kernel is told of a rectangle whose operands begin at `a` and `b`.
    private func job(_ a: Operand, _ b: Operand, _ top: Int, _ left: Int, _ height: Int, _ part: Int) -> apus_elements {
        apus_elements(
            rows: Int64(height), columns: Int64(part), a: a.data, b: b.data, c: a.data,
            out: out + (top &* columns &+ left) &* width, a_row: Int64(a.row), b_row: Int64(b.row), c_row: 0,
            out_row: Int64(columns &* width), a_step: a.column == 0 ? 0 : 1, b_step: b.column == 0 ? 0 : 1, c_step: 0)
    }
}
