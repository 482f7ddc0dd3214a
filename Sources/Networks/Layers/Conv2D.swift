import Core

/// A convolution over rows and columns of a picture.
enum Conv2D {
    static let entry = Entry<any Layer>(
        "Conv2D", aliases: ["Convolution2D"], doc: "convolution over the rows and columns of pictures, channels last",
        parameters: Convolution.specs(2, paddings: ["valid", "same"])
    ) { (parameters) throws(ApusError) in
        try ChannelsFirst.wrapping(parameters) { (parameters) throws(ApusError) in try Convolution(parameters, rank: 2) }
    }
}
