import COpenBLAS
import CVector
import Glibc

/// Mends OpenBLAS's choice of processor.
///
/// OpenBLAS knows processors by model number and takes its kernels of 2004 for one newer than itself: 0.3.21 runs at
/// 32 GFLOP/s on an Emerald Rapids core that reaches 157 with the AVX-512 kernels it has. When it chose kernels without
/// AVX2 on a processor that has AVX2 or AVX-512, Apus has it choose again, checks products against plain loops, and goes
/// back if one differs. It leaves OpenBLAS alone when OPENBLAS_CORETYPE or APUS_KEEP_OPENBLAS is set, when the processor
/// was recognised, and when OpenBLAS was built for one processor alone.
enum BLASProcessor {
    private typealias Action = @convention(c) () -> Void

    /// Done once, before the first product.
    static let mended: Bool = {
        guard getenv("OPENBLAS_CORETYPE") == nil, getenv("APUS_KEEP_OPENBLAS") == nil else { return false }
        let wanted: String
        switch InstructionSet.best {
        case .baseline: return false
        case .v3: wanted = "Haswell"
        case .v4: wanted = "SkylakeX"
        }
        let old: Set = ["Prescott", "Core2", "Penryn", "Dunnington", "Nehalem", "Katmai", "Coppermine", "Northwood",
            "Banias", "Atom", "Athlon", "Opteron", "Opteron_SSE3", "Barcelona", "Bobcat", "Nano", "Unknown"]
        guard old.contains(String(cString: openblas_get_corename())) else { return false }
        // Its block sizes come from the size of the level 2 cache, which some virtual machines do not tell.
        guard apus_cpu_level2_cache() > 0 else { return false }
        guard let quit = action("gotoblas_dynamic_quit"), let begin = action("gotoblas_dynamic_init") else {
            return false
        }
        setenv("OPENBLAS_CORETYPE", wanted, 1)
        quit()
        begin()
        unsetenv("OPENBLAS_CORETYPE")
        if productsAreRight() { return true }
        quit()
        begin()
        return false
    }()

    private static func action(_ name: String) -> Action? {
        // RTLD_DEFAULT is the null handle.
        guard let symbol = dlsym(nil, name) else { return nil }
        return unsafeBitCast(symbol, to: Action.self)
    }

    /// Products of odd and even sizes, small and blocked, plain and transposed, in both precisions.
    private static func productsAreRight() -> Bool {
        for (m, n, k) in [(3, 5, 7), (33, 17, 65), (64, 96, 130), (130, 67, 300)] {
            for transposes in 0..<4 {
                let (ta, tb) = (transposes & 1 != 0, transposes & 2 != 0)
                let a = (0..<(m * k)).map { Double(($0 * 7 + 3) % 17 - 8) }
                let b = (0..<(k * n)).map { Double(($0 * 5 + 1) % 13 - 6) }
                var wide = [Double](repeating: 1, count: m * n)
                var narrow = [Float](repeating: 1, count: m * n)
                BLAS.product(
                    transposeA: ta, transposeB: tb, m, n, k, a, ta ? m : k, b, tb ? k : n, beta: 0, &wide, n)
                BLAS.product(
                    transposeA: ta, transposeB: tb, m, n, k, a.map(Float.init), ta ? m : k, b.map(Float.init),
                    tb ? k : n, beta: 0, &narrow, n)
                // Freivalds' check, c v = a (b v), on small whole numbers, which every order of summation adds exactly.
                let v = (0..<n).map { Double(($0 * 3 + 2) % 7 - 3) }
                var bv = [Double](repeating: 0, count: k)
                for l in 0..<k { for j in 0..<n { bv[l] += b[tb ? j * k + l : l * n + j] * v[j] } }
                for i in 0..<m {
                    var expected = 0.0
                    var double = 0.0
                    var single = 0.0
                    for l in 0..<k { expected += a[ta ? l * m + i : i * k + l] * bv[l] }
                    for j in 0..<n {
                        double += wide[i * n + j] * v[j]
                        single += Double(narrow[i * n + j]) * v[j]
                    }
                    if double != expected || single != expected { return false }
                }
            }
        }
        return true
    }
}
