import CVector
import Glibc
import VectorKernels
import VectorKernelsV3
import VectorKernelsV4

/// The instruction sets that kernels are compiled for, by the numbers of apus.h.
package enum InstructionSet: Int32, CaseIterable, Sendable {
    case baseline = 1
    case v3 = 2
    case v4 = 3

    package var name: String {
        switch self {
        case .baseline: "baseline"
        case .v3: "v3"
        case .v4: "v4"
        }
    }

    /// The best this processor has.
    package static let best = InstructionSet(rawValue: apus_cpu_isa_level()) ?? .baseline

    /// All that this processor can run.
    package static var available: [InstructionSet] { allCases.filter { $0.rawValue <= best.rawValue } }

    /// The one asked for, or the best, lowered by the environment variable APUS_ISA. Throws `unsupported` when the
    /// processor lacks what was asked for.
    package static func choose(_ wanted: InstructionSet?) throws(ApusError) -> InstructionSet {
        if let wanted {
            guard wanted.rawValue <= best.rawValue else {
                throw .unsupported(
                    "instruction_set \(wanted.name) is more than this processor has (\(best.name)).")
            }
            return wanted
        }
        guard let value = getenv("APUS_ISA") else { return best }
        let name = String(cString: value)
        guard let named = allCases.first(where: { $0.name == name }) else { return best }
        return named.rawValue < best.rawValue ? named : best
    }

    package var kernels: apus_kernels {
        switch self {
        case .baseline: VectorKernels.kernelTable()
        case .v3: VectorKernelsV3.kernelTable()
        case .v4: VectorKernelsV4.kernelTable()
        }
    }
}
