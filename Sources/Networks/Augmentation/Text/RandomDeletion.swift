import Core

/// Deletes each word with a probability of `rate`; of a sequence that would lose all, one random word stays.
struct RandomDeletion: WordTransformation {
    static let entry = Entry<any TextTransformation>(
        "RandomDeletion", doc: "deletes each word with a probability",
        parameters: [
            ParameterSpec("rate", .real(from: 0, to: 1), default: 0.1, "the probability of each word to go"),
            TextTransformationCatalog.keep, TextTransformationCatalog.probability,
        ]
    ) { RandomDeletion(parameters: $0, choice: WordChoice($0)) }
    let parameters: Parameters
    let choice: WordChoice

    func apply(_ words: inout Words, _ resources: TextResources, _ draws: TextDraws) {
        let (rate, kept) = (choice.rate, choice.kept)
        guard rate > 0, words.count > 1 else { return }
        let survivor = words.ids[draws.below(words.count)]
        var left = 0
        for place in 0..<words.count {
            let id = words.ids[place]
            if draws.uniform() < rate, !kept.contains(id) { continue }
            words.ids[left] = id
            left += 1
        }
        if left == 0 {
            words.ids[0] = survivor
            left = 1
        }
        words.count = left
    }
}
