"""Linear models on two small tables: sales by advertising budgets, and exams by hours of study and sleep.

Run: python examples/python/linear_models.py [folder of the tables]
"""

import pathlib
import sys

import numpy

from apus.linear_model import BayesianRidge, Lasso, LinearRegression, LogisticRegression, OrdinalLogistic, lasso_path
from apus.pipeline import make_pipeline
from apus.preprocessing import PolynomialFeatures, StandardScaler

FOLDER = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1] / "data"


def table(name):
    with open(FOLDER / name, encoding="utf-8") as file:
        return numpy.array([[float(cell.strip('"')) for cell in line.split(",")] for line in file.readlines()[1:]])


def advertising():
    rows = table("advertising.csv")
    x, sales = rows[:, 1:4], rows[:, 4]
    train, test = slice(0, 150), slice(150, 200)
    print("Sales by TV, radio and newspaper: the share of the variance explained on 50 rows held back")
    for name, model in {
        "least squares": LinearRegression(),
        "products of budgets": make_pipeline(PolynomialFeatures(include_bias=False), LinearRegression()),
        "their lasso": make_pipeline(StandardScaler(), PolynomialFeatures(include_bias=False), Lasso(alpha=0.1)),
    }.items():
        print(f"  {name:20} {model.fit(x[train], sales[train]).score(x[test], sales[test]):.3f}")

    scaled = StandardScaler().fit_transform(x)
    alphas, coefs, _ = lasso_path(scaled, sales - sales.mean(), n_alphas=5)
    print("Coefficients as the penalty falls: TV, radio, newspaper")
    for alpha, coef in zip(alphas, coefs.T):
        print(f"  alpha {alpha:6.3f}: " + " ".join(f"{value:7.3f}" for value in coef))

    model = BayesianRidge().fit(x[train], sales[train])
    mean, deviation = model.predict(x[test], return_std=True)
    inside = numpy.mean(numpy.abs(sales[test] - mean) < 2 * deviation)
    print(f"Within two standard deviations of the prediction: {inside:.0%} of the rows held back")


def exams():
    rows = table("exam_scores.csv")
    hours, passed = rows[:, :2], rows[:, 2].astype(int)
    model = LogisticRegression(penalty="none").fit(hours, passed)
    careful = LogisticRegression(penalty="none", threshold=0.8).fit(hours, passed)
    print(f"Exams told right: {model.score(hours, passed):.0%}; with a pass predicted from a probability of 80 % on, "
          f"{numpy.sum(careful.predict(hours))} passes in place of {numpy.sum(model.predict(hours))}")
    # Three grades, made of how far a student is from the line.
    score = model.decision_function(hours)
    grades = numpy.digitize(score + numpy.random.default_rng(1).logistic(size=len(score)), [-1, 1])
    ordinal = OrdinalLogistic().fit(hours, grades)
    print("Grades by an ordinal model: coefficients", ordinal.coef_.round(2))
    print("  and thresholds", ordinal.thresholds_.round(2))


advertising()
exams()
