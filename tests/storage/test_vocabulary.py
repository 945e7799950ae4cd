"""Tokenizers: ids of a text, and the raw bytes of every id, half characters included."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markov import END_ID, LETTERS, letter_tokenizer
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import AddedToken, PreTrainedTokenizerFast

from calibration.errors import ModelError
from storage.vocabulary import Vocabulary, read_vocabulary
from storage.weights import Checkpoint

LINES = [
    "Grüße aus Köln: naïve café — 日本語の文章。",
    "日本語 and 😀😀 too",
    "plain words, plain words",
]
PIECES = ("▁", "▁the", "▁ca", "t", "the", "a", "c", "é")


def byte_level(*, whole_alphabet: bool = True) -> PreTrainedTokenizerFast:
    """A small byte-level BPE, with a token in front and one of its own that is not special."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet() if whole_alphabet else []
    trainer = trainers.BpeTrainer(
        vocab_size=290, initial_alphabet=alphabet, special_tokens=["<s>"], show_progress=False
    )
    lines = LINES if whole_alphabet else ["日本語", "日本", "本"]
    tokenizer.train_from_iterator(lines * 3, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 0)]
    )
    tokenizer.add_tokens(["straße™"])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>")


def sentence_pieces() -> PreTrainedTokenizerFast:
    """Pieces with ▁ for the space, and bytes for what has no piece."""
    names = ["<unk>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *PIECES]
    vocabulary = {name: index for index, name in enumerate(names)}
    merges = [("▁", "the"), ("▁ca", "t")]
    model = models.BPE(
        vocabulary | {"▁cat": len(names)}, merges, unk_token="<unk>", byte_fallback=True
    )
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="</s>", unk_token="<unk>")


BYTE_LEVEL = Vocabulary(byte_level())


@settings(deadline=None, derandomize=True, max_examples=100)
@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("日本ß😀 "), max_size=30))
def test_byte_level_tokens_spell_any_text(text: str) -> None:
    ids = BYTE_LEVEL.encode(text.replace("<s>", ""))
    assert BYTE_LEVEL.decode(ids) == text.replace("<s>", "").encode()


def test_half_a_character_has_its_own_bytes() -> None:
    pieces = [BYTE_LEVEL.token(index) for index in BYTE_LEVEL.encode("😁")]
    assert b"".join(pieces) == "😁".encode()
    assert len([piece for piece in pieces if piece]) > 1
    with pytest.raises(UnicodeDecodeError):
        pieces[1].decode()


def test_lengths_are_those_of_the_bytes() -> None:
    ids = BYTE_LEVEL.encode("Köln 😁")
    assert BYTE_LEVEL.lengths(ids) == [len(BYTE_LEVEL.token(index)) for index in ids]
    assert sum(BYTE_LEVEL.lengths(ids)) == len("Köln 😁".encode())


def test_special_tokens_stand_in_front_once_and_have_no_bytes() -> None:
    ids = BYTE_LEVEL.encode("plain")
    assert ids[0] == 0
    assert ids.count(0) == 1
    assert BYTE_LEVEL.token(0) == b""


def test_a_control_token_has_no_bytes_though_no_role_names_it() -> None:
    tokenizer = byte_level()
    tokenizer.add_tokens([AddedToken("<|end_of_turn|>", special=True)])
    vocabulary = Vocabulary(tokenizer)
    assert vocabulary.token(tokenizer.convert_tokens_to_ids("<|end_of_turn|>")) == b""


def test_a_token_that_was_added_has_the_bytes_of_its_text() -> None:
    (added,) = BYTE_LEVEL.encode("straße™")[1:]
    assert BYTE_LEVEL.token(added) == "straße™".encode()


def test_a_byte_level_vocabulary_without_spaces_is_known_by_its_decoder() -> None:
    small = Vocabulary(byte_level(whole_alphabet=False))
    assert small.decode(small.encode("日本語")) == "日本語".encode()


def test_pieces_have_spaces_for_their_marks_and_bytes_for_their_codes() -> None:
    vocabulary = Vocabulary(sentence_pieces())
    named = sentence_pieces().get_vocab()
    assert vocabulary.token(named["▁the"]) == b" the"
    assert vocabulary.token(named["▁"]) == b" "
    assert vocabulary.token(named["é"]) == "é".encode()
    assert vocabulary.token(named["<0xE2>"]) == b"\xe2"
    assert vocabulary.token(named["<0x0A>"]) == b"\n"
    assert vocabulary.token(named["</s>"]) == b""
    assert vocabulary.decode(vocabulary.encode("cat €")) == " cat €".encode()


def test_letters_are_spelled_as_they_are() -> None:
    vocabulary = Vocabulary(letter_tokenizer())
    assert len(vocabulary) == len(LETTERS) + 1
    assert vocabulary.decode(vocabulary.encode("abcg")) == b"abcg"
    assert vocabulary.token(END_ID) == b""


def test_ids_beyond_the_vocabulary_stand_for_no_text() -> None:
    vocabulary = Vocabulary(letter_tokenizer())
    assert vocabulary.lengths([0, 8, 9_999]) == [1, 0, 0]


def test_gaps_between_ids_stand_for_no_text() -> None:
    tokenizer = Tokenizer(models.WordLevel({"a": 0, "b": 5}, unk_token="a"))
    vocabulary = Vocabulary(PreTrainedTokenizerFast(tokenizer_object=tokenizer))
    assert len(vocabulary) == 6
    assert vocabulary.lengths(range(6)) == [1, 0, 0, 0, 0, 1]


def test_a_tokenizer_is_read_from_its_directory(tmp_path: Path) -> None:
    byte_level().save_pretrained(tmp_path)
    found = read_vocabulary(Checkpoint(str(tmp_path)))
    assert found.encode("Köln 😁") == BYTE_LEVEL.encode("Köln 😁")
    assert [found.token(index) for index in range(len(found))] == [
        BYTE_LEVEL.token(index) for index in range(len(BYTE_LEVEL))
    ]


@pytest.mark.parametrize("content", [None, "", "{", "{}", "[]", '{"model": 3}'])
def test_a_tokenizer_that_does_not_load_is_a_sentence(tmp_path: Path, content: str | None) -> None:
    letter_tokenizer().save_pretrained(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    if content is not None:
        (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(ModelError) as caught:
        read_vocabulary(Checkpoint(str(tmp_path)))
    said = str(caught.value)
    assert said.startswith(f"{tmp_path}: a tokenizer was expected beside the weights, but it does")
    assert said.endswith("): save one there with `tokenizer.save_pretrained`")
    assert "\n" not in said


def test_a_broken_configuration_of_a_tokenizer_is_a_sentence(tmp_path: Path) -> None:
    letter_tokenizer().save_pretrained(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps("text"))
    with pytest.raises(ModelError, match="a tokenizer was expected beside the weights"):
        read_vocabulary(Checkpoint(str(tmp_path)))


def test_code_that_comes_with_a_tokenizer_is_not_run(tmp_path: Path) -> None:
    letter_tokenizer().save_pretrained(tmp_path)
    ran = tmp_path / "ran"
    (tmp_path / "own.py").write_text(f"open({str(ran)!r}, 'w')\nclass Own: pass\n")
    settings = json.loads((tmp_path / "tokenizer_config.json").read_text())
    settings |= {"tokenizer_class": "Own", "auto_map": {"AutoTokenizer": ["own.Own", None]}}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    with pytest.raises(ModelError, match="a tokenizer was expected beside the weights"):
        read_vocabulary(Checkpoint(str(tmp_path)))
    assert not ran.exists()
