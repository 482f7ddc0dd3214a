import Core

/// Dropout of whole features of a sequence, the same ones at each step.
enum SpatialDropout1D {
    static let entry = Entry<any Layer>(
        "SpatialDropout1D", doc: "sets a share of the features to zero at all steps in training",
        parameters: [SpatialDropout.rate, SpatialDropout.seed]
    ) { SpatialDropout($0, rank: 2) }
}
