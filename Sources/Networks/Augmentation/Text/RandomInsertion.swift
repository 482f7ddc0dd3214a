import Core

/// Puts a synonym of a random word at a random place, as often as `rate` says. Words beyond the width fall off.
struct RandomInsertion: WordTransformation {
    static let entry = Entry<any TextTransformation>(
        "RandomInsertion", doc: "puts synonyms of random words at random places",
        parameters: [
            TextTransformationCatalog.rate, TextTransformationCatalog.keep, TextTransformationCatalog.probability,
        ]
    ) { RandomInsertion(parameters: $0, choice: WordChoice($0)) }
    let parameters: Parameters
    let choice: WordChoice

    func check(_ resources: TextResources) throws(ApusError) { try resources.requireSynonyms("RandomInsertion") }

    func apply(_ words: inout Words, _ resources: TextResources, _ draws: TextDraws) {
        guard let synonyms = resources.synonyms else { return }
        let kept = choice.kept
        let wanted = choice.number(of: words.count)
        var found: [Int64] = []
        // Of words that have synonyms, as in EDA; a word may give several.
        for _ in 0..<wanted {
            TextTransformationCatalog.some(
                words, draws, wanted: 1, { !kept.contains($0) && !synonyms.of($0).isEmpty }
            ) { place in
                let others = synonyms.of(words.ids[place])
                found.append(others[draws.below(others.count)])
                return true
            }
        }
        for id in found where !kept.contains(id) {
            // Kept words at the ends stay there.
            var (from, to) = (0, words.count)
            while from < to, kept.contains(words.ids[from]) { from += 1 }
            while to > from, kept.contains(words.ids[to - 1]) { to -= 1 }
            words.insert(id, at: from + draws.below(to - from + 1))
        }
    }
}
