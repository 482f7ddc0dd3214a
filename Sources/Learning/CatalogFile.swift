import Core

/// Fitted models to records with their parameters, and back.
extension EstimatorCatalog {
    private static let parametersName = "parameters"

    /// Everything a file must hold: the model's record, and the parameters it was trained with.
    package static func record(of model: any FittedModel) throws(ApusError) -> Record {
        var record = try model.record()
        record.items.insert((name: parametersName, value: .json(model.parameters.json)), at: 0)
        return record
    }

    /// The model of a record. Throws `unsupported` for a kind that this version lacks, `corrupt` for a record that
    /// contradicts itself.
    package static func load(_ record: Record, in context: Context) throws(ApusError) -> any FittedModel {
        guard let entry = entries.first(where: { $0.kind == record.kind }) else {
            throw .unsupported("The file holds a model of kind '\(record.kind)', which this version does not have.")
        }
        guard case .json(let json)? = record[parametersName], let given = json.objectValue else {
            throw .corrupt("A \(record.kind) needs its parameters; the file lacks them.")
        }
        let parameters: Parameters
        do throws(ApusError) {
            parameters = try Parameters(kind: entry.kind, specs: entry.parameters, given: given)
        } catch { throw ApusError.corrupt(error.message) }
        return try entry.load(record, parameters, context)
    }
}
