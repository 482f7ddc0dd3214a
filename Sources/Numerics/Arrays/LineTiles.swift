import Core

/// Walks the lines of an array along an axis, several side by side where they are neighbours, and writes what becomes
/// of their elements to the same places of another.
struct LineTiles: @unchecked Sendable {
    private let source: ArrayLines
    private let target: ArrayLines
    private let dtype: DType
    private let outType: DType
    private let isAligned: Bool

    /// Lines side by side, and elements read as one where there is a single line.
    private static let widest = 512
    private static let blockLength = 512

    /// Both arrays have one shape and elements.
    init(_ a: ArrayView, _ out: ArrayView, axis: Int) {
        source = ArrayLines(a, axis: axis)
        target = ArrayLines(out, axis: axis)
        dtype = a.dtype
        outType = out.dtype
        isAligned = a.isAligned
    }

    /// Some neighbouring lines.
    struct Tile {
        /// Lines, the first of them, and their length.
        let width: Int
        let first: Int
        let length: Int
        /// Room for two numbers for each line, the body's own.
        let scratch: UnsafeMutablePointer<Double>
        fileprivate let values: UnsafeMutablePointer<Double>
        fileprivate let reader: ElementReader
        fileprivate let source: UnsafeRawPointer
        fileprivate let target: UnsafeMutableRawPointer
        fileprivate let steps: (line: Int, across: Int)
        fileprivate let outSteps: (line: Int, across: Int)
        fileprivate let outType: DType
        fileprivate let context: Context

        /// Calls `body` with the next element of every line, as doubles that it may change, and writes them to the
        /// target; from the first to the last of the lines' elements.
        @inline(__always)
        func eachRow(_ body: (UnsafeMutablePointer<Double>) -> Void) {
            if width == 1 { return eachRun { values, count in for i in 0..<count { body(values + i) } } }
            for i in 0..<length {
                if context.isInterrupted { return }
                reader.copy(source + i &* steps.line, steps.across, width, to: UnsafeMutableRawPointer(values), at: 0)
                body(values)
                put(target + i &* outSteps.line, outSteps.across, width)
            }
        }

        /// The same for a single line, some neighbours at a time.
        @inline(__always)
        func eachRun(_ body: (UnsafeMutablePointer<Double>, _ count: Int) -> Void) {
            var start = 0
            while start < length {
                if context.isInterrupted { return }
                let count = min(LineTiles.blockLength, length &- start)
                reader.copy(
                    source + start &* steps.line, steps.line, count, to: UnsafeMutableRawPointer(values), at: 0)
                body(values, count)
                put(target + start &* outSteps.line, outSteps.line, count)
                start &+= count
            }
        }

        @inline(__always)
        private func put(_ out: UnsafeMutableRawPointer, _ stride: Int, _ count: Int) {
            if outType == .float32, stride == 4 {
                for i in 0..<count { (out + i &* 4).storeBytes(of: Float(values[i]), as: Float.self) }
            } else if outType == .float32 {
                for i in 0..<count { (out + i &* stride).storeBytes(of: Float(values[i]), as: Float.self) }
            } else if stride == 8 {
                out.copyMemory(from: values, byteCount: count &* 8)
            } else {
                for i in 0..<count { (out + i &* stride).storeBytes(of: values[i], as: Double.self) }
            }
        }
    }

    /// Calls `body` for each tile, in parallel. Throws `outOfMemory`, `interrupted`.
    func run(in context: Context, _ body: (Tile) -> Void) throws(ApusError) {
        let across = source.others.last ?? Dimension(extent: 1, stride: 0)
        let outAcross = target.others.last ?? across
        let isAlong = abs(source.stride) < abs(across.stride) && source.length >= 32
        let width = isAlong ? 1 : min(across.extent, LineTiles.widest)
        let tilesAcross = (across.extent - 1) / width + 1
        let tiles = source.count / across.extent &* tilesAcross
        let slices = ReductionSlices(units: tiles, elementsOfUnit: width &* source.length)
        let room = 2 &* width + max(width, LineTiles.blockLength)
        let scratch = try Buffer<Double>(room &* slices.count, in: context.allocator)
        let reader = ElementReader(
            dtype, [Dimension(extent: 1, stride: dtype.size)], isAligned: isAligned, asDoubles: true)
        context.parallel(slices.count) { slice in
            for index in slices.range(slice) {
                if context.isInterrupted { return }
                let (outer, part) = index.quotientAndRemainder(dividingBy: tilesAcross)
                let first = outer &* across.extent &+ part &* width
                let own = scratch.pointer + slice &* room
                let lines = min(width, across.extent &- part &* width)
                body(
                    Tile(
                        width: lines, first: first, length: source.length, scratch: own, values: own + 2 &* width,
                        reader: reader, source: UnsafeRawPointer(source.start(first)), target: target.start(first),
                        steps: (source.stride, across.stride), outSteps: (target.stride, outAcross.stride),
                        outType: outType, context: context))
            }
        }
        try context.checkInterrupt()
    }
}
