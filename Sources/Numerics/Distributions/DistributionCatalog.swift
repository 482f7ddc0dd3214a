import Core

/// Every distribution, one line each.
package enum DistributionCatalog {
    package static let entries: [any Distribution.Type] = [
        NormalDistribution.self,
        UniformDistribution.self,
        ExponentialDistribution.self,
        BetaDistribution.self,
        BinomialDistribution.self,
        BernoulliDistribution.self,
        GammaDistribution.self,
        ChiSquaredDistribution.self,
        StudentDistribution.self,
        FDistribution.self,
        PoissonDistribution.self,
        LognormalDistribution.self,
        GeometricDistribution.self,
    ]

    package static var json: JSON {
        .array(
            entries.map { entry in
                [
                    "name": .string(entry.kind), "doc": .string(entry.doc), "discrete": .bool(entry.isDiscrete),
                    "parameters": ParameterSpec.json(entry.specs),
                ]
            })
    }

    /// A distribution by name with its parameters as text. Throws `invalidArgument`.
    package static func make(_ name: String, _ parameters: String) throws(ApusError) -> any Distribution {
        guard let entry = entries.first(where: { $0.kind == name }) else {
            throw .invalid(
                "Unknown distribution '\(name)'; there are \(entries.map { $0.kind }.joined(separator: ", ")).")
        }
        return try entry.init(Parameters(kind: name, specs: entry.specs, text: parameters))
    }
}
