import Core

/// Transformers, then a last step of any kind, as one model: each step sees what the one before it makes of x.
enum Pipeline {
    static let entry = EstimatorEntry(
        kind: "pipeline", type: "composite",
        doc: "A chain of transformers and a last model, trained, used, saved and loaded as one.",
        parameters: [
            ParameterSpec(
                "steps", .any(expected), default: nil,
                "The steps in order, [[\"scale\", \"standard_scaler\"], [\"model\", \"linear_regression\", {\"solver\": \"gd\"}]] or objects with name, kind and parameters; all but the last are transformers."
            )
        ], fit: fit, load: load)

    private static let expected = "an array of [name, kind, {parameters}] steps"

    /// One step, its parameters checked.
    struct Step {
        let name: String
        let entry: EstimatorEntry
        let parameters: Parameters

        var place: String { "Step '\(name)' of pipeline" }
    }

    // MARK: Steps

    /// Reads the steps strictly. Throws `invalidArgument` naming the step at fault.
    static func steps(_ parameters: Parameters) throws(ApusError) -> [Step] {
        let kind = parameters.kind
        guard let items = parameters["steps"].arrayValue, !items.isEmpty else {
            throw .parameter("steps", of: kind, mustBe: expected, got: parameters["steps"].text)
        }
        var steps: [Step] = []
        for (index, item) in items.enumerated() {
            let step = try step(item, index, kind)
            if steps.contains(where: { $0.name == step.name }) {
                throw .invalid("The steps of \(kind) must have different names; '\(step.name)' comes twice.")
            }
            if index < items.count - 1, step.entry.type != "transformer" {
                throw .invalid(
                    "The steps of \(kind) before the last must be transformers; '\(step.name)' is a \(step.entry.kind), a \(step.entry.type)."
                )
            }
            steps.append(step)
        }
        return steps
    }

    private static func step(_ item: JSON, _ index: Int, _ owner: String) throws(ApusError) -> Step {
        var name: JSON = .null
        var kind: JSON = .null
        var given: JSON = .object([])
        var known = false
        if let parts = item.arrayValue, parts.count == 2 || parts.count == 3 {
            name = parts[0]
            kind = parts[1]
            if parts.count == 3 { given = parts[2] }
            known = true
        } else if let members = item.objectValue {
            name = item["name"] ?? .null
            kind = item["kind"] ?? .null
            given = item["parameters"] ?? .object([])
            known = members.allSatisfy { ["name", "kind", "parameters"].contains($0.key) }
        }
        if given.isNull { given = .object([]) }
        guard known, let name = name.stringValue, let kind = kind.stringValue, let values = given.objectValue else {
            throw .parameter("steps", of: owner, mustBe: expected, got: "\(item.text) at index \(index)")
        }
        guard !name.isEmpty, !name.contains("."), !name.contains("/") else {
            throw .invalid(
                "The steps of \(owner) must have names without '.' and '/', got '\(name)' at index \(index).")
        }
        do throws(ApusError) {
            let entry = try EstimatorCatalog.entry(kind)
            let parameters = try Parameters(kind: kind, specs: entry.parameters, given: values)
            return Step(name: name, entry: entry, parameters: parameters)
        } catch { throw error.within("Step '\(name)' of \(owner)") }
    }

    // MARK: Fit and load

    private static func fit(_ input: FitInput) throws(ApusError) -> any FittedModel {
        let steps = try steps(input.parameters)
        let context = input.context
        var models: [any FittedModel] = []
        var x = input.x
        var names = input.featureNames
        // The view of the step before is read until this one is there.
        var held: Tensor?
        for (index, step) in steps.enumerated() {
            let last = index == steps.count - 1
            do throws(ApusError) {
                let model = try step.entry.fit(
                    FitInput(
                        context: context, parameters: step.parameters, x: x, y: last ? input.y : nil,
                        sampleWeight: last ? input.sampleWeight : nil, featureNames: names,
                        progress: last ? input.progress : nil))
                models.append(model)
                if last { break }
                let output = try PipelineModel.apply(model, .predict, x, in: context)
                if output.shape.last != model.features { names = nil }
                held = output
                x = output.view
            } catch { throw error.within(step.place) }
        }
        withExtendedLifetime(held) {}
        return PipelineModel(
            input.parameters, FeatureNotes(features: input.x.shape.last, names: input.featureNames), steps, models)
    }

    private static func load(_ record: Record, _ parameters: Parameters, _ context: Context) throws(ApusError)
        -> any FittedModel
    {
        let notes = try FeatureNotes(record)
        let steps = try steps(parameters)
        var models: [any FittedModel] = []
        var width = notes.features
        for (index, step) in steps.enumerated() {
            let part = try record.record("step_\(index)")
            guard part.kind == step.entry.kind else {
                throw .corrupt("\(step.place) must be a \(step.entry.kind), the file has a \(part.kind).")
            }
            do throws(ApusError) {
                let model = try step.entry.load(part, step.parameters, context)
                guard model.features == width else {
                    throw ApusError.corrupt("It has \(model.features) features where \(width) come in.")
                }
                if index < steps.count - 1 { width = try model.outputShape(.predict, rows: 1).shape.last }
                models.append(model)
            } catch { throw error.within(step.place) }
        }
        return PipelineModel(parameters, notes, steps, models)
    }
}

/// A fitted pipeline.
final class PipelineModel: FittedModel {
    let parameters: Parameters
    private let notes: FeatureNotes
    private let names: [String]
    private let models: [any FittedModel]
    private let last: any FittedModel
    private let endsInTransformer: Bool

    /// One model for each step, at least one.
    init(_ parameters: Parameters, _ notes: FeatureNotes, _ steps: [Pipeline.Step], _ models: [any FittedModel]) {
        self.parameters = parameters
        self.notes = notes
        self.names = steps.map(\.name)
        self.models = models
        self.last = models[models.count - 1]
        self.endsInTransformer = steps.last?.entry.type == "transformer"
    }

    var features: Int { notes.features }
    var featureNames: [String]? { notes.names }

    func outputShape(_ what: Prediction, rows: Int) throws(ApusError) -> (dtype: DType, shape: Shape) {
        if what != .inverseTransform { return try last.outputShape(what, rows: rows) }
        guard endsInTransformer else { throw unsupported(what) }
        return (.float64, Shape(rows, features))
    }

    func predict(_ what: Prediction, _ x: ArrayView, into out: ArrayView, in context: Context) throws(ApusError) {
        if what == .inverseTransform {
            guard endsInTransformer else { throw unsupported(what) }
            try chain(models.reversed(), .inverseTransform, .inverseTransform, x, into: out, in: context)
        } else {
            try requireColumns(x, features)
            try chain(models, .predict, what, x, into: out, in: context)
        }
    }

    /// Each model on the result of the one before it: `through` for all but the last, `end` for that.
    private func chain(
        _ models: [any FittedModel], _ through: Prediction, _ end: Prediction, _ x: ArrayView, into out: ArrayView,
        in context: Context
    ) throws(ApusError) {
        var view = x
        var held: Tensor?
        for (index, model) in models.enumerated() {
            if index == models.count - 1 {
                try model.predict(end, view, into: out, in: context)
            } else {
                let output = try PipelineModel.apply(model, through, view, in: context)
                held = output
                view = output.view
            }
        }
        withExtendedLifetime(held) {}
    }

    /// A prediction into new memory.
    static func apply(_ model: any FittedModel, _ what: Prediction, _ x: ArrayView, in context: Context)
        throws(ApusError) -> Tensor
    {
        let (dtype, shape) = try model.outputShape(what, rows: x.rows)
        let output = try Tensor(dtype, shape, in: context.allocator)
        try model.predict(what, x, into: output.view, in: context)
        return output
    }

    /// "step.attribute" of every step, and the last step's by their plain names.
    var attributes: [(name: String, value: Tensor)] {
        var all: [(name: String, value: Tensor)] = []
        for (name, model) in zip(names, models) {
            for attribute in model.attributes {
                all.append((name: "\(name).\(attribute.name)", value: attribute.value))
            }
        }
        return all + last.attributes
    }

    func record() throws(ApusError) -> Record {
        var record = notes.record(parameters.kind)
        for (index, model) in models.enumerated() { record.set("step_\(index)", .record(try model.record())) }
        return record
    }
}
