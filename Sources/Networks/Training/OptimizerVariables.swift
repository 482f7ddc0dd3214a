import Core

/// The variables of a trainer's optimizer in the order of a file: the number of updates, the learning rate where there
/// is one, then arrays for the weights.
struct OptimizerVariables {
    /// What stands at a place.
    private enum Item {
        case iteration
        case learningRate
        /// The product of Nadam's means, which Apus has a formula for.
        case nadamProduct
        /// The sum of the gradients of a group of batches that waits for the rest of an update.
        case accumulated(WeightSlot)
        /// A state array's part for one weight; without values it is zeros that only the file has.
        case slot(WeightSlot, name: String, values: Buffer<Float>?)
    }

    private let trainer: Trainer
    private var items: [Item] = [.iteration]

    /// Those that Apus writes.
    ///
    /// - Parameter order: the trainable weights in the order of the file.
    init(_ trainer: Trainer, _ form: NetworkRecord.Form, order: [Int]) {
        if form == .archive {
            self.init(
                trainer, order: order, hasRate: !trainer.learningRate.isSchedule, hasZeros: false, hasGroup: true,
                product: trainer.optimizer.parameters.kind == "Nadam" ? .last : nil)
        } else {
            self.init(trainer, order: order, hasRate: false, hasZeros: true, hasGroup: false, product: nil)
        }
    }

    private enum Place {
        case first
        case last
    }

    /// - Parameters:
    ///   - hasZeros: whether plain SGD has a momentum of zeros, as in Keras 2.
    ///   - hasGroup: whether sums of gradients are there when gradients are accumulated, as in Keras 3.
    ///   - product: where that of Nadam is.
    private init(_ trainer: Trainer, order: [Int], hasRate: Bool, hasZeros: Bool, hasGroup: Bool, product: Place?) {
        self.trainer = trainer
        if hasRate { items.append(.learningRate) }
        if product == .first { items.append(.nadamProduct) }
        var kinds = zip(trainer.slotKinds, trainer.slots).map { (kind: $0.0, values: Optional($0.1)) }
        if hasZeros, trainer.optimizer.parameters.kind == "SGD", trainer.optimizer.slots.isEmpty {
            kinds.append((kind: OptimizerSlot("momentum", legacy: "m"), values: nil))
        }
        let weights = order.map { trainer.model.graph.slots[$0] }
        // The averages of the weights are before the sums of gradients, the optimizer's own arrays after them. Group by
        // group, in each weight by weight.
        func add(_ groups: [Int]) {
            for group in groups {
                for weight in weights {
                    for item in kinds where item.kind.group == group {
                        items.append(.slot(weight, name: item.kind.legacyName, values: item.values))
                    }
                }
            }
        }
        let groups = Set(kinds.map(\.kind.group)).sorted()
        add(groups.filter { $0 < 0 })
        if hasGroup, trainer.settings.accumulationSteps > 1 { items += weights.map { .accumulated($0) } }
        add(groups.filter { $0 >= 0 })
        if product == .last { items.append(.nadamProduct) }
    }

    /// Those that releases of Keras have, the newest first.
    static func ofKeras(_ trainer: Trainer, order: [Int]) -> [OptimizerVariables] {
        let isNadam = trainer.optimizer.parameters.kind == "Nadam"
        let isSchedule = trainer.learningRate.isSchedule
        var all: [OptimizerVariables] = []
        for product in isNadam ? [Place.last, .first, nil] : [nil] {
            for hasRate in isSchedule ? [false] : [true, false] {
                for hasZeros in [false, true] {
                    all.append(
                        OptimizerVariables(
                            trainer, order: order, hasRate: hasRate, hasZeros: hasZeros, hasGroup: true,
                            product: product))
                }
            }
        }
        return all
    }

    // MARK: Reading

    /// Whether arrays of a file can be these.
    func fit(_ stored: [(name: String, value: Tensor)]) -> Bool {
        stored.count == items.count && zip(items, stored).allSatisfy { mismatch($0, $1.value) == nil }
    }

    /// What a variable must be that an array is not.
    private func mismatch(_ item: Item, _ value: Tensor) -> String? {
        switch item {
        case .iteration: value.shape.rank == 0 && value.dtype == .int64 ? nil : "a whole number"
        case .learningRate, .nadamProduct: value.shape.rank == 0 && value.dtype == .float32 ? nil : "a float32 number"
        case .accumulated(let weight), .slot(let weight, _, _):
            value.shape == weight.shape && value.dtype == .float32 ? nil : "float32 of shape \(weight.shape)"
        }
    }

    /// Takes the arrays of a file over. Throws `corrupt` when they are not these.
    func restore(_ stored: [(name: String, value: Tensor)]) throws(ApusError) {
        guard stored.count == items.count else {
            throw .corrupt(
                "The optimizer \(trainer.optimizer.parameters.kind) needs \(items.count) arrays for this network, the file has \(stored.count)."
            )
        }
        for (item, (name, value)) in zip(items, stored) {
            if let wanted = mismatch(item, value) {
                throw .corrupt(
                    "The optimizer's '\(name)' must be \(wanted), the file has \(value.dtype.name) of shape \(value.shape).")
            }
            switch item {
            case .iteration: try restore(iteration: Int(value.int64s[0]))
            case .learningRate:
                do throws(ApusError) { try trainer.begin(at: Double(value.floats[0])) } catch { throw error.inFile }
            case .nadamProduct: break
            case .accumulated(let weight):
                (trainer.gradients.pointer + weight.offset).update(from: value.floats, count: weight.count)
            case .slot(let weight, _, let values):
                guard let values else { continue }
                (values.pointer + weight.offset).update(from: value.floats, count: weight.count)
            }
        }
    }

    /// Keras counts batches, and from their number how many wait for the rest of an update.
    private func restore(iteration: Int) throws(ApusError) {
        let steps = hasAccumulated ? trainer.settings.accumulationSteps : 1
        guard iteration >= 0, iteration / steps < 1 << 40 else {
            throw .corrupt("The optimizer's number of updates is \(iteration).")
        }
        trainer.restore(iteration: iteration / steps, waiting: iteration % steps)
    }

    private var hasAccumulated: Bool {
        items.contains { if case .accumulated = $0 { true } else { false } }
    }

    // MARK: Writing

    /// The variables as they are.
    func tensors(in context: Context) throws(ApusError) -> [(name: String, value: Tensor)] {
        let group = trainer.state.group
        let steps = hasAccumulated ? trainer.settings.accumulationSteps : 1
        let waiting = hasAccumulated && trainer.holdsGroup ? group.batches : 0
        var result: [(name: String, value: Tensor)] = []
        for item in items {
            switch item {
            case .iteration:
                let (batches, overflow) = trainer.state.iteration.multipliedReportingOverflow(by: steps)
                let count = overflow ? Int.max : batches.addingReportingOverflow(waiting).partialValue
                let tensor = try Tensor(int64s: [Int64(max(count, 0))], Shape(), in: context.allocator)
                result.append(("iteration:0", tensor))
            case .learningRate:
                result.append(("learning_rate", try scalar(Float(trainer.state.learningRate), in: context)))
            case .nadamProduct:
                let product = (trainer.optimizer as? Nadam)?.product(Double(trainer.state.iteration)) ?? 1
                result.append(("product", try scalar(Float(product), in: context)))
            case .accumulated(let weight):
                // Keras divides the sum by the number of batches, whatever their sizes.
                let factor = waiting > 0 ? Float(group.lastSize * Double(waiting) / group.size) : 0
                let tensor = try part(of: waiting > 0 ? trainer.gradients : nil, weight, in: context)
                if factor != 1 { for index in 0..<tensor.count { tensor.floats[index] *= factor } }
                result.append(("gradient_accumulator/\(weight.path):0", tensor))
            case .slot(let weight, let name, let values):
                result.append(("\(name)/\(weight.path):0", try part(of: values, weight, in: context)))
            }
        }
        return result
    }

    private func scalar(_ value: Float, in context: Context) throws(ApusError) -> Tensor {
        let tensor = try Tensor(.float32, Shape(), in: context.allocator)
        tensor.floats[0] = value
        return tensor
    }

    /// The part of a state array for one weight, or zeros.
    private func part(of values: Buffer<Float>?, _ weight: WeightSlot, in context: Context) throws(ApusError) -> Tensor {
        let tensor = try Tensor(.float32, weight.shape, in: context.allocator)
        if let values {
            tensor.floats.update(from: values.pointer + weight.offset, count: weight.count)
        } else {
            tensor.floats.update(repeating: 0, count: weight.count)
        }
        return tensor
    }
}
