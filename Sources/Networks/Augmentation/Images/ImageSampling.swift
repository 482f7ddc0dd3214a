import Core
import Glibc

/// What is read between the pixels of an image and beyond its borders.
struct ImageSampling: Equatable, Sendable {
    enum Fill: Sendable {
        /// (k k k k | a b c d | k k k k)
        case constant
        /// (a a a a | a b c d | d d d d)
        case nearest
        /// (d c b a | a b c d | d c b a)
        case reflect
        /// (a b c d | a b c d | a b c d)
        case wrap
    }

    let fill: Fill
    let isBilinear: Bool
    let value: Float

    static let specs = [
        ParameterSpec(
            "fill_mode", .choice(["reflect", "constant", "nearest", "wrap"]), default: "reflect",
            "what lies beyond the borders: reflect (d c b a | a b c d | d c b a), wrap (a b c d | a b c d | a b c d), "
                + "nearest (a a a a | a b c d | d d d d), constant (fill_value)"),
        ParameterSpec(
            "interpolation", .choice(["bilinear", "nearest"]), default: "bilinear", "what lies between the pixels"),
        ParameterSpec(
            "fill_value", .real(from: -1e9, to: 1e9), default: 0.0,
            "what fill_mode constant puts beyond the borders"),
    ]

    init(_ parameters: Parameters) {
        fill =
            switch parameters.text("fill_mode") {
            case "constant": .constant
            case "nearest": .nearest
            case "wrap": .wrap
            default: .reflect
            }
        isBilinear = parameters.text("interpolation") != "nearest"
        value = fill == .constant ? Float(parameters.real("fill_value")) : 0
    }

    /// Writes the image that a map makes of another one of the same shape.
    func resample(
        _ image: UnsafePointer<Float>, _ shape: ImageShape, _ map: AffineMap, to out: UnsafeMutablePointer<Float>
    ) {
        if map.isOfWholePixels {
            move(image, shape, map, to: out)
        } else if isBilinear {
            interpolate(image, shape, map, to: out)
        } else {
            pick(image, shape, map, to: out)
        }
    }

    /// The pixel that stands at a place along an axis of `count`; -1 for the fill value.
    @inline(__always)
    func place(_ index: Int, _ count: Int) -> Int {
        if index >= 0, index < count { return index }
        switch fill {
        case .constant: return -1
        case .nearest: return index < 0 ? 0 : count - 1
        case .reflect:
            let turn = index % (2 * count)
            let positive = turn < 0 ? turn + 2 * count : turn
            return positive < count ? positive : 2 * count - 1 - positive
        case .wrap:
            let rest = index % count
            return rest < 0 ? rest + count : rest
        }
    }

    /// A coordinate that has a whole number near it: far ones end at 1e9, beyond any image.
    @inline(__always)
    private static func bounded(_ value: Double) -> Double { value > -1e9 ? (value < 1e9 ? value : 1e9) : -1e9 }

    /// The whole number below a bounded coordinate, without the call that `rounded` is on the oldest processors.
    @inline(__always)
    private static func floor(_ value: Double) -> Int {
        let whole = Int(value)
        return value < Double(whole) ? whole - 1 : whole
    }

    /// Flips and shifts by whole pixels: the values themselves, with whatever interpolation.
    private func move(
        _ image: UnsafePointer<Float>, _ shape: ImageShape, _ map: AffineMap, to out: UnsafeMutablePointer<Float>
    ) {
        let (width, height, channels) = (shape.width, shape.height, shape.channels)
        let (x0, y0, step) = (Int(map.x0), Int(map.y0), Int(map.xx))
        // Columns of the result that show columns of the image, if they are not turned.
        let from = min(max(0, -x0), width)
        let to = max(from, min(width, width - x0))
        for y in 0..<height {
            let row = place(Int(map.yy) * y + y0, height)
            let target = out + y * width * channels
            if row < 0 {
                target.update(repeating: value, count: width * channels)
                continue
            }
            let source = image + row * width * channels
            var x = 0
            while x < width {
                if step == 1, x == from, to > from {
                    (target + x * channels).update(from: source + (x + x0) * channels, count: (to - from) * channels)
                    x = to
                    continue
                }
                put(source, place(step * x + x0, width), channels, target + x * channels)
                x += 1
            }
        }
    }

    @inline(__always)
    func put(
        _ source: UnsafePointer<Float>, _ column: Int, _ channels: Int, _ target: UnsafeMutablePointer<Float>
    ) {
        for channel in 0..<channels { target[channel] = column < 0 ? value : source[column * channels + channel] }
    }

    private func pick(
        _ image: UnsafePointer<Float>, _ shape: ImageShape, _ map: AffineMap, to out: UnsafeMutablePointer<Float>
    ) {
        let (width, height, channels) = (shape.width, shape.height, shape.channels)
        for y in 0..<height {
            for x in 0..<width {
                let sx = ImageSampling.bounded(map.xx * Double(x) + (map.xy * Double(y) + map.x0) + 0.5)
                let sy = ImageSampling.bounded(map.yx * Double(x) + (map.yy * Double(y) + map.y0) + 0.5)
                let column = place(ImageSampling.floor(sx), width)
                let row = place(ImageSampling.floor(sy), height)
                put(
                    image + max(row, 0) * width * channels, row < 0 ? -1 : column, channels,
                    out + (y * width + x) * channels)
            }
        }
    }

    private func interpolate(
        _ image: UnsafePointer<Float>, _ shape: ImageShape, _ map: AffineMap, to out: UnsafeMutablePointer<Float>
    ) {
        let (width, height, channels) = (shape.width, shape.height, shape.channels)
        let pitch = width * channels
        var target = out
        for y in 0..<height {
            let (baseX, baseY) = (map.xy * Double(y) + map.x0, map.yy * Double(y) + map.y0)
            // Columns that surely read within the image; the others look at their borders.
            let inner = ImageSampling.inside(map.xx, baseX, width).clamped(
                to: ImageSampling.inside(map.yx, baseY, height)
            ).clamped(to: 0..<width)
            var x = 0
            while x < width {
                if x == inner.lowerBound, !inner.isEmpty {
                    within(image, shape, map, baseX, baseY, inner, to: target)
                    target += inner.count * channels
                    x = inner.upperBound
                    continue
                }
                let sx = ImageSampling.bounded(map.xx * Double(x) + baseX)
                let sy = ImageSampling.bounded(map.yx * Double(x) + baseY)
                let (column, row) = (ImageSampling.floor(sx), ImageSampling.floor(sy))
                let (wx, wy) = (Float(sx - Double(column)), Float(sy - Double(row)))
                let (x0, x1) = (place(column, width), place(column + 1, width))
                let (y0, y1) = (place(row, height), place(row + 1, height))
                for channel in 0..<channels {
                    let a = x0 < 0 || y0 < 0 ? value : image[y0 * pitch + x0 * channels + channel]
                    let b = x1 < 0 || y0 < 0 ? value : image[y0 * pitch + x1 * channels + channel]
                    let c = x0 < 0 || y1 < 0 ? value : image[y1 * pitch + x0 * channels + channel]
                    let d = x1 < 0 || y1 < 0 ? value : image[y1 * pitch + x1 * channels + channel]
                    let upper = a + wx * (b - a)
                    let lower = c + wx * (d - c)
                    target[channel] = upper + wy * (lower - upper)
                }
                target += channels
                x += 1
            }
        }
    }

    /// The x, of those within 2^31 of 0, for which slope x + start is surely in [0, count - 1), with a margin for
    /// rounding.
    private static func inside(_ slope: Double, _ start: Double, _ count: Int) -> Range<Int> {
        let most = Double(Int32.max)
        let end = Double(count - 1)
        let margin = 1e-6 * (1 + abs(start) + end)
        if slope == 0 {
            return start > margin && start < end - margin ? 0..<Int(Int32.max) : 0..<0
        }
        let (first, last) = ((margin - start) / slope, (end - margin - start) / slope)
        let (from, to) = (min(first, last).rounded(.up), max(first, last).rounded(.down) + 1)
        guard end > 2 * margin, from < most, to > -most, from < to else { return 0..<0 }
        return Int(max(from, -most))..<Int(min(to, most))
    }

    /// Columns of a row that read within the image.
    private func within(
        _ image: UnsafePointer<Float>, _ shape: ImageShape, _ map: AffineMap, _ baseX: Double, _ baseY: Double,
        _ columns: Range<Int>, to out: UnsafeMutablePointer<Float>
    ) {
        // The usual numbers of channels, told apart so that the compiler knows them.
        let pitch = shape.width * shape.channels
        switch shape.channels {
        case 1: ImageSampling.within(image, pitch, 1, map, baseX, baseY, columns, to: out)
        case 3: ImageSampling.within(image, pitch, 3, map, baseX, baseY, columns, to: out)
        default: ImageSampling.within(image, pitch, shape.channels, map, baseX, baseY, columns, to: out)
        }
    }

    @inline(__always)
    private static func within(
        _ image: UnsafePointer<Float>, _ pitch: Int, _ channels: Int, _ map: AffineMap, _ baseX: Double,
        _ baseY: Double, _ columns: Range<Int>, to out: UnsafeMutablePointer<Float>
    ) {
        var target = out
        var x = columns.lowerBound
        while x < columns.upperBound {
            let (sx, sy) = (map.xx * Double(x) + baseX, map.yx * Double(x) + baseY)
            // Neither is below 0, so that whole parts are those below.
            let (column, row) = (Int32(sx), Int32(sy))
            let (wx, wy) = (Float(sx - Double(column)), Float(sy - Double(row)))
            let corner = image + (Int(row) &* pitch &+ Int(column) &* channels)
            var channel = 0
            while channel < channels {
                let a = corner[channel]
                let b = corner[channel &+ channels]
                let c = corner[channel &+ pitch]
                let d = corner[channel &+ pitch &+ channels]
                let upper = a + wx * (b - a)
                let lower = c + wx * (d - c)
                target[channel] = upper + wy * (lower - upper)
                channel &+= 1
            }
            target += channels
            x &+= 1
        }
    }
}
