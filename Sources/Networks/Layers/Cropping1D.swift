import Core

/// Steps cut off both ends of a sequence.
enum Cropping1D {
    static let entry = Entry<any Layer>(
        "Cropping1D", doc: "steps cut off both ends of a sequence", parameters: [Framing.spec("cropping", 1, 1, "elements on each side")]
    ) { (parameters) throws(ApusError) in
        try Framing(parameters, "cropping", rank: 1, crops: true)
    }
}
