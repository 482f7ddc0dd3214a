import CVector
import Testing

struct ProcessorTests {
    @Test func levelIsOneThatKernelsAreCompiledFor() {
        #expect((Int32(APUS_ISA_BASELINE)...Int32(APUS_ISA_V4)).contains(apus_cpu_isa_level()))
    }

    @Test func flushingDenormalsEndsWithTheRestore() {
        func half(_ x: Float) -> Float {
            // Through memory, so that the division happens here and not in the compiler.
            let value = Floats([x])
            let two = Floats([2])
            return value.start.pointee / two.start.pointee
        }
        #expect(half(.leastNormalMagnitude) > 0)
        // The register also notes what arithmetic has met, so nothing may be computed between the readings.
        let state = apus_fp_current()
        let before = apus_fp_flush_denormals()
        let flushed = half(.leastNormalMagnitude)
        apus_fp_restore(before)
        let after = apus_fp_current()
        #expect(flushed == 0 && before == state && after == state)
        #expect(half(.leastNormalMagnitude) > 0)
    }
}
