import Core

/// Where a recurrent layer's arrays are: sizes for some rows, and offsets into scratch. Arrays of steps have one block
/// of dense rows for each step in the order of processing, so that a step of some rows is one run of memory; where no
/// gradient will be asked for, one step's place serves all.
struct RecurrentLayout {
    let rows: Int
    let steps: Int
    let inputs: Int
    let units: Int
    /// Floats of all gates of a step.
    let width: Int
    /// Whether every step has a place of its own.
    let keepsSteps: Bool

    // Of each step and after the last one: the states. Of each step: the state that products see; the gates; what the
    // cell keeps; the gates before their activations; the input.
    private(set) var state = 0
    private(set) var cell = 0
    private(set) var operand = 0
    private(set) var gates = 0
    private(set) var kept = 0
    private(set) var before = 0
    private(set) var input = 0
    // Of each row: gradients within a step, dropout's factors.
    private(set) var stateGradient = 0
    private(set) var cellGradient = 0
    private(set) var operandGradient = 0
    private(set) var keptGradient = 0
    private(set) var inputFactors = 0
    private(set) var stateFactors = 0
    /// Floats in all.
    private(set) var count = 0

    init(
        rows: Int, steps: Int, inputs: Int, cell kind: some RecurrentCell, differentiable: Bool, dropsInputs: Bool,
        dropsState: Bool
    ) {
        self.rows = rows
        self.steps = steps
        self.inputs = inputs
        keepsSteps = differentiable
        units = kind.units
        width = kind.gateCount * kind.units
        let perRow = cappedProduct(rows, units)
        let positions = cappedProduct(rows, differentiable ? steps : 1)
        let states = cappedProduct(perRow, differentiable ? steps + 1 : 2)
        state = take(states)
        cell = take(kind.stateCount > 1 ? states : 0)
        gates = take(cappedProduct(positions, width))
        kept = take(kind.keeps ? cappedProduct(positions, units) : 0)
        if differentiable {
            operand = dropsState ? take(cappedProduct(positions, units)) : state
            before = take(kind.needsInput ? cappedProduct(positions, width) : 0)
            input = take(cappedProduct(positions, inputs))
            stateGradient = take(perRow)
            cellGradient = take(kind.stateCount > 1 ? perRow : 0)
            operandGradient = dropsState ? take(perRow) : stateGradient
            keptGradient = take(kind.products.contains { $0.readsKept } ? perRow : 0)
            inputFactors = take(dropsInputs ? cappedProduct(rows, inputs) : 0)
            stateFactors = take(dropsState ? perRow : 0)
        }
    }

    /// The row of arrays of steps where step number `order` begins.
    func place(_ order: Int) -> Int { keepsSteps ? order * rows : 0 }

    /// The row of the states' arrays where those before step number `order` begin.
    func statePlace(_ order: Int) -> Int { (keepsSteps ? order : order & 1) * rows }

    /// The place of an array, on a cache line.
    private mutating func take(_ size: Int) -> Int {
        let start = count
        count = min(1 << 58, start + (size + 15) & ~15)
        return start
    }
}
