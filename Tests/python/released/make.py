"""Makes one file of each kind with the release at hand, and the predictions that it must give for ever:

    python Tests/python/released/make.py

Run once for each release; what is written is committed and never changed.
"""

import json
import pathlib
import sys

import numpy

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "bindings/python"))

import apus  # noqa: E402
from apus import Input, Sequential, ensemble, layers, tree  # noqa: E402
from apus.linear_model import LinearRegression, LogisticRegression  # noqa: E402
from apus.pipeline import make_pipeline  # noqa: E402
from apus.preprocessing import MeanNormalizer, MinMaxScaler, StandardScaler  # noqa: E402


def main():
    folder = HERE / apus.__version__
    folder.mkdir()
    rng = numpy.random.default_rng(1)
    x = rng.normal(size=(40, 3)) * [1, 10, 0.1] + [0, 5, -2]
    y = x @ [1.5, -0.25, 4] + 2
    label = (y > numpy.median(y)).astype(int) + (y > numpy.quantile(y, 0.8))
    question = numpy.round(rng.normal(size=(5, 3)), 3)
    expected = {"question": question.tolist(), "predictions": {}}

    def keep(name, model, answer):
        model.save(str(folder / f"{name}.h5"))
        expected["predictions"][name] = numpy.asarray(answer).tolist()

    for name, model in (("standard_scaler", StandardScaler()), ("min_max_scaler", MinMaxScaler((-1, 2))),
                        ("mean_normalizer", MeanNormalizer())):
        keep(name, model.fit(x), model.transform(question))
    model = LinearRegression().fit(x, y)
    keep("linear_regression", model, model.predict(question))
    model = LogisticRegression().fit(x, label)
    keep("logistic_regression", model, model.predict_proba(question))
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(x, label)
    keep("pipeline", model, model.predict_proba(question))
    for module in (tree, ensemble):
        for kind in (getattr(module, name) for name in module.__all__):
            model = kind().fit(x, label if kind._estimator_type == "classifier" else y)
            keep(kind._kind, model, model.predict(question))

    apus.set_seed(1)
    network = Sequential([Input((3,)), layers.Dense(6, activation="elu"), layers.Dropout(0.2), layers.Flatten(),
                          layers.Dense(5, activation="tanh", use_bias=False), layers.Activation("sigmoid"),
                          layers.Dense(3, activation="softmax")])
    network.compile(apus.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    network.fit(x, label, epochs=2, verbose=0)
    keep("network", network, network.predict(question))
    network.save_checkpoint(str(folder / "checkpoint.h5"))
    network.fit(x, label, epochs=2, verbose=0)
    expected["predictions"]["checkpoint after two more epochs"] = network.predict(question).tolist()
    expected["training"] = {"x": x.tolist(), "labels": label.tolist()}
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
