import Core

/// All zeros.
struct Zeros: Initializer {
    static let entry = Entry<any Initializer>("Zeros", doc: "zeros") { Zeros(parameters: $0) }
    let parameters: Parameters

    func fill(_ out: UnsafeMutablePointer<Float>, shape: Shape, random: Philox) {
        out.update(repeating: 0, count: shape.count)
    }
}

/// All ones.
struct Ones: Initializer {
    static let entry = Entry<any Initializer>("Ones", doc: "ones") { Ones(parameters: $0) }
    let parameters: Parameters

    func fill(_ out: UnsafeMutablePointer<Float>, shape: Shape, random: Philox) {
        out.update(repeating: 1, count: shape.count)
    }
}

/// One value everywhere.
struct ConstantInitializer: Initializer {
    static let entry = Entry<any Initializer>(
        "Constant", doc: "one value everywhere",
        parameters: [
            ParameterSpec("value", .real(from: -.infinity, to: .infinity), default: 0.0, "the value")
        ]
    ) { ConstantInitializer(parameters: $0) }
    let parameters: Parameters

    func fill(_ out: UnsafeMutablePointer<Float>, shape: Shape, random: Philox) {
        out.update(repeating: Float(parameters.real("value")), count: shape.count)
    }
}
