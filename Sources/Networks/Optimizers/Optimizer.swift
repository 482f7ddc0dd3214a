import CVector
import Core

/// An update rule over one contiguous run of parameters.
package protocol Optimizer: Sendable {
    /// Parameters; `kind` is Keras's class name.
    var parameters: Parameters { get }
    /// The state arrays, each as long as the parameters.
    var slots: [OptimizerSlot] { get }
    /// Names of parameters that Keras's constructor lacks.
    var ownNames: [String] { get }
    /// One step on `count` parameters.
    ///
    /// - Parameter step: 1 for the first update.
    func update(
        _ parameters: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
        slots: UnsafePointer<UnsafeMutablePointer<Float>>, offset: Int, count: Int, learningRate: Double, step: Int,
        _ kernels: borrowing apus_kernels)
}

extension Optimizer {
    package var ownNames: [String] { [] }
}

/// One state array of an optimizer.
package struct OptimizerSlot: Sendable {
    /// Keras's name, "momentum".
    package let name: String
    /// The name in files of Keras 2, which Keras 3 reads by position.
    package let legacyName: String
    /// What every element starts at.
    package let initial: Float
    /// Where it stands in files: slots of one group follow each other weight by weight, groups one after the other.
    package let group: Int

    package init(_ name: String, legacy: String? = nil, initial: Float = 0, group: Int = 0) {
        self.name = name
        legacyName = legacy ?? name
        self.initial = initial
        self.group = group
    }
}
