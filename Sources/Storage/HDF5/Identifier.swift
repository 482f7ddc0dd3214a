import CHDF5
import Core

/// An id of libhdf5 (file, group, dataset, attribute, type, dataspace, property list), closed with its owner.
struct Identifier: ~Copyable {
    let raw: hid_t

    /// Takes over what a call of libhdf5 returned. Throws with `message` when that is no id.
    init(_ raw: hid_t, _ code: ApusError.Code, _ message: @autoclosure () -> String) throws(ApusError) {
        guard raw >= 0 else { throw Library.failure(code, message()) }
        self.raw = raw
    }

    deinit { H5Idec_ref(raw) }
}

/// Throws when a call of libhdf5 returned a negative value.
func check(
    _ status: some SignedInteger, _ code: ApusError.Code, _ message: @autoclosure () -> String
) throws(ApusError) {
    if status < 0 { throw Library.failure(code, message()) }
}

extension Identifier {
    /// Closes a file now, and reports what goes wrong in doing so.
    consuming func close(_ message: String) throws(ApusError) {
        let raw = self.raw
        discard self
        try check(H5Fclose(raw), .internal, message)
    }
}
