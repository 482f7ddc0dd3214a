import Core

/// Puts random synonyms in the place of random words that have some, as many as `rate` says.
struct SynonymReplacement: WordTransformation {
    static let entry = Entry<any TextTransformation>(
        "SynonymReplacement", doc: "puts synonyms in the place of random words",
        parameters: [
            TextTransformationCatalog.rate, TextTransformationCatalog.keep, TextTransformationCatalog.probability,
        ]
    ) { SynonymReplacement(parameters: $0, choice: WordChoice($0)) }
    let parameters: Parameters
    let choice: WordChoice

    func check(_ resources: TextResources) throws(ApusError) { try resources.requireSynonyms("SynonymReplacement") }

    func apply(_ words: inout Words, _ resources: TextResources, _ draws: TextDraws) {
        guard let synonyms = resources.synonyms else { return }
        let kept = choice.kept
        TextTransformationCatalog.some(
            words, draws, wanted: choice.number(of: words.count),
            { !kept.contains($0) && !synonyms.of($0).isEmpty }
        ) { place in
            let others = synonyms.of(words.ids[place])
            words.ids[place] = others[draws.below(others.count)]
            return true
        }
    }
}
