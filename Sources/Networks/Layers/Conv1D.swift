import Core

/// A convolution over the steps of a sequence.
enum Conv1D {
    static let entry = Entry<any Layer>(
        "Conv1D", aliases: ["Convolution1D"], doc: "convolution over the steps of sequences, channels last",
        parameters: Convolution.specs(1, paddings: ["valid", "same", "causal"])
    ) { (parameters) throws(ApusError) in
        try ChannelsFirst.wrapping(parameters) { (parameters) throws(ApusError) in try Convolution(parameters, rank: 1) }
    }
}
