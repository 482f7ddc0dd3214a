import Core

/// The equation of an EinsumDense, "abc,cde->abde": letters for the axes of the input, the kernel and the output, the
/// batch first. "..." stands for any axes, on the left of input and output or on the right of both.
struct EinsumEquation {
    let text: String
    private let input: [UInt8]
    let kernel: [UInt8]
    private let output: [UInt8]
    private enum Elision { case none, left, right }
    private let elision: Elision

    /// Throws `invalidArgument` for text that is no such equation.
    init(_ text: String) throws(ApusError) {
        let bytes = text.utf8.filter { $0 != UInt8(ascii: " ") }
        func fault() -> ApusError {
            .parameter(
                "equation", of: "EinsumDense",
                mustBe: "letters of the input, the kernel and the output such as abc,cd->abd, ...a,ab->...b or ab...,bc->ac...",
                got: "'\(text.prefix(80))'")
        }
        guard let comma = bytes.firstIndex(of: UInt8(ascii: ",")), let arrow = bytes.firstIndex(of: UInt8(ascii: "-")),
            comma < arrow, arrow + 1 < bytes.count, bytes[arrow + 1] == UInt8(ascii: ">")
        else { throw fault() }
        let dots = [UInt8](repeating: UInt8(ascii: "."), count: 3)
        func split(_ part: ArraySlice<UInt8>) -> (letters: [UInt8], elision: Elision) {
            if part.starts(with: dots) { return (Array(part.dropFirst(3)), .left) }
            if part.suffix(3).elementsEqual(dots) { return (Array(part.dropLast(3)), .right) }
            return (Array(part), .none)
        }
        let (left, middle, right) = (split(bytes[..<comma]), split(bytes[(comma + 1)..<arrow]), split(bytes[(arrow + 2)...]))
        for letters in [left.letters, middle.letters, right.letters] {
            guard !letters.isEmpty, letters.count <= Shape.maximumRank, Set(letters).count == letters.count,
                letters.allSatisfy({ ($0 | 32) >= UInt8(ascii: "a") && ($0 | 32) <= UInt8(ascii: "z") })
            else { throw fault() }
        }
        guard left.elision == right.elision, middle.elision == .none else { throw fault() }
        (self.text, input, kernel, output, elision) = (text, left.letters, middle.letters, right.letters, left.elision)
    }

    /// What the axes of all three are called for inputs of a rank.
    struct Labels {
        /// Of the input and the output, the batch first; axes that "..." stands for have numbers from 128.
        let input: [UInt8]
        let kernel: [UInt8]
        let output: [UInt8]
        /// Axes of the output that its given shape tells: all but the batch and those that "..." stands for.
        let given: Range<Int>
        /// Axes that "..." stands for on the right.
        let trailing: Int
    }

    /// Throws `shape` for inputs that the equation does not fit, `invalidArgument` for one that no product can make.
    func labels(rows: Shape) throws(ApusError) -> Labels {
        let elided = rows.rank + 1 - input.count
        guard elision == .none ? elided == 0 : elided >= 0 else {
            throw .shape("EinsumDense with equation \(text) does not fit rows of shape \(rows).")
        }
        let unnamed = (0..<max(0, elided)).map { UInt8(128 + $0) }
        let x = elision == .left ? unnamed + input : input + unnamed
        let y = elision == .left ? unnamed + output : output + unnamed
        guard y.count <= Shape.maximumRank else {
            throw .shape("EinsumDense with equation \(text) gives rows of shape \(rows) too many axes.")
        }
        guard x[0] == y[0], !kernel.contains(x[0]) else {
            throw .invalid("The equation of EinsumDense must keep the batch, the first axis, got \(text).")
        }
        for letter in kernel where !x.contains(letter) && !y.contains(letter) {
            throw .invalid("The equation of EinsumDense has a kernel axis that neither input nor output has, got \(text).")
        }
        for letter in y where !x.contains(letter) && !kernel.contains(letter) {
            throw .invalid("The equation of EinsumDense has an output axis that neither input nor kernel has, got \(text).")
        }
        for letter in x where !kernel.contains(letter) && !y.contains(letter) {
            throw .invalid("The equation of EinsumDense sums over an axis that its kernel does not have, got \(text).")
        }
        let leading = elision == .left ? max(1, elided) : 1
        let trailing = elision == .right ? elided : 0
        return Labels(input: x, kernel: kernel, output: y, given: leading..<(y.count - trailing), trailing: trailing)
    }
}

/// Input, kernel and output of an EinsumDense as matrices: for each place of the axes that all three have, `free` x
/// `summed` times `summed` x `made`.
final class EinsumMatrices {
    /// One of the three, of the input and output a row of it.
    struct Operand {
        var shared = StridedWalk()
        var matrix = StridedWalk()
        /// Whether its elements lie in the order of the matrices.
        var isDense = true
        var count: Int { cappedProduct(shared.count, matrix.count) }
    }

    let input: Operand
    let kernel: Operand
    let output: Operand
    /// Matrices, and their extents.
    let shared: Int
    let free: Int
    let summed: Int
    let made: Int

    init(_ labels: EinsumEquation.Labels, input x: Shape, kernel k: Shape, output y: Shape) {
        let (inputs, outputs) = (Array(labels.input.dropFirst()), Array(labels.output.dropFirst()))
        let isShared = { (label: UInt8) in inputs.contains(label) && outputs.contains(label) && labels.kernel.contains(label) }
        let sharedLabels = outputs.filter(isShared)
        let freeLabels = outputs.filter { inputs.contains($0) && !labels.kernel.contains($0) }
        let madeLabels = outputs.filter { !inputs.contains($0) }
        let summedLabels = labels.kernel.filter { !outputs.contains($0) }
        func operand(_ names: [UInt8], _ shape: Shape, _ matrix: [UInt8]) -> Operand {
            var steps = [Int](repeating: 1, count: names.count)
            for axis in names.indices.dropLast().reversed() { steps[axis] = cappedProduct(steps[axis + 1], shape[axis + 1]) }
            var result = Operand()
            var dense = 1
            for label in (sharedLabels + matrix).reversed() {
                guard let axis = names.firstIndex(of: label) else { continue }
                if shape[axis] != 1, steps[axis] != dense { result.isDense = false }
                dense = cappedProduct(dense, shape[axis])
            }
            for label in sharedLabels + matrix {
                guard let axis = names.firstIndex(of: label) else { continue }
                if sharedLabels.contains(label) {
                    result.shared.append(shape[axis], step: steps[axis])
                } else {
                    result.matrix.append(shape[axis], step: steps[axis])
                }
            }
            return result
        }
        input = operand(inputs, x, freeLabels + summedLabels)
        kernel = operand(labels.kernel, k, summedLabels + madeLabels)
        output = operand(outputs, y, freeLabels + madeLabels)
        func product(_ labels: [UInt8], _ names: [UInt8], _ shape: Shape) -> Int {
            labels.reduce(1) { result, label in
                names.firstIndex(of: label).map { cappedProduct(result, shape[$0]) } ?? result
            }
        }
        shared = product(sharedLabels, outputs, y)
        free = product(freeLabels, outputs, y)
        made = product(madeLabels, outputs, y)
        summed = product(summedLabels, labels.kernel, k)
    }

    /// Whether rows of an operand must be brought into the order of the matrices: the rows are among the free axes.
    func packs(_ operand: Operand) -> Bool { shared > 1 || !operand.isDense }
}
