/// What went wrong, as the C API reports it: a code, and a message that names the argument, what was expected and what
/// came.
package struct ApusError: Error {
    /// The codes of apus.h, by the same numbers.
    package enum Code: Int32, Sendable {
        case invalidArgument = 1
        case shape = 2
        case dtype = 3
        case bufferTooSmall = 4
        case outOfMemory = 5
        case limit = 6
        case io = 7
        case corrupt = 8
        case unsupported = 9
        case notConverged = 10
        case interrupted = 11
        case notFitted = 12
        case `internal` = 13
        case busy = 14
    }

    package let code: Code
    package let message: String
    /// The fault is a name that this version does not know: a caller's mistake in a call, something unsupported in a
    /// file.
    package let isUnknownName: Bool

    package init(_ code: Code, _ message: String, isUnknownName: Bool = false) {
        self.code = code
        self.message = message
        self.isUnknownName = isUnknownName
    }

    /// The same error with the place it happened in front: "layer 'dense': ...".
    package func within(_ place: String) -> ApusError {
        ApusError(code, "\(place): \(message)", isUnknownName: isUnknownName)
    }

    /// The same error as one about a file.
    package var inFile: ApusError { isUnknownName ? ApusError(.unsupported, message) : self }
}

extension ApusError {
    package static func invalid(_ message: String) -> ApusError { ApusError(.invalidArgument, message) }
    package static func shape(_ message: String) -> ApusError { ApusError(.shape, message) }
    package static func dtype(_ message: String) -> ApusError { ApusError(.dtype, message) }
    package static func corrupt(_ message: String) -> ApusError { ApusError(.corrupt, message) }
    package static func unsupported(_ message: String) -> ApusError { ApusError(.unsupported, message) }
    package static func limit(_ message: String) -> ApusError { ApusError(.limit, message) }
    package static func io(_ message: String) -> ApusError { ApusError(.io, message) }

    /// The standard message for a parameter: "The alpha of ridge must be a number >= 0, got -1."
    package static func parameter(_ name: String, of kind: String, mustBe constraint: String, got value: String)
        -> ApusError
    {
        ApusError(.invalidArgument, "The \(name) of \(kind) must be \(constraint), got \(value).")
    }
}
