import Core

/// The largest or smallest element over axes; NaN wins. Equal ones share the derivative.
struct ExtremeOperation: LinearOperation {
    let isMaximum: Bool
    let axes: ReducedAxes

    init(isMaximum: Bool, _ axes: ReducedAxes) throws(ApusError) {
        self.isMaximum = isMaximum
        self.axes = axes
        if axes.size == 0, axes.groups > 0 { throw .shape("The \(isMaximum ? "max" : "min") of no elements is not defined.") }
    }

    var name: String { isMaximum ? "max" : "min" }
    var shape: Shape { axes.shape }
    var settings: [String] { axes.settings }

    func value(_ x: Operands, _ y: UnsafeMutablePointer<Double>, _ context: Context) {
        guard let x = x[0] else { return }
        axes.forEachGroup { group, start in
            var best = isMaximum ? -Double.infinity : Double.infinity
            axes.forEachElement(of: start) {
                let value = x[$0]
                if best.isNaN { return }
                if value.isNaN || (isMaximum ? value > best : value < best) { best = value }
            }
            y[group] = best
        }
    }

    /// How many elements of a group are the extreme one.
    private func ties(_ x: UnsafePointer<Double>, _ start: Int, _ best: Double) -> Double {
        var count = 0
        axes.forEachElement(of: start) { if x[$0] == best || (x[$0].isNaN && best.isNaN) { count += 1 } }
        return Double(max(count, 1))
    }

    func tangent(
        _ x: Operands, _ y: UnsafePointer<Double>, _ dx: Operands, _ dy: UnsafeMutablePointer<Double>, _ context: Context
    ) {
        guard let x = x[0], let dx = dx[0] else { return dy.update(repeating: 0, count: axes.groups) }
        axes.forEachGroup { group, start in
            var sum = 0.0
            axes.forEachElement(of: start) {
                if x[$0] == y[group] || (x[$0].isNaN && y[group].isNaN) { sum += dx[$0] }
            }
            dy[group] = sum / ties(x, start, y[group])
        }
    }

    func reverse(
        _ x: Operands, _ y: UnsafePointer<Double>, _ ybar: UnsafePointer<Double>, _ xbar: Results, _ context: Context
    ) {
        guard let x = x[0], let xbar = xbar[0] else { return }
        axes.forEachGroup { group, start in
            if ybar[group] == 0 { return }
            let share = ybar[group] / ties(x, start, y[group])
            axes.forEachElement(of: start) {
                if x[$0] == y[group] || (x[$0].isNaN && y[group].isNaN) { xbar[$0] += share }
            }
        }
    }
}
