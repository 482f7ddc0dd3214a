/// The version of the library; a test holds it to APUS_VERSION_STRING of the header.
package enum Version {
    package static let text: StaticString = "1.1.0"
}
