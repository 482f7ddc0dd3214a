import Core

/// A function of one number, as a caller gives it. A result that is not finite says "undefined here"; it throws when
/// the caller asks to stop.
package typealias RealFunction = (Double) throws(ApusError) -> Double

/// A function of the n numbers at an address.
package typealias PointFunction = (UnsafePointer<Double>) throws(ApusError) -> Double

/// A function from n numbers to m numbers, which it writes to the second address.
package typealias VectorFunction = (UnsafePointer<Double>, UnsafeMutablePointer<Double>) throws(ApusError) -> Void
