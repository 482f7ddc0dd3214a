import Core

/// A matrix with orthonormal columns (or rows, if it has fewer of these) times `gain`: Saxe, McClelland and Ganguli
/// (2014), "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks", arXiv:1312.6120. Of
/// a weight of more axes, the last one makes the columns. By Gram and Schmidt, twice over, on normal numbers.
struct Orthogonal: Initializer {
    static let entry = Entry<any Initializer>(
        "Orthogonal", aliases: ["OrthogonalInitializer"], doc: "orthonormal columns or rows, times gain",
        parameters: [
            ParameterSpec("gain", .real(from: -.infinity, to: .infinity), default: 1.0, "the factor"),
            InitializerCatalog.seed,
        ]
    ) { Orthogonal(parameters: $0) }

    let parameters: Parameters

    func fill(_ out: UnsafeMutablePointer<Float>, shape: Shape, random: Philox) {
        let columns = max(shape.last, 1)
        let rows = shape.count / columns
        let gain = Float(parameters.real("gain"))
        // Vectors are the columns of a tall matrix, the rows of a wide one.
        let isTall = rows >= columns
        let (vectors, length) = isTall ? (columns, rows) : (rows, columns)
        let (across, along) = isTall ? (1, columns) : (columns, 1)
        var draw: UInt64 = 0
        for vector in 0..<vectors {
            let v = out + vector * across
            var norm = 0.0
            // A vector that the ones before all but make up is drawn again.
            repeat {
                for index in 0..<length {
                    v[index * along] = Float(random.normal(draw))
                    draw &+= 1
                }
                for _ in 0..<2 {
                    for other in 0..<vector {
                        let w = out + other * across
                        var dot = 0.0
                        for index in 0..<length { dot += Double(v[index * along]) * Double(w[index * along]) }
                        for index in 0..<length { v[index * along] -= Float(dot) * w[index * along] }
                    }
                }
                norm = 0
                for index in 0..<length { norm += Double(v[index * along]) * Double(v[index * along]) }
                norm = norm.squareRoot()
            } while norm < 1e-3
            for index in 0..<length { v[index * along] = Float(Double(v[index * along]) / norm) }
        }
        for index in 0..<shape.count { out[index] *= gain }
    }
}
