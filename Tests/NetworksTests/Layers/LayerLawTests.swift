import Core
import Networks
import Testing

/// What must hold for every layer of the catalog.
struct LayerLawTests {
    /// Shapes and parameters to test each kind with; a kind without a line here fails `everyLayerIsCovered`.
    static let cases: [(kind: String, shape: [Int], parameters: String)] = [
        ("Dense", [6], "units=4"),
        ("Dense", [6], "units=4 activation=tanh use_bias=false"),
        ("Dense", [3, 6], "units=5 activation=sigmoid"),
        ("Dense", [6], "units=4 activation=elu"),
        ("Dense", [6], "units=4 activation=softmax"),
        ("Dense", [90], "units=70 activation=tanh"),
        // Products straight from the operand, and packed ones.
        ("Dense", [3, 120], "units=90 activation=tanh"),
        ("Dense", [30, 20], "units=40 activation=sigmoid"),
        ("Dense", [20, 40], "units=33 activation=softmax"),
        ("Activation", [6], "activation=relu"),
        ("Activation", [6], "activation=leaky_relu"),
        ("Activation", [6], "activation=elu"),
        ("Activation", [6], "activation=sigmoid"),
        ("Activation", [6], "activation=tanh"),
        ("Activation", [6], "activation=exponential"),
        ("Activation", [6], "activation=linear"),
        ("Activation", [2, 6], "activation=softmax"),
        ("Dropout", [6], "rate=0.5"),
        ("Flatten", [2, 3], ""), ("Flatten", [2, 3, 4], "data_format=channels_first"),
    ]

    @Test func everyLayerIsCovered() {
        let covered = Set(Self.cases.map(\.kind))
        for entry in LayerCatalog.family.entries where entry.className != "InputLayer" {
            #expect(covered.contains(entry.className), "no law case for \(entry.className)")
        }
    }

    /// d sum(output * cotangent) by inputs and weights, against central differences of the forward pass.
    @Test(arguments: cases, InstructionSet.available) func gradientsMatchCentralDifferences(
        _ item: (kind: String, shape: [Int], parameters: String), _ set: InstructionSet
    ) throws {
        let context = try Context(threads: 1, seed: 1, instructionSet: set)
        let model = try Fixtures.network(item.shape, [(item.kind, item.parameters)], in: context)
        let rows = 5
        let x = try Fixtures.normals([rows] + item.shape, seed: 3, in: context)
        let outputs = model.graph.nodes[model.graph.outputs[0]].shape
        let cotangent = try Fixtures.normals([rows] + outputs.extents, seed: 4, in: context)

        func value(_ trainer: Trainer) throws -> Double {
            try trainer.runForward(Fixtures.dataset(x), training: false, in: context)
            return zip(try trainer.output(0).floatArray, cotangent.floatArray)
                .reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        _ = try value(trainer)
        try trainer.backward(outputGradients: [cotangent.view], wantsInputGradients: true, in: context)
        let inputGradient = try trainer.inputGradient(0).floatArray

        let step: Float = 1.0 / 128
        // Central differences of float32 values: rounding over the step, and the step squared.
        let tolerance = 4e-3
        for index in stride(from: 0, to: x.count, by: max(1, x.count / 40)) {
            let held = x.floats[index]
            // Kinks of piecewise functions have no derivative to compare with.
            if item.parameters.contains("relu") || item.parameters.contains("elu"), abs(held) < 2 * step { continue }
            x.floats[index] = held + step
            let above = try value(trainer)
            x.floats[index] = held - step
            let below = try value(trainer)
            x.floats[index] = held
            let numeric = (above - below) / Double(2 * step)
            #expect(
                abs(numeric - Double(inputGradient[index])) <= tolerance * max(1, abs(numeric)),
                "\(item.kind) \(item.parameters): input \(index)")
        }
        for slot in model.graph.slots {
            let gradient = try trainer.gradient(slot.path).floatArray
            let weight = try trainer.weight(slot.path).data.assumingMemoryBound(to: Float.self)
            for index in stride(from: 0, to: slot.count, by: max(1, slot.count / 40)) {
                let held = weight[index]
                weight[index] = held + step
                let above = try value(trainer)
                weight[index] = held - step
                let below = try value(trainer)
                weight[index] = held
                let numeric = (above - below) / Double(2 * step)
                #expect(
                    abs(numeric - Double(gradient[index])) <= tolerance * max(1, abs(numeric)),
                    "\(item.kind) \(item.parameters): \(slot.path) \(index)")
            }
        }
    }

    /// The outputs of a batch are those of its rows alone, to float32 rounding.
    @Test(arguments: cases) func aBatchOfOneEqualsARowOfABatch(
        _ item: (kind: String, shape: [Int], parameters: String)
    ) throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network(item.shape, [(item.kind, item.parameters)], in: context)
        let x = try Fixtures.normals([7] + item.shape, seed: 5, in: context)
        let session = try Session(model, maximumRows: 7, in: context)
        let outputs = session.outputShape(0)
        let whole = try Tensor(.float32, outputs.prefixed(by: 7), in: context.allocator)
        try session.load(x.view, 0)
        session.run(rows: 7, in: context)
        try session.store(0, into: whole.view)
        for row in 0..<7 {
            let one = try Tensor(.float32, outputs.prefixed(by: 1), in: context.allocator)
            try session.load(x.view.rows(row, 1), 0)
            session.run(rows: 1, in: context)
            try session.store(0, into: one.view)
            #expect(largestError(one.floatArray, whole.view.rows(row, 1).floatArray) <= roundingOfSums)
        }
    }

    /// Configuration to JSON and back gives the same network.
    @Test(arguments: cases) func configurationsSurviveARoundTrip(
        _ item: (kind: String, shape: [Int], parameters: String)
    ) throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network(item.shape, [(item.kind, item.parameters)], in: context)
        let config = KerasConfig.write(model.graph)
        let again = try KerasConfig.read(JSONParser.parse(config.text), in: context)
        #expect(KerasConfig.write(again) == config)
        #expect(again.isSequential)
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
        case .integers(let range, _): [1, [.integer(range.lowerBound &- 1)], ["a"]]
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
        case .integers: [4]
        case .object: "relu"
        case .any, .nullable: .null
        }
    }
}
