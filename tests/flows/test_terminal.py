"""What the terminal shows of other people's files: signs in the places of what moves its cursor."""

import logging

import pytest
import typer

from calibration.errors import ModelError
from flows.terminal import sentences, stages_shown

SAID = "found no \x1b]0;title\x07\x1b[2J\r\x9b31m\u202etxt.exe"
SEEN = "found no ␛]0;title␇␛[2J␍⟨U+009B⟩31m⟨U+202E⟩txt.exe"


def test_a_sentence_shows_what_nobody_could_see(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), sentences():
        raise ModelError(SAID)
    assert capsys.readouterr().err == f"calibration: {SEEN}\n"


def test_a_stage_shows_what_nobody_could_see(capsys: pytest.CaptureFixture[str]) -> None:
    with stages_shown():
        logging.getLogger("calibration").warning(SAID)
    assert capsys.readouterr().err == f"{SEEN}\n"
