import Core

/// A picture with more rows and columns.
enum UpSampling2D {
    static let entry = Entry<any Layer>(
        "UpSampling2D", doc: "more rows and columns, by repeating or by interpolating",
        parameters: [
            ConvolutionParameters.sizes("size", default: 2, 2, "how many times as many"),
            ConvolutionParameters.dataFormat,
            ParameterSpec(
                "interpolation", .choice(["nearest", "bilinear"]), default: "nearest", "how elements in between are made"),
        ]
    ) { (parameters) throws(ApusError) in
        try ChannelsFirst.wrapping(parameters) { (parameters) throws(ApusError) in try Resampling(parameters, rank: 2) }
    }
}
