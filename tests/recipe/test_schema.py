import pytest

from engine.recipe.judgement import guards_on

GUARDS = [
    ("", "give exactly one of"),
    ("above = 1.0, below = 2.0", "got above and below"),
    ("plateau_steps = 0", "plateau_steps: must be at least 1"),
    ("between = [2.0, 1.0]", "between: the lower end comes first"),
    ("gap = 'train/los', gap_steps = 9", "gap: no such metric: 'train/los'; did you mean"),
    ("gap = 'train/loss'", "gap_steps: gap and gap_steps go together"),
    ("above = 1.0, best_is = 'highest'", "best_is: only plateau_steps takes"),
    ("above = 1.0, gap_steps = 3", "gap_steps: gap and gap_steps go together"),
    ("above = 1.0, at = 'epoch 3'", "at: must be 'always', 'epoch:N'"),
    ("above = 1.0, action = 'halt'", "action: expected 'stop' or 'warn' or 'off'"),
    ("action = 'off', above = 1.0, below = 2.0", "got above and below"),
    ("metric = 'eval/loss', above = 1.0", "metric: no such setting"),
]
EXPECTATIONS = [
    ("epochs = [1]", "give low, high or both"),
    ("low = [1.0]", "give exactly one of epochs, steps; got none"),
    ("epochs = [1]\nsteps = [5]\nlow = [1.0]", "got epochs and steps"),
    ("epochs = [1, 5]\nlow = [1.0]", "low: must hold one number for each of the 2 points"),
    ("steps = [5]\nhigh = [1.0, 2.0]", "high: must hold one number for each of the 1 points"),
    ("epochs = [5, 1]\nlow = [1.0, 2.0]", "epochs: must be ascending"),
    ("epochs = []\nlow = []", "epochs: must not be empty"),
    ("epochs = [1]\nlow = [2.0]\nhigh = [1.0]", "low: must not be above high"),
]
VERDICTS = [
    ("cuts = []\nkeep = ['a']\nsay = ['a']", "cuts: must not be empty"),
    ("cuts = [2.0, 1.0]\nkeep = ['a', 'b', 'c']\nsay = ['a', 'b', 'c']", "cuts: must be ascending"),
    ("cuts = [1.0, 1.0]\nkeep = ['a', 'b', 'c']\nsay = ['a', 'b', 'c']", "cuts: must be ascending"),
    ("cuts = [1.0]\nkeep = ['a']\nsay = ['a', 'b']", "keep: 1 cuts make 2 rows, got 1"),
    ("cuts = [1.0]\nkeep = ['a', 'b']\nsay = ['a', 'b', 'c']", "say: 1 cuts make 2 rows, got 3"),
]


@pytest.mark.parametrize(("body", "expected"), GUARDS)
def test_a_guard_has_one_condition_and_what_it_needs(faults, minimal, body, expected):
    assert expected in "\n".join(faults(f"{minimal}\n[guard]\n'eval/loss' = {{ {body} }}\n"))


@pytest.mark.parametrize(
    "body",
    [
        "above = 1.0, at = 'from epoch:2'",
        "between = [1.0, 1.0]",
        "plateau_steps = 100",
        "plateau_steps = 100, best_is = 'highest'",
        "gap = 'train/loss', gap_steps = 100",
        "action = 'off'",
    ],
)
def test_a_whole_guard_is_accepted(load, minimal, body):
    assert "eval/loss" in load(f"{minimal}\n[guard]\n'eval/loss' = {{ {body} }}\n").guard


def test_a_metric_may_have_several_guards_which_their_conditions_name(load, minimal):
    several = (
        "{ below = 9.0, at = 'step:5' }, { below = 8.0, at = 'step:9' }, { plateau_steps = 3 }"
    )
    recipe = load(
        f"{minimal}\n[guard]\n'eval/loss' = [{several}]\n'eval/order' = {{ above = 0 }}\n"
    )
    assert [on.name for on in guards_on(recipe.guard)][1:] == [
        "eval/loss (below step:5)",
        "eval/loss (below step:9)",
        "eval/loss (plateau_steps)",
        "eval/order",
    ]


@pytest.mark.parametrize(
    ("guards", "expected"),
    [
        ("[]", 'guard."eval/loss": must not be empty'),
        ("3", 'guard."eval/loss": expected a table, got 3'),
        ("[{ below = 1.0 }, 3]", 'guard."eval/loss"[1]: expected a table, got 3'),
        ("[{ below = 1.0 }, { at = 'x' }]", 'guard."eval/loss"[1].at: must be'),
        ("[{ below = 1.0 }, { below = 2.0 }]", "2 guards with 'below' at 'always'; keep one"),
    ],
)
def test_a_list_of_guards_holds_sound_ones_that_differ(faults, minimal, guards, expected):
    assert expected in "\n".join(faults(f"{minimal}\n[guard]\n'eval/loss' = {guards}\n"))


def test_a_guard_that_is_off_is_not_watched(load, minimal):
    recipe = load(f"{minimal}\n[guard]\n'eval/perplexity' = {{ action = 'off' }}\n")
    assert not [*guards_on(recipe.guard)]


@pytest.mark.parametrize(("body", "expected"), EXPECTATIONS)
def test_an_expectation_has_points_and_as_many_ends(faults, minimal, body, expected):
    body = body.replace("\n", ", ")
    assert expected in "\n".join(faults(f"{minimal}\n[expect]\n'eval/loss' = {{ {body} }}\n"))


def test_an_expectation_is_of_a_known_metric(faults, minimal):
    (fault,) = faults(f"{minimal}\n[expect]\n'eval/los' = {{ epochs = [1], low = [1.0] }}\n")
    assert fault.startswith("words.toml:26  expect.\"eval/los\": no such metric: 'eval/los'")


@pytest.mark.parametrize(("body", "expected"), VERDICTS)
def test_a_verdict_has_neither_hole_nor_overlap(faults, minimal, body, expected):
    assert expected in "\n".join(faults(f"{minimal}\n[verdict]\nmetric = 'eval/loss'\n{body}\n"))


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("schema=3", "this Cantus reads schema 2, not 3"),
        ("name=two/words", "name: "),
        ("training.steps=0", "training.steps: must be at least 1"),
        ("training.num_micro_batches=3", "must divide the batch_size of 64, got 3"),
        ("training.precision=fp8", "expected 'fp32' or 'bf16' or 'fp16', got 'fp8'"),
        ("training.ema_decay=1.0", "must be greater than 0 and less than 1"),
        ("training.ema_decay=0", "must be greater than 0 and less than 1"),
        ("training.evaluate_every=epoch:0", "must be 'epoch:N' or 'step:N', with N at least 1"),
        ("training.keep_every=100", "expected text, got 100"),
        (
            "training.best=eval/rmse",
            "'eval/rmse' is not a metric of the evaluation; did you mean 'eval/rmse_db'?",
        ),
        ("optimizer.autoencoder.betas=[0.9, 1.0]", "betas: must lie in [0, 1)"),
        ("optimizer.autoencoder.clip_gradient_norm=0.0", "must be greater than 0"),
        ("optimizer.autoencoder.kind=sgd", "expected 'adam' or 'adamw' or 'adamw_8bit', got 'sgd'"),
        ("schedule.generator.kind=cosine", "schedule.generator: no such turn (known: autoencoder)"),
        ("samples.num_clips=-1", "must be at least 0"),
    ],
)
def test_values_out_of_range_are_refused(faults, minimal, override, expected):
    assert expected in "\n".join(faults(minimal, override))


@pytest.mark.parametrize("milestones", ["[]", "[0, 5]", "[5, 5]", "[9, 5]"])
def test_milestones_ascend(faults, minimal, milestones):
    schedule = f"\n[schedule.autoencoder]\nkind = 'multi_step'\nmilestones = {milestones}\n"
    (fault,) = faults(minimal + schedule)
    assert "schedule.autoencoder.milestones: must " in fault


def test_epochs_and_steps_written_together_are_one_too_many(faults, minimal):
    (fault,) = faults(minimal + "steps = 100\n")
    assert (
        fault == "words.toml:20  training: give exactly one of epochs, steps; got epochs and steps"
    )


@pytest.mark.parametrize("pick", ["last", "best", "step:1500"])
def test_a_phase_picks_a_checkpoint(load, minimal, pick):
    start = load(f"{minimal}\n[start]\nfrom = 'parent'\npick = '{pick}'\n").start
    assert (start.from_, start.pick) == ("parent", pick)


@pytest.mark.parametrize("pick", ["", "first", "step", "step:-1", "epoch:1"])
def test_a_phase_picks_nothing_else(faults, minimal, pick):
    (fault,) = faults(f"{minimal}\n[start]\nfrom = 'parent'\npick = '{pick}'\n")
    kept = "'last', 'best', 'best_by_loss', 'best_by_judges' or 'step:N'"
    assert f"start.pick: must be {kept}" in fault


def test_a_recipe_cannot_continue_itself(faults, minimal):
    (fault,) = faults(f"{minimal}\n[start]\nfrom = 'words'\n")
    assert "start.from: a recipe cannot continue itself" in fault
