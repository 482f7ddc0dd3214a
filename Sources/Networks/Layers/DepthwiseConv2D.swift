import Core

/// A convolution of each channel by itself over the rows and columns of pictures.
enum DepthwiseConv2D {
    static let entry = Entry<any Layer>(
        "DepthwiseConv2D", doc: "convolution of each channel by itself over the rows and columns of pictures",
        parameters: DepthwiseConvolution.specs(2, paddings: ["valid", "same"])
    ) { (parameters) throws(ApusError) in
        try ChannelsFirst.wrapping(parameters) { (parameters) throws(ApusError) in
            try DepthwiseConvolution(parameters, rank: 2)
        }
    }
}
