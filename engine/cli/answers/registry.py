"""Every document that `--json` prints, by name and version."""

import json
from collections.abc import Mapping

from engine.cli.answers.answer import Answer
from engine.cli.answers.bisect import BisectAnswer
from engine.cli.answers.check import CheckAnswer
from engine.cli.answers.diff import DiffAnswer
from engine.cli.answers.error import ErrorAnswer
from engine.cli.answers.estimate import CardsAnswer, EstimateAnswer
from engine.cli.answers.identity import IdentityAnswer
from engine.cli.answers.ingest import ExplainAnswer, IngestAnswer, VerifyAnswer
from engine.cli.answers.json_schema import schema_of
from engine.cli.answers.why import WhyAnswer

ANSWERS: Mapping[str, type[Answer]] = {
    answer.SCHEMA: answer
    for answer in (
        BisectAnswer,
        CheckAnswer,
        DiffAnswer,
        ErrorAnswer,
        EstimateAnswer,
        CardsAnswer,
        IdentityAnswer,
        IngestAnswer,
        VerifyAnswer,
        ExplainAnswer,
        WhyAnswer,
    )
}


def file_of(name: str) -> str:
    """The file of a document's JSON Schema: `cantus.check-1.json`."""
    return f"{name.replace('/', '-')}.json"


def schema_files() -> Mapping[str, str]:
    """The JSON Schemas as texts, by file."""
    return {
        file_of(name): json.dumps(schema_of(answer), indent=1) + "\n"
        for name, answer in ANSWERS.items()
    }
