"""Charts: the axis fits what was evaluated, and what lies far from that is named."""

from engine.report.chart import Bar, Chart, Level, Line

CURVE = Line("phase", [(100, 1.5), (200, 1.4), (300, 1.3)])


def heights(drawing):
    """Between which pixels a chart's first line lies, of all its height."""
    values = [y for _, y in drawing.paths[0].dots]
    _, top, _, bottom = drawing.frame
    return (max(values) - min(values)) / (bottom - top)


def test_a_baseline_far_away_presses_no_curve_flat_and_is_named():
    drawn = Chart("ce", [CURVE], [Level("uniform", 5.55, "baseline")]).drawn()
    assert heights(drawn) > 0.8
    assert drawn.outside == ("uniform: 5.55, above this picture",)
    assert not drawn.levels


def test_a_baseline_near_by_is_a_line_and_neighbours_share_a_label():
    near = [Level("lloyd max", 1.25, "baseline"), Level("grid", 1.251, "baseline")]
    drawn = Chart("ce", [CURVE], near).drawn()
    assert len(drawn.levels) == 2
    assert [words for _, _, words in drawn.labels] == ["grid, lloyd max"]


def test_training_far_below_leaves_the_axis_and_is_said():
    training = Line("training", [(100, 0.9), (300, 0.1)], decides=False)
    drawn = Chart("ce", [CURVE, training]).drawn()
    assert heights(drawn) > 0.8
    assert drawn.outside == ("training ends at 0.1, below this picture",)


def test_what_was_expected_lies_inside():
    drawn = Chart("ce", [CURVE], bars=[Bar(300, 1.0, 2.0)]).drawn()
    ((_, high, low),) = drawn.bars
    _, top, _, bottom = drawn.frame
    assert top < high < low < bottom


def test_one_point_and_a_figure_that_stands_still_are_drawn():
    for points in ([(5, 1.0)], [(5, 2.0), (6, 2.0)], [(5, 0.0)]):
        drawn = Chart("ce", [Line("a", points)]).drawn()
        assert all(0 <= y <= drawn.height for _, y in drawn.paths[0].dots)


def test_the_picture_is_told_in_words():
    assert Chart("ce", [CURVE]).drawn().about == "ce over step. phase: 1.5 at 100, 1.3 at 300."
