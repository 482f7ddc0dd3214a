"""Trees on two real tables: what advertising brings, and which digit a picture shows.

    python trees.py [folder of advertising.csv and digits.csv]

Needs numpy and the apus package alone.
"""

import os
import sys

import numpy

from apus.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from apus.tree import DecisionTreeRegressor

HERE = os.path.dirname(os.path.abspath(__file__))


def table(folder, name):
    """The column names and the rows of a CSV file."""
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        names, *rows = [line.strip().replace('"', "").split(",") for line in file]
    return names, numpy.array(rows, dtype=float)


def show(tree, names, node=0, depth=0):
    """A tree as text, a line for each question."""
    if tree.children_left[node] < 0:
        print("  " * depth + f"-> {tree.value[node, 0, 0]:.1f} ({tree.n_node_samples[node]} markets)")
        return
    print("  " * depth + f"{names[tree.feature[node]]} <= {tree.threshold[node]:.2f}?")
    show(tree, names, tree.children_left[node], depth + 1)
    show(tree, names, tree.children_right[node], depth + 1)


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, os.pardir, "data")

    names, rows = table(folder, "advertising.csv")
    media = [names.index(name) for name in ("TV", "Radio", "Newspaper")]
    model = DecisionTreeRegressor(max_depth=2).fit(rows[:, media], rows[:, names.index("Sales")])
    print("Sales by advertising:")
    show(model.tree_, [names[column] for column in media])
    for column, share in zip(media, model.feature_importances_):
        print(f"  {names[column]}: {share:.0%} of what the tree explains")

    _, rows = table(folder, "digits.csv")
    x, y = rows[:, :64], rows[:, 64].astype(int)
    forest = RandomForestClassifier(oob_score=True, random_state=1).fit(x[:1347], y[:1347])
    boosted = HistGradientBoostingClassifier(max_iter=40).fit(x[:1347], y[:1347])
    print(f"Forest: {forest.score(x[1347:], y[1347:]):.1%} of new digits, {forest.oob_score_:.1%} out of the bag")
    print(f"Boosting: {boosted.score(x[1347:], y[1347:]):.1%} of new digits")


if __name__ == "__main__":
    main()
