import Core

extension NetworkModel {
    /// Writes the outputs for all rows of a source into an array for each, batch by batch.
    ///
    /// Throws `shape` and `dtype` for arrays that do not fit before anything is computed, `invalidArgument` for a
    /// source whose number of rows is not known.
    package func predict(
        _ source: any DataSource, batchSize: Int, into outputs: [ArrayView], in context: Context
    ) throws(ApusError) {
        guard batchSize >= 1 else { throw .invalid("batch_size must be at least 1, got \(batchSize).") }
        guard let rows = source.rows else { throw .invalid("dataset must have a known number of rows.") }
        let form = source.form
        guard form.inputs.count == graph.inputs.count else {
            throw .invalid("The network has \(graph.inputs.count) inputs, got \(form.inputs.count).")
        }
        let batch = min(batchSize, rows, Int(Int32.max))
        let session = try Session(self, maximumRows: batch, in: context)
        for (index, view) in form.inputs.enumerated() { try session.checkInput(view, index) }
        try session.prepare(in: context)
        guard outputs.count == session.outputCount else {
            throw .invalid("The network has \(session.outputCount) outputs, got \(outputs.count).")
        }
        for (index, view) in outputs.enumerated() {
            let shape = session.outputShape(index).prefixed(by: rows)
            guard view.shape == shape else {
                throw .shape("outputs[\(index)] must have shape \(shape), got \(view.shape).")
            }
            guard view.dtype == .float32 || view.dtype == .float64 else {
                throw .dtype("outputs[\(index)] must be float32 or float64, got \(view.dtype.name).")
            }
        }
        let pass = try source.pass(PassPlan(batchSize: batch), in: context)
        defer { pass.end() }
        try pass.begin(epoch: 0, batch: 0)
        var done = 0
        while done < rows {
            try context.checkInterrupt()
            guard let part = try pass.next() else { break }
            for (index, view) in part.data.inputs.enumerated() {
                try session.load(view.rows(part.start, part.count), index)
            }
            session.run(rows: part.count, in: context)
            for (index, view) in outputs.enumerated() { try session.store(index, into: view.rows(done, part.count)) }
            done += part.count
        }
    }
}
