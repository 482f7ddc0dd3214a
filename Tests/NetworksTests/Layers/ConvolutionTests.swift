import Core
import Foundation
import Networks
import Testing

/// Convolutions once more, place by place, by Keras's rules for padding.
struct NaiveConvolution {
    /// Of each axis; a sequence is a plane of one line.
    var taps = [1, 1]
    var strides = [1, 1]
    var dilations = [1, 1]
    var padding = "valid"
    var groups = 1

    func reach(_ axis: Int) -> Int { (taps[axis] - 1) * dilations[axis] + 1 }

    func windows(_ axis: Int, _ extent: Int) -> Int {
        padding == "valid" ? (extent - reach(axis)) / strides[axis] + 1 : (extent + strides[axis] - 1) / strides[axis]
    }

    func before(_ axis: Int, _ extent: Int) -> Int {
        switch padding {
        case "same": max(0, (windows(axis, extent) - 1) * strides[axis] + reach(axis) - extent) / 2
        case "causal": reach(axis) - 1
        default: 0
        }
    }

    /// Calls body(picture, window, tap, place) for all that meet; places and windows count over the plane.
    func each(
        rows: Int, plane: [Int], before: [Int], windows: [Int], _ body: (Int, Int, Int, Int) -> Void
    ) {
        for picture in 0..<rows {
            for i in 0..<windows[0] {
                for j in 0..<windows[1] {
                    for a in 0..<taps[0] {
                        for b in 0..<taps[1] {
                            let y = i * strides[0] - before[0] + a * dilations[0]
                            let x = j * strides[1] - before[1] + b * dilations[1]
                            if y < 0 || x < 0 || y >= plane[0] || x >= plane[1] { continue }
                            body(
                                picture, (picture * windows[0] + i) * windows[1] + j, a * taps[1] + b,
                                (picture * plane[0] + y) * plane[1] + x)
                        }
                    }
                }
            }
        }
    }

    func apply(_ x: [Double], rows: Int, plane: [Int], channels: Int, kernel: [Double], filters: Int) -> [Double] {
        let windows = [self.windows(0, plane[0]), self.windows(1, plane[1])]
        var y = [Double](repeating: 0, count: rows * windows[0] * windows[1] * filters)
        let (taken, made) = (channels / groups, filters / groups)
        each(rows: rows, plane: plane, before: [before(0, plane[0]), before(1, plane[1])], windows: windows) {
            _, window, tap, place in
            for f in 0..<filters {
                for c in 0..<taken {
                    let channel = f / made * taken + c
                    y[window * filters + f] += x[place * channels + channel] * kernel[(tap * taken + c) * filters + f]
                }
            }
        }
        return y
    }

    func depthwise(_ x: [Double], rows: Int, plane: [Int], channels: Int, kernel: [Double], multiplier: Int) -> [Double] {
        let windows = [self.windows(0, plane[0]), self.windows(1, plane[1])]
        let made = channels * multiplier
        var y = [Double](repeating: 0, count: rows * windows[0] * windows[1] * made)
        each(rows: rows, plane: plane, before: [before(0, plane[0]), before(1, plane[1])], windows: windows) {
            _, window, tap, place in
            for c in 0..<made {
                y[window * made + c] += x[place * channels + c / multiplier] * kernel[tap * made + c]
            }
        }
        return y
    }

    /// The transpose: input places are the windows over an output plane.
    func transpose(
        _ x: [Double], rows: Int, plane: [Int], channels: Int, kernel: [Double], filters: Int, outputPadding: [Int]?
    ) -> [Double] {
        var (extents, cuts) = ([0, 0], [0, 0])
        for axis in 0..<2 {
            let k = reach(axis)
            let s = strides[axis]
            if let more = outputPadding?[axis] {
                extents[axis] = (plane[axis] - 1) * s + k - (padding == "same" ? 2 * (k / 2) : 0) + more
            } else {
                extents[axis] = padding == "same" ? plane[axis] * s : plane[axis] * s + max(k - s, 0)
            }
            if padding == "same" {
                let total = outputPadding.map { k + k % 2 - 2 + $0[axis] } ?? s + k - 2
                cuts[axis] = k - 1 - min((total + 1) / 2, k - 1)
            }
        }
        var y = [Double](repeating: 0, count: rows * extents[0] * extents[1] * filters)
        each(rows: rows, plane: extents, before: cuts, windows: plane) { _, window, tap, place in
            for f in 0..<filters {
                for c in 0..<channels {
                    y[place * filters + f] += x[window * channels + c] * kernel[(tap * filters + f) * channels + c]
                }
            }
        }
        return y
    }
}

/// A plane of one line for a sequence.
func plane(_ shape: [Int]) -> [Int] { shape.count > 2 ? [shape[0], shape[1]] : [1, shape[0]] }

private func finish(_ y: [Double], _ bias: [Double]?, _ activation: String, _ width: Int) -> [[Double]] {
    let shifted = y.enumerated().map { $1 + (bias?[$0 % width] ?? 0) }
    return [ReferenceActivation.apply(activation, shifted, width: width)]
}

extension LayerCase {
    private static func form(_ text: String, _ kind: String) -> (NaiveConvolution, [String: String]) {
        var values: [String: String] = [:]
        for part in text.split(separator: " ") {
            let pair = part.split(separator: "=", maxSplits: 1)
            values[String(pair[0])] = String(pair[1])
        }
        let is1D = kind.contains("1D")
        func sizes(_ name: String) -> [Int]? {
            guard let text = values[name] else { return nil }
            let numbers = text.split { "[], ".contains($0) }.compactMap { Int($0) }
            return is1D ? [1, numbers[0]] : numbers.count > 1 ? numbers : [numbers[0], numbers[0]]
        }
        var naive = NaiveConvolution()
        naive.taps = sizes("kernel_size") ?? [1, 1]
        naive.strides = sizes("strides") ?? [1, 1]
        naive.dilations = sizes("dilation_rate") ?? [1, 1]
        naive.padding = values["padding"] ?? "valid"
        naive.groups = Int(values["groups"] ?? "1") ?? 1
        // A line's own axis is never padded.
        if is1D { naive.taps[0] = 1 }
        return (naive, values)
    }

    /// Winograd's transforms round about twice as much as the sums themselves (docs/decisions.md).
    private static func rounding(_ shape: [Int], _ text: String) -> Double {
        shape[shape.count - 1] >= 32 && text.contains("kernel_size=3") ? 2 * roundingOfSums : roundingOfSums
    }

    static let convolution: [LayerCase] = [
        ("Conv1D", [9, 2], "filters=3 kernel_size=3"),
        ("Conv1D", [8, 3], "filters=4 kernel_size=3 padding=same strides=2 activation=tanh"),
        ("Conv1D", [10, 2], "filters=5 kernel_size=3 padding=causal dilation_rate=2 use_bias=false"),
        ("Conv1D", [10, 4], "filters=6 kernel_size=2 groups=2"),
        ("Conv1D", [150, 24], "filters=40 kernel_size=5 padding=same activation=gelu"),
        ("Conv2D", [6, 5, 2], "filters=3 kernel_size=3 activation=sigmoid"),
        ("Conv2D", [7, 5, 3], "filters=4 kernel_size=[3,2] strides=2 padding=same"),
        ("Conv2D", [8, 7, 1], "filters=2 kernel_size=3 dilation_rate=2"),
        ("Conv2D", [9, 8, 2], "filters=2 kernel_size=3 dilation_rate=[2,1] strides=[1,3] padding=same"),
        ("Conv2D", [5, 6, 4], "filters=6 kernel_size=3 groups=2 padding=same activation=mish"),
        ("Conv2D", [4, 5, 7], "filters=9 kernel_size=1 activation=softmax"),
        ("Conv2D", [4, 6, 7], "filters=3 kernel_size=1 strides=2"),
        ("Conv2D", [14, 13, 16], "filters=24 kernel_size=3 padding=same activation=elu"),
        ("Conv2D", [13, 14, 20], "filters=33 kernel_size=4 strides=2"),
        ("Conv2D", [2, 3, 3], "filters=2 kernel_size=[5,5] padding=same"),
        // Channels enough for Winograd's transforms: whole tiles and cut ones.
        ("Conv2D", [7, 6, 36], "filters=33 kernel_size=3 padding=same activation=tanh"),
        ("Conv2D", [10, 9, 32], "filters=49 kernel_size=3 use_bias=false"),
    ].map { kind, shape, text in
        let (naive, values) = form(text, kind)
        let filters = Int(values["filters"] ?? "1") ?? 1
        return LayerCase(kind: kind, inputs: [shape], parameters: text, rounding: rounding(shape, text)) { r in
            let y = naive.apply(
                r.inputs[0], rows: r.rows, plane: plane(shape), channels: shape[shape.count - 1], kernel: r.weights[0],
                filters: filters)
            return finish(y, r.weights.count > 1 ? r.weights[1] : nil, values["activation"] ?? "linear", filters)
        }
    }

    static let transposedConvolution: [LayerCase] = [
        ("Conv1DTranspose", [5, 2], "filters=3 kernel_size=3 strides=2 padding=same"),
        ("Conv1DTranspose", [3, 2], "filters=2 kernel_size=2 strides=50 activation=tanh"),
        ("Conv1DTranspose", [4, 3], "filters=2 kernel_size=2 strides=3 activation=tanh"),
        ("Conv2DTranspose", [4, 3, 2], "filters=3 kernel_size=3"),
        ("Conv2DTranspose", [4, 3, 2], "filters=2 kernel_size=3 strides=2 padding=same activation=sigmoid"),
        ("Conv2DTranspose", [3, 4, 2], "filters=2 kernel_size=4 strides=2 padding=same activation=silu"),
        ("Conv2DTranspose", [3, 2, 2], "filters=2 kernel_size=2 strides=3"),
        ("Conv2DTranspose", [3, 4, 2], "filters=2 kernel_size=3 strides=2 padding=same output_padding=1 use_bias=false"),
        ("Conv2DTranspose", [3, 4, 2], "filters=2 kernel_size=3 strides=2 output_padding=[1,0]"),
        ("Conv2DTranspose", [4, 3, 2], "filters=2 kernel_size=3 dilation_rate=2"),
        ("Conv2DTranspose", [2, 3, 2], "filters=2 kernel_size=3 strides=[3,2] padding=same"),
        ("Conv2DTranspose", [2, 3, 2], "filters=2 kernel_size=3 strides=4"),
        ("Conv2DTranspose", [6, 7, 32], "filters=40 kernel_size=3 padding=same"),
        ("Conv2DTranspose", [7, 7, 24], "filters=17 kernel_size=4 strides=2 padding=same"),
        // Spread, as those of few filters above are: more channels than a vector, and bands of lines.
        ("Conv2DTranspose", [7, 6, 70], "filters=20 kernel_size=[4,3] strides=2 padding=same"),
        ("Conv2DTranspose", [40, 40, 3], "filters=3 kernel_size=5 strides=2 padding=same activation=tanh"),
    ].map { kind, shape, text in
        let (naive, values) = form(text, kind)
        let filters = Int(values["filters"] ?? "1") ?? 1
        let more = values["output_padding"].map { text in
            let numbers = text.split { "[],".contains($0) }.compactMap { Int($0) }
            return numbers.count > 1 ? numbers : [numbers[0], numbers[0]]
        }
        return LayerCase(kind: kind, inputs: [shape], parameters: text, rounding: rounding(shape, text)) { r in
            var form = naive
            if kind.contains("1D") { form.strides[0] = 1 }
            let y = form.transpose(
                r.inputs[0], rows: r.rows, plane: plane(shape), channels: shape[shape.count - 1], kernel: r.weights[0],
                filters: filters, outputPadding: more)
            return finish(y, r.weights.count > 1 ? r.weights[1] : nil, values["activation"] ?? "linear", filters)
        }
    }

    static let depthwiseConvolution: [LayerCase] = [
        ("DepthwiseConv1D", [9, 3], "kernel_size=3 padding=same"),
        ("DepthwiseConv1D", [9, 2], "kernel_size=2 strides=2 depth_multiplier=3 activation=tanh"),
        ("DepthwiseConv2D", [5, 6, 3], "kernel_size=3"),
        ("DepthwiseConv2D", [6, 5, 2], "kernel_size=3 strides=2 padding=same depth_multiplier=2 activation=gelu"),
        ("DepthwiseConv2D", [7, 7, 20], "kernel_size=3 dilation_rate=2 padding=same use_bias=false"),
    ].map { kind, shape, text in
        let (naive, values) = form(text, kind)
        let multiplier = Int(values["depth_multiplier"] ?? "1") ?? 1
        let channels = shape[shape.count - 1]
        return LayerCase(kind: kind, inputs: [shape], parameters: text) { r in
            let y = naive.depthwise(
                r.inputs[0], rows: r.rows, plane: plane(shape), channels: channels, kernel: r.weights[0],
                multiplier: multiplier)
            let bias = r.weights.count > 1 ? r.weights[1] : nil
            return finish(y, bias, values["activation"] ?? "linear", channels * multiplier)
        }
    }

    static let separableConvolution: [LayerCase] = [
        ("SeparableConv1D", [9, 3], "filters=4 kernel_size=3 padding=causal"),
        ("SeparableConv2D", [5, 5, 2], "filters=3 kernel_size=3"),
        ("SeparableConv2D", [6, 7, 2], "filters=4 kernel_size=3 strides=2 padding=same depth_multiplier=2 activation=mish"),
    ].map { kind, shape, text in
        let (naive, values) = form(text, kind)
        let multiplier = Int(values["depth_multiplier"] ?? "1") ?? 1
        let filters = Int(values["filters"] ?? "1") ?? 1
        let channels = shape[shape.count - 1]
        return LayerCase(kind: kind, inputs: [shape], parameters: text) { r in
            let middle = naive.depthwise(
                r.inputs[0], rows: r.rows, plane: plane(shape), channels: channels, kernel: r.weights[0],
                multiplier: multiplier)
            let inner = channels * multiplier
            let y = NaiveConvolution().apply(
                middle, rows: 1, plane: [1, middle.count / inner], channels: inner, kernel: r.weights[1],
                filters: filters)
            return finish(y, r.weights[2], values["activation"] ?? "linear", filters)
        }
    }

    static let pooling: [LayerCase] = [
        ("MaxPooling1D", [7, 3], ""), ("MaxPooling1D", [8, 2], "pool_size=3 strides=2 padding=same"),
        ("MaxPooling2D", [5, 4, 2], ""), ("MaxPooling2D", [7, 6, 18], "pool_size=3 strides=2 padding=same"),
        ("MaxPooling2D", [4, 7, 1], "pool_size=[2,3] strides=[1,2]"),
        ("AveragePooling1D", [9, 2], "pool_size=4 strides=3 padding=same"), ("AveragePooling2D", [5, 4, 2], ""),
        ("AveragePooling2D", [7, 6, 18], "pool_size=3 strides=2 padding=same"),
    ].map { kind, shape, text in
        LayerCase(kind: kind, inputs: [shape], parameters: text) { r in
            var (naive, values) = form(text.replacingOccurrences(of: "pool_size", with: "kernel_size"), kind)
            if values["kernel_size"] == nil { naive.taps = kind.contains("1D") ? [1, 2] : [2, 2] }
            if values["strides"] == nil { naive.strides = naive.taps }
            let channels = shape[shape.count - 1]
            let area = plane(shape)
            let windows = [naive.windows(0, area[0]), naive.windows(1, area[1])]
            var members = [[Int]](repeating: [], count: r.rows * windows[0] * windows[1])
            naive.each(
                rows: r.rows, plane: area, before: [naive.before(0, area[0]), naive.before(1, area[1])],
                windows: windows
            ) { members[$1].append($3) }
            var y: [Double] = []
            for places in members {
                for c in 0..<channels {
                    let elements = places.map { r.inputs[0][$0 * channels + c] }
                    y.append(
                        kind.hasPrefix("Max")
                            ? elements.max() ?? 0 : elements.reduce(0, +) / Double(elements.count))
                }
            }
            return [y]
        }
    }

    static let globalPooling: [LayerCase] = [
        ("GlobalMaxPooling1D", [5, 3], ""), ("GlobalMaxPooling2D", [4, 3, 20], "keepdims=true"),
        ("GlobalAveragePooling2D", [4, 3, 2], ""),
    ].map { kind, shape, text in
        LayerCase(kind: kind, inputs: [shape], parameters: text) { r in
            let channels = shape[shape.count - 1]
            let places = r.count() / channels
            var y: [Double] = []
            for row in 0..<r.rows {
                for c in 0..<channels {
                    let elements = (0..<places).map { r.inputs[0][(row * places + $0) * channels + c] }
                    y.append(
                        kind.contains("Max") ? elements.max() ?? 0 : elements.reduce(0, +) / Double(places))
                }
            }
            return [y]
        }
    }

    static let resampling: [LayerCase] = [
        ("UpSampling1D", [4, 3], "size=3"), ("UpSampling2D", [2, 3, 2], "size=[3,2]"),
        ("UpSampling2D", [3, 4, 2], "interpolation=bilinear"), ("UpSampling2D", [3, 2, 17], "size=[2,3] interpolation=bilinear"),
    ].map { kind, shape, text in
        LayerCase(kind: kind, inputs: [shape], parameters: text) { r in
            let numbers = text.split { "[], =".contains($0) }.compactMap { Int($0) }
            let sizes = kind.contains("1D") ? [1, numbers.first ?? 2] : numbers.count > 1 ? numbers : [2, 2]
            let area = plane(shape)
            let channels = shape[shape.count - 1]
            // Weights of the input places along an axis.
            func parts(_ place: Int, _ axis: Int) -> [(Int, Double)] {
                guard text.contains("bilinear") else { return [(place / sizes[axis], 1)] }
                let center = (Double(place) + 0.5) / Double(sizes[axis]) - 0.5
                let low = Int(center.rounded(.down))
                let last = area[axis] - 1
                return [
                    (min(max(low, 0), last), 1 - (center - Double(low))), (min(max(low + 1, 0), last), center - Double(low)),
                ]
            }
            var y: [Double] = []
            for row in 0..<r.rows {
                for i in 0..<area[0] * sizes[0] {
                    for j in 0..<area[1] * sizes[1] {
                        for c in 0..<channels {
                            var sum = 0.0
                            for (a, u) in parts(i, 0) {
                                for (b, v) in parts(j, 1) {
                                    sum += u * v * r.inputs[0][((row * area[0] + a) * area[1] + b) * channels + c]
                                }
                            }
                            y.append(sum)
                        }
                    }
                }
            }
            return [y]
        }
    }

    static let framing: [LayerCase] = [
        ("ZeroPadding1D", [4, 2], "padding=2", [[0, 0], [2, 2]], 1),
        ("ZeroPadding1D", [4, 2], "padding=[1,3]", [[0, 0], [1, 3]], 1),
        ("ZeroPadding2D", [3, 2, 2], "", [[1, 1], [1, 1]], 1),
        ("ZeroPadding2D", [3, 2, 2], "padding=[[1,2],[0,3]]", [[1, 2], [0, 3]], 1),
        ("Cropping1D", [6, 2], "cropping=[2,1]", [[0, 0], [2, 1]], -1),
        ("Cropping2D", [5, 6, 2], "cropping=[[1,0],[2,1]]", [[1, 0], [2, 1]], -1),
        ("Cropping2D", [5, 6, 2], "cropping=[1,2]", [[1, 1], [2, 2]], -1),
    ].map { kind, shape, text, margins, sign in
        LayerCase(kind: kind, inputs: [shape], parameters: text) { r in
            let area = plane(shape)
            let channels = shape[shape.count - 1]
            var y: [Double] = []
            for row in 0..<r.rows {
                for i in 0..<area[0] + sign * (margins[0][0] + margins[0][1]) {
                    for j in 0..<area[1] + sign * (margins[1][0] + margins[1][1]) {
                        let (a, b) = (i - sign * margins[0][0], j - sign * margins[1][0])
                        let isInside = a >= 0 && b >= 0 && a < area[0] && b < area[1]
                        for c in 0..<channels {
                            y.append(isInside ? r.inputs[0][((row * area[0] + a) * area[1] + b) * channels + c] : 0)
                        }
                    }
                }
            }
            return [y]
        }
    }
}

struct ConvolutionTests {
    struct Refusal: Sendable {
        let kind: String
        let shape: [Int]
        let parameters: String
        /// Of the message.
        let part: String
    }

    @Test(arguments: [
        Refusal(kind: "Conv2D", shape: [4, 4, 3], parameters: "filters=4 kernel_size=5", part: "no room"),
        Refusal(kind: "Conv2D", shape: [4, 4, 3], parameters: "filters=4 kernel_size=3 groups=2", part: "3 channels cannot"),
        Refusal(kind: "Conv2D", shape: [4, 4, 4], parameters: "filters=3 kernel_size=3 groups=2", part: "of groups 2"),
        Refusal(kind: "Conv2D", shape: [4, 4], parameters: "filters=3 kernel_size=3", part: "(rows, columns, channels)"),
        Refusal(kind: "Conv2D", shape: [4, 4, 1], parameters: "filters=3 kernel_size=[1,2,3]", part: "kernel_size"),
        Refusal(kind: "Conv2D", shape: [4, 4, 1], parameters: "filters=3 kernel_size=0", part: "kernel_size"),
        Refusal(
            kind: "Conv2D", shape: [4, 4, 1], parameters: "filters=3 kernel_size=2000000000 dilation_rate=2000000000",
            part: "2^31"),
        Refusal(
            kind: "Conv2DTranspose", shape: [4, 4, 1], parameters: "filters=3 kernel_size=3 strides=2 output_padding=2",
            part: "less than the strides"),
        Refusal(kind: "MaxPooling2D", shape: [1, 4, 1], parameters: "", part: "no room"),
        Refusal(kind: "Cropping1D", shape: [2, 1], parameters: "", part: "leaves nothing"),
        Refusal(kind: "ZeroPadding2D", shape: [2, 2, 1], parameters: "padding=[1,2,3]", part: "two pairs"),
    ]) func refusesWhatCannotBe(_ item: Refusal) throws {
        let context = try Fixtures.context()
        var message = "accepted"
        do { _ = try Fixtures.network(item.shape, [(item.kind, item.parameters)], in: context) } catch let error as ApusError
        {
            message = error.message
        }
        #expect(message.contains(item.part))
    }

    /// A stride far beyond the window costs no more memory than what it makes.
    @Test func aVastStrideIsMade() throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network(
            [1, 1], [("Conv1DTranspose", "filters=1 kernel_size=2 strides=1000000 bias_initializer=ones")], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        let x = try Fixtures.tensor([1], [1, 1, 1], in: context)
        defer { withExtendedLifetime(x) {} }
        try trainer.runForward(Fixtures.dataset(x), training: true, in: context)
        let y = try trainer.output(0).floatArray
        #expect(y.count == 1_000_000 && y.dropFirst(2).allSatisfy { $0 == 1 } && y[0] != 1)
    }

    /// A place that several windows share gets the gradient of each that it is the largest of; of equals the first.
    @Test func theFirstOfEqualsTakesTheGradient() throws {
        let context = try Fixtures.context()
        let model = try Fixtures.network([4, 1], [("MaxPooling1D", "pool_size=2")], in: context)
        let trainer = try Fixtures.trainer(model, "loss=mse optimizer=sgd", in: context)
        let x = try Fixtures.tensor([1, 1, 0, 2], [1, 4, 1], in: context)
        let ones = try Fixtures.tensor([1, 1], [1, 2, 1], in: context)
        defer { withExtendedLifetime((x, ones)) {} }
        try trainer.runForward(Fixtures.dataset(x), training: true, in: context)
        try trainer.backward(outputGradients: [ones.view], wantsInputGradients: true, in: context)
        #expect(try trainer.inputGradient(0).floatArray == [1, 0, 0, 1])
    }
}
