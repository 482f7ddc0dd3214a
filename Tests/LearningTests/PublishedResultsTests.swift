import Core
import Glibc
import Learning
import Testing

/// Figures printed in textbooks and courses, recomputed from the two tables that come with the project.
struct PublishedResultsTests {
    /// A table's columns as numbers, from examples/data or the shared data beside the project.
    private func table(_ name: String) throws -> [[Double]] {
        let root = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
        for folder in ["\(root)/examples/data", "\(root)/../shared/data"] {
            guard let file = fopen("\(folder)/\(name)", "r") else { continue }
            defer { fclose(file) }
            var rows: [[Double]] = []
            var line = [CChar](repeating: 0, count: 512)
            while fgets(&line, Int32(line.count), file) != nil {
                let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                let cells = text.split(whereSeparator: { $0 == "," || $0 == "\"" || $0.isNewline }).map { Double($0) }
                if cells.allSatisfy({ $0 != nil }), !cells.isEmpty { rows.append(cells.compactMap { $0 }) }
            }
            return rows
        }
        throw Missing(name: name)
    }

    private struct Missing: Error { let name: String }

    private func columns(_ f: Fitting, _ rows: [[Double]], _ chosen: [Int]) throws -> Tensor {
        try Tensor(
            doubles: rows.flatMap { row in chosen.map { row[$0] } }, Shape(rows.count, chosen.count),
            in: f.context.allocator)
    }

    private func column(_ f: Fitting, _ rows: [[Double]], _ chosen: Int) throws -> Tensor {
        try f.array(rows.map { $0[chosen] }, rows.count)
    }

    private func rounded(_ value: Double, _ digits: Int) -> Double {
        let unit = pow(10, Double(digits))
        return (value * unit).rounded() / unit
    }

    @Test func radioToSales() throws {
        let f = try Fitting()
        let rows = try table("advertising.csv")
        #expect(rows.count == 200)
        let x = try columns(f, rows, [2])
        let y = try column(f, rows, 4)
        for (updates, cost, weight) in [(1, 197.25, 0.037), (11, 74.66, 0.283), (21, 49.48, 0.394), (31, 44.31, 0.445)]
        {
            let model = try f.fit(
                "linear_regression", "solver=gd learning_rate=5e-5 max_iter=\(updates) tol=0", x, y)
            #expect(rounded(model.values("loss_curve_").last ?? 0, 2) == cost)
            #expect(rounded(model.values("coef_")[0], 3) == weight)
        }
    }

    @Test func threeMediaToSalesAfterMeanNormalisation() throws {
        let f = try Fitting()
        let rows = try table("advertising.csv")
        let model = try f.fit(
            "pipeline",
            """
            {"steps": [["normalise", "mean_normalizer"],
                       ["model", "linear_regression",
                        {"solver": "gd", "loss": "half_mse", "learning_rate": 0.005, "max_iter": 1000}]]}
            """, columns(f, rows, [1, 2, 3]), column(f, rows, 4))
        #expect(model.values("coef_").map { rounded($0, 2) } == [4.77, 3.52, 0.82])
        #expect(rounded(model.values("intercept_")[0], 2) == 13.93)
        let curve = model.values("loss_curve_")
        #expect(curve.count == 1000)
        #expect(rounded(curve.first ?? 0, 2) == 110.87 && rounded(curve.last ?? 0, 2) == 6.25)
    }

    @Test func examScores() throws {
        let f = try Fitting()
        let rows = try table("exam_scores.csv")
        #expect(rows.count == 100)
        let model = try f.fit(
            "logistic_regression", "penalty=none solver=gd learning_rate=0.1 max_iter=3000",
            columns(f, rows, [0, 1]), column(f, rows, 2))
        let curve = model.values("loss_curve_")
        #expect(curve.count == 3000)
        #expect([0, 1000, 2000].map { rounded(curve[$0], 3) } == [0.635, 0.302, 0.264])
        #expect(rounded(curve[2999], 4) == 0.2487)
        #expect(rounded(model.values("intercept_")[0], 3) == -8.198)
        #expect(model.values("coef_").map { rounded($0, 3) } == [0.921, 0.739])
    }
}
