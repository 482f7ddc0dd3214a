import Learning
import Testing

struct CatalogTests {
    @Test func unknownKindsAreNamed() {
        #expect(throws: (any Error).self) { try EstimatorCatalog.entry("linear_regresion") }
    }
}
