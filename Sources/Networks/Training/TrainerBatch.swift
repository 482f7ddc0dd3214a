import Core

/// Batches: checking them against the network and its losses, and loading their rows.
extension Trainer {
    /// Checks the inputs of a dataset against the network, and its targets against the losses.
    func check(_ dataset: Dataset, targets: Bool) throws(ApusError) {
        let graph = model.graph
        guard dataset.inputs.count == graph.inputs.count else {
            throw .invalid("The network has \(graph.inputs.count) inputs, got \(dataset.inputs.count).")
        }
        for (index, view) in dataset.inputs.enumerated() {
            try Rows.check(view, of: graph.inputShape(index), name: "inputs[\(index)]")
        }
        if targets { try checkTargets(dataset, graph.outputShapes(for: rowShapes(dataset))) }
    }

    /// Shapes of one row of each output for the inputs of a dataset, which are checked here.
    package func outputShapes(for dataset: Dataset) throws(ApusError) -> [Shape] {
        try check(dataset, targets: false)
        return try model.graph.outputShapes(for: rowShapes(dataset))
    }

    /// Shapes of one row of each input of the last forward pass.
    package var inputShapesOfLastForward: [Shape] { plan?.program.inputShapes ?? [] }

    /// Shapes of one row of each input of a checked dataset.
    func rowShapes(_ dataset: Dataset) -> [Shape] {
        if model.graph.hasFixedInputs, let plan { return plan.program.inputShapes }
        return dataset.inputs.map { $0.shape.dropFirst(1) }
    }

    /// Checks the targets of a dataset against the losses and the shapes of one row of each output.
    func checkTargets(_ dataset: Dataset, _ shapes: [Shape]) throws(ApusError) {
        guard measures.hasLoss else {
            throw .invalid(
                "The trainer has no loss: make it with one, or train by forward, backward with gradients of your own, and apply."
            )
        }
        guard dataset.targets.count == shapes.count else {
            throw .invalid("The network has \(shapes.count) outputs, got \(dataset.targets.count) targets.")
        }
        try dataset.checkWeights(shapes.enumerated().map { places($0.offset, $0.element) })
        for (index, view) in dataset.targets.enumerated() {
            let shape = shapes[index]
            let name = "targets[\(index)]"
            switch losses[index].targetKind {
            case .values:
                // One value a row may come without its axis of 1.
                if shape == Shape(1), view.shape.rank == 1 { continue }
                do { try Rows.check(view, of: shape, name: name) } catch {
                    throw ApusError(
                        error.code, "\(error.message) \(losses[index].parameters.kind) compares each output value.")
                }
            case .labels:
                let places = self.places(index, shape)
                var withUnit = places
                withUnit.append(1)
                if (try? Rows.check(view, of: withUnit, name: name)) != nil { continue }
                do { try Rows.check(view, of: places, name: name) } catch {
                    throw ApusError(
                        error.code, "\(error.message) \(losses[index].parameters.kind) takes one class number for each.")
                }
            }
        }
    }

    /// The shape of one row of an output without the axis of the classes: what has a label, and a weight of its own.
    private func places(_ output: Int, _ shape: Shape) -> Shape {
        guard case .axis(let axis) = measures.layouts[output], axis < shape.rank else { return Shape() }
        var extents = shape.extents
        extents.remove(at: axis)
        return Shape(extents)
    }

    func loadInputs(
        _ dataset: Dataset, _ order: UnsafePointer<Int>?, start: Int, count: Int, borrows: Bool, _ plan: Plan,
        in context: Context
    ) throws(ApusError) {
        for (index, view) in dataset.inputs.enumerated() {
            if borrows, order == nil, view.dtype == .float32, view.isDense,
                plan.borrowInput(index, view.row(start).assumingMemoryBound(to: Float.self))
            { continue }
            _ = plan.borrowInput(index, nil)
            try view.gather(
                order, start: start, count: count, into: plan.input(index), name: "inputs[\(index)]", in: context)
        }
    }

    /// - Parameter borrows: rows that lie right may be read in place, while the call lasts that gave them.
    func loadTargets(
        _ dataset: Dataset, _ order: UnsafePointer<Int>?, start: Int, count: Int, borrows: Bool, in context: Context
    ) throws(ApusError) {
        for (index, view) in dataset.targets.enumerated() {
            let name = "targets[\(index)]"
            switch losses[index].targetKind {
            case .values:
                if borrows, order == nil, view.dtype == .float32, view.isDense {
                    borrowedTargets[index] = UnsafePointer(view.row(start).assumingMemoryBound(to: Float.self))
                    continue
                }
                borrowedTargets[index] = nil
                try view.gather(
                    order, start: start, count: count, into: targets[index].pointer, name: name, in: context)
            case .labels:
                guard let shape = plan?.program.outputShapes[index] else { continue }
                try view.gatherLabels(
                    order, start: start, count: count, classes: LossForm(measures.layouts[index], shape).width,
                    ignored: losses[index].ignoredClass, into: labels[index].pointer, name: name,
                    numbering: dataset.number)
            }
        }
    }

    /// The targets of an output that takes values, as the last call of `loadTargets` left them.
    func target(_ index: Int) -> UnsafePointer<Float> {
        borrowedTargets[index] ?? UnsafePointer(targets[index].pointer)
    }
}
