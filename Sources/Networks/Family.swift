import Core

/// One member of a family of named things with parameters: an initializer, a loss, an optimizer, a metric, a layer.
package struct Entry<Product>: Sendable {
    /// Keras's class name, "GlorotUniform".
    package let className: String
    /// Other names it is known by, as strings in Keras's files and calls: "glorot_uniform".
    package let aliases: [String]
    /// One line.
    package let doc: String
    package let parameters: [ParameterSpec]
    /// Names of parameters in older files, and what they are called now: "alpha" of LeakyReLU.
    package let formerNames: [String: String]
    package let make: @Sendable (Parameters) throws(ApusError) -> Product

    package init(
        _ className: String, aliases: [String] = [], doc: String, parameters: [ParameterSpec] = [],
        formerNames: [String: String] = [:],
        make: @escaping @Sendable (Parameters) throws(ApusError) -> Product
    ) {
        self.className = className
        self.aliases = aliases
        self.doc = doc
        self.parameters = parameters
        self.formerNames = formerNames
        self.make = make
    }

    func answers(to name: String) -> Bool {
        className == name || aliases.contains(name) || snakeCase(className) == name
    }

    package var json: JSON {
        [
            "kind": .string(className), "aliases": .array(([snakeCase(className)] + aliases).map { .string($0) }),
            "doc": .string(doc), "parameters": ParameterSpec.json(parameters),
        ]
    }
}

/// All members of a family, and how a JSON value names one.
package struct Family<Product>: Sendable {
    /// What messages call a member: "initializer".
    package let noun: String
    package let entries: [Entry<Product>]

    package init(_ noun: String, _ entries: [Entry<Product>]) {
        self.noun = noun
        self.entries = entries
    }

    /// The member of a name. Throws `invalidArgument` listing those there are.
    package func entry(_ name: String) throws(ApusError) -> Entry<Product> {
        let plain = name.hasPrefix("Custom>") ? String(name.dropFirst(7)) : name
        guard let entry = entries.first(where: { $0.answers(to: plain) }) else {
            throw ApusError(
                .invalidArgument,
                "Unknown \(noun) '\(name)'; this version has \(entries.map(\.className).joined(separator: ", ")).",
                isUnknownName: true)
        }
        return entry
    }

    /// Makes a member from a name, or from `{"class_name": ..., "config": {...}}` in any of Keras's notations.
    ///
    /// - Parameter lenient: for files: unknown configuration keys are passed over and reported through `unknown`.
    package func make(
        _ json: JSON, lenient: Bool = false, unknown: ((_ key: String, _ value: JSON) -> Void)? = nil
    ) throws(ApusError) -> Product {
        if let name = json.stringValue { return try make(entry(name), given: []) }
        guard let name = json["class_name"]?.stringValue else {
            throw .invalid("The \(noun) must be a name or {\"class_name\": ..., \"config\": {...}}, got \(json.typeName).")
        }
        // {"class_name": "function", "config": "relu"}: the name of a function
        if let function = json["config"]?.stringValue { return try make(entry(function), given: []) }
        let entry = try entry(name)
        var given = json["config"]?.objectValue ?? []
        if lenient {
            for item in given where !entry.parameters.contains(where: { $0.name == item.key }) {
                unknown?(item.key, item.value)
            }
            given.removeAll { item in !entry.parameters.contains { $0.name == item.key } }
        }
        return try make(entry, given: given, lenient: lenient)
    }

    private func make(_ entry: Entry<Product>, given: [(key: String, value: JSON)], lenient: Bool = false)
        throws(ApusError) -> Product
    {
        try entry.make(Parameters(kind: entry.className, specs: entry.parameters, given: given, lenient: lenient))
    }

    package var json: JSON { .array(entries.map(\.json)) }
}

/// Keras's snake case: "GlorotUniform" to "glorot_uniform", "Conv2D" to "conv2d", "ReLU" to "re_lu".
package func snakeCase(_ name: String) -> String {
    let letters = Array(name)
    func isUpper(_ c: Character) -> Bool { c.isASCII && c.isUppercase }
    func isLower(_ c: Character) -> Bool { c.isASCII && c.isLowercase }
    var result = ""
    for (index, letter) in letters.enumerated() {
        if index > 0, isUpper(letter) {
            let startsWord = index + 1 < letters.count && isLower(letters[index + 1])
            if startsWord || isLower(letters[index - 1]) { result += "_" }
        }
        result += letter.lowercased()
    }
    return result
}
