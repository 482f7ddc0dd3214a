/// Element types, by the numbers of apus.h.
package enum DType: Int32, Sendable {
    case float32 = 1
    case float64 = 2
    case int32 = 3
    case int64 = 4
    case uint8 = 5
    case bool = 6

    /// Bytes of one element.
    package var size: Int {
        switch self {
        case .float32, .int32: 4
        case .float64, .int64: 8
        case .uint8, .bool: 1
        }
    }

    /// The name in messages: "float32".
    package var name: String {
        switch self {
        case .float32: "float32"
        case .float64: "float64"
        case .int32: "int32"
        case .int64: "int64"
        case .uint8: "uint8"
        case .bool: "bool"
        }
    }

    package var isInteger: Bool { self != .float32 && self != .float64 }
}
