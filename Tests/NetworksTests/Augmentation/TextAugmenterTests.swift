import Core
import Networks
import Testing

/// Augmentation of sequences of word numbers.
struct TextAugmenterTests {
    let context: Context

    init() throws { context = try Context(threads: 1, seed: 1) }

    private func tokens(_ rows: [[Int64]]) throws -> Tensor {
        try Tensor(int64s: rows.flatMap { $0 }, Shape(rows.count, rows[0].count), in: context.allocator)
    }

    /// Synonyms of word 1 are 11 and 12, of word 2 is 20.
    private func augmenter(_ steps: String) throws -> TextAugmenter {
        let augmenter = try TextAugmenter(steps)
        let offsets = try Tensor(int64s: [0, 0, 2, 3], Shape(4), in: context.allocator)
        let ids = try Tensor(int64s: [11, 12, 20], Shape(3), in: context.allocator)
        defer { withExtendedLifetime((offsets, ids)) {} }
        try augmenter.setSynonyms(offsets: offsets.view, ids: ids.view, in: context)
        return augmenter
    }

    private func augment(
        _ augmenter: TextAugmenter, _ tokens: Tensor, mask: Tensor? = nil, seed: UInt64 = 1, first: Int = 0,
        in other: Context? = nil
    ) throws -> (words: [[Int64]], marks: [UInt8]) {
        defer { withExtendedLifetime((tokens, mask)) {} }
        let out = try Tensor(.int64, tokens.shape, in: context.allocator)
        let marks = try Tensor(.bool, tokens.shape, in: context.allocator)
        try augmenter.augment(
            tokens.view, mask: mask?.view, padding: 0, key: { SampleKey(seed: seed, epoch: 0, first: first) },
            to: out.view, outMask: marks.view, in: other ?? context)
        let width = tokens.shape[1]
        return (
            (0..<tokens.shape[0]).map { row in (0..<width).map { out.int64s[row * width + $0] } }, marks.bytes.array
        )
    }

    @Test func deletionShortensAndKeepsOneWord() throws {
        let text = try tokens([[5, 6, 7, 8, 0, 0]])
        var lengths: Set<Int> = []
        for seed in 0..<100 {
            let (words, marks) = try augment(augmenter("random_deletion rate=0.5"), text, seed: UInt64(seed))
            let left = words[0].filter { $0 != 0 }
            lengths.insert(left.count)
            #expect(left == [5, 6, 7, 8].filter { left.contains($0) })
            #expect(marks == (0..<6).map { $0 < left.count ? 1 : 0 })
        }
        #expect(lengths == [1, 2, 3, 4])
        #expect(try augment(augmenter("random_deletion rate=1"), text).words[0].filter { $0 != 0 }.count == 1)
        #expect(try augment(augmenter("random_deletion rate=1 keep=[6,8]"), text).words[0] == [6, 8, 0, 0, 0, 0])
    }

    @Test func deletionDropsItsShareOfWords() throws {
        let text = try tokens([[Int64]](repeating: [Int64](1...50), count: 400))
        let (words, _) = try augment(augmenter("random_deletion rate=0.2"), text)
        let left = words.joined().filter { $0 != 0 }.count
        // Five deviations of 20,000 draws.
        #expect(abs(Double(left) - 16_000) < 5 * (20_000 * 0.16).squareRoot())
    }

    @Test func swapsExchangeTwoWords() throws {
        let text = try tokens([[1, 2, 3, 4, 0]])
        for seed in 0..<50 {
            let words = try augment(augmenter("random_swap rate=0.25"), text, seed: UInt64(seed)).words[0]
            #expect(words.sorted() == [0, 1, 2, 3, 4] && words[4] == 0)
            #expect(zip(words, [1, 2, 3, 4, 0]).filter { $0 != $1 }.count == 2)
        }
        #expect(try augment(augmenter("random_swap rate=1 keep=[1,2,3]"), text).words[0] == [1, 2, 3, 4, 0])
    }

    @Test func synonymsComeFromTheTable() throws {
        let text = try tokens([[1, 2, 3, 9, 0]])
        var seen: Set<[Int64]> = []
        for seed in 0..<100 {
            seen.insert(try augment(augmenter("synonym_replacement rate=1"), text, seed: UInt64(seed)).words[0])
        }
        #expect(seen == [[11, 20, 3, 9, 0], [12, 20, 3, 9, 0]])
        let one = try augment(augmenter("synonym_replacement rate=0.1 keep=[1]"), text).words[0]
        #expect(one == [1, 20, 3, 9, 0])
    }

    @Test func insertionsGrowUpToTheWidth() throws {
        let text = try tokens([[7, 2, 8, 0, 0, 0]])
        var seen: Set<[Int64]> = []
        for seed in 0..<200 {
            seen.insert(try augment(augmenter("random_insertion rate=0.1"), text, seed: UInt64(seed)).words[0])
        }
        #expect(seen == [[20, 7, 2, 8, 0, 0], [7, 20, 2, 8, 0, 0], [7, 2, 20, 8, 0, 0], [7, 2, 8, 20, 0, 0]])
        // Without room, what is put behind the last word falls off: all three of them once in 64 times.
        let full = try tokens([[7, 2, 8]])
        var kept = 0
        for seed in 0..<200 {
            let words = try augment(augmenter("random_insertion rate=1"), full, seed: UInt64(seed)).words[0]
            #expect(words.count == 3)
            if words.contains(20) { kept += 1 }
        }
        #expect(kept >= 185 && kept < 200)
        // Kept marks at the ends stay there.
        let marked = try augment(augmenter("random_insertion rate=1 keep=[7,8]"), text).words[0]
        #expect(marked[0] == 7 && marked[5] == 8 && marked[1...4].filter { $0 == 20 }.count == 3)
    }

    @Test func neighboursAreNearestByCosine() throws {
        let vectors = try Fixtures.tensor([1, 0, 10, 1, 0, 1, 0, 0, 0.2, 3, -1, 0], [6, 2], in: context)
        let augmenter = try TextAugmenter("embedding_replacement rate=1")
        try augmenter.setEmbeddings(vectors.view, in: context)
        // Word 0 is the padding, so that the nearest to 1 is 4; 3 has no direction, 9 no vector.
        #expect(try augment(augmenter, tokens([[1, 2, 3, 4, 9, 0]])).words[0] == [4, 4, 3, 2, 9, 0])
        let choosing = try TextAugmenter("embedding_replacement rate=1 neighbours=2 keep=[4]")
        try choosing.setEmbeddings(vectors.view, in: context)
        var seen: Set<Int64> = []
        for seed in 0..<40 { seen.insert(try augment(choosing, tokens([[2, 0]]), seed: UInt64(seed)).words[0][0]) }
        #expect(seen == [1, 5])
    }

    @Test func masksSayWhereTheWordsAre() throws {
        let text = try tokens([[9, 5, 9, 6]])
        let mask = try Tensor(.bool, Shape(1, 4), in: context.allocator)
        for (index, mark) in [UInt8(0), 1, 0, 1].enumerated() { mask.bytes.pointer[index] = mark }
        // Padding comes first and a word last: so it stays.
        let (words, marks) = try augment(augmenter("random_swap rate=0"), text, mask: mask)
        #expect(words[0] == [0, 0, 5, 6] && marks == [0, 0, 1, 1])
    }

    @Test func threadsAndSplitsDoNotChangeABit() throws {
        let stream = Philox(seed: 4, stream: 4)
        let text = try tokens(
            (0..<200).map { row in (0..<12).map { Int64(stream.uniform(UInt64(row * 12 + $0)) * 5) } })
        let vectors = try Fixtures.normals([30, 5], seed: 3, in: context)
        let steps =
            "synonym_replacement rate=0.3; random_insertion rate=0.3; random_swap; random_deletion; "
            + "embedding_replacement rate=0.3 neighbours=3"
        let augmenter = try augmenter(steps)
        try augmenter.setEmbeddings(vectors.view, in: context)
        let expected = try augment(augmenter, text).words
        for threads in [2, 3, 8] {
            let other = try Context(threads: threads, seed: 9)
            #expect(try augment(augmenter, text, in: other).words == expected)
        }
        for row in [0, 77, 199] {
            let own = try tokens([(0..<12).map { text.int64s[row * 12 + $0] }])
            #expect(try augment(augmenter, own, first: row).words[0] == expected[row])
        }
        #expect(try augment(augmenter, text, seed: 2).words != expected)
    }

    @Test(arguments: TextTransformationCatalog.family.entries.map(\.className))
    func everyInvalidParameterIsRefusedByName(kind: String) throws {
        let entry = try TextTransformationCatalog.family.entry(kind)
        for spec in entry.parameters {
            // Any whole number may be kept.
            let isWords = { (value: JSON) in spec.name == "keep" && value.arrayValue?[0].integerValue != nil }
            for value in spec.constraint.invalidValues where !isWords(value) {
                let step: JSON = ["class_name": .string(kind), "config": .object([(key: spec.name, value: value)])]
                do {
                    _ = try TextTransformationCatalog.family.make(step)
                    Issue.record("\(kind) takes \(spec.name) = \(value.text)")
                } catch {
                    #expect(error.message.contains(spec.name) && error.message.contains(kind))
                }
            }
        }
    }

    @Test(arguments: TextTransformationCatalog.family.entries.map(\.className))
    func noRateIsTheIdentity(kind: String) throws {
        let augmenter = try augmenter("\(kind) rate=0")
        let vectors = try Fixtures.normals([30, 5], seed: 3, in: context)
        defer { withExtendedLifetime(vectors) {} }
        try augmenter.setEmbeddings(vectors.view, in: context)
        let rows: [[Int64]] = [[1, 2, 3, 0], [0, 0, 5, 6], [0, 0, 0, 0]]
        #expect(try augment(augmenter, tokens(rows)).words == rows)
    }

    @Test func whatIsMissingIsNamed() throws {
        let text = try tokens([[1, 2]])
        for steps in ["synonym_replacement", "random_insertion", "embedding_replacement"] {
            do {
                _ = try augment(TextAugmenter(steps), text)
                Issue.record("\(steps) needs nothing")
            } catch let error as ApusError { #expect(error.code == .notFitted) }
        }
        for offsets: [Int64] in [[1, 3], [0, 2, 1, 3], [0, 4], [0, 2], [0, -1, 3], []] {
            let starts = try Tensor(int64s: offsets, Shape(offsets.count), in: context.allocator)
            let ids = try Tensor(int64s: [1, 2, 3], Shape(3), in: context.allocator)
            defer { withExtendedLifetime((starts, ids)) {} }
            #expect(throws: ApusError.self) {
                try TextAugmenter("random_swap").setSynonyms(offsets: starts.view, ids: ids.view, in: context)
            }
        }
        let vectors = try Fixtures.tensor([1, .nan], [1, 2], in: context)
        defer { withExtendedLifetime(vectors) {} }
        #expect(throws: ApusError.self) { try TextAugmenter("random_swap").setEmbeddings(vectors.view, in: context) }
    }
}
