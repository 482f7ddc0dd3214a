import Core

/// How derivatives are taken from values of a function.
package struct Differences: Sendable {
    package enum Method: String, Sendable, CaseIterable {
        /// Difference quotients at shrinking steps, extrapolated to step 0 until rounding stops the gain.
        case richardson
        /// One central quotient.
        case central
        /// One quotient with the right neighbour.
        case forward
        /// One quotient with the left neighbour.
        case backward
    }

    /// Where the function may be evaluated.
    package enum Side: String, Sendable, CaseIterable {
        case both
        /// At the point and to the right of it.
        case forward
        /// At the point and to the left of it.
        case backward
    }

    package var method = Method.richardson
    /// Of `richardson`.
    package var side = Side.both
    /// 1 or 2.
    package var order = 1
    /// The first (richardson) or only step; 0 for one that suits the point.
    package var step = 0.0

    package init() {}

    /// The parameters as the C API takes them.
    package static let specs: [ParameterSpec] = [
        ParameterSpec(
            "method", .choice(Method.allCases.map(\.rawValue)), default: "richardson",
            "richardson extrapolates adaptively; central, forward and backward are one quotient."),
        ParameterSpec(
            "side", .choice(Side.allCases.map(\.rawValue)), default: "both",
            "Of richardson: forward and backward evaluate on one side of the point only."),
        ParameterSpec("step", .real(from: 0, to: .infinity), default: .number(0), "First or only step; 0: chosen."),
    ]

    /// The derivative's order, where it can be chosen.
    package static let orderSpec = ParameterSpec(
        "order", .integer(1...2), default: .integer(1), "First or second derivative.")

    /// Of directional derivatives.
    package static let normalizeSpec = ParameterSpec(
        "normalize", .boolean, default: .bool(false), "Take the direction as a unit vector.")

    /// Reads checked parameters; those a kind does not have keep their defaults.
    package init(_ parameters: Parameters) {
        method = Method(rawValue: parameters.text("method")) ?? .richardson
        side = Side(rawValue: parameters.text("side")) ?? .both
        step = parameters.real("step")
        if let order = parameters["order"].integerValue { self.order = order }
    }

    /// The neighbours that quotients use: those of the method, or of `side` for richardson.
    var direction: Side {
        switch method {
        case .richardson: side
        case .central: .both
        case .forward: .forward
        case .backward: .backward
        }
    }

    /// The step of a single quotient at a point of this size: it balances truncation against rounding.
    func plainStep(at size: Double) -> Double {
        if step > 0 { return step }
        let power = direction == .both ? 1.0 / Double(order + 2) : 1.0 / Double(order + 1)
        return Double.exponentOfUlp(power) * max(1, size)
    }
}

extension Double {
    /// 2^-52 to a power.
    fileprivate static func exponentOfUlp(_ power: Double) -> Double {
        // The powers in use: 1/2, 1/3, 1/4.
        switch power {
        case 0.5: 0x1p-26
        case 0.25: 0x1p-13
        default: 6.055454452393343e-06
        }
    }
}
