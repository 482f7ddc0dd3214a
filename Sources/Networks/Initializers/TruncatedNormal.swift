import Core

/// Normal with values beyond two standard deviations drawn again.
struct TruncatedNormal: Initializer {
    static let entry = Entry<any Initializer>(
        "TruncatedNormal", doc: "normal(mean, stddev), redrawn beyond 2 stddev", parameters: RandomNormal.specs
    ) { TruncatedNormal(parameters: $0) }
    let parameters: Parameters

    func fill(_ out: UnsafeMutablePointer<Float>, shape: Shape, random: Philox) {
        TruncatedNormal.fill(
            out, count: shape.count, mean: parameters.real("mean"), deviation: parameters.real("stddev"),
            random: random)
    }

    /// Draws in order, so that every value is a function of the stream alone.
    static func fill(
        _ out: UnsafeMutablePointer<Float>, count: Int, mean: Double, deviation: Double, random: Philox
    ) {
        var draw: UInt64 = 0
        for index in 0..<count {
            var value: Double
            repeat {
                value = random.normal(draw)
                draw &+= 1
            } while abs(value) > 2
            out[index] = Float(mean + deviation * value)
        }
    }
}
