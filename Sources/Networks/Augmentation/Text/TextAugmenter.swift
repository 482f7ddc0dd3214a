import Core
import Glibc

/// A sequence of random changes of sequences of word numbers. Random numbers are keyed as those of `Augmenter`.
package final class TextAugmenter: @unchecked Sendable {
    package let steps: [any TextTransformation]
    /// Changed by the two setters only.
    private var resources = TextResources()

    /// Steps as of `Augmenter`.
    package init(_ text: String) throws(ApusError) {
        steps = try StepText.make(text, TextTransformationCatalog.family)
    }

    /// As JSON that makes it again, without tables.
    package var config: JSON { .array(steps.map(\.config)) }

    /// Sets the table of synonyms: those of word w are ids[offsets[w]] up to but without ids[offsets[w + 1]]. Copied.
    package func setSynonyms(offsets: ArrayView, ids: ArrayView, in context: Context) throws(ApusError) {
        for (name, view) in [("offsets", offsets), ("ids", ids)] {
            guard view.dtype == .int64 || view.dtype == .int32 else {
                throw .dtype("\(name) must be int32 or int64, got \(view.dtype.name).")
            }
            guard view.shape.rank == 1 else { throw .shape("\(name) must have one dimension, got \(view.shape).") }
        }
        guard offsets.count >= 1 else {
            throw .shape("offsets must have one number more than there are words, got none.")
        }
        let starts = try Buffer<Int64>(offsets.count, in: context.allocator)
        try offsets.copy(to: starts.pointer, name: "offsets")
        let words = try Buffer<Int64>(ids.count, in: context.allocator)
        try ids.copy(to: words.pointer, name: "ids")
        var last: Int64 = 0
        for index in 0..<starts.count {
            let value = starts.pointer[index]
            guard value >= last, value <= Int64(ids.count), index > 0 || value == 0 else {
                throw .invalid(
                    "offsets must begin with 0, not fall and end with \(ids.count), the count of ids; "
                        + "offsets[\(index)] is \(value).")
            }
            last = value
        }
        guard last == Int64(ids.count) else {
            throw .invalid("offsets must end with \(ids.count), the count of ids, got \(last).")
        }
        resources.synonyms = TextResources.Synonyms(offsets: starts, ids: words)
    }

    /// Sets the vectors of words 0, 1, ..., one in each row. Copied.
    package func setEmbeddings(_ matrix: ArrayView, in context: Context) throws(ApusError) {
        resources.embeddings = try WordVectors(matrix, in: context)
    }

    /// Changes sequences of words.
    ///
    /// - Parameters:
    ///   - key: asked for when everything else was checked.
    ///   - tokens: int32 or int64, (sequences, width).
    ///   - mask: of bool or uint8, where the words are; nil where tokens differ from `padding`.
    ///   - out: of the dtype and shape of tokens, which it may be: the words first (last where the sequence began with
    ///     padding and ended with a word), then padding.
    ///   - outMask: of bool or uint8; nil for none.
    package func augment(
        _ tokens: ArrayView, mask: ArrayView?, padding: Int64, key: () throws(ApusError) -> SampleKey,
        to out: ArrayView, outMask: ArrayView?, in context: Context
    ) throws(ApusError) {
        try check(tokens, mask, padding, out, outMask)
        for step in steps { try step.check(resources) }
        let (count, width) = (tokens.shape[0], tokens.shape[1])
        guard tokens.count > 0 else { return }
        let key = try key()
        let ids = try Buffer<Int64>(tokens.count, in: context.allocator)
        try tokens.copy(to: ids.pointer, name: "tokens")
        let lengths = try Buffer<Int>(count, in: context.allocator)
        let atEnd = try Buffer<Bool>(zeros: count, in: context.allocator)
        for row in 0..<count {
            let own = ids.pointer + row * width
            let marks = mask?.rowView(row)
            var (length, begins, ends) = (0, false, false)
            for place in 0..<width {
                let id = own[place]
                var isWord = id != padding
                if let marks { isWord = marks.row(place).load(as: UInt8.self) != 0 }
                if place == 0 { begins = isWord }
                ends = isWord
                guard isWord else { continue }
                own[length] = id
                length += 1
            }
            lengths.pointer[row] = length
            atEnd.pointer[row] = ends && !begins
        }
        for (number, step) in steps.enumerated() {
            try context.checkInterrupt()
            if let step = step as? any WordTransformation {
                context.parallel(over: count, by: 16) { range in
                    for row in range {
                        if context.isInterrupted { return }
                        let draws = key.draws(row, step: number)
                        guard draws.takes(step.probability) else { continue }
                        var words = Words(ids: ids.pointer + row * width, capacity: width, count: lengths.pointer[row])
                        step.apply(&words, resources, TextDraws(draws))
                        lengths.pointer[row] = words.count
                    }
                }
            } else if let step = step as? EmbeddingReplacement, let vectors = resources.embeddings {
                try replace(step, number, vectors, ids, lengths, width, padding, key, in: context)
            }
        }
        try context.checkInterrupt()
        try deliver(ids, lengths, atEnd, padding, to: out, outMask, in: context)
    }

    /// Chooses words of all sequences, looks for the neighbours of each word once, and puts them in.
    private func replace(
        _ step: EmbeddingReplacement, _ number: Int, _ vectors: WordVectors, _ ids: Buffer<Int64>,
        _ lengths: Buffer<Int>, _ width: Int, _ padding: Int64, _ key: SampleKey, in context: Context
    ) throws(ApusError) {
        // Per place: which neighbour to take, -1 for none.
        let choices = try Buffer<Int8>(ids.count, in: context.allocator)
        choices.pointer.update(repeating: -1, count: ids.count)
        var known: [Int64: Int] = [:]
        var words: [Int64] = []
        for row in 0..<lengths.count {
            if row & 1023 == 0 { try context.checkInterrupt() }
            let draws = key.draws(row, step: number)
            guard draws.takes(step.probability) else { continue }
            let own = Words(ids: ids.pointer + row * width, capacity: width, count: lengths.pointer[row])
            step.choose(own, vectors, TextDraws(draws)) { place, choice in
                choices.pointer[row * width + place] = Int8(truncatingIfNeeded: choice)
                let id = own.ids[place]
                if known[id] == nil {
                    known[id] = words.count
                    words.append(id)
                }
            }
        }
        let wanted = step.neighbours
        let found = try vectors.nearest(words, wanted: wanted, without: step.choice.kept.union([padding]), in: context)
        for place in 0..<ids.count where choices.pointer[place] >= 0 {
            guard let number = known[ids.pointer[place]] else { continue }
            // Where there are fewer neighbours than that, the last of them.
            var choice = Int(choices.pointer[place])
            while choice > 0, found.pointer[number * wanted + choice] < 0 { choice -= 1 }
            let word = found.pointer[number * wanted + choice]
            if word >= 0 { ids.pointer[place] = word }
        }
    }

    private func deliver(
        _ ids: Buffer<Int64>, _ lengths: Buffer<Int>, _ atEnd: Buffer<Bool>, _ padding: Int64, to out: ArrayView,
        _ outMask: ArrayView?, in context: Context
    ) throws(ApusError) {
        let width = out.shape[1]
        for row in 0..<lengths.count {
            let own = ids.pointer + row * width
            let length = lengths.pointer[row]
            let start = atEnd.pointer[row] ? width - length : 0
            if start > 0 { memmove(own + start, own, length * 8) }
            for place in 0..<width where place < start || place >= start + length { own[place] = padding }
            if let marks = outMask?.rowView(row) {
                for place in 0..<width {
                    marks.row(place).storeBytes(
                        of: place >= start && place < start + length ? 1 : 0, as: UInt8.self)
                }
            }
        }
        try out.write(UnsafePointer(ids.pointer))
    }

    private func check(
        _ tokens: ArrayView, _ mask: ArrayView?, _ padding: Int64, _ out: ArrayView, _ outMask: ArrayView?
    ) throws(ApusError) {
        guard tokens.dtype == .int64 || tokens.dtype == .int32 else {
            throw .dtype("tokens must be int32 or int64, got \(tokens.dtype.name).")
        }
        guard tokens.shape.rank == 2 else {
            throw .shape("tokens must have shape (sequences, width), got \(tokens.shape).")
        }
        guard out.dtype == tokens.dtype else {
            throw .dtype("out must be \(tokens.dtype.name), as tokens are, got \(out.dtype.name).")
        }
        guard out.shape == tokens.shape else { throw .shape("out must have shape \(tokens.shape), got \(out.shape).") }
        try tokens.requireApart(from: out, "tokens", "out", orSame: true)
        guard tokens.dtype == .int64 || Int64(Int32(truncatingIfNeeded: padding)) == padding else {
            throw .dtype("tokens are int32, which cannot hold the padding \(padding).")
        }
        for (name, marks) in [("mask", mask), ("out_mask", outMask)] {
            guard let marks else { continue }
            guard marks.dtype == .bool || marks.dtype == .uint8 else {
                throw .dtype("\(name) must be bool or uint8, got \(marks.dtype.name).")
            }
            guard marks.shape == tokens.shape else {
                throw .shape("\(name) must have shape \(tokens.shape), got \(marks.shape).")
            }
            try out.requireApart(from: marks, "out", name, orSame: false)
        }
        if let outMask {
            try tokens.requireApart(from: outMask, "tokens", "out_mask", orSame: false)
            if let mask { try mask.requireApart(from: outMask, "mask", "out_mask", orSame: true) }
        }
    }
}
