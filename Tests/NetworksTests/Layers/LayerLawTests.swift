import Core
import Networks
import Testing

/// What must hold for every layer of the catalog.
struct LayerLawTests {
    @Test func everyLayerIsCovered() {
        let covered = Set(LayerCase.all.map(\.kind))
        for entry in LayerCatalog.family.entries where entry.className != "InputLayer" {
            #expect(covered.contains(entry.className), "no law case for \(entry.className)")
        }
    }

    /// Forward against the reference in double precision.
    @Test(arguments: LayerCase.all, InstructionSet.available) func outputsAreThoseOfTheReference(
        _ item: LayerCase, _ set: InstructionSet
    ) throws {
        let run = try LayerRun(item, in: Context(threads: 1, seed: 1, instructionSet: set))
        let expected = item.reference(run.reference)
        let observed = try run.outputs(run.trainer())
        #expect(observed.count == expected.count)
        for (a, b) in zip(observed, expected) {
            let error = largestError(a, b.map { Float($0) })
            #expect(error <= item.rounding)
        }
    }

    /// d sum(output * cotangent) by inputs and weights, against central differences of the reference in double
    /// precision.
    @Test(arguments: LayerCase.all, InstructionSet.available) func gradientsAreThoseOfTheReference(
        _ item: LayerCase, _ set: InstructionSet
    ) throws {
        let run = try LayerRun(item, in: Context(threads: 1, seed: 1, instructionSet: set))
        let trainer = try run.trainer()
        _ = try run.outputs(trainer)
        let cotangents = try run.cotangents()
        try trainer.backward(outputGradients: cotangents.map(\.view), wantsInputGradients: true, in: run.context)

        let factors = cotangents.map { $0.floatArray.map(Double.init) }
        func value(_ reference: LayerReference) -> Double {
            var sum = 0.0
            for (output, factor) in zip(item.reference(reference), factors) {
                for (a, b) in zip(output, factor) { sum += a * b }
            }
            return sum
        }
        func check(
            _ gradient: [Float], _ what: String, _ place: WritableKeyPath<LayerReference, [Double]>,
            mask: [Double]? = nil
        ) {
            var reference = run.reference
            let width = gradient.count / (mask?.count ?? gradient.count)
            let step = 1e-5
            let middle = value(reference)
            for index in stride(from: 0, to: gradient.count, by: max(1, gradient.count / 40)) {
                // Masking lets nothing through at the steps that it leaves out.
                if let mask, mask[index / width] == 0 {
                    #expect(gradient[index] == 0)
                    continue
                }
                let held = reference[keyPath: place][index]
                reference[keyPath: place][index] = held + step
                let above = value(reference)
                reference[keyPath: place][index] = held - step
                let below = value(reference)
                reference[keyPath: place][index] = held
                let (right, left) = ((above - middle) / step, (middle - below) / step)
                // Kinks of piecewise functions have no derivative to compare with.
                if abs(right - left) > 1e-2 * max(1, abs(right)) { continue }
                let numeric = (right + left) / 2
                #expect(
                    abs(numeric - Double(gradient[index])) <= 1e-4 * max(1, abs(numeric)),
                    "\(what) \(index): \(gradient[index]), reference \(numeric)")
            }
        }
        if item.classes == nil {
            for place in run.x.indices {
                check(
                    try trainer.inputGradient(place).floatArray, "input \(place)", \.inputs[place],
                    mask: run.reference.masks?[place])
            }
        }
        for (place, slot) in run.model.graph.slots.enumerated() where slot.isTrainable {
            check(try trainer.gradient(slot.path).floatArray, slot.path, \.weights[place])
        }
    }

    /// Two backward passes hold the sum of their gradients.
    @Test(arguments: LayerCase.all) func gradientsAreAddedUp(_ item: LayerCase) throws {
        let run = try LayerRun(item, in: Fixtures.context())
        let trainer = try run.trainer()
        let cotangents = try run.cotangents()
        for pass in 0..<2 {
            _ = try run.outputs(trainer)
            try trainer.backward(outputGradients: cotangents.map(\.view), wantsInputGradients: false, in: run.context)
            withExtendedLifetime(cotangents) {}
            for slot in run.model.graph.slots where slot.isTrainable {
                let gradient = try trainer.gradient(slot.path)
                if pass == 0 {
                    try run.model.set(slot.path, to: gradient, in: run.context)
                } else {
                    let once = NetworkModel.view(slot, in: run.model.weights).floatArray
                    let error = largestError(gradient.floatArray, once.map { 2 * $0 })
                    #expect(error <= roundingOfSums)
                }
            }
        }
    }

    /// The outputs of a batch are those of its rows alone, to float32 rounding.
    @Test(arguments: LayerCase.all) func aBatchOfOneEqualsARowOfABatch(_ item: LayerCase) throws {
        guard item.rowsAreIndependent else { return }
        let run = try LayerRun(item, rows: 7, in: Fixtures.context())
        let context = run.context
        let session = try Session(run.model, maximumRows: 7, in: context)
        func outputs(_ start: Int, _ count: Int) throws -> [[Float]] {
            for (place, x) in run.x.enumerated() {
                try session.checkInput(x.view.rows(start, count), place)
                try session.load(x.view.rows(start, count), place)
            }
            session.run(rows: count, in: context)
            return try (0..<session.outputCount).map { index in
                let out = try Tensor(.float32, session.outputShape(index).prefixed(by: count), in: context.allocator)
                try session.store(index, into: out.view)
                return out.floatArray
            }
        }
        let whole = try outputs(0, 7)
        for row in 0..<7 {
            for (one, all) in zip(try outputs(row, 1), whole) {
                let width = one.count
                let error = largestError(one, Array(all[row * width..<(row + 1) * width]))
                #expect(error <= roundingOfSums)
            }
        }
    }

    /// Values and gradients have the same bits for any number of threads.
    @Test(arguments: LayerCase.all) func threadsDoNotChangeABit(_ item: LayerCase) throws {
        let count = item.inputs.map { $0.reduce(1, *) }.max() ?? 1
        let rows = min(3000, max(8, 70_000 / count))
        var seen: [[[Float]]] = []
        for threads in [1, 2, 3, 8] {
            let run = try LayerRun(item, rows: rows, in: Fixtures.context(threads: threads))
            let trainer = try run.trainer()
            var values = try run.outputs(trainer)
            let cotangents = try run.cotangents()
            try trainer.backward(outputGradients: cotangents.map(\.view), wantsInputGradients: true, in: run.context)
            withExtendedLifetime(cotangents) {}
            if item.classes == nil { for place in run.x.indices { values.append(try trainer.inputGradient(place).floatArray) } }
            for slot in run.model.graph.slots {
                values.append(try slot.isTrainable ? trainer.gradient(slot.path).floatArray : trainer.weight(slot.path).floatArray)
            }
            seen.append(values)
        }
        for other in seen.dropFirst() {
            for (place, pair) in zip(other, seen[0]).enumerated() {
                let isSame = pair.0 == pair.1
                #expect(isSame, "array \(place)")
            }
        }
    }

    /// Configuration to JSON and back gives the same network.
    @Test(arguments: LayerCase.all) func configurationsSurviveARoundTrip(_ item: LayerCase) throws {
        let run = try LayerRun(item, in: Fixtures.context())
        let config = KerasConfig.write(run.model.graph)
        let again = try KerasConfig.read(JSONParser.parse(config.text), in: run.context)
        #expect(KerasConfig.write(again) == config)
        #expect(again.slots.map(\.path) == run.model.graph.slots.map(\.path))
        #expect(again.outputs.count == run.model.graph.outputs.count)
    }

    /// A checkpoint goes on to the same bits.
    @Test(arguments: LayerCase.all) func checkpointsGoOn(_ item: LayerCase) throws {
        let run = try LayerRun(item, in: Fixtures.context())
        let losses = Array(repeating: "\"mse\"", count: run.model.graph.outputs.count).joined(separator: ", ")
        let trainer = try run.trainer("{\"loss\": [\(losses)], \"optimizer\": \"adam\"}")
        let targets = try run.cotangents()
        // A dataset borrows its arrays.
        defer { withExtendedLifetime((run, targets)) {} }
        let data = try Dataset(inputs: run.x.map(\.view), targets: targets.map(\.view), sampleWeight: nil)
        func train(_ trainer: Trainer, _ context: Context) throws {
            for _ in 0..<2 { _ = try trainer.step(data, in: context) }
        }
        try train(trainer, run.context)
        let record = try trainer.record(in: run.context)
        try train(trainer, run.context)
        let fresh = try Fixtures.context(threads: 2, seed: 99)
        let graph = try KerasConfig.read(record.config, in: fresh)
        let again = try Trainer(record: record, model: NetworkModel(record: record, graph: graph, in: fresh), in: fresh)
        try train(again, fresh)
        let isSame = again.weights.array == trainer.weights.array
        #expect(isSame)
    }

    /// What a layer says of inputs with extents that are not declared holds for every declared one.
    @Test(arguments: LayerCase.all) func unknownExtentsAreTakenAsUnknown(_ item: LayerCase) throws {
        let run = try LayerRun(item, in: Fixtures.context())
        let layer = run.model.graph.layer(of: run.model.graph.outputs[0]).layer
        let known = try layer.outputShapes(item.inputs.map { Shape($0) })
        for axis in 0..<(item.inputs.map(\.count).min() ?? 0) {
            var shapes = item.inputs.map { Shape($0) }
            for place in shapes.indices { shapes[place][axis] = Shape.unknown }
            // A layer may need to know an extent; then it says so.
            guard let declared = try? layer.outputShapes(shapes) else { continue }
            #expect(declared.count == known.count)
            for (a, b) in zip(declared, known) { #expect(a.admits(b), "axis \(axis): \(a), \(b)") }
        }
    }

    /// Each parameter refuses each value outside its constraint, in the standard words.
    @Test func invalidParametersAreRefusedByName() throws {
        let context = try Fixtures.context()
        for entry in LayerCatalog.family.entries {
            for spec in entry.parameters {
                for value in spec.constraint.invalidValues {
                    var given = entry.parameters.filter { $0.standard == nil && $0.name != spec.name }
                        .map { (key: $0.name, value: $0.constraint.validValue) }
                    given.append((key: spec.name, value: value))
                    let builder = NetworkBuilder(name: "n", allocator: context.allocator)
                    if entry.className != "InputLayer" {
                        try builder.add("InputLayer", given: [(key: "shape", value: [4])], inputs: nil)
                    }
                    do throws(ApusError) {
                        try builder.add(entry.className, given: given, inputs: nil)
                        Issue.record("\(entry.className) took \(spec.name)=\(value.text)")
                    } catch {
                        #expect(error.message.contains("The \(spec.name) of \(entry.className) must be"), "\(error.message)")
                    }
                }
            }
        }
    }

    /// Numbers at the ends of their types, alone and in arrays, are refused with a message or mean something: a
    /// parameter whose constraint says only "any" is checked by the layer.
    @Test(arguments: LayerCase.all.filter { item in LayerCase.all.first { $0.kind == item.kind }?.parameters == item.parameters })
    func parametersMayBeExtreme(_ item: LayerCase) throws {
        let context = try Fixtures.context()
        let entry = try #require(LayerCatalog.family.entries.first { $0.className == item.kind })
        let own = try ParameterText.parse(item.parameters, for: item.kind)
        let numbers: [JSON] = [.integer(.min), .integer(.max), .integer(0), .integer(-1), .number(1e308)]
        let values = numbers + numbers.map { .array([$0]) } + numbers.map { .array([$0, $0]) } + [.array([]), "", .object([])]
        for spec in entry.parameters {
            for value in values {
                let builder = NetworkBuilder(name: "n", allocator: context.allocator)
                let nodes = try item.inputs.map {
                    try builder.add(
                        "InputLayer", given: [(key: "shape", value: .array($0.map { .integer($0) }))], inputs: nil)
                }
                do throws(ApusError) {
                    let first = try builder.add(
                        item.kind, given: own.filter { $0.key != spec.name } + [(key: spec.name, value: value)],
                        inputs: nodes)
                    #expect(builder.outputs(of: first) >= 1)
                    _ = try builder.graph(outputs: [first])
                } catch {
                    #expect(!error.message.isEmpty)
                }
            }
        }
    }

    /// A layer called on more or fewer inputs than it takes says how many it takes.
    @Test(arguments: LayerCatalog.family.entries.map(\.className)) func theNumberOfInputsIsChecked(_ kind: String) throws {
        guard kind != "InputLayer", let item = LayerCase.all.first(where: { $0.kind == kind }) else { return }
        let layer = try LayerRun(item, in: Fixtures.context()).model.graph.layers.last { $0.layer.parameters.kind == kind }
        let range = try #require(layer).layer.inputCount
        for count in [range.lowerBound - 1, range.upperBound == .max ? 0 : range.upperBound + 1] where count >= 1 {
            let builder = NetworkBuilder(name: "n", allocator: Allocator())
            for _ in 0..<count {
                try builder.add("Input", given: [(key: "shape", value: .array(item.inputs[0].map { .integer($0) }))], inputs: nil)
            }
            do throws(ApusError) {
                try builder.add(kind, given: ParameterText.parse(item.parameters, for: kind), inputs: Array(0..<count))
                Issue.record("\(kind) took \(count) inputs")
            } catch { #expect(error.message.contains("got \(count)"), "\(error.message)") }
        }
    }
}

extension Constraint {
    /// Values that the constraint excludes.
    var invalidValues: [JSON] {
        switch self {
        case .boolean: ["yes", 2]
        case .integer(let range):
            [.integer(range.lowerBound &- 1), 1.5, "many"] + (range.upperBound < .max ? [.integer(range.upperBound + 1)] : [])
        case .real(let from, let to, let open):
            ["much", .number(.nan)] + (from.isFinite ? [.number(from - 1)] : []) + (to.isFinite ? [.number(to + 1)] : [])
                + (open && from.isFinite ? [.number(from)] : [])
        case .choice: ["no such choice", 1]
        case .text: [1, true]
        case .interval(_, let to, let form):
            ["much", [0, "a"], [1, 2, 3], [0, .number(.nan)]] + (form == .ascending ? [1, [2, 1]] : [-1])
                + (to.isFinite ? [[0, .number(to + 1)]] : [])
        case .integers(let range, _): [1, [.integer(range.lowerBound &- 1)], ["a"]]
        case .numbers(let from, _): ["much", .array([]), ["a"]] + (from.isFinite ? [[.number(from - 1)]] : [])
        case .object, .any: []
        case .nullable(let inner): inner.invalidValues
        }
    }

    /// One that it admits.
    var validValue: JSON {
        switch self {
        case .boolean: true
        case .integer(let range): .integer(range.lowerBound)
        case .real(let from, _, let open): .number(from.isFinite ? (open ? from + 0.5 : from) : 0)
        case .choice(let names): .string(names.first ?? "")
        case .text: "text"
        case .interval(let from, let to, _): [.number(max(from, 0)), .number(min(to, max(from, 0)))]
        case .integers: [4]
        case .numbers(let from, let to): .number(from.isFinite ? from : to.isFinite ? to : 0)
        case .object(let family): family == "a layer" ? "Flatten" : "relu"
        case .any, .nullable: .null
        }
    }
}
