import Core

/// Every method of minimisation, one line each.
package enum MinimizerCatalog {
    package static let entries: [MinimizerEntry] = [
        ConjugateGradient.entry,
        BFGS.entry,
        LBFGSB.entry,
        Newton.entry,
        NewtonCG.entry,
        TrustExact.entry,
        TrustNCG.entry,
        NelderMead.entry,
        SGDRule.entry,
        AdagradRule.entry,
        AdadeltaRule.entry,
        RMSpropRule.entry,
        AdamRule.entry,
        AdamRule.entryW,
        AdamaxRule.entry,
        NadamRule.entry,
    ]

    /// The entry of a name, in any case of letters; "" is L-BFGS-B.
    /// Throws `invalidArgument` with the methods there are.
    package static func entry(_ name: String) throws(ApusError) -> MinimizerEntry {
        let wanted = name.isEmpty ? LBFGSB.entry.name : name
        guard let entry = entries.first(where: { $0.name.lowercased() == wanted.lowercased() }) else {
            throw ApusError(
                .invalidArgument,
                "method must be one of \(entries.map(\.name).joined(separator: ", ")), got '\(name)'.",
                isUnknownName: true)
        }
        return entry
    }

    /// For apus_catalog.
    package static var json: JSON { .array(entries.map(\.json)) }

    /// Minimises a problem from `x`, which holds the best point on return and is untouched after an error, by the
    /// method of a name with parameters as text. Where they are given, `gradient` (n) and `inverseHessian` (n x n, NaN
    /// where the method has none) are filled.
    ///
    /// Throws `invalidArgument` for a name or parameter, `unsupported` for bounds the method does not take,
    /// `notConverged` for a start that is not finite, and what callbacks throw.
    package static func minimise(
        _ method: String, _ parameters: String, _ problem: Problem, from x: UnsafeMutablePointer<Double>,
        gradient: UnsafeMutablePointer<Double>? = nil, inverseHessian: UnsafeMutablePointer<Double>? = nil,
        in context: Context, step: @escaping MinimisationStep
    ) throws(ApusError) -> Minimum {
        let entry = try entry(method)
        let parameters = try Parameters(kind: entry.name, specs: entry.parameters, text: parameters)
        let minimizer = try entry.make(parameters)
        if problem.bounds != nil, !entry.takesBounds {
            let able = entries.filter(\.takesBounds).map(\.name).joined(separator: ", ")
            throw .unsupported("\(entry.name) takes no bounds; \(able) \(able.contains(",") ? "do" : "does").")
        }
        var conditions = StopConditions()
        if entry.usesGradient { conditions.tolerance = parameters.real("gtol") }
        conditions.mostIterations = parameters["maxiter"].integerValue ?? minimizer.mostIterations(problem.count)
        conditions.mostEvaluations = parameters["maxfev"].integerValue ?? Int.max
        let run = try Minimisation(
            problem, from: x, conditions: conditions,
            gradients: entry.usesGradient ? GradientSource(rawValue: parameters.text("gradient")) ?? .callback : nil,
            in: context, step: step)
        let minimum = try run.run(minimizer)
        try run.deliver(x, gradient: gradient, inverseHessian: inverseHessian)
        return minimum
    }
}
