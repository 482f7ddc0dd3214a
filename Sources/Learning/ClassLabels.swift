import Core

/// The classes that a classifier tells apart: the different labels of its training rows, ascending.
struct ClassLabels: Sendable {
    /// int64 for whole, boolean and integer labels, float64 for real ones.
    let classes: Tensor

    private static let most = 10_000

    /// The label of a class, as a number.
    func value(_ place: Int) -> Double {
        dtype == .int64 ? Double(classes.int64s[place]) : classes.doubles[place]
    }

    var count: Int { classes.count }
    var dtype: DType { classes.dtype }

    /// The labels of y and the class number of each row (as doubles). Throws `invalidArgument` for NaN, infinity or one
    /// class alone, `limit` for more classes than make sense.
    static func read(_ y: ArrayView, for kind: String, in allocator: Allocator) throws(ApusError) -> (
        ClassLabels, Buffer<Double>
    ) {
        let numbers = try Buffer<Double>(y.count, in: allocator)
        if y.dtype.isInteger {
            let values = try Buffer<Int64>(y.count, in: allocator)
            try y.copy(to: values.pointer, name: "y")
            let found = try distinct(values, kind)
            for row in 0..<y.count { numbers.pointer[row] = Double(place(of: values.pointer[row], in: found)) }
            return (ClassLabels(classes: try Tensor(int64s: found, Shape(found.count), in: allocator)), numbers)
        }
        let values = try Buffer<Double>(y.count, in: allocator)
        try y.copy(to: values.pointer, name: "y")
        for row in 0..<y.count where !values.pointer[row].isFinite {
            let name = values.pointer[row].isNaN ? "NaN" : "infinity"
            throw .invalid("y holds \(name) at row \(row) (counted from 0); every label must be finite.")
        }
        let found = try distinct(values, kind)
        for row in 0..<y.count { numbers.pointer[row] = Double(place(of: values.pointer[row], in: found)) }
        return (ClassLabels(classes: try Tensor(doubles: found, Shape(found.count), in: allocator)), numbers)
    }

    private init(classes: Tensor) { self.classes = classes }

    /// From a file: ascending and different. Throws `corrupt`.
    init(_ record: Record) throws(ApusError) {
        guard case .tensor(let stored)? = record["classes_"] else {
            throw .corrupt("A \(record.kind) needs the array 'classes_'; the file lacks it.")
        }
        let real = stored.dtype == .float64
        let classes =
            real ? try record.finite("classes_", shape: [nil]) : try record.tensor("classes_", .int64, shape: [nil])
        guard classes.count >= 2 else {
            throw .corrupt("A \(record.kind) needs at least two classes, the file has \(classes.count).")
        }
        for index in 1..<classes.count {
            let ascends =
                real
                ? classes.doubles[index - 1] < classes.doubles[index]
                : classes.int64s[index - 1] < classes.int64s[index]
            guard ascends else { throw .corrupt("The array 'classes_' of a \(record.kind) must ascend.") }
        }
        self.classes = classes
    }

    /// Writes the labels of class numbers.
    func write(_ numbers: UnsafePointer<Double>, count: Int, to out: ArrayView, in allocator: Allocator)
        throws(ApusError)
    {
        if dtype == .int64 {
            let labels = try Buffer<Int64>(count, in: allocator)
            for row in 0..<count { labels.pointer[row] = classes.int64s[try place(numbers, row)] }
            try out.write(UnsafePointer(labels.pointer))
        } else {
            let labels = try Buffer<Double>(count, in: allocator)
            for row in 0..<count { labels.pointer[row] = classes.doubles[try place(numbers, row)] }
            try out.write(UnsafePointer(labels.pointer))
        }
    }

    private func place(_ numbers: UnsafePointer<Double>, _ row: Int) throws(ApusError) -> Int {
        guard let place = Int(exactly: numbers[row]), place >= 0, place < count else {
            throw .invalid("The scores of x overflow float64 at row \(row) (counted from 0).")
        }
        return place
    }

    private static func distinct<Label: Comparable & BitwiseCopyable>(_ values: Buffer<Label>, _ kind: String)
        throws(ApusError) -> [Label]
    {
        var found: [Label] = []
        for row in 0..<values.count {
            let value = values.pointer[row]
            let index = place(of: value, in: found)
            if index < found.count, found[index] == value { continue }
            guard found.count < most else {
                throw .limit(
                    "y holds more than \(most) different labels; \(kind) tells classes apart, it does not predict numbers."
                )
            }
            found.insert(value, at: index)
        }
        guard found.count >= 2 else {
            throw .invalid(
                "y holds one class alone (\(found.first.map { "\($0)" } ?? "none")); \(kind) needs at least two.")
        }
        return found
    }

    /// The first index whose element is not below `value`.
    private static func place<Label: Comparable>(of value: Label, in sorted: [Label]) -> Int {
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
