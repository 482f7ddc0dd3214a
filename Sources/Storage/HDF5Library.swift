import CHDF5
import Core

/// The libhdf5 in use.
package enum HDF5Library {
    /// "1.10.8"; empty when the library cannot be started.
    package static var version: String {
        var (major, minor, release) = (UInt32(0), UInt32(0), UInt32(0))
        let answer = try? Library.locked { () throws(ApusError) in H5get_libversion(&major, &minor, &release) }
        return answer.map { $0 >= 0 } == true ? "\(major).\(minor).\(release)" : ""
    }
}
