import Core

/// What words are replaced with: a table of synonyms, vectors of words.
package struct TextResources: Sendable {
    /// Synonyms of word w are ids[offsets[w]..<offsets[w + 1]].
    struct Synonyms: Sendable {
        let offsets: Buffer<Int64>
        let ids: Buffer<Int64>

        /// Of a word; none for one beyond the table.
        func of(_ word: Int64) -> UnsafeBufferPointer<Int64> {
            guard word >= 0, word < Int64(offsets.count - 1) else { return UnsafeBufferPointer(start: nil, count: 0) }
            let (from, to) = (Int(offsets.pointer[Int(word)]), Int(offsets.pointer[Int(word) + 1]))
            return UnsafeBufferPointer(start: ids.pointer + from, count: to - from)
        }
    }

    var synonyms: Synonyms?
    var embeddings: WordVectors?

    func requireSynonyms(_ kind: String) throws(ApusError) {
        if synonyms == nil { throw ApusError(.notFitted, "\(kind) needs a table of synonyms: set it first.") }
    }
}
