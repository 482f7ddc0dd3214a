import Core

/// Zeros around a picture.
enum ZeroPadding2D {
    static let entry = Entry<any Layer>(
        "ZeroPadding2D", doc: "zeros around a picture", parameters: [Framing.spec("padding", 1, 2, "elements on each side"), ConvolutionParameters.dataFormat]
    ) { (parameters) throws(ApusError) in
        try ChannelsFirst.wrapping(parameters) { (parameters) throws(ApusError) in
            try Framing(parameters, "padding", rank: 2, crops: false)
        }
    }
}
