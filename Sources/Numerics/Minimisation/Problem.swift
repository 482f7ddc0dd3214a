import Core

/// A function of n numbers to minimise, with the derivatives that its owner has.
package struct Problem {
    /// The value at a point and, where a place for it is given, the gradient written out. A value that is not finite
    /// says "undefined here"; nil asks to stop.
    package typealias Function =
        (_ x: UnsafePointer<Double>, _ gradient: UnsafeMutablePointer<Double>?) throws(ApusError) -> Double?
    /// Writes the Hessian at a point (n x n, symmetric, all of it). False asks to stop.
    package typealias Hessian =
        (_ x: UnsafePointer<Double>, _ hessian: UnsafeMutablePointer<Double>) throws(ApusError) -> Bool
    /// Writes the Hessian at a point times a vector. False asks to stop.
    package typealias HessianProduct =
        (_ x: UnsafePointer<Double>, _ vector: UnsafePointer<Double>, _ product: UnsafeMutablePointer<Double>)
        throws(ApusError) -> Bool

    /// Numbers in x.
    package let count: Int
    package let function: Function
    package let hessian: Hessian?
    package let product: HessianProduct?
    package let bounds: Bounds?
    package let precision: Precision

    package init(
        count: Int, bounds: Bounds? = nil, precision: Precision = .double, hessian: Hessian? = nil,
        product: HessianProduct? = nil, _ function: @escaping Function
    ) {
        self.precision = precision
        self.count = count
        self.function = function
        self.hessian = hessian
        self.product = product
        self.bounds = bounds
    }
}

/// What a function computes its values in.
package enum Precision: String, Sendable {
    case single
    case double

    /// A change of the value by more than this share of it is none of rounding's: about the cube root of its unit.
    var share: Double { self == .double ? 1e-5 : 1e-2 }
}

/// Where gradients come from.
package enum GradientSource: String, Sendable, CaseIterable {
    /// The function writes them.
    case callback
    /// Forward differences: n more evaluations, half the digits.
    case forward
    /// Central differences: 2 n more evaluations, two thirds of the digits.
    case central
}
