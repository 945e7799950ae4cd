"""Study files on disk: what cannot be read or is not YAML is one sentence."""

from pathlib import Path

import pytest

from calibration.errors import StudyError
from storage.studies import read_study

STUDY = """
name: mine
models:
  - {name: small, path: m, family: chains}
datasets:
  - name: letters
    source: {kind: files, path: t.txt}
    prompt: 4
    continuation: 8
    examples: 16
"""


def sentence(path: Path, content: bytes | None = None) -> str:
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StudyError) as caught:
        read_study(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_study_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(STUDY)
    study = read_study(tmp_path / "s.yaml")
    assert (study.name, len(study.models), study.datasets[0].examples) == ("mine", 1, 16)


def test_the_quick_start_is_a_study() -> None:
    study = read_study(Path(__file__).parents[2] / "studies/quickstart.yaml")
    assert len({model.family for model in study.models}) == 1


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    remedy = "give the path of a YAML file such as studies/quickstart.yaml"
    assert sentence(path) == (
        f"{path}: a study file was expected, but it cannot be read (No such file or directory): "
        f"{remedy}"
    )
    assert "(Is a directory): give the path" in sentence(tmp_path)
    assert "(not UTF-8 text): give the path" in sentence(
        tmp_path / "a", "name: ü".encode("latin-1")
    )


@pytest.mark.parametrize(
    ("content", "where"),
    [
        ("name: [1, 2", " (line 1, column 12)"),
        ("a: b: c", " (line 1, column 5)"),
        ("name: x\n\tmodels: 1", " (line 2, column 1)"),
        ("name: !!python/object:os.system x", " (line 1, column 7)"),
        ("name: \x00", ""),
        ("made: 2024-13-45", ""),
        ("? [a, b]\n: c", " (line 1, column 3)"),
    ],
)
def test_what_is_not_yaml_is_a_sentence_with_its_place(
    tmp_path: Path, content: str, where: str
) -> None:
    path = tmp_path / "s.yaml"
    said = sentence(path, content.encode())
    assert said.startswith(f"{path}: YAML was expected, found something else{where}: ")
    assert said.endswith(": mend that line, or see studies/quickstart.yaml for one to copy")


@pytest.mark.parametrize(("content", "found"), [("", "nothing"), ("- a\n- b", "a list of 2")])
def test_yaml_that_is_no_mapping_is_a_sentence(tmp_path: Path, content: str, found: str) -> None:
    path = tmp_path / "s.yaml"
    assert sentence(path, content.encode()).startswith(f"{path}: a mapping with the keys name, ")
    assert f"was expected, found {found}: see" in sentence(path)


def test_a_wrong_value_is_named_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    said = sentence(path, STUDY.replace("prompt: 4", "prompt: four").encode())
    assert said.startswith(f"{path}: `datasets[1].prompt`: a whole number was expected, found 'fo")


def test_a_key_written_twice_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    said = sentence(path, f"{STUDY}\nname: again\n".encode())
    assert said.startswith(f"{path}: YAML was expected, found something else (line 12, column 1): ")
    assert "the key 'name' twice" in said


def test_a_study_extends_another_beside_it(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(STUDY)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/a.yaml").write_text("extends: ../s.yaml\nname: a\n")
    (tmp_path / "sub/b.yaml").write_text(
        "extends: a.yaml\ndatasets: [{name: letters, prompt: 9}]\n"
    )
    study = read_study(tmp_path / "sub/b.yaml")
    assert (study.name, study.models[0].name) == ("a", "small")
    assert (study.datasets[0].prompt, study.datasets[0].continuation) == (9, 8)


def test_what_is_wrong_after_extending_is_said_of_the_file_that_was_given(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(STUDY)
    assert sentence(tmp_path / "a.yaml", b"extends: s.yaml\nmodles: []\n") == (
        f"{tmp_path}/a.yaml: `modles` is not a key that is known here: did you mean `models`?"
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"extends: 3", "`extends`: the path of a study file was expected, found 3: write one"),
        (b"extends:", "`extends`: the path of a study file was expected, found None: write one"),
        (b"extends: a.yaml", "`extends`: another study file was expected, found a.yaml, which ext"),
    ],
)
def test_what_cannot_be_extended_is_a_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "a.yaml"
    assert sentence(path, content).startswith(f"{path}: {said}")


def test_a_file_that_is_extended_is_named_where_it_is_at_fault(tmp_path: Path) -> None:
    gone = tmp_path / "gone.yaml"
    assert sentence(tmp_path / "a.yaml", b"extends: gone.yaml").startswith(
        f"{gone}: a study file was expected, but it cannot be read"
    )
    gone.write_text("- a")
    assert sentence(tmp_path / "a.yaml").startswith(f"{gone}: a mapping with the keys name, ")


def test_files_that_extend_each_other_are_refused(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("extends: a.yaml")
    assert "which extends this one" in sentence(tmp_path / "a.yaml", b"extends: b.yaml")


def bomb(form: str) -> str:
    """Ten lines, each of which stands for nine of the line before."""
    lines = ["a0: &a0 {name: x}"]
    for number in range(1, 10):
        before = ", ".join([f"*a{number - 1}"] * 9)
        lines.append(f"a{number}: &a{number} {form.format(before)}")
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (f"{bomb('[{}]')}\nextends: *a9", "more than 100,000 values, each alias counted"),
        (f"{bomb('[{}]')}\nname: *a9", "more than 100,000 values, each alias counted"),
        (f"{bomb('{{<<: [{}]}}')}\nname: x", "more than 100,000 values, each alias counted"),
        ("extends: &a [*a]", "more than 100,000 values, each alias counted"),
        ("models: &a {b: *a}", "more than 100,000 values, each alias counted"),
        ("[" * 5000, "it does not parse"),
        ("{a: " * 5000, "it does not parse"),
    ],
)
def test_what_would_fill_the_memory_is_a_sentence(
    tmp_path: Path, content: str, problem: str
) -> None:
    said = sentence(tmp_path / "s.yaml", content.encode())
    assert problem in said
    assert len(said) < 500


def test_an_alias_may_stand_for_what_is_written_once(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(
        STUDY.replace("prompt: 4", "prompt: &few 4").replace(
            "continuation: 8", "continuation: *few"
        )
    )
    assert read_study(tmp_path / "s.yaml").datasets[0].continuation == 4


@pytest.mark.parametrize(
    "call",
    [
        "!!python/object/apply:os.system ['touch {}']",
        "!!python/object/new:pathlib.Path [['{}']]",
        "!!python/name:os.system",
        "!!python/module:os",
    ],
)
def test_a_study_calls_nothing(tmp_path: Path, call: str) -> None:
    ran = tmp_path / "ran"
    tagged = call.format(ran)
    for content in (f"name: {tagged}", f"{tagged}", f"{STUDY}root: {tagged}", f"extends: {tagged}"):
        assert "could not determine a constructor" in sentence(
            tmp_path / "s.yaml", content.encode()
        )
    (tmp_path / "s.yaml").write_text(STUDY)
    (tmp_path / "bad.yaml").write_text(f"name: {tagged}")
    assert "could not determine" in sentence(tmp_path / "a.yaml", b"extends: bad.yaml")
    assert not ran.exists()
