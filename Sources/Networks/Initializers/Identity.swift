import Core

/// gain on the diagonal of a matrix, zeros elsewhere.
struct Identity: Initializer {
    static let entry = Entry<any Initializer>(
        "Identity", aliases: ["IdentityInitializer"], doc: "gain on the diagonal of a matrix",
        parameters: [
            ParameterSpec("gain", .real(from: -.infinity, to: .infinity), default: 1.0, "what stands on the diagonal")
        ]
    ) { Identity(parameters: $0) }
    let parameters: Parameters

    func check(_ shape: Shape) throws(ApusError) {
        guard shape.rank == 2 else { throw .shape("Identity needs a matrix, got a weight of shape \(shape).") }
    }

    func fill(_ out: UnsafeMutablePointer<Float>, shape: Shape, random: Philox) {
        out.update(repeating: 0, count: shape.count)
        let gain = Float(parameters.real("gain"))
        for index in 0..<min(shape[0], shape.last) { out[index * (shape.last + 1)] = gain }
    }
}
