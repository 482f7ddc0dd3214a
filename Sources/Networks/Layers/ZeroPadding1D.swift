import Core

/// Zeros before and after a sequence.
enum ZeroPadding1D {
    static let entry = Entry<any Layer>(
        "ZeroPadding1D", doc: "zeros before and after a sequence", parameters: [Framing.spec("padding", 1, 1, "elements on each side")]
    ) { (parameters) throws(ApusError) in
        try Framing(parameters, "padding", rank: 1, crops: false)
    }
}
