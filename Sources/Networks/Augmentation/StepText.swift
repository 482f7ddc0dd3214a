import Core

/// Sequences of steps as text: members of a family with their parameters.
enum StepText {
    /// From "random_flip mode=horizontal; random_rotation factor=0.1", or from JSON: a name, an object
    /// {"class_name": ..., "config": {...}}, or an array of these. Throws `invalidArgument`.
    static func make<Product>(_ text: String, _ family: Family<Product>) throws(ApusError) -> [Product] {
        guard text.utf8.count <= 1 << 20 else {
            throw .invalid("The steps must be at most 1 MiB of text, got \(text.utf8.count) bytes.")
        }
        var items: [JSON] = []
        if let first = text.utf8.first(where: { $0 > 0x20 }), first == UInt8(ascii: "[") || first == UInt8(ascii: "{") {
            let json: JSON
            do { json = try JSONParser.parse(text) } catch { throw error.within("The steps") }
            items = json.arrayValue ?? [json]
        } else {
            for part in text.split(separator: ";", omittingEmptySubsequences: true) {
                let words = part.drop { $0.isWhitespace }
                if words.isEmpty { continue }
                let name = words.prefix { !$0.isWhitespace }
                let given = try ParameterText.parse(String(words.dropFirst(name.count)), for: String(name))
                items.append(["class_name": .string(String(name)), "config": .object(given)])
            }
        }
        guard !items.isEmpty, items.count <= Augmenter.mostSteps else {
            throw .invalid("An augmenter needs 1 to \(Augmenter.mostSteps) steps, got \(items.count).")
        }
        var steps: [Product] = []
        for item in items { steps.append(try family.make(item)) }
        return steps
    }
}
