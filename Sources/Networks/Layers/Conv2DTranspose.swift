import Core

/// The transpose of a convolution over the rows and columns of pictures.
enum Conv2DTranspose {
    static let entry = Entry<any Layer>(
        "Conv2DTranspose", aliases: ["Convolution2DTranspose"],
        doc: "transpose of a convolution over the rows and columns of pictures", parameters: TransposedConvolution.specs(2)
    ) { (parameters) throws(ApusError) in
        try ChannelsFirst.wrapping(parameters) { (parameters) throws(ApusError) in
            try TransposedConvolution(parameters, rank: 2)
        }
    }
}
