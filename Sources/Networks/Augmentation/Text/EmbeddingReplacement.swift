import Core

/// Puts one of the `neighbours` words whose vectors are nearest by cosine in the place of random words, as many as
/// `rate` says. Words without a vector, or with one of zeros, stay.
///
/// Wang and Yang (2015), "That's so annoying!!!: a lexical and frame-semantic embedding based data augmentation
/// approach", doi:10.18653/v1/D15-1306.
struct EmbeddingReplacement: TextTransformation {
    static let entry = Entry<any TextTransformation>(
        "EmbeddingReplacement", doc: "puts words of the nearest vectors in the place of random words",
        parameters: [
            TextTransformationCatalog.rate,
            ParameterSpec("neighbours", .integer(1...64), default: 1, "how many of the nearest to choose from"),
            TextTransformationCatalog.keep, TextTransformationCatalog.probability,
        ]
    ) { EmbeddingReplacement(parameters: $0, choice: WordChoice($0), neighbours: $0.integer("neighbours")) }
    let parameters: Parameters
    let choice: WordChoice
    let neighbours: Int

    func check(_ resources: TextResources) throws(ApusError) {
        if resources.embeddings == nil {
            throw ApusError(.notFitted, "EmbeddingReplacement needs vectors of words: set them first.")
        }
    }

    /// Calls `body` with each place that is to have another word, and the number of its neighbour to take.
    func choose(
        _ words: Words, _ vectors: WordVectors, _ draws: TextDraws, _ body: (_ place: Int, _ choice: Int) -> Void
    ) {
        let kept = choice.kept
        let wanted = choice.number(of: words.count)
        TextTransformationCatalog.some(
            words, draws, wanted: wanted, { !kept.contains($0) && vectors.has($0) }
        ) { place in
            body(place, draws.below(neighbours))
            return true
        }
    }
}
