import Core
import Glibc

/// From a place (x, y) of the result, in pixels from the first one's centre, to the place of the image that it shows:
/// (xx x + xy y + x0, yx x + yy y + y0).
struct AffineMap: Equatable {
    var xx = 1.0
    var xy = 0.0
    var x0 = 0.0
    var yx = 0.0
    var yy = 1.0
    var y0 = 0.0

    static let identity = AffineMap()

    /// A linear map about the middle of an image.
    static func aboutMiddle(_ shape: ImageShape, xx: Double, xy: Double, yx: Double, yy: Double) -> AffineMap {
        let (x, y) = (Double(shape.width - 1) / 2, Double(shape.height - 1) / 2)
        return AffineMap(xx: xx, xy: xy, x0: x - xx * x - xy * y, yx: yx, yy: yy, y0: y - yx * x - yy * y)
    }

    /// The map of the image that `next` makes of what this one makes.
    func followed(by next: AffineMap) -> AffineMap {
        AffineMap(
            xx: xx * next.xx + xy * next.yx, xy: xx * next.xy + xy * next.yy,
            x0: xx * next.x0 + xy * next.y0 + x0,
            yx: yx * next.xx + yy * next.yx, yy: yx * next.xy + yy * next.yy,
            y0: yx * next.x0 + yy * next.y0 + y0)
    }

    /// Whether it takes pixels to pixels along rows and columns, with or without turning their order.
    var isOfWholePixels: Bool {
        xy == 0 && yx == 0 && abs(xx) == 1 && abs(yy) == 1 && x0 == x0.rounded(.down) && y0 == y0.rounded(.down)
            && abs(x0) < 1e9 && abs(y0) < 1e9
    }

    /// Cosine and sine of a number of turns, exact at quarters.
    static func rotation(turns: Double) -> (cosine: Double, sine: Double) {
        let quarters = 4 * turns.remainder(dividingBy: 1)
        let whole = quarters.rounded()
        let rest = (quarters - whole) * (Double.pi / 2)
        let (c, s) = (cos(rest), sin(rest))
        switch whole {
        case 0: return (c, s)
        case 1: return (-s, c)
        case -1: return (s, -c)
        default: return (-c, -s)
        }
    }
}
