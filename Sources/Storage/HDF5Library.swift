import Core

package enum HDF5Library {
    package static var version: String { "" }
}
