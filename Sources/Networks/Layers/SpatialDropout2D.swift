import Core

/// Dropout of whole channels of a picture.
enum SpatialDropout2D {
    static let entry = Entry<any Layer>(
        "SpatialDropout2D", doc: "sets a share of the channels of pictures to zero in training",
        parameters: [
            SpatialDropout.rate,
            ParameterSpec(
                "data_format", .nullable(.choice(["channels_last", "channels_first"])), default: .null,
                "(rows, columns, channels), the default, or (channels, rows, columns)"),
            SpatialDropout.seed,
        ]
    ) { SpatialDropout($0, rank: 3, channelsFirst: $0["data_format"].stringValue == "channels_first") }
}
