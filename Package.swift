// swift-tools-version: 6.2
import PackageDescription

// Instruction sets. Kernels are compiled once per set from the same source; everything else for the baseline, so that
// the library starts on every x86-64-v2 processor. Other architectures use their own baseline three times.
func march(_ level: String) -> SwiftSetting {
    .unsafeFlags(["-Xcc", "-march=\(level)"])
}
#if arch(x86_64)
let baseline = [march("x86-64-v2")], v3 = [march("x86-64-v3")], v4 = [march("x86-64-v4")]
#else
let baseline: [SwiftSetting] = [], v3: [SwiftSetting] = [], v4: [SwiftSetting] = []
#endif

// A release library carries the Swift runtime, hides all but apus_*, and never unloads what its threads run.
// The flags are those of a target of its own, for a target's flags reach every program that links it, tests included.
let exports = Context.packageDirectory + "/Sources/Apus/exports.map"
let shipping: [LinkerSetting] = [
    .unsafeFlags(
        [
            "-static-stdlib", "-Xlinker", "--version-script=\(exports)", "-Xlinker", "-soname=libapus.so.1",
            "-Xlinker", "--gc-sections", "-Xlinker", "-z", "-Xlinker", "nodelete", "-Xlinker", "--as-needed",
        ],
        .when(platforms: [.linux], configuration: .release))
]

let package = Package(
    name: "apus",
    products: [.library(name: "apus", type: .dynamic, targets: ["Apus", "Shipping"])],
    targets: [
        // C beneath
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
        .systemLibrary(name: "CApus", path: "include"),
        .systemLibrary(name: "CVector"),

        // Kernels
        .target(name: "VectorKernels", dependencies: ["CVector"], swiftSettings: baseline),
        .target(name: "VectorKernelsV3", dependencies: ["CVector"], swiftSettings: v3),
        .target(name: "VectorKernelsV4", dependencies: ["CVector"], swiftSettings: v4),

        // The core
        .target(
            name: "Core",
            dependencies: ["CVector", "COpenBLAS", "VectorKernels", "VectorKernelsV3", "VectorKernelsV4"],
            swiftSettings: baseline),
        .target(name: "Numerics", dependencies: ["Core", "COpenBLAS"], swiftSettings: baseline),
        .target(name: "Learning", dependencies: ["Core", "Numerics"], swiftSettings: baseline),
        .target(name: "Networks", dependencies: ["Core", "Numerics"], swiftSettings: baseline),
        .target(name: "Storage", dependencies: ["Core", "Learning", "Networks", "CHDF5"], swiftSettings: baseline),

        // The C ABI
        .target(
            name: "Apus", dependencies: ["Core", "Numerics", "Learning", "Networks", "Storage", "CApus"],
            exclude: ["exports.map", "symbols.txt"], swiftSettings: baseline),
        .target(name: "Shipping", linkerSettings: shipping),

        // Tests, mirroring Sources
        .testTarget(
            name: "CoreTests",
            dependencies: ["Core", "CVector", "VectorKernels", "VectorKernelsV3", "VectorKernelsV4"],
            swiftSettings: baseline),
        .testTarget(name: "NumericsTests", dependencies: ["Numerics"], swiftSettings: baseline),
        .testTarget(name: "LearningTests", dependencies: ["Learning"], swiftSettings: baseline),
        .testTarget(name: "NetworksTests", dependencies: ["Networks"], swiftSettings: baseline),
        .testTarget(name: "StorageTests", dependencies: ["Storage"], exclude: ["Files"], swiftSettings: baseline),
        .testTarget(name: "AbiTests", dependencies: ["Apus", "CApus"], swiftSettings: baseline),
    ],
    swiftLanguageModes: [.v6]
)
