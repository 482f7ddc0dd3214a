import CVector
import Core

/// What one kind of recurrent layer does in one step of some rows; `RecurrentPass` does the rest.
///
/// With u units: gates of u floats each, made by x kernel + bias and by products with the recurrent kernel; one or two
/// states of u floats, the first of which is the output; and, for cells that need it, u floats kept beside the gates.
protocol RecurrentCell: Sendable {
    var units: Int { get }
    var gateCount: Int { get }
    var stateCount: Int { get }
    /// Whether u floats of each step are kept beside the gates.
    var keeps: Bool { get }
    /// Products with the recurrent kernel, those of stage 0 before those of stage 1.
    var products: [RecurrentProduct] { get }
    /// Whether the bias has a second row, added to the products with the recurrent kernel.
    var hasRecurrentBias: Bool { get }
    /// Whether a gradient needs what was before an activation.
    var needsInput: Bool { get }

    /// From what the products made to the gates, and after the last stage to the next states.
    func forward(_ block: CellBlock, stage: Int, _ bias: CellBias, _ kernels: borrowing apus_kernels)

    /// From the gradients by the next states to those before the gates' activations (in place of the gates), by the
    /// states before the step as far as they do not pass through a product, and by the operand of the products. Where
    /// `keeps` is what a product wrote, it becomes the gradient of that.
    func backward(_ block: CellBlock, _ gradient: CellGradient, stage: Int, _ kernels: borrowing apus_kernels)
}

/// A product with some gates' columns of the recurrent kernel.
struct RecurrentProduct: Sendable {
    let gates: Range<Int>
    var stage = 0
    /// The operand is what the cell kept, not the state.
    var readsKept = false
    /// The result is kept instead of being added to the gates.
    var writesKept = false
}

/// A step of some neighbouring rows: of each array the first row's place; rows are dense.
struct CellBlock {
    let rows: Int
    let gates: UnsafeMutablePointer<Float>
    let kept: UnsafeMutablePointer<Float>
    /// Where the gates before their activations go; nil when nobody needs them.
    let before: UnsafeMutablePointer<Float>?
    /// The first state as the products see it: through recurrent dropout.
    let operand: UnsafePointer<Float>
    let state: UnsafePointer<Float>
    let cell: UnsafePointer<Float>
    let nextState: UnsafeMutablePointer<Float>
    let nextCell: UnsafeMutablePointer<Float>

    /// One of its rows alone.
    func row(_ row: Int, units: Int, width: Int) -> CellBlock {
        let place = row * units
        return CellBlock(
            rows: 1, gates: gates + row * width, kept: kept + place, before: before.map { $0 + row * width },
            operand: operand + place, state: state + place, cell: cell + place, nextState: nextState + place,
            nextCell: nextCell + place)
    }
}

/// What is added to the products of a step: to all gates, and to what a product keeps. Zeros without a bias.
struct CellBias {
    let gates: UnsafePointer<Float>
    let kept: UnsafePointer<Float>
}

/// Where the gradients of a step of some neighbouring rows are.
struct CellGradient {
    /// By the next states; then by those before.
    let state: UnsafeMutablePointer<Float>
    let cell: UnsafeMutablePointer<Float>
    /// By the operand, to be added to; the same place as `state` where the operand is the state.
    let operand: UnsafeMutablePointer<Float>
    /// By what was kept, made by the products of stage 1.
    let kept: UnsafeMutablePointer<Float>
    /// Room for all gates of a row.
    let room: UnsafeMutablePointer<Float>

    func row(_ row: Int, units: Int) -> CellGradient {
        let place = row * units
        return CellGradient(
            state: state + place, cell: cell + place, operand: operand + place, kept: kept + place, room: room)
    }
}

extension Activation {
    /// Applies itself to some gates of a row, keeping what was before where that is wanted.
    @inline(__always)
    func gates(_ range: Range<Int>, of row: CellBlock, units: Int, _ kernels: borrowing apus_kernels) {
        for gate in range {
            let y = row.gates + gate * units
            if let before = row.before { (before + gate * units).update(from: y, count: units) }
            apply(kernels, y, y, rows: 1, columns: units)
        }
    }

    /// The gradient before itself of some gates, from `room` into the gates.
    @inline(__always)
    func gateGradients(
        _ range: Range<Int>, of row: CellBlock, room: UnsafeMutablePointer<Float>, units: Int,
        _ kernels: borrowing apus_kernels
    ) {
        for gate in range {
            let y = row.gates + gate * units
            gradient(
                kernels, y, kept: row.before.map { UnsafePointer($0 + gate * units) }, room + gate * units, y, rows: 1,
                columns: units)
        }
    }
}
