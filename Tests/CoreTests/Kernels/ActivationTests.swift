import CVector
import Core
import Glibc
import Testing

private let codes = [
    APUS_K_LINEAR, APUS_K_RELU, APUS_K_LEAKY_RELU, APUS_K_ELU, APUS_K_SIGMOID, APUS_K_TANH, APUS_K_EXPONENTIAL,
    APUS_K_RELU6, APUS_K_SELU, APUS_K_CELU, APUS_K_HARD_SIGMOID, APUS_K_SOFTPLUS, APUS_K_SOFTSIGN,
    APUS_K_LOG_SIGMOID, APUS_K_HARD_TANH,
] + inputCodes

/// Those whose derivative needs the input.
private let inputCodes = [APUS_K_GELU, APUS_K_GELU_TANH, APUS_K_SILU, APUS_K_MISH, APUS_K_HARD_SILU]

private func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }
private func hardSigmoid(_ x: Double) -> Double { max(0, min(1, (x + 3) / 6)) }

/// sigmoid of 2 sqrt(2 / pi) (x + 0.044715 x^3), and its exponent
private func geluExponent(_ x: Double) -> Double { 1.5957691216057308 * (x + 0.044715 * x * x * x) }
private func sigmoid(_ x: Double) -> Double { x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x)) }

private func reference(_ code: Int32, _ alpha: Float, _ x: Double) -> Double {
    switch code {
    case APUS_K_RELU: x > 0 || x.isNaN ? x : 0
    case APUS_K_LEAKY_RELU: x >= 0 ? x : Double(alpha) * x
    case APUS_K_ELU: x > 0 ? x : Double(alpha) * expm1(x)
    case APUS_K_SIGMOID: 1 / (1 + exp(-x))
    case APUS_K_TANH: tanh(x)
    case APUS_K_EXPONENTIAL: exp(x)
    case APUS_K_RELU6: x.isNaN ? x : max(0, min(6, x))
    case APUS_K_SELU: 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * expm1(x))
    case APUS_K_CELU: x > 0 ? x : Double(alpha) * expm1(x / Double(alpha))
    case APUS_K_HARD_SIGMOID: x.isNaN ? x : hardSigmoid(x)
    case APUS_K_SOFTPLUS: x.isNaN ? x : softplus(x)
    case APUS_K_SOFTSIGN: x.isInfinite ? (x > 0 ? 1 : -1) : x / (1 + abs(x))
    case APUS_K_LOG_SIGMOID: x.isNaN ? x : -softplus(-x)
    case APUS_K_HARD_TANH: x.isNaN ? x : max(-1, min(1, x))
    case APUS_K_GELU: x == -.infinity ? 0 : 0.5 * x * erfc(-x * 0.5.squareRoot())
    case APUS_K_GELU_TANH: x < -1e9 ? 0 : x * sigmoid(geluExponent(x))
    case APUS_K_SILU: x == -.infinity ? 0 : x * sigmoid(x)
    case APUS_K_MISH: x == -.infinity ? 0 : x * tanh(softplus(x))
    case APUS_K_HARD_SILU: x <= -3 ? 0 : x * hardSigmoid(x)
    default: x
    }
}

/// f'(x) of those that need the input.
private func inputSlope(_ code: Int32, _ x: Double) -> Double {
    switch code {
    case APUS_K_GELU:
        0.5 * erfc(-x * 0.5.squareRoot()) + x * exp(-x * x / 2) / (2 * Double.pi).squareRoot()
    case APUS_K_GELU_TANH:
        sigmoid(geluExponent(x)) + x * sigmoid(geluExponent(x)) * sigmoid(-geluExponent(x))
            * 1.5957691216057308 * (1 + 3 * 0.044715 * x * x)
    case APUS_K_SILU: sigmoid(x) * (1 + x * sigmoid(-x))
    case APUS_K_MISH: tanh(softplus(x)) + x * sigmoid(x) * (1 - tanh(softplus(x)) * tanh(softplus(x)))
    default: x <= -3 ? 0 : x < 3 ? x / 3 + 0.5 : 1
    }
}

/// f'(x) from y = f(x).
private func slope(_ code: Int32, _ alpha: Float, _ y: Double) -> Double {
    switch code {
    case APUS_K_RELU: y > 0 ? 1 : 0
    case APUS_K_LEAKY_RELU: y > 0 ? 1 : Double(alpha)
    case APUS_K_ELU: y > 0 ? 1 : y + Double(alpha)
    case APUS_K_SIGMOID: y * (1 - y)
    case APUS_K_TANH: 1 - y * y
    case APUS_K_EXPONENTIAL: y
    case APUS_K_RELU6: y > 0 && y < 6 ? 1 : 0
    case APUS_K_SELU: y > 0 ? 1.0507009873554805 : y + 1.0507009873554805 * 1.6732632423543772
    case APUS_K_CELU: y > 0 ? 1 : (y + Double(alpha)) / Double(alpha)
    case APUS_K_HARD_SIGMOID: y > 0 && y < 1 ? 1.0 / 6 : 0
    case APUS_K_SOFTPLUS: -expm1(-y)
    case APUS_K_SOFTSIGN: (1 - abs(y)) * (1 - abs(y))
    case APUS_K_LOG_SIGMOID: -expm1(y)
    case APUS_K_HARD_TANH: y > -1 && y < 1 ? 1 : 0
    default: 1
    }
}

struct ActivationTests {
    @Test(arguments: InstructionSet.available)
    func agreeWithTheirFormulasAtEverySize(_ set: InstructionSet) {
        let kernels = set.kernels
        #expect(String(cString: kernels.name) == set.name)
        for code in codes {
            for size in kernelSizes {
                let x = Floats(size, seed: UInt64(size), from: -9, to: 9)
                let before = x.bits
                let y = Floats(size)
                kernels.activation(code, 0.3, x.start, y.start, Int64(size))
                let error = largestUlps(y) { reference(code, 0.3, x[$0]) }
                #expect(error <= 4, "code \(code), size \(size)")
                #expect(x.bits == before && y.isIntact)
                kernels.activation(code, 0.3, x.start, x.start, Int64(size))
                #expect(x.bits == y.bits, "in place, code \(code), size \(size)")
            }
        }
    }

    @Test(arguments: InstructionSet.available)
    func keepNaNAndMeetTheirLimits(_ set: InstructionSet) {
        let kernels = set.kernels
        for code in codes {
            let x = Floats([
                .nan, .infinity, -.infinity, 0, -0.0, 1e-30, -1e-30, 89, -105, 3e38, -3e38,
                -87.2, -87.3, -87.336, -87.34, 87.3, 88.7, 88.73, -103.9, 9, 9.1, -9.02,
            ])
            let y = Floats(x.count)
            kernels.activation(code, 0.3, x.start, y.start, Int64(x.count))
            for i in 0..<x.count {
                let error = ulps(y.start[i], from: reference(code, 0.3, x[i]))
                #expect(error <= 4, "code \(code) of \(x[i]) is \(y[i])")
            }
        }
    }

    /// Some take another way for a whole vector where one element is far.
    @Test(arguments: InstructionSet.available)
    func doNotDependOnTheirNeighbours(_ set: InstructionSet) {
        for code in codes {
            let x = Floats(16) { Float($0) * 0.7 - 5.3 }
            let alone = Floats(16)
            set.kernels.activation(code, 0.3, x.start, alone.start, 16)
            for other: Float in [-20, 20, -.infinity, .nan, 1e-40] {
                for place in 0..<16 {
                    let mixed = x.copy()
                    mixed.start[place] = other
                    set.kernels.activation(code, 0.3, mixed.start, mixed.start, 16)
                    for i in 0..<16 where i != place {
                        #expect(mixed.start[i].bitPattern == alone.start[i].bitPattern, "code \(code) of \(x[i])")
                    }
                }
            }
        }
    }

    /// Every 16411th float of all, NaN and infinities among them.
    @Test(arguments: InstructionSet.available)
    func areAccurateOverAllFloats(_ set: InstructionSet) {
        let kernels = set.kernels
        let bounds = [
            (APUS_K_ELU, 1.5), (APUS_K_SIGMOID, 3.0), (APUS_K_TANH, 3.0), (APUS_K_EXPONENTIAL, 1.5),
            (APUS_K_SELU, 3.0), (APUS_K_CELU, 1.5), (APUS_K_SOFTPLUS, 4.0), (APUS_K_SOFTSIGN, 2.0),
            (APUS_K_LOG_SIGMOID, 4.0), (APUS_K_GELU, 4.0), (APUS_K_GELU_TANH, 4.0), (APUS_K_SILU, 4.0),
            (APUS_K_MISH, 3.6),
        ]
        let chunk = 4096
        let y = Floats(chunk)
        var bits: UInt64 = 0
        while bits < 1 << 32 {
            let x = Floats(chunk) { Float(bitPattern: UInt32(truncatingIfNeeded: bits + UInt64($0) * 16411)) }
            for (code, bound) in bounds {
                kernels.activation(code, 1, x.start, y.start, Int64(chunk))
                let error = largestUlps(y) { reference(code, 1, x[$0]) }
                #expect(error <= bound, "code \(code) from \(x[0])")
            }
            bits += UInt64(chunk) * 16411
        }
    }

    @Test(arguments: InstructionSet.available)
    func gradientsFollowFromInputs(_ set: InstructionSet) {
        let kernels = set.kernels
        for code in inputCodes {
            for size in kernelSizes {
                let x = Floats(size, seed: 5, from: -9, to: 9)
                let dy = Floats(size, seed: 6)
                let dx = Floats(size)
                kernels.activation_input_gradient(code, x.start, dy.start, dx.start, Int64(size))
                let error = largestError(
                    dx, from: { dy[$0] * inputSlope(code, x[$0]) }, scale: { abs(dy[$0]) })
                #expect(error <= 2 * roundings && dx.isIntact, "code \(code), size \(size)")
                kernels.activation_input_gradient(code, x.start, dy.start, dy.start, Int64(size))
                #expect(dy.bits == dx.bits, "in place, code \(code), size \(size)")
            }
            let far = Floats([-.infinity, -3e38, -200, -20, 20, 200, 3e38, .infinity])
            let dy = Floats(8) { _ in 1 }
            kernels.activation_input_gradient(code, far.start, dy.start, dy.start, 8)
            #expect(dy.values.map { abs($0) < 1e-5 ? 0 : $0 } == [0, 0, 0, 0, 1, 1, 1, 1], "code \(code)")
            let nan = Floats([.nan])
            kernels.activation_input_gradient(code, nan.start, far.start, nan.start, 1)
            #expect(nan.start[0].isNaN, "code \(code)")
        }
    }

    @Test(arguments: InstructionSet.available)
    func gradientsFollowFromOutputs(_ set: InstructionSet) {
        let kernels = set.kernels
        for code in codes where code < APUS_K_GELU {
            for size in kernelSizes {
                let x = Floats(size, seed: 5)
                kernels.activation(code, 0.3, x.start, x.start, Int64(size))
                let dy = Floats(size, seed: 6)
                let dx = Floats(size)
                kernels.activation_gradient(code, 0.3, x.start, dy.start, dx.start, Int64(size))
                let error = largestError(
                    dx, from: { dy[$0] * slope(code, 0.3, x[$0]) }, scale: { abs(dy[$0]) * max(1, abs(x[$0])) })
                #expect(error <= roundings && dx.isIntact, "code \(code), size \(size)")
                kernels.activation_gradient(code, 0.3, x.start, dy.start, dy.start, Int64(size))
                #expect(dy.bits == dx.bits, "in place, code \(code), size \(size)")
            }
        }
    }

    @Test(arguments: InstructionSet.available)
    func takeTheNegativeSlopeAtZero(_ set: InstructionSet) {
        let y = Floats([0, -0.0])
        let dy = Floats([2, 2])
        set.kernels.activation_gradient(APUS_K_RELU, 0, y.start, dy.start, dy.start, 2)
        #expect(dy.values == [0, 0])
        let steps = Floats([2, 2])
        set.kernels.activation_gradient(APUS_K_LEAKY_RELU, 0.25, y.start, steps.start, steps.start, 2)
        #expect(steps.values == [0.5, 0.5])
    }

    @Test(arguments: InstructionSet.available)
    func addTheBiasOfEachColumn(_ set: InstructionSet) {
        let kernels = set.kernels
        for code in codes {
            for columns in [1, 3, 10, 16, 17, 40, 64, 1030] {
                let rows = 5
                let bias = Floats(columns, seed: 8)
                let x = Floats(rows * columns, seed: 9)
                let y = x.copy()
                kernels.bias_activation(code, 0.3, bias.start, y.start, Int64(rows), Int64(columns))
                let error = largestUlps(y) { reference(code, 0.3, Double(x.start[$0] + bias.start[$0 % columns])) }
                #expect(error <= 4 && y.isIntact, "code \(code), columns \(columns)")

                let plain = x.copy()
                kernels.bias_activation(code, 0.3, nil, plain.start, Int64(rows), Int64(columns))
                kernels.activation(code, 0.3, x.start, x.start, Int64(rows * columns))
                #expect(plain.bits == x.bits, "no bias, code \(code), columns \(columns)")
            }
        }
    }
}
