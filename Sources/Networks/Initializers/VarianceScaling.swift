import Core
import Glibc

/// Variance scale / fan, so that signals keep their size through the layers; Glorot, He and LeCun are its presets.
///
/// Glorot and Bengio (2010), "Understanding the difficulty of training deep feedforward neural networks", PMLR 9;
/// He, Zhang, Ren, Sun (2015), doi:10.1109/ICCV.2015.123; LeCun, Bottou, Orr, Müller (1998),
/// doi:10.1007/3-540-49430-8_2.
struct VarianceScaling: Initializer {
    private static let specs = [
        ParameterSpec("scale", .real(from: 0, to: .infinity, open: true), default: 1.0, "factor of the variance, > 0"),
        ParameterSpec("mode", .choice(["fan_in", "fan_out", "fan_avg"]), default: "fan_in", "which fan divides"),
        ParameterSpec(
            "distribution", .choice(["truncated_normal", "untruncated_normal", "uniform"]),
            default: "truncated_normal", "shape of the distribution"),
        InitializerCatalog.seed,
    ]

    static let entry = Entry<any Initializer>(
        "VarianceScaling", doc: "variance scale / fan", parameters: specs
    ) { parameters in
        VarianceScaling(
            parameters: parameters, scale: parameters.real("scale"), mode: parameters.text("mode"),
            distribution: parameters.text("distribution"))
    }

    private static func preset(_ name: String, _ scale: Double, _ mode: String, _ distribution: String)
        -> Entry<any Initializer>
    {
        Entry(name, doc: "variance \(Int(scale)) / \(mode), \(distribution)", parameters: [InitializerCatalog.seed]) {
            VarianceScaling(parameters: $0, scale: scale, mode: mode, distribution: distribution)
        }
    }
    static let glorotUniform = preset("GlorotUniform", 1, "fan_avg", "uniform")
    static let glorotNormal = preset("GlorotNormal", 1, "fan_avg", "truncated_normal")
    static let heUniform = preset("HeUniform", 2, "fan_in", "uniform")
    static let heNormal = preset("HeNormal", 2, "fan_in", "truncated_normal")
    static let lecunUniform = preset("LecunUniform", 1, "fan_in", "uniform")
    static let lecunNormal = preset("LecunNormal", 1, "fan_in", "truncated_normal")

    let parameters: Parameters
    let scale: Double
    let mode: String
    let distribution: String

    func fill(_ out: UnsafeMutablePointer<Float>, shape: Shape, random: Philox) {
        let (input, output) = fans(shape)
        let fan = mode == "fan_in" ? input : mode == "fan_out" ? output : (input + output) / 2
        let variance = scale / max(1, fan)
        switch distribution {
        case "uniform":
            let bound = sqrt(3 * variance)
            RandomUniform.fill(out, count: shape.count, from: -bound, to: bound, random: random)
        case "untruncated_normal":
            let deviation = sqrt(variance)
            for index in 0..<shape.count { out[index] = Float(deviation * random.normal(UInt64(index))) }
        default:
            // The deviation of a normal cut at two deviations is 0.8796... of the uncut one's.
            TruncatedNormal.fill(
                out, count: shape.count, mean: 0, deviation: sqrt(variance) / 0.879_625_661_034_239_8, random: random)
        }
    }
}
