from engine.tracking.events import Event
from engine.tracking.mirrors.curves import Curves, Figure, figures_of, place_of


def feed(curves: Curves, name: str, *values: float, first: int = 0) -> list[tuple[int, float]]:
    """Add a figure's values at steps that follow each other; the points to draw, in order."""
    drawn = []
    for step, value in enumerate(values, first):
        event = Event("eval", step, metrics={name: value}, time=float(step))
        points = curves.add(figures_of(event), place_of(event, 100))
        drawn += [(place.step, v) for place, row in points.items() for v in row.values()]
    return drawn


def test_a_figure_that_moves_is_a_curve_from_its_first_point():
    assert feed(Curves(), "eval/rmse_db", 3.0, 2.0, 1.0) == [(0, 3.0), (1, 2.0), (2, 1.0)]


def test_one_that_never_changes_is_a_constant_and_no_curve():
    curves = Curves()
    assert feed(curves, "eval/kbps", 10.0, 10.0, 10.0) == []
    assert feed(curves, "eval/clips", 24.0) == []
    assert curves.constants == {"eval/clips": 24.0, "eval/kbps": 10.0}


def test_one_that_moves_late_is_drawn_from_both_ends_of_its_rest():
    curves = Curves()
    assert feed(curves, "train/learning_rate/gpt", 1.0, 1.0, 1.0, 0.5) == [
        (0, 1.0),
        (2, 1.0),
        (3, 0.5),
    ]
    assert curves.constants == {}


def test_what_a_resumed_run_does_again_is_forgotten():
    curves = Curves()
    feed(curves, "eval/kbps", 10.0, 10.0, 10.0)
    curves.forget_after(0)
    assert feed(curves, "eval/kbps", 9.0, first=1) == [(0, 10.0), (1, 9.0)]


def test_the_weights_before_step_1_are_the_first_point_of_the_evaluation():
    for entry in ("parent", "untrained"):
        event = Event("eval", 0, metrics={f"{entry}/rmse_db": 4.0})
        assert figures_of(event) == {Figure("eval", "rmse_db"): 4.0}


def test_baselines_and_what_a_finish_repeats_are_no_points():
    assert figures_of(Event("baseline", 0, metrics={"baseline/grid/rmse_db": 5.0})) == {}
    assert figures_of(Event("finish", 9, metrics={"eval/rmse_db": 5.0})) == {}


def test_what_was_no_number_is_no_point():
    assert figures_of(Event("train", 1, metrics={"train/loss": None})) == {}


def test_the_steps_of_earlier_phases_come_before():
    place = place_of(Event("eval", 20), 600)
    assert (place.step, place.total) == (20, 620)
