import Core
import Glibc
import Numerics
import Testing

/// One line search by itself.
struct LineSearchTests {
    private func search(
        _ parameters: String = "", from x: [Double], along d: [Double], lower: [Double]? = nil, upper: [Double]? = nil,
        _ function: @escaping Minimising.Function
    ) throws -> (step: Double, minimum: Minimum, gradient: [Double]) {
        let context = try Context()
        let n = x.count
        let bounds = try Bounds(lower: lower, upper: upper, count: n, in: context.allocator)
        let problem = Problem(count: n, bounds: bounds) { (x, g) throws(ApusError) in try function(x, g, n) }
        var gradient = [Double](repeating: 0, count: n)
        let found = try LineSearch.search(parameters, problem, from: x, along: d, gradient: &gradient, in: context)
        return (found.step, found.minimum, gradient)
    }

    @Test(arguments: ["", "c2=0.1", "c1=0.3 c2=0.35", "first=1e-6", "first=1e6", "c2=0.001"])
    func meetsTheStrongWolfeConditions(parameters: String) throws {
        let (x, d) = ([-1.2, 1.0], [215.6, 88.0])
        let found = try search(parameters, from: x, along: d, Smooth.rosenbrock)
        let values = try Parameters(kind: "line_search", specs: LineSearch.specs, text: parameters)
        let slope = -(215.6 * 215.6 + 88.0 * 88.0)
        let end = found.gradient[0] * d[0] + found.gradient[1] * d[1]
        #expect(found.minimum.value <= 24.2 + values.real("c1") * found.step * slope)
        #expect(abs(end) <= values.real("c2") * abs(slope))
        let there = [x[0] + found.step * d[0], x[1] + found.step * d[1]]
        let value = try #require(try Smooth.rosenbrock(there, nil, 2))
        #expect(abs(value - found.minimum.value) <= 1e-12 * value)
    }

    /// A parabola tells its minimum at the second point, however near to the first that is.
    @Test(arguments: [0.3, 0.05, 0.0085, 1e-4]) func aMinimumNextToTheStartIsFoundAtOnce(minimum: Double) throws {
        let found = try search(from: [0], along: [1]) { (x, g, _) throws(ApusError) in
            g?[0] = 2 * (x[0] - minimum)
            return (x[0] - minimum) * (x[0] - minimum)
        }
        #expect(abs(found.step - minimum) <= 1e-9 && found.minimum.functionEvaluations == 3)
    }

    @Test func refusesADirectionThatDoesNotDescend() throws {
        for d in [[-215.6, -88.0], [0, 0], [88.0, -215.6]] {
            do {
                _ = try search(from: [-1.2, 1], along: d, Smooth.rosenbrock)
                Issue.record("\(d) does not descend")
            } catch let error as ApusError { #expect(error.code == .notConverged) }
        }
        #expect(throws: ApusError.self) { try search(from: [1], along: [.nan], Smooth.bowl) }
    }

    @Test func saysSoWhenThereIsNoStep() throws {
        do {
            _ = try search("maximum=100", from: [0], along: [1]) { (x, g, _) throws(ApusError) in
                g?[0] = -1
                return -x[0]
            }
            Issue.record("A line that falls has no such step")
        } catch let error as ApusError {
            #expect(error.code == .notConverged && error.message.contains("100"))
        }
        for text in ["c1=0.5 c2=0.4", "c1=0", "c2=1", "maximum=0", "maxiter=0"] {
            #expect(throws: ApusError.self) { try search(text, from: [3], along: [-1], Smooth.bowl) }
        }
    }

    @Test func staysWithinTheBounds() throws {
        let found = try search("c2=0.99", from: [3], along: [-1], lower: [2], upper: [9], Smooth.bowl)
        #expect(found.step <= 1 && found.step > 0)
        #expect(throws: ApusError.self) {
            try search(from: [2], along: [-1], lower: [2], upper: [9], Smooth.bowl)
        }
    }
}
