import Core

/// Batches that wait, with their gradients, for the rest of an update.
struct BatchGroup: Sendable {
    var batches = 0
    /// What all of them and the last of them weigh.
    var size = 0.0
    var lastSize = 0.0
    /// Each weighs as much as the batch to come: they are from a file of Keras, which does not say.
    var isUnsized = false
}

/// Gradient accumulation: the gradients of several batches make one update, that of all their rows at once.
extension Trainer {
    /// Whether gradients of an unfinished group are held.
    var holdsGroup: Bool { holdsGradients && state.group.batches > 0 }

    /// Runs the backward pass of the batch evaluated last and adds its gradients to its group; updates when the group
    /// is whole.
    ///
    /// Each batch counts by its size, so that short ones do as much as they would in one large batch: the buffer holds
    /// the sum of size times gradient, divided by the size of the last batch. Batches of one size need no scaling, and
    /// the update takes the sum over their number, as in Keras.
    func accumulate(size: Double, endsGroup: Bool, in context: Context) throws(ApusError) {
        guard settings.accumulationSteps > 1 else {
            holdsGradients = false
            try backward(outputGradients: nil, wantsInputGradients: false, in: context)
            return try apply(in: context)
        }
        // A batch without positions that count still has the penalties of the weights.
        let size = max(size, 0x1p-20)
        if holdsGroup, state.group.isUnsized {
            state.group.size = Double(state.group.batches) * size
            state.group.lastSize = size
            state.group.isUnsized = false
        }
        if !holdsGroup {
            zeroGradients()
        } else if state.group.lastSize != size {
            scaleGradients(by: Float(state.group.lastSize / size), in: context)
        }
        try backward(outputGradients: nil, wantsInputGradients: false, in: context)
        state.group.batches += 1
        state.group.size += size
        state.group.lastSize = size
        if endsGroup || state.group.batches >= settings.accumulationSteps {
            try apply(scale: size / state.group.size, in: context)
        }
    }

    /// Updates with the batches that wait, at an end that was not known before.
    func finishGroup(in context: Context) throws(ApusError) {
        guard settings.accumulationSteps > 1, holdsGroup else { return }
        try apply(scale: state.group.lastSize / state.group.size, in: context)
    }

    private func scaleGradients(by factor: Float, in context: Context) {
        let gradient = gradients.pointer
        context.parallel(over: model.graph.trainableCount, by: Trainer.numbersOfSlice) { range in
            context.kernels.scale(factor, gradient + range.lowerBound, Int64(range.count))
        }
    }
}

/// Unfinished groups in checkpoints.
extension Trainer {
    /// Adds the group, where there is one, to a checkpoint's own state.
    func recordGroup(_ own: inout Record) throws(ApusError) {
        guard holdsGroup else { return }
        // Weight after weight: how buffers are laid out is no business of files.
        let tensor = try Tensor(.float32, Shape(model.graph.trainableNumbers), in: allocator)
        var place = 0
        for slot in model.graph.slots where slot.isTrainable {
            (tensor.floats + place).update(from: gradients.pointer + slot.offset, count: slot.count)
            place += slot.count
        }
        own.set("accumulated_batches", .integer(state.group.batches))
        own.set("accumulated_size", .real(state.group.size))
        own.set("accumulated_last_size", .real(state.group.lastSize))
        own.set("accumulated_gradients", .tensor(tensor))
    }

    /// Goes on from a file of Keras: after so many updates, with the gradients of so many batches that wait.
    func restore(iteration: Int, waiting: Int) {
        state.iteration = iteration
        guard waiting > 0 else { return }
        state.group = BatchGroup(batches: waiting, size: Double(waiting), lastSize: 1, isUnsized: true)
        holdsGradients = true
    }

    /// Takes a group from a checkpoint's own state, where there is one.
    func restoreGroup(_ own: Record) throws(ApusError) {
        guard own["accumulated_batches"] != nil else { return }
        var group = BatchGroup()
        group.batches = try own.integer("accumulated_batches")
        group.size = try own.real("accumulated_size")
        group.lastSize = try own.real("accumulated_last_size")
        guard group.batches >= 1, group.lastSize > 0, group.size >= group.lastSize, group.size.isFinite else {
            throw .corrupt("The checkpoint's accumulated gradients contradict themselves.")
        }
        let tensor = try own.tensor("accumulated_gradients", .float32, shape: [model.graph.trainableNumbers])
        var place = 0
        for slot in model.graph.slots where slot.isTrainable {
            (gradients.pointer + slot.offset).update(from: tensor.floats + place, count: slot.count)
            place += slot.count
        }
        state.group = group
        holdsGradients = true
    }
}
