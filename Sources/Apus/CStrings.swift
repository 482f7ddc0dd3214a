import Glibc

/// An array of C strings for a callback, freed with it.
final class CStrings {
    private let storage: UnsafeMutablePointer<UnsafePointer<CChar>?>
    private let count: Int

    init(_ texts: [String]) {
        count = texts.count
        storage = .allocate(capacity: max(count, 1))
        for (index, text) in texts.enumerated() { (storage + index).initialize(to: strdup(text).map { UnsafePointer($0) }) }
    }

    var pointer: UnsafePointer<UnsafePointer<CChar>?> { UnsafePointer(storage) }

    deinit {
        for index in 0..<count { free(UnsafeMutablePointer(mutating: storage[index])) }
        storage.deallocate()
    }
}
