import Glibc

// Rules of two numbers.

/// a + b
enum AddRule: BinaryRule {
    static let name = "add"
    static func value(_ a: Double, _ b: Double) -> Double { a + b }
    static func byA(_ a: Double, _ b: Double, _ y: Double) -> Double { 1 }
    static func byB(_ a: Double, _ b: Double, _ y: Double) -> Double { 1 }
}

/// a - b
enum SubtractRule: BinaryRule {
    static let name = "subtract"
    static func value(_ a: Double, _ b: Double) -> Double { a - b }
    static func byA(_ a: Double, _ b: Double, _ y: Double) -> Double { 1 }
    static func byB(_ a: Double, _ b: Double, _ y: Double) -> Double { -1 }
}

/// a b
enum MultiplyRule: BinaryRule {
    static let name = "multiply"
    static func value(_ a: Double, _ b: Double) -> Double { a * b }
    static func byA(_ a: Double, _ b: Double, _ y: Double) -> Double { b }
    static func byB(_ a: Double, _ b: Double, _ y: Double) -> Double { a }
    static func byAB(_ a: Double, _ b: Double, _ y: Double) -> Double { 1 }
}

/// a / b
enum DivideRule: BinaryRule {
    static let name = "divide"
    static func value(_ a: Double, _ b: Double) -> Double { a / b }
    static func byA(_ a: Double, _ b: Double, _ y: Double) -> Double { 1 / b }
    static func byB(_ a: Double, _ b: Double, _ y: Double) -> Double { -y / b }
    static func byAB(_ a: Double, _ b: Double, _ y: Double) -> Double { -1 / b / b }
    static func byBB(_ a: Double, _ b: Double, _ y: Double) -> Double { 2 * y / b / b }
}

/// a^b. By a: b a^(b - 1), 0 for b = 0; by b: a^b log a, 0 for a = 0 with b > 0, NaN for negative a.
enum PowerRule: BinaryRule {
    static let name = "power"

    static func value(_ a: Double, _ b: Double) -> Double {
        // As products where those are exact more often than not.
        switch b {
        case 1: a
        case 2: a * a
        case 3: a * a * a
        case 0.5: a >= 0 ? a.squareRoot() : pow(a, b)
        case -1: 1 / a
        default: pow(a, b)
        }
    }

    static func byA(_ a: Double, _ b: Double, _ y: Double) -> Double { product(b, value(a, b - 1)) }
    static func byB(_ a: Double, _ b: Double, _ y: Double) -> Double { product(y, log(a)) }
    static func byAA(_ a: Double, _ b: Double, _ y: Double) -> Double { product(b * (b - 1), value(a, b - 2)) }

    static func byAB(_ a: Double, _ b: Double, _ y: Double) -> Double {
        let power = value(a, b - 1)
        return power + product(b * power, log(a))
    }

    static func byBB(_ a: Double, _ b: Double, _ y: Double) -> Double { product(y, log(a) * log(a)) }
}

/// The larger; NaN where either is. Of equals each has half of the derivative.
enum MaximumRule: BinaryRule {
    static let name = "maximum"
    static func value(_ a: Double, _ b: Double) -> Double { a > b || a.isNaN ? a : b }
    static func byA(_ a: Double, _ b: Double, _ y: Double) -> Double { share(a, b) }
    static func byB(_ a: Double, _ b: Double, _ y: Double) -> Double { share(b, a) }

    /// The derivative of the larger of both by `one`.
    static func share(_ one: Double, _ other: Double) -> Double {
        one > other || one.isNaN ? 1 : one == other ? 0.5 : 0
    }
}

/// The smaller; NaN where either is. Of equals each has half of the derivative.
enum MinimumRule: BinaryRule {
    static let name = "minimum"
    static func value(_ a: Double, _ b: Double) -> Double { a < b || a.isNaN ? a : b }
    static func byA(_ a: Double, _ b: Double, _ y: Double) -> Double { MaximumRule.share(-a, -b) }
    static func byB(_ a: Double, _ b: Double, _ y: Double) -> Double { MaximumRule.share(-b, -a) }
}

/// The larger; the number where the other is NaN. Of equals each has half of the derivative.
enum FmaxRule: BinaryRule {
    static let name = "fmax"
    static func value(_ a: Double, _ b: Double) -> Double { fmax(a, b) }
    static func byA(_ a: Double, _ b: Double, _ y: Double) -> Double { share(a, b) }
    static func byB(_ a: Double, _ b: Double, _ y: Double) -> Double { share(b, a) }

    static func share(_ one: Double, _ other: Double) -> Double {
        one > other || other.isNaN ? 1 : one == other ? 0.5 : 0
    }
}

/// The smaller; the number where the other is NaN. Of equals each has half of the derivative.
enum FminRule: BinaryRule {
    static let name = "fmin"
    static func value(_ a: Double, _ b: Double) -> Double { fmin(a, b) }
    static func byA(_ a: Double, _ b: Double, _ y: Double) -> Double { FmaxRule.share(-a, -b) }
    static func byB(_ a: Double, _ b: Double, _ y: Double) -> Double { FmaxRule.share(-b, -a) }
}

/// a - b floor(a / b), with the sign of b.
enum RemainderRule: BinaryRule {
    static let name = "remainder"

    static func value(_ a: Double, _ b: Double) -> Double {
        let rest = fmod(a, b)
        return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest
    }

    static func byA(_ a: Double, _ b: Double, _ y: Double) -> Double { 1 }
    static func byB(_ a: Double, _ b: Double, _ y: Double) -> Double { -((a - y) / b).rounded() }
}

/// a - b trunc(a / b), with the sign of a.
enum FmodRule: BinaryRule {
    static let name = "fmod"
    static func value(_ a: Double, _ b: Double) -> Double { fmod(a, b) }
    static func byA(_ a: Double, _ b: Double, _ y: Double) -> Double { 1 }
    static func byB(_ a: Double, _ b: Double, _ y: Double) -> Double { -((a - y) / b).rounded() }
}

/// sqrt(a^2 + b^2); the derivative at (0, 0) is 0.
enum HypotRule: BinaryRule {
    static let name = "hypot"
    static func value(_ a: Double, _ b: Double) -> Double { hypot(a, b) }
    static func byA(_ a: Double, _ b: Double, _ y: Double) -> Double { y == 0 ? 0 : a / y }
    static func byB(_ a: Double, _ b: Double, _ y: Double) -> Double { y == 0 ? 0 : b / y }
    static func byAA(_ a: Double, _ b: Double, _ y: Double) -> Double { y == 0 ? 0 : (b / y) * (b / y) / y }
    static func byAB(_ a: Double, _ b: Double, _ y: Double) -> Double { y == 0 ? 0 : -(a / y) * (b / y) / y }
    static func byBB(_ a: Double, _ b: Double, _ y: Double) -> Double { y == 0 ? 0 : (a / y) * (a / y) / y }
}

/// The angle of the point (b, a).
enum Arctan2Rule: BinaryRule {
    static let name = "arctan2"
    static func value(_ a: Double, _ b: Double) -> Double { atan2(a, b) }

    static func byA(_ a: Double, _ b: Double, _ y: Double) -> Double {
        let r = hypot(a, b)
        return b / r / r
    }

    static func byB(_ a: Double, _ b: Double, _ y: Double) -> Double {
        let r = hypot(a, b)
        return -(a / r / r)
    }

    static func byAA(_ a: Double, _ b: Double, _ y: Double) -> Double {
        let r = hypot(a, b)
        return -2 * (a / r) * (b / r) / r / r
    }

    static func byAB(_ a: Double, _ b: Double, _ y: Double) -> Double {
        let r = hypot(a, b)
        return (a / r - b / r) * (a / r + b / r) / r / r
    }

    static func byBB(_ a: Double, _ b: Double, _ y: Double) -> Double { -byAA(a, b, y) }
}
