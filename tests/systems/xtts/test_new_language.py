"""Telugu for a published GPT that knows English and Hungarian, through two phases and an export."""

import json
import shutil

import pytest
import torch
from attrs import evolve

from engine.corpus import ingest
from engine.errors import UserError
from engine.project import Project
from engine.recipe import load_params
from engine.recipe.params import Work
from engine.recipe.training import Start
from engine.runs.run import Run
from engine.system_support.build import build_system
from engine.systems.xtts.network.dvae import Dvae, DvaeSettings
from engine.systems.xtts.recipe import Adapters, NewLanguage, Published
from engine.systems.xtts.system import build
from engine.systems.xtts.text.tokenizer import Tokenizer
from engine.training.checkpoint import read_checkpoint
from tests.systems.xtts.published_files import VOCABULARY, coqui, write_published
from tests.systems.xtts.small_project import StopsAt, later, load_params_of
from tests.systems.xtts.test_recipe import fault

WORDS = ("నమస్కారం", "ప్రపంచం", "తెలుగు", "భాష", "మంచి", "రోజు", "ఇల్లు", "పాలు")
NEW = NewLanguage(language="te", num_tokens=40)
TABLES = ("text_embedding", "text_head")
WEIGHTS = Start(weights="published/xtts/model.pth")


@pytest.fixture(scope="module")
def classes():
    return coqui()


@pytest.fixture(scope="module")
def telugu_project(spoken_project, classes, tmp_path_factory):
    """The small corpus said to be Telugu, and published files as Coqui's classes write them."""
    root = tmp_path_factory.mktemp("telugu")
    source = root / "data" / "speech"
    shutil.copytree(spoken_project.root / "data" / "speech", source)
    lines = ["file_name|text|speaker|language"]
    for number, path in enumerate(sorted(source.glob("*.wav"))):
        text = f"{WORDS[number % 8]} {WORDS[number // 3]}"
        lines.append(f"{path.name}|{text}|{path.name.partition('_')[0]}|te")
    (source / "metadata.csv").write_text("\n".join(lines) + "\n", "utf-8")
    shutil.copy(spoken_project.params, root / "params.toml")
    project = Project(root)
    corpus = load_params(project.params).corpora["speech"]
    ingest("speech", corpus, project, work=Work(num_workers=1))
    (root / "published").mkdir()
    write_published(classes, root / "published" / "xtts", knows_stops=True)
    torch.manual_seed(3)
    small = DvaeSettings(num_codes=16, codebook_dim=8, hidden_dim=8, num_resnet_blocks=1)
    torch.save(Dvae(small).state_dict(), root / "published/xtts/dvae.pth")
    return project


@pytest.fixture
def make_recipe(make_xtts_recipe):
    def make(language="te", new=NEW, **changes):
        model = Published(folder="published/xtts", dropout=0.0, new_language=new)
        recipe = make_xtts_recipe(model=model, steps=2, dataset={"languages": (language,)})
        return evolve(recipe, **({"start": WEIGHTS} | changes))

    return make


def made(recipe, project):
    torch.manual_seed(1)
    return build(recipe, project, load_params_of(project))


def test_published_weights_get_rows_for_tokens_made_of_the_transcripts(telugu_project, make_recipe):
    system = made(make_recipe(), telugu_project)
    tokenizer, old = system.assets.vocabulary.tokenizer, Tokenizer.read(VOCABULARY)
    assert tokenizer.languages == ("en", "hu", "te")
    assert tokenizer.start_token == old.start_token
    assert old.num_tokens < tokenizer.num_tokens <= old.num_tokens + NEW.num_tokens
    assert len(system.train_clips) + len(system.eval_clips) == 24
    said = system.load_published(telugu_project.root / "published/xtts/model.pth")
    assert "new text tokens start as the mean" in said
    published = torch.load(telugu_project.root / "published/xtts/model.pth", weights_only=False)
    before, after = published["model"], system.module.network.state_dict()
    assert len(after["text_head.bias"]) == tokenizer.num_tokens
    for name, value in after.items():
        given = before[f"gpt.{name}"]
        assert torch.equal(value[: len(given)], given), name
        assert (value.shape != given.shape) == name.startswith(TABLES), name


def test_two_phases_with_adapters_share_the_vocabulary_and_coqui_loads_what_they_export(
    classes, telugu_project, make_recipe, monkeypatch
):
    monkeypatch.setattr("engine.runs.finish.build_report", lambda *_: None)
    first = make_recipe(adapters=Adapters(rank=4, also=TABLES))
    second = later(first)
    params = load_params_of(telugu_project)
    for recipe in (first, second):
        assert Run(recipe, telugu_project, params, build_system, StopsAt()).train()
    model = telugu_project.root / "models" / "later"
    assert json.loads((telugu_project.root / "models/later/metrics.json").read_text())["parent"]
    config = classes.XttsConfig()
    config.load_json(str(model / "export/config.json"))
    assert config.languages == ["en", "hu", "te"]
    theirs = classes.Xtts(config)
    theirs.load_checkpoint(config, checkpoint_dir=str(model / "export"), eval=False)
    assert "refuses text in te, which" in (model / "export/README.md").read_text()
    ours = made(second, telugu_project)
    ours.module.load_state_dict(read_checkpoint(model / "checkpoints/best").weights)
    _require_same_logits(theirs.gpt.eval(), ours.module.network.eval())


def _require_same_logits(theirs, ours):
    text, codes = torch.tensor([[5, 40, 30]]), torch.tensor([[3, 9, 1, 14, 7]])
    voice = torch.randn(1, 32, 64, generator=torch.Generator().manual_seed(2))
    lengths, samples = torch.tensor([3]), torch.tensor([5 * 1024])
    with torch.no_grad():
        heard = theirs(text, lengths, codes, samples, cond_latents=voice, return_latent=True)
        (own,) = ours.latents(voice, text, lengths, codes, torch.tensor([5]))
        logits, expected = ours.mel_head(own), theirs.mel_head(heard[0])
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4)


def test_a_later_phase_of_other_transcripts_is_refused_with_the_way_out(
    telugu_project, make_recipe
):
    one, other = make_recipe(), make_recipe(new=evolve(NEW, num_tokens=38))
    given = made(one, telugu_project).module.state_dict()
    with pytest.raises(UserError, match="changed, name a folder with the exported"):
        made(other, telugu_project).module.adopted(given)


def test_languages_that_cannot_be_added_are_refused(telugu_project, make_recipe):
    for recipe, said in (
        (make_recipe(new=None), "no token for the language 'te'; it has en, hu. .*new_language"),
        (make_recipe(new=evolve(NEW, num_tokens=3)), "3 new tokens are too few"),
        (make_recipe("sk", NewLanguage(language="sk")), "no clip of the corpus is in 'sk'"),
        (make_recipe("hu", NewLanguage(language="hu")), "has the language 'hu' already"),
    ):
        with pytest.raises(UserError, match=said):
            made(recipe, telugu_project)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (
            ["model.new_language.language='te'"],
            "'te' is not one of dataset.languages, which are hu",
        ),
        (["dataset.languages=['te']", "freeze.parts=['text_head']"], "leave out text_head"),
        (["dataset.languages=['te']", "adapters.rank=8"], "add text_embedding, text_head"),
    ],
)
def test_new_tokens_that_nobody_says_or_that_cannot_be_learned_are_refused(overrides, said):
    given = ["model.new_language.language='te'", *overrides]
    assert said in fault(*given)
