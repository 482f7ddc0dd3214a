import Core

/// The product over axes. The derivative by an element is the product of the others, found from products before and after
/// it, so that zeros are no exception.
struct ProductReduction: ExpressionOperation {
    let axes: ReducedAxes
    var name: String { "product" }
    var shape: Shape { axes.shape }
    var settings: [String] { axes.settings }

    init(_ axes: ReducedAxes) { self.axes = axes }

    func value(_ x: Operands, _ y: UnsafeMutablePointer<Double>, _ context: Context) {
        guard let x = x[0] else { return }
        axes.forEachGroup { group, start in
            var result = 1.0
            axes.forEachElement(of: start) { result *= x[$0] }
            y[group] = result
        }
    }

    /// Calls `body` with each element's place, the product of the others and the tangent of that.
    private func forEachOther(
        _ x: UnsafePointer<Double>, _ dx: UnsafePointer<Double>?, _ start: Int, _ scratch: Buffer<Double>,
        _ body: (_ place: Int, _ others: Double, _ change: Double) -> Void
    ) {
        // What comes after each element, from behind; then forward.
        let places = UnsafeMutableRawPointer(scratch.pointer).assumingMemoryBound(to: Int.self)
        let after = scratch.pointer + axes.size
        let afterChange = after + axes.size
        var count = 0
        axes.forEachElement(of: start) {
            places[count] = $0
            count += 1
        }
        var value = 1.0
        var change = 0.0
        var index = count
        while index > 0 {
            index -= 1
            after[index] = value
            afterChange[index] = change
            let place = places[index]
            change = change * x[place] + value * (dx?[place] ?? 0)
            value *= x[place]
        }
        value = 1
        change = 0
        for index in 0..<count {
            let place = places[index]
            body(place, value * after[index], change * after[index] + value * afterChange[index])
            change = change * x[place] + value * (dx?[place] ?? 0)
            value *= x[place]
        }
    }

    private func scratch(_ context: Context) throws(ApusError) -> Buffer<Double> {
        let (count, overflow) = axes.size.multipliedReportingOverflow(by: 3)
        return try Buffer(overflow ? Int.max : count, in: context.allocator)
    }

    func tangent(
        _ x: Operands, _ y: UnsafePointer<Double>, _ dx: Operands, _ dy: UnsafeMutablePointer<Double>, _ context: Context
    ) throws(ApusError) {
        guard let x = x[0], let dx = dx[0] else { return dy.update(repeating: 0, count: axes.groups) }
        let scratch = try scratch(context)
        axes.forEachGroup { group, start in
            var sum = 0.0
            forEachOther(x, nil, start, scratch) { place, others, _ in sum += Numerics.product(dx[place], others) }
            dy[group] = sum
        }
    }

    func reverse(
        _ x: Operands, _ y: UnsafePointer<Double>, _ ybar: UnsafePointer<Double>, _ xbar: Results, _ context: Context
    ) throws(ApusError) {
        guard let x = x[0], let xbar = xbar[0] else { return }
        let scratch = try scratch(context)
        axes.forEachGroup { group, start in
            let share = ybar[group]
            if share == 0 { return }
            forEachOther(x, nil, start, scratch) { place, others, _ in xbar[place] += share * others }
        }
    }

    func reverseTangent(
        _ x: Operands, _ y: UnsafePointer<Double>, _ dx: Operands, _ dy: UnsafePointer<Double>,
        _ ybar: UnsafePointer<Double>, _ dybar: UnsafePointer<Double>, _ dxbar: Results, _ context: Context
    ) throws(ApusError) {
        guard let x = x[0], let dxbar = dxbar[0] else { return }
        let scratch = try scratch(context)
        axes.forEachGroup { group, start in
            forEachOther(x, dx[0], start, scratch) { place, others, change in
                dxbar[place] += Numerics.product(dybar[group], others) + Numerics.product(ybar[group], change)
            }
        }
    }
}
