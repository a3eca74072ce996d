import pytest

from engine.errors import UserError
from engine.recipe import RecipeError, load_params

PARAMS = """\
profile = "demo"
seed = 1

[hardware]
num_threads = 2

[corpora.words]
source = "builtin"
sample_rates_hz = [16_000]
"""


def tracking(line):
    return f"[tracking]\n{line}\n[hardware]"


@pytest.fixture
def params(write):
    return lambda text=PARAMS: load_params(write(text, "params"))


def test_what_is_not_said_has_a_default(params):
    found = params()
    assert (found.profile, found.seed) == ("demo", 1)
    assert (found.hardware.device, found.hardware.num_devices) == ("auto", 1)
    assert found.corpus("words").sample_rates_hz == (16_000,)
    assert found.corpus("words").at_most_bad == 0.01
    assert found.corpus("words").channels == "mix"
    assert found.tracking.mirrors == ("aim",)
    assert found.cost.currency == "EUR"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('"demo"', '"two words"', "params.toml:1  profile: must be a word"),
        ("seed = 1", "seed = -1", "params.toml:2  seed: must lie between 0 and"),
        ("seed = 1", "sed = 1", "params.toml:2  sed: no such setting; did you mean 'seed'?"),
        ("num_threads = 2", "num_threads = 0", "params.toml:5  hardware.num_threads: must lie"),
        ("[16_000]", "16_000", "params.toml:9  corpora.words.sample_rates_hz: expected a list of"),
        ("[16_000]", "[]", "corpora.words.sample_rates_hz: must not be empty"),
        ("[16_000]", "[0]", "corpora.words.sample_rates_hz: must lie between 1000 and 768000"),
        ("[16_000]", "[1]\nat_most_bad = 2.0", "params.toml:10  corpora.words.at_most_bad: must"),
        ("[16_000]", "[16_000, 16_000]", "must not name a rate twice"),
        ("[16_000]", "[16_000]\nmax_seconds = 0.05", "max_seconds: must be greater than 0.1"),
        ("[16_000]", "[1]\nspeakers = 'name'", "expected 'unknown' or 'folder', got 'name'"),
        ("[16_000]", "[1]\nchannels = 'left'", "expected 'mix' or 'split', got 'left'"),
        ("[hardware]", "[hardware]\ndevice = 'gpu'", "expected 'auto' or 'cpu' or 'cuda'"),
        (
            "[hardware]",
            tracking("aim_repository = 'aim://gpu'"),
            "aim_repository: must be a folder",
        ),
        ("[hardware]", tracking("aim_repository = 'ssh://gpu/x'"), "tracking.aim_repository: must"),
        ("[hardware]", tracking("aim_address = 'hub/me'"), "tracking.aim_address: must be an add"),
        ("[hardware]", tracking("aim_address = 'https://hub/?x'"), "tracking.aim_address: must be"),
        ("[hardware]", tracking("aim_address = 43800"), "tracking.aim_address: expected text"),
        (
            "[hardware]",
            tracking("aim = true"),
            'tracking.aim: list trackers by name: write mirrors = ["aim"]',
        ),
        (
            "[hardware]",
            tracking("aim = false"),
            "list trackers by name: write mirrors = []",
        ),
        ("[hardware]", tracking("mirrors = ['wandb']"), "expected 'aim' or 'trackio', got 'wandb'"),
        ("[hardware]", tracking("mirrors = ['aim', 'aim']"), "must not name a tracker twice"),
        ("[hardware]", tracking("notify.command = ['mail']"), "notify.command: no such setting"),
        (
            "[hardware]",
            tracking("notify.web_hook_variable = 'https://x'"),
            "notify.web_hook_variable: must be a name of an environment variable",
        ),
        ("seed = 1", "seed = 2024-01-01", "params.toml:2  seed: dates and times are not allowed"),
    ],
)
def test_faults_have_file_line_and_what_is_allowed(params, old, new, expected):
    with pytest.raises(RecipeError) as caught:
        params(PARAMS.replace(old, new))
    assert expected in str(caught.value)


def test_all_faults_are_told_at_once(params):
    with pytest.raises(RecipeError) as caught:
        params("seed = 'x'\n")
    assert [str(fault).partition(": ")[0] for fault in caught.value.faults] == [
        "params.toml:1  corpora",
        "params.toml:1  hardware",
        "params.toml:1  profile",
        "params.toml:1  seed",
    ]


def test_an_unknown_corpus_names_those_there_are(params):
    with pytest.raises(UserError) as caught:
        params().corpus("word")
    assert str(caught.value) == (
        "params.toml has no [corpora.word]; did you mean 'words'? (there are: words). Set "
        "dataset.corpus to one of them, or add the table [corpora.word] to params.toml."
    )


def test_a_missing_file_is_an_error(folder):
    with pytest.raises(RecipeError, match=r"params\.toml  no such file"):
        load_params(folder / "params.toml")
