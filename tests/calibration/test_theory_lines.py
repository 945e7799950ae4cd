"""What the terminal shows of the theory: every number of the table, aligned, within its width."""

from made_up_theory import DATASETS, LABEL, TOKENIZERS, made_up_theory

from calibration.report.listing import TERMINAL_WIDTH
from calibration.report.theory_words import alpha, counted, predicted, saturation
from calibration.theory import TheoryTables, theory_tables
from calibration.theory_lines import theory_lines


def shown(tables: TheoryTables) -> list[str]:
    return list(theory_lines(tables))


def test_no_line_is_wider_than_the_terminal() -> None:
    assert max(map(len, shown(made_up_theory()))) <= TERMINAL_WIDTH


def test_every_estimate_stands_under_its_text() -> None:
    tables = made_up_theory()
    text = "\n".join(shown(tables))
    for row in tables.theory.rows(named=True):
        assert alpha(row) in text
        assert f"m = {row['tokens']:,}, {row['types']:,} types" in text
    for dataset in DATASETS:
        assert f"\n{dataset}: 48 source texts\n" in text
    assert text.count(f"tokens of {TOKENIZERS[1]}: m = ") == len(DATASETS)


def test_alphas_are_in_one_column() -> None:
    lines = [line for line in shown(made_up_theory()) if line.startswith("  split half")]
    assert len({line.index("[") for line in lines}) == 1
    assert len(lines) == 14


def test_an_alpha_below_one_predicts_in_words() -> None:
    words = next(line for line in shown(made_up_theory()) if line.startswith("  split half"))
    assert words.split()[2].startswith("0.9")
    assert "not predicted" in words


def test_what_is_assumed_is_said_once_a_data_set() -> None:
    unwrapped = " ".join(line.strip() for line in shown(made_up_theory()))
    assert unwrapped.count(LABEL) == len(DATASETS)


def test_masses_are_told_at_powers_of_ten() -> None:
    text = " ".join(line.strip() for line in shown(made_up_theory()))
    masses = made_up_theory().singletons
    first = masses.row(0, named=True)
    assert first["tokens"] == 100
    assert f"{first['singleton_mass']:.3g} at m = 100, " in text
    assert " at m = 1,000, " in text
    assert " at m = 146, " not in text


def test_nothing_to_count_is_a_sentence() -> None:
    assert shown(theory_tables([], seed=0)) == [
        "No text of the study is long enough to be counted."
    ]


def test_exponents_are_never_positive_and_never_invented() -> None:
    assert predicted(None) == "not predicted"
    assert counted(None) == "undetermined"
    assert predicted(-0.1) == "-0.10"


def test_saturation_says_whether_it_is_small() -> None:
    row = {"unit": "tokens", "tokenizer": "m0", "derailments": 20.5, "derailed_share": 0.951}
    assert saturation(row | {"passed_on": 0.0512}) == (
        "tokens of m0: qT = 20.5 is not small; 95 % of the steps are derailed, and 5.1 % of the "
        "exponent of q is left in EntCE."
    )
    assert "is small" in saturation(row | {"passed_on": 0.99})
    assert "no text would derail" in saturation(row | {"passed_on": None})
