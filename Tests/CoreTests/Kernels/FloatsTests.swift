import Testing

struct FloatsTests {
    @Test func aWriteBeforeTheStartIsNoticed() {
        for place in 1...16 {
            let x = Floats(4)
            #expect(x.isIntact)
            x.start[0] = 1
            #expect(x.isIntact)
            x.start[-place] = 0
            #expect(!x.isIntact, "word \(place)")
        }
    }
}
