import Core

/// The lines of an array along one axis: every element of the other dimensions is the start of one.
struct ArrayLines: @unchecked Sendable {
    let data: UnsafeMutableRawPointer
    /// Elements of a line, and the bytes between them.
    let length: Int
    let stride: Int
    /// The dimensions across, outermost first.
    let others: [Dimension]
    let count: Int

    init(_ view: ArrayView, axis: Int) {
        data = view.data
        length = view.shape[axis]
        stride = view.strides[axis]
        var others: [Dimension] = []
        for index in 0..<view.shape.rank where index != axis {
            others.append(Dimension(extent: view.shape[index], stride: view.strides[index]))
        }
        self.others = others
        count = others.elements
    }

    /// The first element of line `index`, counted row by row.
    @inline(__always)
    func start(_ index: Int) -> UnsafeMutableRawPointer { data + others.offset(of: index) }
}
