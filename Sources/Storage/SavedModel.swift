import Core

/// What a model file holds.
package enum SavedModel: Sendable {
    /// A classical model, in the native layout.
    case estimator(Record)
    /// A network, in Keras's legacy HDF5 layout.
    case network(NetworkRecord)
}
