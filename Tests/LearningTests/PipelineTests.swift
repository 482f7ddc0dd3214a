import Core
import Learning
import Testing

struct PipelineTests {
    private let steps = "steps=[[\"scale\",\"standard_scaler\"],[\"model\",\"linear_regression\",{\"solver\":\"svd\"}]]"

    @Test func predictsLikeItsStepsOneByOne() throws {
        let f = try Fitting()
        let x = try f.array(f.noise(40), 20, 2)
        let y = try f.array(f.noise(20, stream: 2), 20)
        let whole = try f.fit("pipeline", steps, x, y)
        let scaler = try f.fit("standard_scaler", "", x)
        let scaled = try f.array(f.predict(scaler, x), 20, 2)
        let model = try f.fit("linear_regression", "solver=svd", scaled, y)
        #expect(try f.predict(whole, x) == f.predict(model, scaled))
        #expect(whole.values("scale.mean_") == scaler.values("mean_"))
        #expect(whole.values("model.coef_") == model.values("coef_") && whole.values("coef_") == model.values("coef_"))
    }

    @Test func objectsSayTheSame() throws {
        let f = try Fitting()
        let x = try f.array(f.noise(40), 20, 2)
        let y = try f.array(f.noise(20, stream: 2), 20)
        let objects = """
            {"steps": [{"name": "scale", "kind": "standard_scaler"},
                       {"name": "model", "kind": "linear_regression", "parameters": {"solver": "svd"}}]}
            """
        #expect(try f.fit("pipeline", objects, x, y).bits == f.fit("pipeline", steps, x, y).bits)
    }

    @Test func scalersAloneGoThereAndBack() throws {
        let f = try Fitting()
        let values = f.noise(30)
        let x = try f.array(values, 10, 3)
        let model = try f.fit(
            "pipeline", "steps=[[\"a\",\"standard_scaler\"],[\"b\",\"min_max_scaler\",{\"feature_max\":4}]]", x)
        let z = try f.array(f.predict(model, x), 10, 3)
        assertClose(try f.predict(model, z, .inverseTransform), values)
    }

    @Test func probabilitiesComeFromTheLastStep() throws {
        let f = try Fitting()
        let x = try f.array([-2, -1, 1, 2], 4, 1)
        let model = try f.fit(
            "pipeline", "steps=[[\"s\",\"mean_normalizer\"],[\"m\",\"logistic_regression\"]]", x, f.whole([0, 0, 1, 1]))
        let p = try f.predict(model, x, .probabilities)
        #expect(p.count == 8 && p[1] < 0.5 && p[7] > 0.5)
        #expect(code { _ = try f.predict(model, x, .inverseTransform) } == .unsupported)
    }

    @Test(arguments: [
        ("3", "The steps of pipeline must be an array"), ("[]", "The steps of pipeline must be an array"),
        ("[[\"a\"]]", "at index 0"), ("[[\"a\",\"nothing\"]]", "Step 'a' of pipeline: Unknown kind 'nothing'"),
        (
            "[[\"a\",\"standard_scaler\",{\"with_mena\":true}]]",
            "Step 'a' of pipeline: standard_scaler has no parameter"
        ),
        ("[[\"a\",\"linear_regression\"],[\"b\",\"standard_scaler\"]]", "'a' is a linear_regression, a regressor"),
        ("[[\"a\",\"standard_scaler\"],[\"a\",\"linear_regression\"]]", "'a' comes twice"),
        ("[[\"a.b\",\"standard_scaler\"]]", "without '.'"),
        ("[{\"name\":\"a\",\"kind\":\"standard_scaler\",\"extra\":1}]", "at index 0"),
    ])
    func faultsNameTheStep(steps: String, fault: String) throws {
        let f = try Fitting()
        let said = message { _ = try f.fit("pipeline", "steps=\(steps)", try f.array([1, 2], 2, 1)) }
        #expect(said?.contains(fault) == true, "\(said ?? "no error")")
    }

    @Test func aFaultInTheDataNamesTheStep() throws {
        let f = try Fitting()
        let said = message { _ = try f.fit("pipeline", steps, try f.array([1, .nan], 2, 1), try f.array([1, 2], 2)) }
        #expect(said?.hasPrefix("Step 'scale' of pipeline: x holds NaN at row 1, column 0") == true)
    }
}
