import Core

/// A depthwise convolution, then one that mixes channels point by point, over the rows and columns of pictures.
enum SeparableConv2D {
    static let entry = Entry<any Layer>(
        "SeparableConv2D", aliases: ["SeparableConvolution2D"], doc: "depthwise convolution, then one that mixes channels point by point, over the rows and columns of pictures",
        parameters: SeparableConvolution.specs(2, paddings: ["valid", "same"])
    ) { (parameters) throws(ApusError) in
        try ChannelsFirst.wrapping(parameters) { (parameters) throws(ApusError) in
            try SeparableConvolution(parameters, rank: 2)
        }
    }
}
