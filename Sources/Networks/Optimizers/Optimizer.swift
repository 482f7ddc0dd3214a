import CVector
import Core

/// An update rule over one contiguous run of parameters.
package protocol Optimizer: Sendable {
    /// Parameters; `kind` is Keras's class name.
    var parameters: Parameters { get }
    /// Names of the state arrays, each as long as the parameters, in Keras's order ("momentum", "velocity").
    var slots: [String] { get }
    /// One step on `count` parameters.
    ///
    /// - Parameter step: 1 for the first update.
    func update(
        _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
        slots: UnsafePointer<UnsafeMutablePointer<Float>>, offset: Int, count: Int, learningRate: Double, step: Int,
        _ kernels: borrowing apus_kernels)
}

extension Optimizer {
    package var learningRate: Double { parameters.real("learning_rate") }
}

/// Every optimizer, one line each.
package enum OptimizerCatalog {
    package static let family = Family<any Optimizer>("optimizer", [SGD.entry, Adam.entry])

    static func learningRate(_ standard: Double) -> ParameterSpec {
        ParameterSpec(
            "learning_rate", .real(from: 0, to: .infinity), default: .number(standard), "step size, >= 0")
    }
    static let decay = Constraint.real(from: 0, to: 0x1.fffffffffffffp-1)
}
