import Core
import Learning
import Testing

struct ID3Tests {
    /// Quinlan's fourteen days: outlook (sunny, overcast, rain), temperature (hot, mild, cool), humidity (high,
    /// normal), wind (weak, strong), and whether tennis was played.
    private static let days: [[Double]] = [
        [0, 0, 0, 0, 0], [0, 0, 0, 1, 0], [1, 0, 0, 0, 1], [2, 1, 0, 0, 1], [2, 2, 1, 0, 1], [2, 2, 1, 1, 0],
        [1, 2, 1, 1, 1], [0, 1, 0, 0, 0], [0, 2, 1, 0, 1], [2, 1, 1, 0, 1], [0, 1, 1, 1, 1], [1, 1, 0, 1, 1],
        [1, 0, 1, 0, 1], [2, 1, 0, 1, 0],
    ]

    private func tennis(_ f: Fitting, _ parameters: String = "") throws -> (any FittedModel, Tensor) {
        let x = try f.array(Self.days.flatMap { $0.prefix(4) }, 14, 4)
        return (try f.fit("id3", parameters, x, f.array(Self.days.map { $0[4] }, 14)), x)
    }

    @Test func tennisBranchesByOutlookThenHumidityAndWind() throws {
        let f = try Fitting()
        let (model, x) = try tennis(f)
        let features = try #require(model.attribute("feature"))
        #expect((0..<features.count).map { features.int64s[$0] } == [0, 2, -1, -1, -1, 3, -1, -1])
        let gains = model.values("gains").prefix(4).map { ($0 * 1000).rounded() / 1000 }
        #expect(gains == [0.247, 0.029, 0.152, 0.048])
        #expect((model.values("entropy")[0] * 1000).rounded() / 1000 == 0.940)
        #expect(try f.predict(model, x) == Self.days.map { $0[4] })
    }

    @Test func theGainRatioPunishesManyBranches() throws {
        let f = try Fitting()
        // Column 0 names each row; column 1 parts the classes but for one row.
        let x = try f.array((0..<8).flatMap { [Double($0), $0 < 4 ? 0 : 1] }, 8, 2)
        let y = try f.array([0, 0, 0, 0, 1, 1, 1, 1], 8)
        let byGain = try f.fit("id3", "", x, y)
        let byRatio = try f.fit("id3", "criterion=gain_ratio", x, y)
        #expect(byGain.attribute("feature")?.int64s[0] == 0)
        #expect(byRatio.attribute("feature")?.int64s[0] == 1)
    }

    @Test func anUnseenCategoryGetsWhatItsNodeSays() throws {
        let f = try Fitting()
        let (model, _) = try tennis(f)
        let p = try f.predict(model, f.array([9, 0, 0, 0, 0, 0, 9, 0], 2, 4), .probabilities)
        assertClose(p, [5.0 / 14, 9.0 / 14, 3.0 / 5, 2.0 / 5])
    }

    @Test func depthAndRowsAreLimited() throws {
        let f = try Fitting()
        #expect(try tennis(f, "max_depth=1").0.attribute("feature")?.count == 4)
        #expect(try tennis(f, "min_samples_split=15").0.attribute("feature")?.count == 1)
    }
}
