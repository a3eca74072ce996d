"""The answer of `cantus diff`, made of what the command compares."""

from engine.cli.answers.diff import (
    DiffAnswer,
    Side,
    changed,
    comparisons,
    figure_pairs,
    side_of,
    side_without_figures,
)
from engine.cli.compare_metrics import Figures, missing
from engine.cli.show.compared_recipes import (
    better_baselines,
    departures,
    figures_of,
    has_other_values,
    paired_models,
    remarks_on_seeds,
    since_last,
    trained_values,
)
from engine.cli.show.load import Loaded
from engine.recipe import diff_recipes, load_recipe, to_plain
from engine.recipe.faults import shown
from engine.recipe.read import read_layer
from engine.report.paired_words import conclude
from engine.report.run_files import RunFiles
from engine.system_support.discovery import recipe_classes


def answer_two(left: Loaded, right: Loaded, lender: RunFiles | None) -> DiffAnswer:
    """Two recipes, or two forms of one; `lender` lends its spread over seeds."""
    changes = diff_recipes(to_plain(left.recipe), to_plain(right.recipe))
    trained = diff_recipes(*(trained_values(one) for one in (left, right)))
    values = changed(changes, {change.path for change in trained} - {"name"})
    if left.recipe.name == right.recipe.name:
        sides = [
            side_without_figures(shown(one.path), one.recipe.name, one.path)
            for one in (left, right)
        ]
        return DiffAnswer(kind="forms", left=sides[0], right=sides[1], values=values)
    figures = figures_of(left), figures_of(right)
    absent = missing(left.project, figures)
    paired = paired_models(*figures, lender)
    best = right.recipe.training.best
    return DiffAnswer(
        kind="recipes",
        left=_side(left, figures[0]),
        right=_side(right, figures[1]),
        decided_by=None if paired is None else best,
        sentences=() if paired is None else tuple(conclude(paired, best)),
        use_instead=tuple(better_baselines(*figures)),
        values=values,
        comparisons=tuple(comparisons(paired, best)),
        figures=() if absent else tuple(figure_pairs(*figures)),
        missing=absent,
        notes=tuple(remarks_on_seeds(figures[0].run, figures[1].run, lender)),
    )


def _side(loaded: Loaded, figures: Figures) -> Side:
    other_values = has_other_values(loaded, figures)
    return side_of(figures, loaded.path, other_values=other_values, demo=loaded.demo_settings)


def answer_departures(loaded: Loaded) -> DiffAnswer:
    """A recipe and the published setup that it follows."""
    setup, recipe, changes = departures(loaded)
    left, right = (side_without_figures(shown(path), path.stem, path) for path in (setup, recipe))
    values = changed(changes, {change.path for change in changes})
    return DiffAnswer(kind="upstream", left=left, right=right, values=values)


def answer_since_last(loaded: Loaded) -> DiffAnswer:
    """A recipe and its last finished model."""
    path, last, present = since_last(loaded)
    changes = diff_recipes(read_layer(path).values, to_plain(loaded.recipe))
    then = load_recipe(path, classes=recipe_classes())
    trained = diff_recipes(to_plain(then, identity_only=True), trained_values(loaded))
    absent = missing(loaded.project, (last, present))
    return DiffAnswer(
        kind="last",
        left=side_of(last, path, other_values=bool(trained)),
        right=side_of(present, loaded.path, other_values=False),
        values=changed(changes, {change.path for change in trained} - {"name"}),
        figures=() if absent else tuple(figure_pairs(last, present)),
        missing=absent,
    )
