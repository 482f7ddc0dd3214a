import Core

/// Rows that a function of the caller fills in, batch by batch.
package final class CallbackSource: DataSource {
    /// How long an epoch is.
    package enum Length {
        case rows(Int)
        case batches(Int)
        /// Until the function fills no rows.
        case unknown
    }

    /// What the function is called for.
    package struct Request {
        /// Whether an epoch begins, and there is nothing to fill.
        package let beginsEpoch: Bool
        package let epoch: Int
        package let batch: Int
        /// Rows of the epoch so far, and how many to fill.
        package let row: Int
        package let rows: Int
        package var inputs: [ArrayView] = []
        package var targets: [ArrayView] = []
        package var sampleWeights: [ArrayView] = []
    }

    /// Returns how many rows it filled; negative to fail.
    package typealias Fill = (Request, Context) -> Int

    package let form: Dataset
    fileprivate let length: Length
    /// Batches may have fewer rows than asked for, wherever they are.
    fileprivate let takesAnyRows: Bool
    fileprivate let fill: Fill

    /// - Parameters:
    ///   - inputs: views of the shape and dtype of one row.
    ///   - targets: the same.
    ///   - sampleWeights: the same; none, one for all outputs, or one for each.
    package init(
        inputs: [ArrayView], targets: [ArrayView], sampleWeights: [ArrayView], length: Length, takesAnyRows: Bool,
        fill: @escaping Fill
    ) throws(ApusError) {
        switch length {
        case .rows(let count), .batches(let count):
            guard count >= 1 else { throw .invalid("rows and batches must be >= 0, got \(count).") }
        case .unknown: break
        }
        self.length = length
        self.takesAnyRows = takesAnyRows
        self.fill = fill
        func views(_ forms: [ArrayView], _ name: String) throws(ApusError) -> [ArrayView] {
            var views: [ArrayView] = []
            for (index, form) in forms.enumerated() {
                let name = "\(name)[\(index)]"
                guard form.shape.rank < Shape.maximumRank, form.count > 0 else {
                    throw .shape("\(name) must have the shape of one row, got \(form.shape).")
                }
                if form.dtype == .float64 {
                    throw .dtype("\(name) is float64, which float32 would round; take float32.")
                }
                views.append(ArrayView(data: form.data, dtype: form.dtype, shape: form.shape.prefixed(by: 1)))
            }
            return views
        }
        form = Dataset(
            rows: 1, inputs: try views(inputs, "inputs"), targets: try views(targets, "targets"),
            sampleWeights: try views(sampleWeights, "sample_weights"))
    }

    package var rows: Int? {
        if case .rows(let count) = length { count } else { nil }
    }

    package func pass(_ plan: PassPlan, in context: Context) throws(ApusError) -> any DataPass {
        guard plan.rows == nil else {
            throw .invalid("validation_split needs arrays or a file; pass validation data instead.")
        }
        return try CallbackPass(self, batchSize: plan.batchSize, in: context)
    }
}

/// Calls the function and checks what it says. The arrays that it fills are the pass's.
private final class CallbackPass: DataPass {
    private let source: CallbackSource
    private let context: Context
    private let batchSize: Int
    private let data: Dataset
    private let buffers: [Buffer<UInt8>]
    private var epoch = 0
    private var batch = 0
    private var row = 0
    /// Rows of a batch that was short, so that it must have been the last.
    private var short: (batch: Int, rows: Int)?

    init(_ source: CallbackSource, batchSize: Int, in context: Context) throws(ApusError) {
        self.source = source
        self.context = context
        self.batchSize = batchSize
        var buffers: [Buffer<UInt8>] = []
        func views(_ forms: [ArrayView]) throws(ApusError) -> [ArrayView] {
            var views: [ArrayView] = []
            for form in forms {
                let (size, overflow) = batchSize.multipliedReportingOverflow(by: form.rowCount * form.dtype.size)
                if overflow { throw .limit("A batch of \(batchSize) rows is more than can be addressed.") }
                let buffer = try Buffer<UInt8>(zeros: size, in: context.allocator)
                buffers.append(buffer)
                views.append(
                    ArrayView(
                        data: UnsafeMutableRawPointer(buffer.pointer), dtype: form.dtype,
                        shape: form.shape.dropFirst(1).prefixed(by: batchSize)))
            }
            return views
        }
        let form = source.form
        data = Dataset(
            rows: batchSize, inputs: try views(form.inputs), targets: try views(form.targets),
            sampleWeights: try views(form.sampleWeights.compactMap { $0 }))
        self.buffers = buffers
    }

    var batches: Int? {
        switch source.length {
        case .rows(let count): (count - 1) / batchSize + 1
        case .batches(let count): count
        case .unknown: nil
        }
    }

    func begin(epoch: Int, batch: Int) throws(ApusError) {
        self.epoch = epoch
        self.batch = batch
        let (row, overflow) = batch.multipliedReportingOverflow(by: batchSize)
        self.row = overflow ? Int.max : row
        short = nil
        try checked(
            source.fill(
                CallbackSource.Request(beginsEpoch: true, epoch: epoch, batch: batch, row: self.row, rows: 0), context))
    }

    func next() throws(ApusError) -> Batch? {
        var asked = batchSize
        if case .rows(let count) = source.length { asked = min(asked, count - row) }
        func part(_ view: ArrayView) -> ArrayView { view.rows(0, asked) }
        let request = CallbackSource.Request(
            beginsEpoch: false, epoch: epoch, batch: batch, row: row, rows: asked, inputs: data.inputs.map(part),
            targets: data.targets.map(part), sampleWeights: data.sampleWeights.compactMap { $0.map(part) })
        let filled = source.fill(request, context)
        try checked(filled)
        guard filled <= asked else {
            throw .invalid("The data callback says that it filled \(filled) rows of \(place), which has \(asked).")
        }
        if filled == 0 {
            if case .unknown = source.length { return nil }
            throw .invalid("The data callback ended at \(place), but \(declared) are declared for an epoch.")
        }
        if let short {
            throw .invalid(
                "The data callback filled \(short.rows) of \(batchSize) rows of batch \(short.batch + 1) of epoch \(epoch + 1), which was not the last."
            )
        }
        if filled < asked, !source.takesAnyRows {
            if case .rows = source.length {
                throw .invalid(
                    "The data callback filled \(filled) of \(asked) rows of \(place), but \(declared) are declared for an epoch."
                )
            }
            short = (batch, filled)
        }
        let first = row
        data.numbering = { first &+ $0 }
        do {
            try data.checkWeightValues(rows: filled)
        } catch { throw error.within(place) }
        batch += 1
        let (sum, overflow) = row.addingReportingOverflow(filled)
        row = overflow ? Int.max : sum
        return Batch(data, count: filled)
    }

    func end() { withExtendedLifetime(buffers) {} }

    private var place: String { "batch \(batch + 1) of epoch \(epoch + 1)" }

    private var declared: String {
        switch source.length {
        case .rows(let count): "\(count) rows"
        case .batches(let count): "\(count) batches"
        case .unknown: "no rows"
        }
    }

    private func checked(_ result: Int) throws(ApusError) {
        if result < 0 {
            throw ApusError(.interrupted, "The data callback asked to abort at \(place) by returning \(result).")
        }
    }
}
