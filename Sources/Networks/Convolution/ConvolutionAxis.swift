import Core

/// How a window slides along one axis: its length in taps, the steps between windows and between taps, and the padding.
struct ConvolutionAxis: Equatable {
    enum Padding: Equatable {
        /// Only windows that lie inside.
        case valid
        /// As many windows as stride divides the axis into; what lacks is padded, the larger half at the end.
        case same
        /// Padded at the beginning alone: a window sees nothing that comes later.
        case causal
    }

    let taps: Int
    let stride: Int
    let dilation: Int
    let padding: Padding

    /// Elements from the first tap of a window to the last.
    var reach: Int { (taps - 1) * dilation + 1 }

    /// Windows along an axis of `extent` elements, 0 when none fits; `Shape.unknown` of an unknown one.
    func windows(_ extent: Int) -> Int {
        if extent == Shape.unknown { return extent }
        switch padding {
        case .valid: return extent < reach ? 0 : (extent - reach) / stride + 1
        case .same, .causal: return extent <= 0 ? 0 : (extent - 1) / stride + 1
        }
    }

    /// Elements of padding before the first one.
    func padBefore(_ extent: Int) -> Int {
        switch padding {
        case .valid: return 0
        case .same: return max(0, (windows(extent) - 1) * stride + reach - extent) / 2
        case .causal: return reach - 1
        }
    }

    /// Elements along the output of a transposed convolution of `extent` windows.
    func spread(_ extent: Int, outputPadding: Int?) -> Int {
        if extent == Shape.unknown { return extent }
        if let outputPadding {
            return (extent - 1) * stride + reach - (padding == .same ? 2 * (reach / 2) : 0) + outputPadding
        }
        return padding == .same ? extent * stride : extent * stride + max(reach - stride, 0)
    }

    /// Elements that the output of a transposed convolution lacks at its beginning.
    func cutBefore(outputPadding: Int?) -> Int {
        guard padding == .same else { return 0 }
        let total = outputPadding.map { reach + reach % 2 - 2 + $0 } ?? stride + reach - 2
        return reach - 1 - min(total / 2 + total % 2, reach - 1)
    }
}

/// Where the taps of each window fall along one axis: a destination element is a sum over taps of source elements.
///
/// Destination elements come in phases, all elements of a phase with the same taps, at least one: element `first + step q` takes the
/// source elements `q advance + offset` of its taps, those outside of the source being 0.
struct TapPlan {
    struct Tap {
        let number: Int
        let offset: Int
    }
    struct Phase {
        let first: Int
        let count: Int
        /// By ascending offset.
        let taps: [Tap]
        /// Whether offsets follow each other by 1.
        let isRun: Bool
    }

    let source: Int
    let destination: Int
    let step: Int
    let advance: Int
    let phases: [Phase]
    /// Of a transpose: the windows' axis, and how far the first begins ahead of the first element.
    let spread: (axis: ConvolutionAxis, before: Int)?

    /// Windows over a source: the convolution itself.
    init(windowsOf axis: ConvolutionAxis, over source: Int) {
        self.init(windows: axis.windows(source), of: axis, over: source, before: axis.padBefore(source))
    }

    /// A given number of windows over a source, the first beginning `before` elements ahead of it.
    init(windows: Int, of axis: ConvolutionAxis, over source: Int, before: Int) {
        self.source = source
        destination = windows
        (step, advance) = (1, axis.stride)
        spread = nil
        let taps = (0..<axis.taps).map { Tap(number: $0, offset: $0 * axis.dilation - before) }
        phases = [Phase(first: 0, count: windows, taps: taps, isRun: axis.dilation == 1 || axis.taps == 1)]
    }

    /// The transpose: elements that windows cover, from the windows. `before` is how far the first window begins ahead
    /// of the first element.
    init(spreadOf axis: ConvolutionAxis, windows source: Int, to destination: Int, before: Int) {
        self.source = source
        self.destination = destination
        (step, advance) = (axis.stride, 1)
        spread = (axis, before)
        // By the first element that a tap can reach: as many phases as taps at most, however large the stride.
        var taps: [Int: [Tap]] = [:]
        for number in (0..<axis.taps).reversed() {
            let place = number * axis.dilation - before
            let first = (place % axis.stride + axis.stride) % axis.stride
            if first < destination {
                taps[first, default: []].append(Tap(number: number, offset: (first - place) / axis.stride))
            }
        }
        phases = taps.sorted { $0.key < $1.key }.map { first, taps in
            Phase(
                first: first, count: (destination - first + axis.stride - 1) / axis.stride, taps: taps,
                isRun: zip(taps, taps.dropFirst()).allSatisfy { $1.offset == $0.offset + 1 })
        }
    }

    /// Whether some destination elements take nothing from the source.
    var hasGaps: Bool { phases.count < min(step, destination) }
}
