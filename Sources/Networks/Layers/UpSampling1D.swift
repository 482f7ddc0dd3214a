import Core

/// Each step of a sequence several times.
enum UpSampling1D {
    static let entry = Entry<any Layer>(
        "UpSampling1D", doc: "each step several times",
        parameters: [ConvolutionParameters.sizes("size", default: 2, 1, "how many times")]
    ) { (parameters) throws(ApusError) in try Resampling(parameters, rank: 1) }
}
