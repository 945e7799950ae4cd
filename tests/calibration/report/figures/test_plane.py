"""The plane of log loss and EntCE: paths of models, told apart without colour."""

import polars as pl
import pytest
from made_up_study import DATASET, DECODINGS, SIZES, Study, made_up_study, study_of
from made_up_truncations import TRUNCATION, truncated_alone, truncated_study
from matplotlib.figure import Figure

from calibration.report.figures.files import rendered
from calibration.report.figures.plane import loss_ent_ce_plane


def drawn(study: Study, dataset: str = DATASET) -> Figure:
    decoding = study.tables.headline(DATASET)
    return loss_ent_ce_plane(study.tables, dataset=dataset, decoding=decoding)


def words(figure: Figure) -> list[str]:
    return sorted(text.get_text() for text in figure.axes[0].texts)


def test_the_plane_names_models_and_temperatures() -> None:
    assert words(drawn(made_up_study())) == sorted([*SIZES, *["1.0", "0.9"] * len(SIZES)])


def test_of_many_models_the_ends_of_the_families_are_named() -> None:
    sizes = {f"m{number}": 10**6 * (number + 1) for number in range(8)}
    many = study_of({"f": sizes}, datasets=(DATASET,), decodings=DECODINGS, steps=4)
    assert words(drawn(many)) == ["0.9", "1.0", "m0", "m7"]


def test_families_differ_in_colour_and_marker() -> None:
    families = {f"family {number}": {f"m{number}": 10**6} for number in range(7)}
    study = study_of(families, datasets=(DATASET,), decodings=DECODINGS[:1], steps=4)
    legend = drawn(study).axes[0].get_legend()
    assert legend is not None
    lines = legend.get_lines()
    assert len({str(line.get_color()) for line in lines}) == len(families)
    assert len({str(line.get_marker()) for line in lines}) == len(families)


def test_models_without_intervals_are_drawn_without_bars() -> None:
    unknown = dict.fromkeys(("ent_ce_low", "ent_ce_high"), pl.lit(None))
    assert rendered(drawn(made_up_study().changed(**unknown)), "svg")


def test_what_was_not_measured_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="'nothing'"):
        drawn(made_up_study(), "nothing")


def test_a_truncation_is_a_hollow_path_that_fades_and_shrinks_toward_small_mixtures() -> None:
    panel = drawn(truncated_study()).axes[0]
    hollow = [line for line in panel.lines if line.get_markerfacecolor() == "white"]
    assert len(hollow) == len(SIZES) * 3  # of four mixtures, one has no finite log loss
    for path in (hollow[place : place + 3] for place in range(0, len(hollow), 3)):
        across = [float(line.get_xdata()[0]) for line in path]  # type: ignore[index,arg-type]
        assert across == sorted(across)
        assert [line.get_markersize() for line in path] == [6.5, 5.0, 3.5]
        opacities = [line.get_alpha() for line in path]
        assert opacities == sorted(opacities, reverse=True)  # type: ignore[type-var]
        assert len(set(opacities)) == 3


def test_the_line_of_a_pure_sampler_is_where_its_entropy_less_the_loss_lies() -> None:
    study = truncated_study()
    pure = study.tables.ent_ce.filter(mixture=0)
    dotted = [line for line in drawn(study).axes[0].lines if line.get_linewidth() == 1.4]
    assert len(dotted) == len(pure)
    sums = [float((line.get_xdata() + line.get_ydata())[0]) for line in dotted]  # type: ignore[operator]
    assert sorted(sums) == pytest.approx(sorted(pure["entropy"]))


def test_truncations_are_named_where_there_is_room() -> None:
    assert words(drawn(truncated_study())).count(TRUNCATION) == len(SIZES)
    assert words(drawn(truncated_alone())).count(TRUNCATION) == len(SIZES)


def tuned_study() -> Study:
    return study_of(
        {"f": {"a": 10**6, "b": 10**7}},
        datasets=(DATASET,),
        decodings=DECODINGS,
        steps=4,
        tuned=("f",),
    )


def test_a_thin_line_leads_from_each_base_model_to_its_chat_model() -> None:
    study = tuned_study()
    warm = study.tables.ent_ce.filter(decoding=DECODINGS[0])
    places = {row["model"]: row for row in warm.rows(named=True)}
    thin = [line for line in drawn(study).axes[0].lines if line.get_linewidth() == 0.6]
    ends = sorted((tuple(line.get_xdata()), tuple(line.get_ydata())) for line in thin)  # type: ignore[arg-type]
    expected = [
        tuple((places[base][name], places[f"{base} chat"][name]) for name in ("log_loss", "ent_ce"))
        for base in ("a", "b")
    ]
    assert ends == sorted(expected)


def test_chat_models_have_their_familys_colour_and_a_hollow_mark_of_their_own() -> None:
    legend = drawn(tuned_study()).axes[0].get_legend()
    assert legend is not None
    base, chat = legend.get_lines()
    assert base.get_color() == chat.get_color()
    assert base.get_marker() != chat.get_marker()
    assert chat.get_markerfacecolor() == "white" != base.get_markerfacecolor()


def test_a_chat_model_without_its_base_model_has_no_line() -> None:
    study = tuned_study().changed(base=pl.lit("elsewhere"))
    assert not [line for line in drawn(study).axes[0].lines if line.get_linewidth() == 0.6]


def test_of_names_that_would_overlap_one_is_left_out() -> None:
    families = {
        "f": {f"f{number}": 10 ** (6 + number) for number in range(4)},
        "g": {f"g{number}": 10 ** (6 + number) for number in range(4)},
    }
    study = study_of(families, datasets=(DATASET,), decodings=DECODINGS[:1], steps=4)
    assert [word for word in words(drawn(study)) if word[0] in "fg"] == ["f0", "f3"]
