import CVector
import Core
import Glibc

/// An elementwise operation: its name, what it takes and gives, and what it costs.
package struct ElementwiseOperation: Sendable {
    package enum Result: String, Sendable {
        /// A number of the operands' precision.
        case real
        /// 0 or 1.
        case truth
    }

    package enum Implementation: Sendable {
        /// A vector kernel.
        case kernel
        /// The C library, element by element.
        case library
    }

    package let name: StaticString
    /// APUS_OP_...
    package let code: Int32
    /// Operands: 1 or 2.
    package let arity: Int
    package let result: Result
    package let implementation: Implementation
    /// Time for an element, an addition being 1: how finely work is cut for threads.
    package let cost: Int
    package let doc: StaticString

    /// The name as text.
    package var text: String { "\(name)" }

    fileprivate init(
        _ name: StaticString, _ code: Int32, _ arity: Int, _ implementation: Implementation, cost: Int,
        result: Result = .real, _ doc: StaticString
    ) {
        self.name = name
        self.code = code
        self.arity = arity
        self.result = result
        self.implementation = implementation
        self.cost = cost
        self.doc = doc
    }

    fileprivate static func arithmetic(_ name: StaticString, _ code: Int32, _ doc: StaticString) -> Self {
        Self(name, code, 2, .kernel, cost: 1, doc)
    }
    fileprivate static func relation(_ name: StaticString, _ code: Int32, _ doc: StaticString) -> Self {
        Self(name, code, 2, .kernel, cost: 1, result: .truth, doc)
    }
    fileprivate static func property(_ name: StaticString, _ code: Int32, _ doc: StaticString) -> Self {
        Self(name, code, 1, .kernel, cost: 1, result: .truth, doc)
    }
    fileprivate static func simple(_ name: StaticString, _ code: Int32, _ doc: StaticString) -> Self {
        Self(name, code, 1, .kernel, cost: 1, doc)
    }
    fileprivate static func function(
        _ name: StaticString, _ code: Int32, _ implementation: Implementation, _ doc: StaticString
    ) -> Self {
        Self(name, code, 1, implementation, cost: implementation == .kernel ? 4 : 32, doc)
    }
}

/// All elementwise operations, one line each. It feeds the C API, the catalog of the library and its documentation.
package enum OperationCatalog {
    package static let entries: [ElementwiseOperation] = [
        .arithmetic("add", APUS_OP_ADD, "a + b"),
        .arithmetic("subtract", APUS_OP_SUBTRACT, "a - b"),
        .arithmetic("multiply", APUS_OP_MULTIPLY, "a b"),
        .arithmetic("divide", APUS_OP_DIVIDE, "a / b"),
        .arithmetic("maximum", APUS_OP_MAXIMUM, "the larger; NaN where either is; 0 counts above -0"),
        .arithmetic("minimum", APUS_OP_MINIMUM, "the smaller; NaN where either is; -0 counts below 0"),
        .arithmetic("fmax", APUS_OP_FMAX, "the larger; the number where the other is NaN"),
        .arithmetic("fmin", APUS_OP_FMIN, "the smaller; the number where the other is NaN"),
        .init("power", APUS_OP_POWER, 2, .kernel, cost: 8, "a to the power of b; 1 for b = 0 and for a = 1"),
        .init("remainder", APUS_OP_REMAINDER, 2, .library, cost: 32, "a - b floor(a / b), with the sign of b"),
        .init("fmod", APUS_OP_FMOD, 2, .library, cost: 32, "a - b trunc(a / b), exactly, with the sign of a"),
        .init("hypot", APUS_OP_HYPOT, 2, .library, cost: 32, "the square root of a^2 + b^2, without overflow on the way"),
        .init("arctan2", APUS_OP_ARCTAN2, 2, .library, cost: 32, "the angle of the point (b, a), from -pi to pi"),

        .relation("equal", APUS_OP_EQUAL, "a = b"),
        .relation("not_equal", APUS_OP_NOT_EQUAL, "a differs from b; NaN differs from all"),
        .relation("less", APUS_OP_LESS, "a < b"),
        .relation("less_equal", APUS_OP_LESS_EQUAL, "a <= b"),
        .relation("greater", APUS_OP_GREATER, "a > b"),
        .relation("greater_equal", APUS_OP_GREATER_EQUAL, "a >= b"),
        .relation("logical_and", APUS_OP_LOGICAL_AND, "both are not 0; NaN is not 0"),
        .relation("logical_or", APUS_OP_LOGICAL_OR, "either is not 0; NaN is not 0"),
        .relation("logical_xor", APUS_OP_LOGICAL_XOR, "just one is not 0; NaN is not 0"),

        .property("isnan", APUS_OP_ISNAN, "a is NaN"),
        .property("isinf", APUS_OP_ISINF, "a is infinite"),
        .property("isfinite", APUS_OP_ISFINITE, "a is neither infinite nor NaN"),
        .property("logical_not", APUS_OP_LOGICAL_NOT, "a is 0"),

        .simple("negative", APUS_OP_NEGATIVE, "-a"),
        .simple("absolute", APUS_OP_ABSOLUTE, "a without its sign"),
        .simple("sign", APUS_OP_SIGN, "-1, 0 or 1; NaN of NaN"),
        .simple("square", APUS_OP_SQUARE, "a a"),
        .simple("sqrt", APUS_OP_SQRT, "the square root; NaN below 0"),
        .simple("reciprocal", APUS_OP_RECIPROCAL, "1 / a"),
        .simple("floor", APUS_OP_FLOOR, "the largest whole number not above a"),
        .simple("ceil", APUS_OP_CEIL, "the smallest whole number not below a"),
        .simple("trunc", APUS_OP_TRUNC, "a without its fraction"),
        .simple("rint", APUS_OP_RINT, "the nearest whole number, halves to even"),
        .function("cbrt", APUS_OP_CBRT, .kernel, "the cube root, real for every sign"),
        .function("exp", APUS_OP_EXP, .kernel, "e to the power of a"),
        .function("exp2", APUS_OP_EXP2, .kernel, "2 to the power of a"),
        .function("expm1", APUS_OP_EXPM1, .kernel, "exp(a) - 1, with all digits near 0"),
        .function("log", APUS_OP_LOG, .kernel, "the natural logarithm; -infinity of 0, NaN below"),
        .function("log2", APUS_OP_LOG2, .kernel, "the logarithm to base 2"),
        .function("log10", APUS_OP_LOG10, .kernel, "the logarithm to base 10"),
        .function("log1p", APUS_OP_LOG1P, .kernel, "log(1 + a), with all digits near 0"),
        .function("sin", APUS_OP_SIN, .kernel, "the sine of a in radians"),
        .function("cos", APUS_OP_COS, .kernel, "the cosine of a in radians"),
        .function("tan", APUS_OP_TAN, .kernel, "the tangent of a in radians"),
        .function("arcsin", APUS_OP_ARCSIN, .kernel, "the angle from -pi/2 to pi/2 whose sine is a"),
        .function("arccos", APUS_OP_ARCCOS, .kernel, "the angle from 0 to pi whose cosine is a"),
        .function("arctan", APUS_OP_ARCTAN, .kernel, "the angle from -pi/2 to pi/2 whose tangent is a"),
        .function("sinh", APUS_OP_SINH, .kernel, "the hyperbolic sine"),
        .function("cosh", APUS_OP_COSH, .kernel, "the hyperbolic cosine"),
        .function("tanh", APUS_OP_TANH, .kernel, "the hyperbolic tangent"),
        .function("arcsinh", APUS_OP_ARCSINH, .library, "the inverse of sinh"),
        .function("arccosh", APUS_OP_ARCCOSH, .library, "the inverse of cosh, from 0 up; NaN below 1"),
        .function("arctanh", APUS_OP_ARCTANH, .library, "the inverse of tanh; NaN beyond -1 and 1"),
        .function("sigmoid", APUS_OP_SIGMOID, .kernel, "1 / (1 + exp(-a))"),
        .function("erf", APUS_OP_ERF, .kernel, "the error function"),
        .function("erfc", APUS_OP_ERFC, .library, "1 - erf(a), with all digits for large a"),
        .function("gammaln", APUS_OP_GAMMALN, .library, "the logarithm of the magnitude of the gamma function"),
    ]

    /// Entry numbers by the hash of their names; -1 where there is none.
    private static let places: [Int] = {
        var table = [Int](repeating: -1, count: 256)
        for (number, entry) in entries.enumerated() {
            var place = hash(UnsafeRawPointer(entry.name.utf8Start), entry.name.utf8CodeUnitCount)
            while table[place] >= 0 { place = (place &+ 1) & 255 }
            table[place] = number
        }
        return table
    }()

    private static func hash(_ name: UnsafeRawPointer, _ count: Int) -> Int {
        var hash: UInt32 = 2_166_136_261
        for index in 0..<count {
            hash = (hash ^ UInt32(name.load(fromByteOffset: index, as: UInt8.self))) &* 16_777_619
        }
        return Int((hash ^ hash >> 15) & 255)
    }

    /// The operation of a name, found without allocating; nil when there is none.
    package static func find(_ name: UnsafePointer<CChar>) -> ElementwiseOperation? {
        var count = 0
        while name[count] != 0 {
            count &+= 1
            if count > 32 { return nil }
        }
        let bytes = UnsafeRawPointer(name)
        var place = hash(bytes, count)
        while places[place] >= 0 {
            let entry = entries[places[place]]
            if entry.name.utf8CodeUnitCount == count, memcmp(entry.name.utf8Start, bytes, count) == 0 { return entry }
            place = (place &+ 1) & 255
        }
        return nil
    }

    /// The operation of a name. Throws `invalidArgument` for one that is not there, and names those that are.
    package static func named(_ name: String) throws(ApusError) -> ElementwiseOperation {
        if let entry = name.withCString({ find($0) }) { return entry }
        throw ApusError(
            .invalidArgument,
            "There is no elementwise operation '\(name)'; there are \(entries.map(\.text).joined(separator: ", ")).",
            isUnknownName: true)
    }

    package static var json: JSON {
        .array(
            entries.map { entry in
                [
                    "name": .string(entry.text), "operands": .integer(entry.arity),
                    "result": .string(entry.result.rawValue), "doc": .string("\(entry.doc)"),
                ]
            })
    }
}
