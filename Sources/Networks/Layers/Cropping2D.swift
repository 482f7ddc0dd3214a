import Core

/// Rows and columns cut off around a picture.
enum Cropping2D {
    static let entry = Entry<any Layer>(
        "Cropping2D", doc: "rows and columns cut off around a picture", parameters: [Framing.spec("cropping", 0, 2, "elements on each side"), ConvolutionParameters.dataFormat]
    ) { (parameters) throws(ApusError) in
        try ChannelsFirst.wrapping(parameters) { (parameters) throws(ApusError) in
            try Framing(parameters, "cropping", rank: 2, crops: true)
        }
    }
}
