import Core

/// What a model file holds.
package enum SavedModel: Sendable {
    /// A classical model, in the native layout.
    case estimator(Record)
    /// A network, in one of Keras's forms.
    case network(NetworkRecord)
}
