from engine.evaluation.unit import Unit
from engine.tracking.events import Event
from engine.tracking.mirrors.curves import Figure, figures_of
from engine.tracking.mirrors.marks import Marks

PESQ = Unit(definition="pesq 1", programs={"pesq": "0.0.4"})
OTHER = Unit(definition="pesq 1", programs={"pesq": "0.0.3"})


def marks(unit=PESQ, clips="ab", identity="3f9c2ab81d04", **facts):
    found = Marks(identity)
    known = {"scales": {"pesq": unit.digest}, "units": {unit.digest: unit.plain}}
    found.take_in(
        Event(
            "eval", 0, metrics={"eval/pesq": 1.0}, facts={"evaluation_set": clips, **known, **facts}
        )
    )
    return found


def test_figures_of_one_unit_and_set_have_one_mark_and_others_another():
    assert marks().found == marks(identity="another").found
    assert marks().found != marks(OTHER).found
    assert marks().found != marks(clips="cd").found


def test_what_a_mark_stands_for_is_said():
    found = marks()
    assert found.in_words == {found.found["pesq"]: "pesq 0.0.4"}
    assert marks(units={PESQ.digest: {"definition": 7}}).in_words == {}


def test_runs_of_an_older_cantus_share_no_axis():
    old = [marks(scales=None, identity=name).found["pesq"] for name in ("aaaaaabb", "bbbbbbcc")]
    assert old == ["unknown aaaaaa", "unknown bbbbbb"]


def test_training_stands_beside_the_evaluation_of_its_name_and_the_rest_is_plain():
    event = Event("train", 1, metrics={"train/pesq": 2.0, "train/loss": 1.0})
    found = figures_of(event, marks().found)
    titles = {figure.title for figure in found}
    assert titles == {f"pesq [{marks().found['pesq']}]", "loss"}
    assert Figure("train", "loss").path == "train/loss"
