import torch

from calibration.engine.language import continued, padded, predicting

CPU = torch.device("cpu")


def test_output_j_predicts_token_j_plus_one() -> None:
    tokens = list(range(10))
    prompt, continuation = 4, 6
    predicted = [tokens[j + 1] for j in range(len(tokens) - 1)]
    assert predicted[predicting(prompt, continuation)] == tokens[prompt:]


def test_prompts_of_one_length_need_no_mask() -> None:
    batch = padded([[1, 2], [3, 4]], CPU)
    assert batch.mask is None
    assert batch.ids.tolist() == [[1, 2], [3, 4]]


def test_shorter_prompts_are_padded_on_the_left_under_a_mask() -> None:
    batch = padded([[5], [6, 7, 8]], CPU)
    assert batch.ids[0, -1] == 5
    assert batch.mask is not None
    assert batch.mask.tolist() == [[False, False, True], [True, True, True]]


def test_continuations_follow_their_prompts_whatever_the_lengths() -> None:
    batch = continued(padded([[5], [6, 7, 8]], CPU), [[1, 2, 3], [4]])
    assert batch.ids[0, 2:].tolist() == [5, 1, 2, 3]
    assert batch.ids[1, :4].tolist() == [6, 7, 8, 4]
    assert batch.mask is not None
    assert batch.mask[:, 3:].all()
