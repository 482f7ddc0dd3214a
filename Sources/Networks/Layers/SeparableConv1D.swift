import Core

/// A depthwise convolution, then one that mixes channels point by point, over the steps of sequences.
enum SeparableConv1D {
    static let entry = Entry<any Layer>(
        "SeparableConv1D", aliases: ["SeparableConvolution1D"], doc: "depthwise convolution, then one that mixes channels point by point, over the steps of sequences",
        parameters: SeparableConvolution.specs(1, paddings: ["valid", "same", "causal"])
    ) { (parameters) throws(ApusError) in
        try ChannelsFirst.wrapping(parameters) { (parameters) throws(ApusError) in
            try SeparableConvolution(parameters, rank: 1)
        }
    }
}
