import Core

/// A convolution of each channel by itself over the steps of sequences.
enum DepthwiseConv1D {
    static let entry = Entry<any Layer>(
        "DepthwiseConv1D", doc: "convolution of each channel by itself over the steps of sequences",
        parameters: DepthwiseConvolution.specs(1, paddings: ["valid", "same"])
    ) { (parameters) throws(ApusError) in
        try ChannelsFirst.wrapping(parameters) { (parameters) throws(ApusError) in
            try DepthwiseConvolution(parameters, rank: 1)
        }
    }
}
