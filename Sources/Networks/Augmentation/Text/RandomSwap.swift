import Core

/// Exchanges two random words, as often as `rate` says.
struct RandomSwap: WordTransformation {
    static let entry = Entry<any TextTransformation>(
        "RandomSwap", doc: "exchanges two random words",
        parameters: [
            TextTransformationCatalog.rate, TextTransformationCatalog.keep, TextTransformationCatalog.probability,
        ]
    ) { RandomSwap(parameters: $0, choice: WordChoice($0)) }
    let parameters: Parameters
    let choice: WordChoice

    func apply(_ words: inout Words, _ resources: TextResources, _ draws: TextDraws) {
        let kept = choice.kept
        var places: [Int] = []
        for place in 0..<words.count where !kept.contains(words.ids[place]) { places.append(place) }
        guard places.count > 1 else { return }
        for _ in 0..<choice.number(of: words.count) {
            let first = draws.below(places.count)
            let second = (first + 1 + draws.below(places.count - 1)) % places.count
            let held = words.ids[places[first]]
            words.ids[places[first]] = words.ids[places[second]]
            words.ids[places[second]] = held
        }
    }
}
