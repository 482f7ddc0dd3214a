import Core

/// Where each value, gradient, mask, scratch and workspace of a program has its place in one arena, for up to a number
/// of rows: the plan of memory, without the memory.
struct PlanLayout {
    /// Rows times this are the elements of each value.
    let elements: [Int]
    let isView: [Bool]
    /// The step that makes each value.
    let producer: [Int?]
    /// Steps that read each value.
    let consumers: [Int]
    let isOutput: [Bool]
    let outputs: [Int]
    let gradients: [Int]
    let masks: [Int]
    let scratch: [Int]
    let workspace: Int
    /// For each step and input, where among the spares its gradient goes when another consumer wrote it before.
    let spares: [[Int?]]
    let spare: Int
    /// Whether some step of the backward pass writes the gradient of each value, or it is an output's.
    let written: [Bool]
    /// Weights that training passes update.
    let pending: [(slot: Int, offset: Int, count: Int)]
    /// Floats in all.
    let size: Int

    /// The sizes of a step's call.
    static func call(_ step: Program.Step, of program: Program, rows: Int, training: Bool, lanes: Int) -> LayerCall {
        LayerCall(
            inputs: step.inputs.map { program.values[$0].shape }, outputs: step.outputs.map { program.values[$0].shape },
            masked: step.masks.map { $0 != nil }, rows: cappedProduct(rows, step.factor), training: training,
            lanes: lanes)
    }

    /// Throws `limit` for more rows than can be addressed.
    init(_ program: Program, rows: Int, training: Bool, lanes: Int) throws(ApusError) {
        let values = program.values
        let steps = program.steps
        let tooLarge = ApusError.limit("A batch of \(rows) rows is too large for this network.")
        // OpenBLAS counts in 32 bits.
        for value in values {
            let positions = cappedProduct(rows, value.factor, value.shape.count / max(1, value.shape.last))
            guard positions <= Int(Int32.max) else { throw tooLarge }
        }
        // Two passes over the same layout: sizes, then pointers.
        var size = 0
        var overflow = false
        func take(_ perRow: Int, _ rows: Int) -> Int {
            let (count, carry) = perRow.multipliedReportingOverflow(by: rows)
            let start = size
            let (padded, full) = count.addingReportingOverflow(15)
            let (next, more) = size.addingReportingOverflow(padded & ~15)
            overflow = overflow || carry || full || more
            size = next
            return start
        }
        let elements = values.map { cappedProduct($0.shape.count, $0.factor) }
        let isView = steps.map { $0.layer.isView || (!training && $0.layer.isIdentityInInference) }
        var producer = [Int?](repeating: nil, count: values.count)
        for (number, step) in steps.enumerated() { for value in step.outputs { producer[value] = number } }
        /// The value that a view is of, if it is one.
        func source(_ value: Int) -> Int? {
            guard let number = producer[value], isView[number] else { return nil }
            return steps[number].inputs[0]
        }
        // A view of a value with several consumers, or of an output, needs a gradient of its own.
        var consumers = [Int](repeating: 0, count: values.count)
        for step in steps { for input in step.inputs { consumers[input] += 1 } }
        var isOutput = [Bool](repeating: false, count: values.count)
        for output in program.outputs { isOutput[output] = true }
        func count(_ value: Int) -> Int { min((cappedProduct(elements[value], rows) + 15) & ~15, 1 << 56) }
        var outputOffsets: [Int] = []
        if training {
            for value in values.indices {
                if let source = source(value) {
                    outputOffsets.append(outputOffsets[source])
                } else {
                    outputOffsets.append(take(elements[value], rows))
                }
            }
        } else {
            // Nobody asks for a value after its last reader, but for those of outputs.
            let roots = values.indices.map { value in
                var root = value
                while let source = source(root) { root = source }
                return root
            }
            var ends = producer.map { $0 ?? 0 }
            for (number, step) in steps.enumerated() { for input in step.inputs { ends[roots[input]] = number } }
            for value in values.indices where isOutput[value] { ends[roots[value]] = steps.count }
            var ended = [[Int]](repeating: [], count: steps.count + 1)
            for value in values.indices where roots[value] == value { ended[ends[value]].append(value) }
            var places = LivePlaces()
            outputOffsets = [Int](repeating: 0, count: values.count)
            func make(_ value: Int) {
                guard roots[value] == value, !overflow else { return }
                outputOffsets[value] = places.take(count(value))
                // Past the limit nothing is added up any more: many values of it would be more than can be counted.
                overflow = overflow || places.size > 1 << 56
            }
            // Inputs are there before the first step.
            for value in values.indices where producer[value] == nil { make(value) }
            for (number, step) in steps.enumerated() where !overflow {
                for value in step.outputs { make(value) }
                for value in ended[number] { places.leave(outputOffsets[value], count(value)) }
            }
            if overflow { throw tooLarge }
            let start = take(places.size, 1)
            outputOffsets = roots.map { start + outputOffsets[$0] }
        }
        func shares(_ value: Int) -> Int? {
            guard let source = source(value), consumers[source] == 1, !isOutput[source] else { return nil }
            return source
        }
        var gradientOffsets = [Int](repeating: 0, count: values.count)
        if training {
            // The step that first writes a gradient, the passes' beginning for those of outputs; one that is the memory
            // of several values is born with the first of them.
            let roots = values.indices.map { value in
                var root = value
                while let source = shares(root) { root = source }
                return root
            }
            var births = [Int](repeating: -1, count: values.count)
            for (number, step) in steps.enumerated() {
                for input in step.inputs { births[roots[input]] = max(births[roots[input]], number) }
            }
            for value in values.indices where isOutput[value] || consumers[value] == 0 {
                births[roots[value]] = steps.count
            }
            var born = [[Int]](repeating: [], count: steps.count + 1)
            for value in values.indices where roots[value] == value { born[births[value]].append(value) }
            var places = LivePlaces()
            for number in (0...steps.count).reversed() {
                // Past the limit nothing is added up any more: many values of it would be more than can be counted.
                for value in born[number] where !overflow {
                    gradientOffsets[value] = places.take(count(value))
                    overflow = overflow || places.size > 1 << 56
                }
                // Gradients by the inputs have no producer and last.
                guard number < steps.count, !overflow else { continue }
                for value in steps[number].outputs where roots[value] == value {
                    places.leave(gradientOffsets[value], count(value))
                }
            }
            let start = take(places.size, 1)
            if overflow { throw tooLarge }
            gradientOffsets = roots.map { start + gradientOffsets[$0] }
        }
        let maskOffsets = program.masks.map { take(cappedProduct($0.shape.count, $0.factor), rows) }
        var scratchOffsets: [Int] = []
        var room = 0
        for (number, step) in steps.enumerated() {
            let call = PlanLayout.call(step, of: program, rows: rows, training: training, lanes: lanes)
            scratchOffsets.append(take(isView[number] ? 0 : step.layer.scratch(call), 1))
            if !isView[number] { room = max(room, step.layer.workspace(call)) }
        }
        let workspaceOffset = take(room, 1)
        // The first writer of a gradient in the backward pass sets it; the later ones add through a spare place.
        var written = isOutput
        var spareOffsets = steps.map { _ in [Int?]() }
        var spareSize = 0
        for number in steps.indices.reversed() {
            var used = 0
            for input in steps[number].inputs {
                if written[input] {
                    spareOffsets[number].append(used)
                    used = min(used + (cappedProduct(elements[input], rows) + 15) & ~15, 1 << 56)
                } else {
                    spareOffsets[number].append(nil)
                }
                written[input] = true
            }
            spareSize = max(spareSize, used)
        }
        let spareOffset = take(training ? spareSize : 0, 1)
        // Weights that training passes update.
        var pendingOffsets: [(slot: Int, offset: Int, count: Int)] = []
        if training {
            for step in steps where step.isTrainable {
                for slot in step.slots where !program.graph.slots[slot].trainsByNature {
                    if pendingOffsets.contains(where: { $0.slot == slot }) { continue }
                    let count = program.graph.slots[slot].count
                    pendingOffsets.append((slot, take(count, 1), count))
                }
            }
        }
        if overflow { throw tooLarge }
        self.elements = elements
        self.isView = isView
        self.producer = producer
        self.consumers = consumers
        self.isOutput = isOutput
        outputs = outputOffsets
        gradients = gradientOffsets
        masks = maskOffsets
        scratch = scratchOffsets
        workspace = workspaceOffset
        spares = spareOffsets
        spare = spareOffset
        self.written = written
        pending = pendingOffsets
        self.size = size
    }

    /// The value that a view is of, if it is one.
    func source(_ value: Int, in program: Program) -> Int? {
        guard let number = producer[value], isView[number] else { return nil }
        return program.steps[number].inputs[0]
    }

    /// The value whose gradient a view's gradient is the memory of.
    func shared(_ value: Int, in program: Program) -> Int? {
        guard let source = source(value, in: program), consumers[source] == 1, !isOutput[source] else { return nil }
        return source
    }
}
