import CApus
import Core
import Networks
import Synchronization

/// What an `apus_session *` points to: one thread at a time.
final class SessionHandle {
    let session: Session
    let busy = Atomic<Bool>(false)

    init(_ session: Session) { self.session = session }
}

@implementation @_cdecl("apus_session_create")
public func apus_session_create(
    _ context: OpaquePointer?, _ model: OpaquePointer?, _ rows: Int64, _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> apus_status {
    boundary(context) { (context) throws(ApusError) in
        let out = try require(out, "out")
        let network = try Apus.model(model).network()
        out.pointee = handle(SessionHandle(try Session(network, maximumRows: Int(rows), in: context)))
    }
}

@implementation @_cdecl("apus_session_free")
public func apus_session_free(_ session: OpaquePointer?) {
    release(session, as: SessionHandle.self)
}

@implementation @_cdecl("apus_session_run")
public func apus_session_run(
    _ context: OpaquePointer?, _ session: OpaquePointer?, _ inputs: UnsafePointer<apus_array>?, _ inputCount: Int32,
    _ outputs: UnsafeMutablePointer<apus_array>?, _ outputCount: Int32
) -> apus_status {
    boundary(context) { (context) throws(ApusError) in
        let handle = object(try require(session, "session"), as: SessionHandle.self)
        guard handle.busy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else {
            throw ApusError(.busy, "The session is in use by another thread.")
        }
        defer { handle.busy.store(false, ordering: .releasing) }
        try run(handle.session, inputs, inputCount, outputs, outputCount, context)
    }
}

/// Checks everything, then loads, runs and stores; without arrays of Swift's, so that nothing is allocated.
private func run(
    _ session: Session, _ inputs: UnsafePointer<apus_array>?, _ inputCount: Int32,
    _ outputs: UnsafeMutablePointer<apus_array>?, _ outputCount: Int32, _ context: Context
) throws(ApusError) {
    guard Int(inputCount) == session.inputCount else {
        throw .invalid("n_inputs must be \(session.inputCount), got \(inputCount).")
    }
    guard Int(outputCount) == session.outputCount else {
        throw .invalid("n_outputs must be \(session.outputCount), got \(outputCount).")
    }
    let inputs = try require(inputs, "inputs")
    let outputs = try require(outputs, "outputs")
    var rows = -1
    for index in 0..<Int(inputCount) {
        let view = try element(inputs, index)
        try session.checkInput(view, index)
        if rows < 0 { rows = view.rows }
        guard view.rows == rows else {
            throw .shape("inputs[\(index)] has \(view.rows) rows, inputs[0] has \(rows).")
        }
    }
    guard rows >= 1, rows <= session.maximumRows else {
        throw .shape("inputs[0] must have 1 to \(session.maximumRows) rows, got \(rows).")
    }
    try session.prepare(in: context)
    for index in 0..<Int(outputCount) {
        let view = try element(outputs, index)
        let shape = session.outputShape(index).prefixed(by: rows)
        guard view.shape == shape else {
            throw .shape("outputs[\(index)] must have shape \(shape), got \(view.shape).")
        }
        guard view.dtype == .float32 || view.dtype == .float64 else {
            throw .dtype("outputs[\(index)] must be float32 or float64, got \(view.dtype.name).")
        }
    }
    for index in 0..<Int(inputCount) { try session.load(element(inputs, index), index) }
    session.run(rows: rows, in: context)
    for index in 0..<Int(outputCount) { try session.store(index, into: element(outputs, index)) }
}

@inline(__always)
private func element(_ arrays: UnsafePointer<apus_array>, _ index: Int) throws(ApusError) -> ArrayView {
    try input(arrays + index, "inputs")
}

@inline(__always)
private func element(_ arrays: UnsafeMutablePointer<apus_array>, _ index: Int) throws(ApusError) -> ArrayView {
    try output(arrays + index, "outputs")
}

@implementation @_cdecl("apus_session_reset_states")
public func apus_session_reset_states(_ context: OpaquePointer?, _ session: OpaquePointer?) -> apus_status {
    boundary(context) { (_) throws(ApusError) in
        let handle = object(try require(session, "session"), as: SessionHandle.self)
        guard handle.busy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else {
            throw ApusError(.busy, "The session is in use by another thread.")
        }
        defer { handle.busy.store(false, ordering: .releasing) }
        handle.session.resetStates()
    }
}
