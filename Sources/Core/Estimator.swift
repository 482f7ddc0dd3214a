/// What a prediction gives, by the numbers of apus.h.
package enum Prediction: Int32, Sendable {
    case predict = 0
    case probabilities = 1
    case decision = 2
    case inverseTransform = 3

    package var name: String {
        switch self {
        case .predict: "predict"
        case .probabilities: "probabilities"
        case .decision: "decision"
        case .inverseTransform: "inverse_transform"
        }
    }
}

/// What a fit is given.
package struct FitInput {
    package let context: Context
    package let parameters: Parameters
    /// Rows by columns, at least one of each; not yet looked at for NaN.
    package let x: ArrayView
    /// One row per row of x; nil when the caller gave none.
    package let y: ArrayView?
    package let sampleWeight: ArrayView?
    package let featureNames: [String]?
    package let progress: ProgressSink?

    package init(
        context: Context, parameters: Parameters, x: ArrayView, y: ArrayView?, sampleWeight: ArrayView?,
        featureNames: [String]?, progress: ProgressSink?
    ) {
        self.context = context
        self.parameters = parameters
        self.x = x
        self.y = y
        self.sampleWeight = sampleWeight
        self.featureNames = featureNames
        self.progress = progress
    }
}

/// A trained estimator: never changes, any thread may use it.
package protocol FittedModel: AnyObject, Sendable {
    /// The parameters it was trained with; `parameters.kind` is its kind.
    var parameters: Parameters { get }
    /// Columns of x.
    var features: Int { get }
    var featureNames: [String]? { get }

    /// dtype and shape of a prediction for `rows` rows. Throws `unsupported` for what the kind does not predict.
    func outputShape(_ what: Prediction, rows: Int) throws(ApusError) -> (dtype: DType, shape: Shape)

    /// Predicts; x has `features` columns (for inverseTransform: as many as the transform has) and `out` the shape of
    /// `outputShape`.
    func predict(_ what: Prediction, _ x: ArrayView, into out: ArrayView, in context: Context) throws(ApusError)

    /// Learned arrays by scikit-learn's names ("coef_"), in order.
    var attributes: [(name: String, value: Tensor)] { get }

    /// Everything a file must hold.
    func record() throws(ApusError) -> Record
}

/// One line of a family's catalog: a kind of estimator.
package struct EstimatorEntry: Sendable {
    package let kind: String
    /// One line.
    package let doc: String
    /// "regressor", "classifier", "transformer" or "composite".
    package let type: String
    package let parameters: [ParameterSpec]
    package let fit: @Sendable (FitInput) throws(ApusError) -> any FittedModel
    /// From a file's record; the parameters are already checked.
    package let load: @Sendable (Record, Parameters, Context) throws(ApusError) -> any FittedModel

    package init(
        kind: String, type: String, doc: String, parameters: [ParameterSpec],
        fit: @escaping @Sendable (FitInput) throws(ApusError) -> any FittedModel,
        load: @escaping @Sendable (Record, Parameters, Context) throws(ApusError) -> any FittedModel
    ) {
        self.kind = kind
        self.type = type
        self.doc = doc
        self.parameters = parameters
        self.fit = fit
        self.load = load
    }

    /// For apus_catalog.
    package var json: JSON {
        ["kind": .string(kind), "type": .string(type), "doc": .string(doc), "parameters": ParameterSpec.json(parameters)]
    }
}

extension ParameterSpec {
    /// For apus_catalog.
    package static func json(_ specs: [ParameterSpec]) -> JSON {
        .array(
            specs.map { spec in
                [
                    "name": .string(spec.name), "type": .string(spec.constraint.typeName),
                    "default": spec.standard ?? .null, "required": .bool(spec.standard == nil),
                    "constraint": .string(spec.constraint.description), "doc": .string(spec.doc),
                ]
            })
    }
}
