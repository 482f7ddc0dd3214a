import Core

/// An update rule: how a gradient moves the parameters, with state arrays as long as they are. The formulas stand here
/// in double precision; the networks' kernels are their single-precision form, and tests hold one to the other.
package protocol UpdateRule: Sendable {
    /// The step size.
    var learningRate: Double { get }
    /// What each state array holds at the start; their number is the number of arrays.
    var initialState: [Double] { get }
    /// Where the rule wants its gradient: nil at x, else x plus this multiple of the first state array.
    var lookahead: Double? { get }

    /// One step: x and the state move by the gradient.
    ///
    /// - Parameters:
    ///   - state: one pointer for each state array, `count` numbers each.
    ///   - learningRate: the step size now, for schedules.
    ///   - step: 1 for the first update.
    func update(
        _ x: UnsafeMutablePointer<Double>, gradient: UnsafePointer<Double>,
        state: UnsafePointer<UnsafeMutablePointer<Double>>, count: Int, learningRate: Double, step: Int)
}

extension UpdateRule {
    package var lookahead: Double? { nil }

    static func rate(_ standard: Double) -> ParameterSpec {
        ParameterSpec(
            "learning_rate", .real(from: 0, to: .infinity, open: true), default: .number(standard), "The step size.")
    }

    static func share(_ name: String, _ standard: Double, _ doc: String) -> ParameterSpec {
        ParameterSpec(name, .real(from: 0, to: 0x1.fffffffffffffp-1), default: .number(standard), doc)
    }

    static func epsilon(_ standard: Double) -> ParameterSpec {
        ParameterSpec(
            "epsilon", .real(from: 0, to: .infinity), default: .number(standard), "Keeps the divisor away from 0.")
    }
}
