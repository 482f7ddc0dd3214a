import Core

/// The parameters that convolutions and poolings share, for one or two axes.
enum ConvolutionParameters {
    static func sizes(_ name: String, default standard: JSON?, _ rank: Int, _ doc: String) -> ParameterSpec {
        ParameterSpec(
            name, .any(rank == 1 ? "a whole number >= 1" : "a whole number >= 1, or an array of two"),
            default: standard, doc)
    }

    static func padding(_ choices: [String] = ["valid", "same"]) -> ParameterSpec {
        ParameterSpec("padding", .choice(choices), default: "valid", "valid: windows inside alone; same: zeros around")
    }

    static let dataFormat = ParameterSpec(
        "data_format", .nullable(.choice(["channels_last", "channels_first"])), default: .null,
        "whether channels are the last axis, the default, or the first")

    static let depthMultiplier = ParameterSpec(
        "depth_multiplier", .integer(1...Int(Int32.max)), default: 1, "results for each channel")

    /// One number for each axis. Throws the standard message.
    static func values(
        _ parameters: Parameters, _ name: String, _ rank: Int, from least: Int = 1
    ) throws(ApusError) -> [Int] {
        let given = parameters[name]
        let listed = given.arrayValue ?? Array(repeating: given, count: rank)
        let values = listed.compactMap(\.integerValue)
        guard listed.count == rank, values.count == rank,
            values.allSatisfy({ $0 >= least && $0 <= Int(Int32.max) })
        else {
            throw .parameter(
                name, of: parameters.kind,
                mustBe: rank == 1
                    ? "a whole number >= \(least)" : "a whole number >= \(least), or an array of \(rank) of them",
                got: given.text)
        }
        return values
    }

    /// How windows slide along each axis.
    static func axes(
        _ parameters: Parameters, _ rank: Int, window: String = "kernel_size", dilates: Bool = true
    ) throws(ApusError) -> [ConvolutionAxis] {
        let taps = try values(parameters, window, rank)
        let strides = try parameters["strides"].isNull ? taps : values(parameters, "strides", rank)
        let dilations = try dilates ? values(parameters, "dilation_rate", rank) : Array(repeating: 1, count: rank)
        let padding: ConvolutionAxis.Padding =
            switch parameters.text("padding") {
            case "same": .same
            case "causal": .causal
            default: .valid
            }
        var axes: [ConvolutionAxis] = []
        for index in 0..<rank {
            let (reach, overflow) = (taps[index] - 1).multipliedReportingOverflow(by: dilations[index])
            guard !overflow, reach < Int(Int32.max) else {
                throw .parameter(
                    window, of: parameters.kind, mustBe: "a window of less than 2^31 elements",
                    got: "\(taps[index]) taps \(dilations[index]) apart")
            }
            axes.append(
                ConvolutionAxis(
                    taps: taps[index], stride: strides[index], dilation: dilations[index], padding: padding))
        }
        return axes
    }

    /// A list of numbers as Keras writes it.
    static func list(_ values: [Int]) -> JSON { .array(values.map { .integer($0) }) }

    /// Checks that rows are `rank` axes and known channels, and that a window fits each axis.
    static func check(
        _ inputs: [Shape], _ axes: [ConvolutionAxis], _ kind: String
    ) throws(ApusError) -> Shape {
        let input = inputs.first ?? Shape()
        let names = axes.count == 1 ? "(steps, channels)" : "(rows, columns, channels)"
        guard input.rank == axes.count + 1 else {
            throw .shape("\(kind) needs rows of shape \(names), got \(input).")
        }
        guard input.last != Shape.unknown, input.last > 0 else {
            throw .shape("\(kind) needs a known number of channels, got rows of shape \(input).")
        }
        for (index, axis) in axes.enumerated() where input[index] != Shape.unknown {
            guard input[index] > 0, axis.windows(input[index]) > 0 else {
                throw .shape(
                    "\(kind) has windows of \(axis.reach) elements along axis \(index + 1), which rows of shape \(input) have no room for."
                )
            }
        }
        return input
    }
}
