import Core

/// The transpose of a convolution over the steps of sequences.
enum Conv1DTranspose {
    static let entry = Entry<any Layer>(
        "Conv1DTranspose", aliases: ["Convolution1DTranspose"],
        doc: "transpose of a convolution over the steps of sequences", parameters: TransposedConvolution.specs(1)
    ) { (parameters) throws(ApusError) in
        try ChannelsFirst.wrapping(parameters) { (parameters) throws(ApusError) in
            try TransposedConvolution(parameters, rank: 1)
        }
    }
}
