import Core

/// The words of one sequence while it is changed, in room for `capacity` of them.
struct Words {
    let ids: UnsafeMutablePointer<Int64>
    let capacity: Int
    var count: Int

    mutating func remove(at place: Int) {
        guard place >= 0, place < count else { return }
        (ids + place).update(from: ids + place + 1, count: count - place - 1)
        count -= 1
    }

    /// Puts a word before place `place`; the last one falls off where there is no room.
    mutating func insert(_ id: Int64, at place: Int) {
        guard place >= 0, place <= count, place < capacity else { return }
        let moved = min(count, capacity - 1) - place
        if moved > 0 { (ids + place + 1).update(from: ids + place, count: moved) }
        ids[place] = id
        count = min(count + 1, capacity)
    }
}

/// A random change of sequences of word numbers.
///
/// Wei and Zou (2019), "EDA: easy data augmentation techniques for boosting performance on text classification tasks",
/// doi:10.18653/v1/D19-1670.
package protocol TextTransformation: Sendable {
    /// Parameters; `kind` is the class name.
    var parameters: Parameters { get }
    /// Throws `notFitted` where it lacks what it replaces words with.
    func check(_ resources: TextResources) throws(ApusError)
}

/// One that changes a sequence by itself.
protocol WordTransformation: TextTransformation {
    func apply(_ words: inout Words, _ resources: TextResources, _ draws: TextDraws)
}

extension TextTransformation {
    package func check(_ resources: TextResources) throws(ApusError) {}
    /// The share of sequences that it changes.
    var probability: Double { parameters["probability"].doubleValue ?? 1 }
    /// As Keras writes such things.
    package var config: JSON { ["class_name": .string(parameters.kind), "config": parameters.json] }
}

/// How much of a sequence is changed, and which words are left as and where they are.
struct WordChoice: Sendable {
    let rate: Double
    let kept: Set<Int64>

    init(_ parameters: Parameters) {
        rate = parameters.real("rate")
        kept = Set(parameters.integers("keep").compactMap { $0.map { Int64($0) } })
    }

    /// How many words of `count` the rate means: at least one unless it is 0, as in EDA.
    func number(of count: Int) -> Int { rate == 0 || count == 0 ? 0 : min(count, max(1, Int(rate * Double(count)))) }
}

/// The random numbers of one sequence for one step, taken one after the other.
final class TextDraws {
    private let random: Philox
    // Number 0 says whether the step is taken.
    private var number: UInt64 = 1

    init(_ draws: Draws) { random = draws.random }

    func uniform() -> Double {
        number += 1
        return random.uniform(number - 1)
    }

    /// A whole number below `bound`, which must be positive.
    func below(_ bound: Int) -> Int { Int(random.below(UInt64(max(bound, 1)), draw: &number)) }
}

/// Every transformation of text, one line each.
package enum TextTransformationCatalog {
    package static let family = Family<any TextTransformation>(
        "text transformation",
        [
            RandomDeletion.entry,
            RandomInsertion.entry,
            RandomSwap.entry,
            SynonymReplacement.entry,
            EmbeddingReplacement.entry,
        ])

    static let rate = ParameterSpec(
        "rate", .real(from: 0, to: 1), default: 0.1,
        "share of the words, of which at least one is changed unless it is 0")
    static let keep = ParameterSpec(
        "keep", .integers(Int.min...Int.max), default: [], "words that are never deleted, moved, replaced or offered")
    static let probability = ParameterSpec(
        "probability", .real(from: 0, to: 1), default: 1.0, "the share of sequences that it changes")

    /// Calls `body` with the places of words, of those that `admits`, in a random order, until it was true `wanted`
    /// times.
    static func some(
        _ words: Words, _ draws: TextDraws, wanted: Int, _ admits: (Int64) -> Bool, _ body: (Int) -> Bool
    ) {
        var places: [Int] = []
        for place in 0..<words.count where admits(words.ids[place]) { places.append(place) }
        var left = wanted
        var end = places.count
        while left > 0, end > 0 {
            let index = draws.below(end)
            let place = places[index]
            end -= 1
            places[index] = places[end]
            if body(place) { left -= 1 }
        }
    }
}
