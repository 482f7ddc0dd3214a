import CVector
import Core

/// How the elements of an operand are read, or those of a result written.
package enum ElementForm: Equatable, Sendable {
    /// As this type, converted when they are stored as another.
    case value(DType)
    /// As a byte that is 1 where the element is not 0.
    case truth

    var dtype: DType {
        switch self {
        case .value(let dtype): dtype
        case .truth: .bool
        }
    }
}

/// Runs a kernel over arrays of one shape in the order that suits their memory, on all threads.
///
/// Dimensions are sorted by the strides of the output and merged where all operands allow it. Operands whose rows are
/// neighbours (or one element) of the right type go to the kernel as they are; all others are copied, tile by tile, to
/// a place in the first-level cache and converted on the way.
struct ElementLoop {
    struct Operand {
        var data: UnsafeMutableRawPointer
        var dtype: DType
        var form: ElementForm
        var strides: Shape
    }

    /// The kernel: rows of up to three inputs.
    typealias Body = (UnsafePointer<apus_elements>) -> Void

    /// Elements of a tile: four operands of eight bytes fill half a first-level cache.
    static let tile = 1024

    private var extents: Shape
    /// The output, then the inputs.
    private var operands: InlineArray<4, Operand>
    private var count: Int

    /// A loop over the elements of `out`, which the kernel makes in `form`.
    init(_ out: ArrayView, as form: ElementForm) {
        extents = out.shape
        operands = InlineArray(
            repeating: Operand(data: out.data, dtype: out.dtype, form: form, strides: out.strides))
        count = 1
    }

    /// Adds an input that stretches to the output's shape, at most three. Throws `shape` when it does not.
    mutating func add(_ view: ArrayView, as form: ElementForm, name: String) throws(ApusError) {
        guard count < 4 else { return }
        let strides = try Broadcasting.strides(of: view, through: extents, name: name)
        operands[count] = Operand(data: view.data, dtype: view.dtype, form: form, strides: strides)
        count += 1
    }

    /// Adds one element that stands for all.
    mutating func add(element: UnsafeMutableRawPointer, _ dtype: DType) {
        guard count < 4 else { return }
        var strides = extents
        for index in 0..<strides.rank { strides[index] = 0 }
        operands[count] = Operand(data: element, dtype: dtype, form: .value(dtype), strides: strides)
        count += 1
    }

    // MARK: Order

    /// Drops extents of 1, turns the output's strides positive and descending, merges dimensions.
    private mutating func simplify() {
        var order = Shape()
        for index in 0..<extents.rank where extents[index] > 1 { order.append(index) }
        for place in 0..<order.rank where operands[0].strides[order[place]] < 0 {
            let index = order[place]
            for k in 0..<count {
                operands[k].data += operands[k].strides[index] &* (extents[index] &- 1)
                operands[k].strides[index] = -operands[k].strides[index]
            }
        }
        for place in 1..<max(order.rank, 1) {
            var at = place
            while at > 0, operands[0].strides[order[at - 1]] < operands[0].strides[order[at]] {
                let other = order[at]
                order[at] = order[at - 1]
                order[at - 1] = other
                at -= 1
            }
        }
        var merged = Shape()
        var strides = InlineArray<4, Shape>(repeating: Shape())
        for place in 0..<order.rank {
            let index = order[place]
            let last = merged.rank - 1
            var joins = last >= 0
            if joins {
                for k in 0..<count
                where strides[k][last] != operands[k].strides[index] &* extents[index] { joins = false }
            }
            if joins {
                merged[last] &*= extents[index]
                for k in 0..<count { strides[k][last] = operands[k].strides[index] }
            } else {
                merged.append(extents[index])
                for k in 0..<count { strides[k].append(operands[k].strides[index]) }
            }
        }
        extents = merged
        for k in 0..<count { operands[k].strides = strides[k] }
    }

    // MARK: Running

    /// The two innermost dimensions, and how each operand lies in them.
    private struct Plane {
        var rows = 1
        var columns = 1
        /// Bytes from row to row and from column to column.
        var row = InlineArray<4, Int>(repeating: 0)
        var column = InlineArray<4, Int>(repeating: 0)
        /// Whether the kernel takes the operand as it lies.
        var direct = InlineArray<4, Bool>(repeating: true)
        var allDirect = true
        /// Whether some operand runs down its columns.
        var transposed = false
    }

    private func plane() -> Plane {
        var plane = Plane()
        let rank = extents.rank
        if rank > 0 { plane.columns = extents[rank - 1] }
        if rank > 1 { plane.rows = extents[rank - 2] }
        for k in 0..<count {
            let size = operands[k].dtype.size
            var misaligned = Int(bitPattern: operands[k].data) & (size - 1)
            for index in 0..<rank { misaligned |= operands[k].strides[index] & (size - 1) }
            if rank > 0 { plane.column[k] = operands[k].strides[rank - 1] }
            if rank > 1 { plane.row[k] = operands[k].strides[rank - 2] }
            let (row, column) = (plane.row[k], plane.column[k])
            let lies = column == size || plane.columns == 1 || (column == 0 && k > 0)
            // A byte of another value than 1 is true too, and must come out as 1.
            let asIs = operands[k].form == .value(operands[k].dtype) || (operands[k].form == .truth
                && (operands[k].dtype == .bool || operands[k].dtype == .uint8))
            plane.direct[k] = lies && misaligned == 0 && asIs
            if !plane.direct[k] { plane.allDirect = false }
            if abs(column) > abs(row), row != 0 { plane.transposed = true }
        }
        return plane
    }

    /// A part of the arrays: a rectangle of one plane, at these addresses.
    private struct Part {
        var data: InlineArray<4, UnsafeMutableRawPointer>
        var rows: Int
        var columns: Int
    }

    /// Calls `body` for all elements. `cost` is the time for one, an addition being 1. False when a value could not be
    /// converted exactly; then some of the output has been written. Throws `interrupted`.
    mutating func run(in context: Context, cost: Int, _ body: Body) throws(ApusError) -> Bool {
        let loop = prepared()
        let plane = loop.plane()
        let kernels = plane.transposed ? TransposingKernels(context) : nil
        return try loop.slices(plane, in: context, cost: cost) { loop.run($0, plane, kernels, body) }
    }

    /// Copies the first input to the output, converting where they differ. False as above.
    mutating func copy(in context: Context) throws(ApusError) -> Bool {
        let loop = prepared()
        let plane = loop.plane()
        let kernels = plane.transposed ? TransposingKernels(context) : nil
        return try loop.slices(plane, in: context, cost: 1) { loop.copy($0, plane, kernels) }
    }

    private mutating func prepared() -> ElementLoop {
        if !isEmpty { simplify() }
        return self
    }

    private var isEmpty: Bool {
        for index in 0..<extents.rank where extents[index] == 0 { return true }
        return false
    }

    /// Cuts the arrays by size alone and calls `body` for each part; false when one call was false. Throws
    /// `interrupted`.
    private func slices(
        _ plane: Plane, in context: Context, cost: Int, _ body: (Part) -> Bool
    ) throws(ApusError) -> Bool {
        if isEmpty { return true }
        let chunk = max(65536 / max(cost, 1), ElementLoop.tile)
        var planes = 1
        for index in 0..<max(extents.rank - 2, 0) { planes &*= extents[index] }
        // Large rows are cut into pieces, small ones taken together.
        let pieces = (plane.columns - 1) / chunk + 1
        let band = max(chunk / plane.columns, 1)
        let bands = (plane.rows - 1) / band + 1
        let slices = planes &* bands &* pieces
        if slices == 1 { return body(part(plane, 0, 0..<plane.rows, 0..<plane.columns)) }
        let faults = Faults()
        context.parallel(slices) { slice in
            if context.isInterrupted { return }
            let (rest, piece) = slice.quotientAndRemainder(dividingBy: pieces)
            let (number, which) = rest.quotientAndRemainder(dividingBy: bands)
            let rows = which &* band..<min((which &+ 1) &* band, plane.rows)
            let columns = piece &* chunk..<min((piece &+ 1) &* chunk, plane.columns)
            if !body(part(plane, number, rows, columns)) { faults.note() }
        }
        try context.checkInterrupt()
        return faults.none
    }

    private func part(_ plane: Plane, _ number: Int, _ rows: Range<Int>, _ columns: Range<Int>) -> Part {
        var part = Part(
            data: InlineArray(repeating: operands[0].data), rows: rows.count, columns: columns.count)
        for k in 0..<count {
            var data = operands[k].data + rows.lowerBound &* plane.row[k] + columns.lowerBound &* plane.column[k]
            var rest = number
            var index = extents.rank - 3
            while index >= 0 {
                let (quotient, place) = rest.quotientAndRemainder(dividingBy: extents[index])
                data += place &* operands[k].strides[index]
                rest = quotient
                index -= 1
            }
            part.data[k] = data
        }
        return part
    }

    private func run(_ part: Part, _ plane: Plane, _ kernels: TransposingKernels?, _ body: Body) -> Bool {
        if plane.allDirect {
            var job = elements(part.data, part.rows, part.columns, plane.row, plane.column, plane.columns)
            body(&job)
            return true
        }
        return withScratch { scratch in runTiles(part, plane, kernels, scratch, body) }
    }

    private func runTiles(
        _ part: Part, _ plane: Plane, _ kernels: TransposingKernels?, _ scratch: UnsafeMutableRawPointer,
        _ body: Body
    ) -> Bool {
        let widest = plane.transposed && part.rows > 1 ? 32 : ElementLoop.tile
        let width = min(part.columns, widest)
        let height = min(part.rows, ElementLoop.tile / width)
        var exact = true
        var top = 0
        while top < part.rows {
            let rows = min(height, part.rows &- top)
            var left = 0
            while left < part.columns {
                let columns = min(width, part.columns &- left)
                var data = part.data
                var (row, column) = (plane.row, plane.column)
                for k in 0..<count {
                    let at = part.data[k] + top &* plane.row[k] + left &* plane.column[k]
                    data[k] = at
                    if plane.direct[k] { continue }
                    let size = operands[k].form.dtype.size
                    data[k] = scratch + k &* (ElementLoop.tile &* 8)
                    row[k] = columns &* size
                    column[k] = size
                    if k > 0 {
                        let tile = ElementTile(
                            source: at, row: plane.row[k], column: plane.column[k], target: data[k],
                            targetRow: row[k], targetColumn: size, rows: rows, columns: columns)
                        if !tile.convert(operands[k].dtype, to: operands[k].form, kernels) { exact = false }
                    }
                }
                var job = elements(data, rows, columns, row, column, columns)
                body(&job)
                if !plane.direct[0] {
                    let tile = ElementTile(
                        source: data[0], row: row[0], column: column[0],
                        target: part.data[0] + top &* plane.row[0] + left &* plane.column[0],
                        targetRow: plane.row[0], targetColumn: plane.column[0], rows: rows, columns: columns)
                    if !tile.convert(operands[0].form.dtype, to: .value(operands[0].dtype), kernels) { exact = false }
                }
                left &+= columns
            }
            top &+= rows
        }
        return exact
    }

    /// Copies a part, in small squares when it is transposed.
    private func copy(_ part: Part, _ plane: Plane, _ kernels: TransposingKernels?) -> Bool {
        let (width, height) = plane.transposed ? (32, 32) : (part.columns, part.rows)
        var exact = true
        var top = 0
        while top < part.rows {
            let rows = min(height, part.rows &- top)
            var left = 0
            while left < part.columns {
                let columns = min(width, part.columns &- left)
                let tile = ElementTile(
                    source: part.data[1] + top &* plane.row[1] + left &* plane.column[1],
                    row: plane.row[1], column: plane.column[1],
                    target: part.data[0] + top &* plane.row[0] + left &* plane.column[0],
                    targetRow: plane.row[0], targetColumn: plane.column[0], rows: rows, columns: columns)
                if !tile.convert(operands[1].dtype, to: operands[1].form, kernels) { exact = false }
                left &+= columns
            }
            top &+= rows
        }
        return exact
    }

    /// What the kernel is told. Operands that are not there get the output's address.
    private func elements(
        _ data: InlineArray<4, UnsafeMutableRawPointer>, _ rows: Int, _ columns: Int, _ row: InlineArray<4, Int>,
        _ column: InlineArray<4, Int>, _ width: Int
    ) -> apus_elements {
        func step(_ k: Int) -> Int64 { column[k] == 0 ? 0 : 1 }
        return apus_elements(
            rows: Int64(rows), columns: Int64(columns), a: UnsafeRawPointer(data[1]), b: UnsafeRawPointer(data[2]),
            c: UnsafeRawPointer(data[3]), out: data[0], a_row: Int64(row[1]), b_row: Int64(row[2]),
            c_row: Int64(row[3]), out_row: Int64(row[0]), a_step: step(1), b_step: step(2), c_step: step(3))
    }

    private func withScratch(_ body: (UnsafeMutableRawPointer) -> Bool) -> Bool {
        withoutActuallyEscaping(body) { body in
            var job = ScratchJob(body: body)
            withUnsafeMutablePointer(to: &job) { job in
                apus_with_panel(
                    { job, panel in
                        let job = job.assumingMemoryBound(to: ScratchJob.self)
                        job.pointee.result = job.pointee.body(UnsafeMutableRawPointer(panel))
                    }, UnsafeMutableRawPointer(job))
            }
            return job.result
        }
    }
}

private struct ScratchJob {
    var body: (UnsafeMutableRawPointer) -> Bool
    var result = true
}
