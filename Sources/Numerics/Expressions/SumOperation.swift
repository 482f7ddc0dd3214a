import Core

/// The sum, or the mean, over axes; sums are compensated.
struct SumOperation: LinearOperation {
    let name: String
    let axes: ReducedAxes
    private let isMean: Bool

    init(isMean: Bool, _ axes: ReducedAxes) throws(ApusError) {
        name = isMean ? "mean" : "sum"
        self.axes = axes
        self.isMean = isMean
        if isMean, axes.size == 0, axes.groups > 0 { throw .shape("The mean of no elements is not defined.") }
    }

    var shape: Shape { axes.shape }
    var settings: [String] { axes.settings }

    private func sum(_ x: UnsafePointer<Double>, _ start: Int) -> Double {
        var total = CompensatedSum()
        axes.forEachRun(of: start) { place, length, step in
            if step == 1, length >= 4 {
                total.add(RunSums.sum(x + place, length))
            } else {
                for index in 0..<length { total.add(x[place &+ index &* step]) }
            }
        }
        return isMean ? total.value / Double(axes.size) : total.value
    }

    func value(_ x: Operands, _ y: UnsafeMutablePointer<Double>, _ context: Context) {
        guard let x = x[0] else { return }
        axes.forEachGroup { y[$0] = sum(x, $1) }
    }

    func tangent(
        _ x: Operands, _ y: UnsafePointer<Double>, _ dx: Operands, _ dy: UnsafeMutablePointer<Double>, _ context: Context
    ) {
        guard let dx = dx[0] else { return dy.update(repeating: 0, count: axes.groups) }
        axes.forEachGroup { dy[$0] = sum(dx, $1) }
    }

    func reverse(
        _ x: Operands, _ y: UnsafePointer<Double>, _ ybar: UnsafePointer<Double>, _ xbar: Results, _ context: Context
    ) {
        guard let xbar = xbar[0] else { return }
        axes.forEachGroup { group, start in
            let share = isMean ? ybar[group] / Double(axes.size) : ybar[group]
            if share != 0 { axes.forEachElement(of: start) { xbar[$0] += share } }
        }
    }
}
