import CApus
import Core
import Glibc

/// A struct of the caller's to fill, which must be there and initialised by its macro.
func initialised<T>(_ pointer: UnsafeMutablePointer<T>?, _ name: StaticString, _ macro: StaticString)
    throws(ApusError) -> UnsafeMutablePointer<T>
{
    let pointer = try require(pointer, name)
    let size = Int(UnsafeRawPointer(pointer).loadUnaligned(as: UInt32.self))
    guard size >= MemoryLayout<T>.size else {
        throw .invalid(
            "\(name) has struct_size \(size), expected at least \(MemoryLayout<T>.size): initialise it with \(macro).")
    }
    return pointer
}

/// Writes text into an array of characters in a struct, cut between characters where it is too long.
func store<Characters>(_ text: String, in characters: inout Characters) {
    withUnsafeMutableBytes(of: &characters) { bytes in
        guard let base = bytes.baseAddress, bytes.count > 0 else { return }
        memset(base, 0, bytes.count)
        var text = text
        text.withUTF8 { source in
            guard let start = source.baseAddress else { return }
            var count = min(source.count, bytes.count - 1)
            while count > 0, count < source.count, source[count] & 0xC0 == 0x80 { count -= 1 }
            memcpy(base, start, count)
        }
    }
}
