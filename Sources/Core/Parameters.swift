/// One parameter of a kind, layer, loss or optimizer: data from which checks, catalog, bindings, docs and tests are
/// made.
package struct ParameterSpec: Sendable {
    package let name: String
    package let constraint: Constraint
    /// What a missing parameter means; nil for one that must be given.
    package let standard: JSON?
    package let doc: String

    package init(_ name: String, _ constraint: Constraint, default standard: JSON?, _ doc: String) {
        self.name = name
        self.constraint = constraint
        self.standard = standard
        self.doc = doc
    }
}

/// What two numbers mean, and whether one may stand for them.
package enum IntervalForm: Sendable {
    /// Lower and upper end; one number f is what its user makes of it, such as -f to f.
    case ends
    /// Lower and upper end, both given.
    case ascending
    /// Margins below and above a centre, in no order; one number is both.
    case margins
}

/// What a value must be.
package indirect enum Constraint: Sendable {
    case boolean
    case integer(ClosedRange<Int>)
    /// A finite number from `from` to `to`, the ends excluded where said.
    case real(from: Double, to: Double, open: Bool = false)
    case choice([String])
    case text
    /// Two finite numbers in `from` to `to`, as its form says.
    case interval(from: Double, to: Double, _ form: IntervalForm)
    /// An array of whole numbers, each in the range (and null where allowed).
    case integers(ClosedRange<Int>, allowsNull: Bool = false)
    /// A finite number from `from` to `to`, or an array of at least one of them.
    case numbers(from: Double, to: Double)
    /// A name or an object of a family: an initializer, a loss, an optimizer. Checked by the family itself.
    case object(String)
    /// Any JSON, checked by its user.
    case any(String)
    case nullable(Constraint)

    /// As it stands in messages: "a whole number >= 1".
    package var description: String {
        switch self {
        case .boolean: return "true or false"
        case .integer(let range): return "a whole number" + Constraint.describe(range)
        case .real(let from, let to, let open):
            switch (from.isFinite, to.isFinite) {
            case (false, false): return "a finite number"
            case (true, false): return "a number \(open ? ">" : ">=") \(short(from))"
            case (false, true): return "a number \(open ? "<" : "<=") \(short(to))"
            case (true, true):
                return "a number in \(open ? "(" : "[")\(short(from)), \(short(to))\(open ? ")" : "]")"
            }
        case .choice(let names): return "one of " + names.joined(separator: ", ")
        case .text: return "text"
        case .interval(let from, let to, let form):
            let range = from.isFinite && to.isFinite ? " in [\(short(from)), \(short(to))]" : ""
            let pair = form == .margins ? "a pair of numbers" : "an ascending pair of numbers"
            let single = to.isFinite ? "a number in [\(short(max(from, 0))), \(short(to))]" : "a number >= 0"
            return form == .ascending ? pair + range : single + ", or " + pair + range
        case .integers(let range, let allowsNull):
            return "an array of whole numbers" + Constraint.describe(range) + (allowsNull ? " (or null)" : "")
        case .numbers(let from, let to):
            return Constraint.real(from: from, to: to).description + ", or an array of them"
        case .object(let family): return family
        case .any(let what): return what
        case .nullable(let inner): return inner.description + ", or null"
        }
    }

    private static func describe(_ range: ClosedRange<Int>) -> String {
        switch (range.lowerBound == Int.min, range.upperBound == Int.max) {
        case (true, true): ""
        case (false, true): " >= \(range.lowerBound)"
        case (true, false): " <= \(range.upperBound)"
        case (false, false): " in [\(range.lowerBound), \(range.upperBound)]"
        }
    }

    /// Whether a value fits; texts that spell a boolean or a number are converted first by `Parameters`.
    package func admits(_ value: JSON) -> Bool {
        switch self {
        case .boolean: return value.boolValue != nil
        case .integer(let range):
            guard let whole = value.integerValue else { return false }
            return range.contains(whole)
        case .real(let from, let to, let open):
            guard let number = value.doubleValue, number.isFinite else { return false }
            return open ? number > from && number < to : number >= from && number <= to
        case .choice(let names):
            guard let name = value.stringValue else { return false }
            return names.contains(name)
        case .text: return value.stringValue != nil
        case .interval(let from, let to, let form):
            if let number = value.doubleValue {
                return form != .ascending && number.isFinite && number >= max(from, 0) && number <= to
            }
            guard let pair = value.arrayValue, pair.count == 2, let lower = pair[0].doubleValue,
                let upper = pair[1].doubleValue, lower.isFinite, upper.isFinite
            else { return false }
            return min(lower, upper) >= from && max(lower, upper) <= to && (form == .margins || lower <= upper)
        case .integers(let range, let allowsNull):
            guard let values = value.arrayValue else { return false }
            return values.allSatisfy { item in
                if item.isNull { return allowsNull }
                guard let whole = item.integerValue else { return false }
                return range.contains(whole)
            }
        case .numbers(let from, let to):
            let one = Constraint.real(from: from, to: to)
            guard let values = value.arrayValue else { return one.admits(value) }
            return !values.isEmpty && values.allSatisfy { one.admits($0) }
        case .object, .any: return true
        case .nullable(let inner): return value.isNull || inner.admits(value)
        }
    }

    /// For the catalog.
    package var typeName: String {
        switch self {
        case .boolean: "boolean"
        case .integer: "integer"
        case .real: "number"
        case .choice, .text: "text"
        case .interval(_, _, let form): form == .ascending ? "array of numbers" : "number or array of numbers"
        case .integers: "array of integers"
        case .numbers: "number or array of numbers"
        case .object: "text or object"
        case .any: "any"
        case .nullable(let inner): inner.typeName + " or null"
        }
    }
}

private func short(_ value: Double) -> String {
    Int(exactly: value).map(String.init) ?? String(value)
}

/// Checked parameters of one kind: every one that it has, by name.
package struct Parameters: Sendable {
    package let kind: String
    package private(set) var values: [(key: String, value: JSON)]
    /// From a file, where what is unknown inside of a value (a wrapped layer) is passed over.
    package private(set) var isLenient = false

    /// Checks given values against a kind's specs. Throws "The alpha of ridge must be a number >= 0, got -1.".
    package init(kind: String, specs: [ParameterSpec], given: [(key: String, value: JSON)], lenient: Bool = false)
        throws(ApusError)
    {
        isLenient = lenient
        for (index, item) in given.enumerated() {
            guard specs.contains(where: { $0.name == item.key }) else {
                let known = specs.map(\.name).joined(separator: ", ")
                throw .invalid(
                    "\(kind) has no parameter '\(item.key)'; it has \(known.isEmpty ? "none" : known).")
            }
            if given.prefix(index).contains(where: { $0.key == item.key }) {
                throw .invalid("The \(item.key) of \(kind) is given twice.")
            }
        }
        var checked: [(key: String, value: JSON)] = []
        for spec in specs {
            if let item = given.first(where: { $0.key == spec.name }) {
                guard spec.constraint.admits(item.value) else {
                    throw .parameter(
                        spec.name, of: kind, mustBe: spec.constraint.description, got: Parameters.show(item.value))
                }
                checked.append((key: spec.name, value: item.value))
            } else if let standard = spec.standard {
                checked.append((key: spec.name, value: standard))
            } else {
                throw .invalid("\(kind) needs the parameter '\(spec.name)': \(spec.constraint.description).")
            }
        }
        self.kind = kind
        self.values = checked
    }

    /// Of a kind that has none.
    package init(kind: String) {
        self.kind = kind
        values = []
    }

    /// Parses and checks "name=value name=value" or a JSON object; empty for the defaults.
    package init(kind: String, specs: [ParameterSpec], text: String) throws(ApusError) {
        try self.init(kind: kind, specs: specs, given: ParameterText.parse(text, for: kind))
    }

    private static func show(_ value: JSON) -> String {
        if let text = value.stringValue { return "'\(text)'" }
        let text = value.text
        return text.utf8.count > 80 ? String(text.prefix(77)) + "..." : text
    }

    package subscript(name: String) -> JSON { values.first { $0.key == name }?.value ?? .null }

    package func boolean(_ name: String) -> Bool { self[name].boolValue ?? false }
    package func integer(_ name: String) -> Int { self[name].integerValue ?? 0 }
    package func real(_ name: String) -> Double { self[name].doubleValue ?? 0 }
    package func text(_ name: String) -> String { self[name].stringValue ?? "" }
    /// One number, or several.
    package func reals(_ name: String) -> [Double] {
        self[name].arrayValue?.map { $0.doubleValue ?? 0 } ?? self[name].doubleValue.map { [$0] } ?? []
    }
    package func integers(_ name: String) -> [Int?] { self[name].arrayValue?.map(\.integerValue) ?? [] }

    /// These parameters with one of them replaced.
    package func with(_ name: String, _ value: JSON) -> Parameters {
        var copy = self
        if let index = copy.values.firstIndex(where: { $0.key == name }) { copy.values[index].value = value }
        return copy
    }

    /// All of them as a JSON object.
    package var json: JSON { .object(values) }
}
