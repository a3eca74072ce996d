from engine.tracking.events import Event
from tests.run_folders import make_run, start


def test_a_recipes_newest_run_is_told_in_plain_words(project, cantus):
    stop = Event("stop", 40, facts={"reason": "interrupted", "message": ""}, time=200.0)
    make_run(project / "runs" / "audio_vae" / "a", [start("audio_vae"), stop])
    answer = cantus("why", "audio_vae")
    assert (answer.code, answer.error) == (0, "")
    assert answer.out.startswith("audio_vae was interrupted at step 40")


def test_a_run_can_be_named_by_its_folder(project, cantus):
    make_run(project / "runs" / "audio_vae" / "a", [start("audio_vae")])
    assert "killed after step 0" in cantus("why", "runs/audio_vae/a").out


def test_a_recipe_that_never_ran_is_an_error(project, cantus):
    answer = cantus("why", "audio_vae")
    assert answer.code == 2
    assert "Neither a recipe nor a finished run is called 'audio_vae'" in answer.error


def test_help_has_an_example(cantus):
    assert "Examples:\n    cantus why audio_vae\n" in cantus("why", "--help").out


def test_a_verdict_is_told_with_what_stands_against_it_at_present(project, cantus):
    verdict = {"metric": "eval/m", "value": 1.0, "keep": "other", "say": "worse"}
    facts = {"verdict": verdict, "seconds": 1.0}
    make_run(project / "runs/words/a", [start("words"), Event("finish", 5, 1.0, facts=facts)])
    assert "keep other.\n" in cantus("why", "words").out
    (project / "metrics").mkdir()
    (project / "metrics/other.json").write_text('{"evaluation_set": "x"}')
    assert "The present figures of other are not of these" in cantus("why", "words").out
