import Glibc

/// Recurrent layers in a few naive lines of double precision: one row, one step, one unit after the other.
struct RecurrentReference {
    let kind: String
    let units: Int
    var activation = "tanh"
    var gate = "sigmoid"
    var usesBias = true
    var resetsAfter = true
    var backwards = false
    var sequences = false
    var returnsState = false
    var zeroes = false

    var weightCount: Int { usesBias ? 3 : 2 }
    var stateCount: Int { kind == "LSTM" ? 2 : 1 }

    private func apply(_ name: String, _ x: [Double]) -> [Double] { ReferenceActivation.apply(name, x, width: units) }

    /// v times columns of a matrix with `width` columns.
    private func times(_ v: [Double], _ matrix: [Double], _ width: Int, _ gate: Int) -> [Double] {
        (0..<units).map { unit in
            v.indices.reduce(0) { $0 + v[$1] * matrix[$1 * width + gate * units + unit] }
        }
    }

    private func plus(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 + $1 } }
    private func by(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 * $1 } }

    /// The output (of all rows), then the last states.
    func run(_ r: LayerReference, weights: [[Double]], states given: [[Double]]) -> [[Double]] {
        let (steps, features) = (r.shapes[0][0], r.shapes[0][1])
        let gates = kind == "LSTM" ? 4 : kind == "GRU" ? 3 : 1
        let width = gates * units
        let (kernel, recurrent) = (weights[0], weights[1])
        func bias(_ row: Int, _ gate: Int) -> [Double] {
            guard usesBias else { return Array(repeating: 0, count: units) }
            return (0..<units).map { weights[2][row * width + gate * units + $0] }
        }
        var output: [Double] = []
        var last: [[Double]] = Array(repeating: [], count: stateCount)
        for row in 0..<r.rows {
            var states = (0..<stateCount).map { number in
                given.isEmpty
                    ? Array(repeating: 0.0, count: units) : Array(given[number][row * units..<(row + 1) * units])
            }
            var y = Array(repeating: 0.0, count: units)
            for order in 0..<steps {
                let place = row * steps + (backwards ? steps - 1 - order : order)
                let x = Array(r.inputs[0][place * features..<(place + 1) * features])
                func input(_ gate: Int) -> [Double] { plus(times(x, kernel, width, gate), bias(0, gate)) }
                if let mask = r.masks?[0], mask[place] == 0 {
                    y = zeroes ? Array(repeating: 0, count: units) : states[0]
                } else {
                    let h = states[0]
                    func sum(_ gate: Int) -> [Double] { plus(input(gate), times(h, recurrent, width, gate)) }
                    switch kind {
                    case "LSTM":
                        let (i, f, o) = (apply(gate, sum(0)), apply(gate, sum(1)), apply(gate, sum(3)))
                        states[1] = plus(by(f, states[1]), by(i, apply(activation, sum(2))))
                        states[0] = by(o, apply(activation, states[1]))
                    case "GRU":
                        let extra = resetsAfter ? (bias(1, 0), bias(1, 1)) : (h.map { _ in 0 }, h.map { _ in 0 })
                        let z = apply(gate, plus(sum(0), extra.0))
                        let reset = apply(gate, plus(sum(1), extra.1))
                        let through =
                            resetsAfter
                            ? by(reset, plus(times(h, recurrent, width, 2), bias(1, 2)))
                            : times(by(reset, h), recurrent, width, 2)
                        let candidate = apply(activation, plus(input(2), through))
                        states[0] = (0..<units).map { z[$0] * h[$0] + (1 - z[$0]) * candidate[$0] }
                    default: states[0] = apply(activation, sum(0))
                    }
                    y = states[0]
                }
                if sequences { output += y }
            }
            if !sequences { output += y }
            for number in 0..<stateCount { last[number] += states[number] }
        }
        return [output] + (returnsState ? last : [])
    }

    /// The case of this layer on rows of (steps, features).
    func item(
        _ steps: Int, _ features: Int, _ extra: String = "", states: Bool = false, masked: Bool = false
    ) -> LayerCase {
        var text = "units=\(units)"
        if activation != "tanh" { text += " activation=\(activation)" }
        if gate != "sigmoid" { text += " recurrent_activation=\(gate)" }
        if !usesBias { text += " use_bias=false" }
        if !resetsAfter { text += " reset_after=false" }
        if backwards { text += " go_backwards=true" }
        if sequences { text += " return_sequences=true" }
        if returnsState { text += " return_state=true" }
        if zeroes { text += " zero_output_for_mask=true" }
        let inputs = [[steps, features]] + (states ? Array(repeating: [units], count: stateCount) : [])
        return LayerCase(kind: kind, inputs: inputs, parameters: text + extra, masked: masked) { r in
            run(r, weights: r.weights, states: Array(r.inputs.dropFirst()))
        }
    }
}
