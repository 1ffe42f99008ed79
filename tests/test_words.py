"""Words: equal to ``collections.Counter`` for every text, on every level and number of threads."""

from __future__ import annotations

import functools
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rust_numpy_example as rne
from rust_numpy_example._twins import twins

#: All white space of Python, and characters that share their first bytes.
SPACES = [chr(c) for c in range(sys.maxunicode + 1) if chr(c).isspace()]
NEIGHBOURS = [chr(ord(c) + d) for c in SPACES for d in (-1, 1)]

#: Characters whose lower case is special: final sigma and its neighbours, the dotted I, the
#: Kelvin and Angstrom signs, sharp s, titlecase digraphs, Cherokee, Georgian, Deseret.
SPECIAL = list("ΣσςΑα.'\u0301\u00adİıIiKkKÅåẞßǅǆǄᎠꭰᲐა𐐀𐐨ŉΐﬁ")

LEVELS = rne.build_info()["simd_available"]


def counter(text: str) -> list[tuple[str, int]]:
    return list(Counter(text.lower().split()).items())


def counted(text: Any, **options: Any) -> list[tuple[str, int]]:
    return list(rne.word_count(text, **options).items())


@functools.cache
def zipf_text(words: int, seed: int = 0, letters: str = "etaoinshrdlucmfw") -> str:
    """Return a text in which few words are frequent and most are rare."""
    rng = np.random.default_rng(seed)
    vocabulary = [
        "".join(letters[i] for i in rng.integers(0, len(letters), rng.integers(1, 20)))
        for _ in range(words // 5)
    ]
    chosen = np.minimum(rng.zipf(1.2, words) - 1, len(vocabulary) - 1)
    return " ".join(vocabulary[i].capitalize() if i % 7 == 0 else vocabulary[i] for i in chosen)


MIXED = "éèüßñ жщыЖЩЫ 日本語 ΣΑΣ İ aeiou AEIOU"


@pytest.mark.parametrize("twin", list(twins("words")), ids=lambda twin: twin.name)
def test_twins_agree(twin: Any) -> None:
    data = twin.data()
    result = twin.ours(*data)
    assert list(result.items()) == list(twin.python(*data).items())
    assert list(result.items()) == list(twin.numpy(*data).items())


#: Where there are letters, which every CPython knows in a version of Unicode of its own.
LETTERS = {0, 1, 2, 3}


@pytest.mark.parametrize(
    "plane", [pytest.param(n, marks=[] if n in LETTERS else pytest.mark.thorough) for n in range(17)]
)
def test_every_code_point_separates_and_is_made_lower_case_as_in_python(plane: int) -> None:
    text = "".join(f"a{chr(c)}B {chr(c)}Σ " for c in range(plane << 16, (plane + 1) << 16))
    assert counted(text) == counter(text)
    assert counted(text, lowercase=False) == list(Counter(text.split()).items())


@given(st.text(st.sampled_from(SPACES + NEIGHBOURS + SPECIAL + list("abAB")), max_size=150))
def test_texts_of_special_characters_are_counted_as_python_does(text: str) -> None:
    assert counted(text) == counter(text)
    assert counted(text, lowercase=False) == list(Counter(text.split()).items())


@given(st.text(max_size=300), st.integers(0, 9))
def test_any_text_is_counted_as_python_does(text: str, top: int) -> None:
    assert counted(text) == counter(text)
    assert counted(text, top=top) == Counter(text.lower().split()).most_common(top)
    assert counted(text.encode("utf-8", "replace")) == counter(text.encode("utf-8", "replace").decode())


@given(st.lists(st.integers(1, 80), max_size=40), st.sampled_from(["x", "É", "語", "\0"]))
def test_words_of_any_length_are_counted(lengths: list[int], letter: str) -> None:
    text = " ".join(letter * n for n in lengths)
    assert counted(text) == counter(text)


def test_lone_surrogates_are_kept() -> None:
    text = "a\ud800 A\ud800 \udfff a\ud800b " * 3
    assert counted(text) == counter(text)
    assert counted(text, top=1) == [("a\ud800", 6)]
    assert counted("ab\ud800cd", tokenizer="unicode") == [("ab", 1), ("cd", 1)]


def test_words_that_become_ascii_join_those_that_are() -> None:
    for text in ["K k K", "k K", "K x k K İ i̇", "x K y k y K"]:
        assert counted(text) == counter(text)
        assert counted(text, top=2) == Counter(text.lower().split()).most_common(2)


@pytest.mark.thorough
@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("letters", ["etaoinshrdlucmfw", MIXED.replace(" ", "")], ids=["ascii", "mixed"])
def test_the_result_is_the_same_for_every_number_of_threads(workers: int, letters: str) -> None:
    text = zipf_text(60_000, 1, letters)
    assert counted(text, workers=workers) == counter(text)
    assert counted(text.encode(), workers=workers) == counter(text)
    assert counted(text, workers=workers, top=7) == Counter(text.lower().split()).most_common(7)


@pytest.mark.thorough
@pytest.mark.parametrize("level", LEVELS)
def test_every_level_counts_the_same(level: str) -> None:
    program = (
        "import rust_numpy_example as rne, sys; from collections import Counter; import test_words as t\n"
        "assert rne.build_info()['simd'] == sys.argv[1]\n"
        "text = t.zipf_text(5_000, 2, t.MIXED) + ' '.join(t.SPACES + t.NEIGHBOURS + t.SPECIAL)\n"
        "assert t.counted(text) == t.counter(text)\n"
    )
    paths = os.pathsep.join([os.path.dirname(__file__), *sys.path])
    environment = os.environ | {"RUST_NUMPY_EXAMPLE_SIMD": level, "PYTHONPATH": paths}
    subprocess.run([sys.executable, "-c", program, level], check=True, env=environment)


def test_bytes_of_every_kind_are_texts() -> None:
    data = "Ab é ab É".encode()
    expected = {"ab": 2, "é": 2}
    array = np.frombuffer(data, np.uint8)
    for text in [
        data,
        bytearray(data),
        memoryview(data),
        array,
        array.repeat(2)[::2],
        memoryview(data[::-1])[::-1],
    ]:
        assert rne.word_count(text) == expected
    assert rne.word_count(b"") == rne.word_count("") == rne.word_count(" \n\u3000") == {}


def test_subclasses_of_str_and_bytes_are_texts() -> None:
    class Text(str):
        def lower(self) -> str:
            raise AssertionError

    class Data(bytes):
        pass

    assert rne.word_count(Text("a A é")) == {"a": 2, "é": 1}
    assert rne.word_count(Data(b"a A")) == {"a": 2}


@pytest.mark.parametrize(
    "bad", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xe2\x28\xa1"]
)
@pytest.mark.parametrize("at", [0, 70, 5000, 600_000])
def test_bytes_that_are_not_utf8_are_refused_with_the_offset(
    bad: bytes, at: int, tmp_path: pathlib.Path
) -> None:
    data = (b"word " * (at // 5 + 1))[:at] + bad + b" more \xff"
    with pytest.raises(UnicodeDecodeError) as expected:
        data.decode()
    for tokenizer in ["whitespace", "unicode"]:
        with pytest.raises(UnicodeDecodeError) as caught:
            rne.word_count(data, tokenizer=tokenizer, workers=2)
        assert caught.value.args == expected.value.args
    path = tmp_path / "bad"
    path.write_bytes(data)
    for workers in [1, 3]:
        with pytest.raises(ValueError, match=f"is not UTF-8: byte {bad[0]:#x} at offset {at}$") as refused:
            rne.word_count_file(path, workers=workers, chunk_bytes=4096)
        assert f"word_count_file: {path}" in str(refused.value)


def test_arguments_that_make_no_sense_are_refused(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "text"
    path.write_text("a")
    for function, argument in [(rne.word_count, "a"), (rne.word_count_file, path)]:
        name = function.__name__
        with pytest.raises(
            ValueError, match=f"{name}: argument tokenizer, got 'x', expected 'whitespace' or"
        ):
            function(argument, tokenizer="x")
        with pytest.raises(ValueError, match=f"{name}: argument top, got -1"):
            function(argument, top=-1)
        for workers in [0, -1]:
            with pytest.raises(ValueError, match="argument workers, got .*, expected None or 1 to 1024"):
                function(argument, workers=workers)
        with pytest.raises(TypeError):
            function(argument, True)
    for chunk_bytes in [0, -1]:
        with pytest.raises(ValueError, match=f"argument chunk_bytes, got {chunk_bytes}, expected 1 or more"):
            rne.word_count_file(path, chunk_bytes=chunk_bytes)
    with pytest.raises((MemoryError, ValueError)):
        rne.word_count_file(path, chunk_bytes=2**62)


def test_unicode_words_are_those_of_annex_29() -> None:
    text = 'The quick ("brown") fox can\'t jump 32.3 feet, right? Ünï été\u0301 カタカナ 日本 👍 a_b'
    words = "the quick brown fox can't jump 32.3 feet right ünï été\u0301 カタカナ 日 本 a_b".split()
    assert list(rne.word_count(text, tokenizer="unicode")) == words
    upper = rne.word_count("Can't CAN'T", tokenizer="unicode", lowercase=False)
    assert upper == {"Can't": 1, "CAN'T": 1}
    many = (text + "\r\n") * 20_000
    assert rne.word_count(many, tokenizer="unicode", workers=2) == dict.fromkeys(words, 20_000)


@given(
    st.text(st.sampled_from(SPACES + SPECIAL + list("ab\r\n1,'\"_\u200d🇩😀カ日א")), max_size=120),
    st.integers(1, 50),
)
def test_a_file_read_in_blocks_is_counted_as_a_text(text: str, chunk: int) -> None:
    path = twins_file()
    path.write_bytes(text.encode())
    for tokenizer in ["whitespace", "unicode"]:
        expected = counted(text, tokenizer=tokenizer)
        for workers in [1, 3]:
            options: dict[str, Any] = {"tokenizer": tokenizer, "chunk_bytes": chunk, "workers": workers}
            assert list(rne.word_count_file(path, **options).items()) == expected


@pytest.fixture(autouse=True, scope="module")
def _scratch(tmp_path_factory: pytest.TempPathFactory) -> None:
    global _path
    _path = tmp_path_factory.mktemp("words") / "text"


_path = pathlib.Path()


def twins_file() -> pathlib.Path:
    return _path


@pytest.mark.thorough
@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("chunk", [100, 5000, 1 << 20])
def test_a_file_gives_the_same_for_every_chunk_and_number_of_threads(
    workers: int, chunk: int, tmp_path: pathlib.Path
) -> None:
    text = zipf_text(30_000, 3, MIXED.replace(" ", "")) + " " + "Long" * 5000 + " end"
    path = tmp_path / "text"
    path.write_text(text, encoding="utf-8")
    for form in [path, str(path)]:
        assert list(rne.word_count_file(form, chunk_bytes=chunk, workers=workers).items()) == counter(text)
    top = rne.word_count_file(path, chunk_bytes=chunk, workers=workers, top=5)
    assert list(top.items()) == Counter(text.lower().split()).most_common(5)


def test_progress_is_told_on_the_calling_thread_and_ends_with_the_total(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"word " * 40_000)
    calls: list[tuple[int, int, int]] = []
    result = rne.word_count_file(
        path,
        chunk_bytes=1000,
        progress=lambda done, total: calls.append((done, total, threading.get_ident())),
    )
    assert result == {"word": 40_000}
    done, totals, threads = zip(*calls)
    assert list(done) == sorted(done)
    assert done[-1] == 200_000
    assert set(totals) == {200_000}
    assert set(threads) == {threading.get_ident()}


def test_what_progress_raises_ends_the_work(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"word " * 40_000)

    class Stop(Exception):
        pass

    calls = []

    def progress(done: int, total: int) -> None:
        calls.append(done)
        raise Stop("enough")

    with pytest.raises(Stop, match="enough"):
        rne.word_count_file(path, chunk_bytes=1000, progress=progress)
    assert len(calls) == 1
    with pytest.raises(TypeError):
        rne.word_count_file(path, progress=5)  # type: ignore[arg-type]


def test_errors_of_files_are_those_of_open(tmp_path: pathlib.Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        rne.word_count_file(tmp_path / "none")
    assert (caught.value.filename, caught.value.strerror) == (
        str(tmp_path / "none"),
        "No such file or directory",
    )
    with pytest.raises((IsADirectoryError, PermissionError)):
        rne.word_count_file(tmp_path)
    (tmp_path / "file").touch()
    assert rne.word_count_file(tmp_path / "file") == {}
    with pytest.raises(OSError):
        rne.word_count_file(tmp_path / "file" / "below")
    with pytest.raises(ValueError):
        rne.word_count_file("a\0b")
    with pytest.raises(TypeError):
        rne.word_count_file(5)  # type: ignore[arg-type]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with a name")
def test_a_pipe_is_read_to_its_end(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(b"Ab ab " * 50_000,))
    writer.start()
    calls: list[tuple[int, int]] = []
    assert rne.word_count_file(path, progress=lambda *call: calls.append(call)) == {"ab": 100_000}
    writer.join()
    assert calls[-1] == (300_000, 0)


@pytest.mark.skipif(sys.platform == "win32", reason="no interval timer")
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("tokenizer", ["whitespace", "unicode"])
def test_ctrl_c_stops_the_work_soon(workers: int, tokenizer: str, tmp_path: pathlib.Path) -> None:
    text = zipf_text(100_000) * (30 if tokenizer == "unicode" else 100)
    path = tmp_path / "text"
    path.write_text(text)
    for work in [
        lambda: rne.word_count(text, workers=workers, tokenizer=tokenizer),
        lambda: rne.word_count_file(path, workers=workers, tokenizer=tokenizer),
    ]:
        start = time.process_time()
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        with pytest.raises(KeyboardInterrupt):
            work()
        assert time.process_time() - start < 0.5


@pytest.mark.thorough
def test_words_chosen_to_collide_do_not_slow_it() -> None:
    """Words that fall into one place of a table whose hash has no key (all of its keys zero)."""

    def fold(a: int, b: int) -> int:
        product = a * b
        return (product ^ (product >> 64)) & (2**64 - 1)

    rng = np.random.default_rng(0)
    alphabet = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz", np.uint8)
    letters = alphabet[rng.integers(0, 26, (300_000, 15))]
    chosen = []
    for row in letters:
        low = int.from_bytes(row[:8].tobytes(), "little")
        high = int.from_bytes(row[8:].tobytes(), "little") | 15 << 56
        if fold(low, high) >> 59 == 0:
            chosen.append(row.tobytes())
    plain = [row.tobytes() for row in letters[: len(chosen)]]
    assert len(chosen) > 5000

    def seconds(words: list[bytes]) -> float:
        text = b" ".join(words * 5)
        best = float("inf")
        for _ in range(5):
            start = time.perf_counter()
            rne.word_count(text, top=1, workers=1)
            best = min(best, time.perf_counter() - start)
        return best

    assert seconds(chosen) < 3 * seconds(plain)


# --- many texts

TEXTS = ["To be or", "not", "", "to be", "é 漢字 " + "x" * 40, "or"]
COUNTED = dict(Counter(" \n".join(TEXTS).lower().split()))


def kinds_of_texts() -> dict[str, Any]:
    """Return the same texts, some missing, in what people have them in."""
    kinds: dict[str, Any] = {
        "list": [TEXTS[0], None, *TEXTS[1:], float("nan")],
        "generator": (text for text in TEXTS),
        "object array": np.array([None, *TEXTS], object),
        "array of str": np.array(TEXTS),
        "lines": iter([f"{text}\n" for text in TEXTS]),
    }
    return kinds


@pytest.mark.parametrize("kind", kinds_of_texts())
def test_many_texts_are_counted_as_one_with_missing_ones_skipped(kind: str) -> None:
    assert list(rne.word_count(kinds_of_texts()[kind]).items()) == list(COUNTED.items())
    assert rne.word_count(kinds_of_texts()[kind], top=1) == {"to": 2}


def test_words_do_not_go_on_in_the_next_text() -> None:
    assert rne.word_count(["ab", "cd"]) == {"ab": 1, "cd": 1}
    assert rne.word_count(["ab", "cd"], tokenizer="unicode") == {"ab": 1, "cd": 1}
    assert rne.word_count(["ΑΣ", "Α"]) == {"ας": 1, "α": 1}
    assert rne.word_count(["a\ud800 b", "\ud800"]) == {"a\ud800": 1, "b": 1, "\ud800": 1}
    assert rne.word_count([]) == rne.word_count([None]) == {}


@given(st.lists(st.text(max_size=30), max_size=20))
def test_any_texts_are_counted_as_python_does(texts: list[str]) -> None:
    assert counted(iter(texts)) == counter("\n".join(texts))


def test_a_generator_of_texts_takes_bounded_memory() -> None:
    import tracemalloc

    def texts() -> Any:
        for index in range(20_000):
            yield f"word{index % 100} " * 100

    tracemalloc.start()
    result = rne.word_count(texts())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sum(result.values()) == 2_000_000
    assert peak < 1 << 20


@pytest.mark.parametrize(
    "wrong",
    [[1], ["a", b"b"], 5, None, 1.5, object(), {"a": 1}, np.zeros(3), np.array([b"a"]), [["a"]]],
    ids=lambda wrong: type(wrong).__name__,
)
def test_what_is_no_text_is_refused_by_name(wrong: Any) -> None:
    with pytest.raises(
        TypeError, match="word_count: argument text, got .*, expected a str, a bytes-like object"
    ):
        rne.word_count(wrong)


def test_arrow_strings_of_every_kind_are_counted_with_nulls_skipped() -> None:
    pa = pytest.importorskip("pyarrow", reason="hands out Arrow data")
    texts = [*TEXTS[:2], None, *TEXTS[2:]]
    types = [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())]
    types += [pa.dictionary(pa.int64(), pa.large_string())]
    types += [pa.string_view()] if hasattr(pa, "string_view") else []
    for type_ in types:
        try:
            array = pa.array(texts, type_)
        except pa.ArrowNotImplementedError:
            array = pa.array(texts).cast(type_)
        for given_array in (array, pa.chunked_array([array, array.slice(0, 0)])):
            assert list(rne.word_count(given_array).items()) == list(COUNTED.items()), type_
        sliced = Counter(" ".join(text for text in texts[1:5] if text).lower().split())
        assert rne.word_count(array.slice(1, 4)) == dict(sliced), type_
        assert rne.word_count(pa.chunked_array([array[:3], array[3:]])) == COUNTED
    values = pa.DictionaryArray.from_arrays(pa.array([0, 1, None, 0]), pa.array(["a", None]))
    assert rne.word_count(values) == {"a": 2}
    assert rne.word_count(pa.nulls(3)) == rne.word_count(pa.array([], pa.string())) == {}
    for wrong, name in ((pa.array([1]), "l"), (pa.array([["a"]]), "list"), (pa.array([b"a"]), "binary")):
        with pytest.raises(
            TypeError, match=f"word_count: argument text, got Arrow data of the type {name}, expected"
        ):
            rne.word_count(wrong)


def test_series_of_strings_are_counted() -> None:
    pd = pytest.importorskip("pandas")
    pl = pytest.importorskip("polars")
    texts = [*TEXTS, None]
    for series in (
        pd.Series(texts),
        pd.Series(texts, dtype=object),
        pd.Series(texts, dtype="string"),
        pd.Series(texts, dtype="category"),
        pl.Series(texts),
        pl.Series(texts, dtype=pl.Categorical),
    ):
        assert list(rne.word_count(series).items()) == list(COUNTED.items()), series.dtype


class Handed:
    """Arrow data without a length or an iterator."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def __arrow_c_array__(self, requested_schema: Any = None) -> Any:
        return self.array.__arrow_c_array__(requested_schema)


def test_malformed_arrow_strings_are_refused() -> None:
    pa = pytest.importorskip("pyarrow", reason="hands out Arrow data")
    assert rne.word_count(Handed(pa.array(["a b", "a"]))) == {"a": 2, "b": 1}

    def array(type_: Any, count: int, *buffers: bytes) -> Any:
        return Handed(pa.Array.from_buffers(type_, count, [None, *map(pa.py_buffer, buffers)]))

    # The last offset says how many bytes there are, so that none is read beyond them.
    for offsets in ([0, 3, 1], [0, 1 << 30, 1], [3, 0, 4], [0, 1 << 30, 4]):
        back = np.array(offsets, np.int32).tobytes()
        with pytest.raises(ValueError, match="offsets that go back"):
            rne.word_count(array(pa.string(), 2, back, b"abcd"))
    with pytest.raises(ValueError, match="not UTF-8"):
        rne.word_count(array(pa.string(), 1, np.array([0, 2], np.int32).tobytes(), b"\xff\xfe"))
    values = pa.array(["a"])
    for index in (1, -1):
        wrong = pa.DictionaryArray.from_arrays(pa.array([0, index], pa.int8()), values, safe=False)
        with pytest.raises(ValueError, match="an index beyond its dictionary"):
            rne.word_count(Handed(wrong))


# Words in a row


def grams(texts: list[str], n: int) -> list[tuple[str, int]]:
    """The n-grams of texts, by their definition."""
    counts: Counter[str] = Counter()
    for text in texts:
        words = text.lower().split()
        counts.update(" ".join(words[i : i + n]) for i in range(len(words) - n + 1))
    return list(counts.items())


@given(st.text("aBéΣ \n\u3000"), st.integers(1, 4))
def test_ngrams_are_words_in_a_row(text: str, n: int) -> None:
    assert counted(text, ngrams=n) == grams([text], n)
    assert counted(text.encode(), ngrams=n) == grams([text], n)


@given(st.lists(st.text("aBc \n")), st.integers(1, 3))
def test_no_ngram_goes_on_from_one_text_to_the_next(texts: list[str], n: int) -> None:
    assert counted(texts, ngrams=n) == grams(texts, n)


@pytest.mark.parametrize("chunk_bytes", [1, 1000, 1 << 20])
def test_ngrams_of_a_file_are_those_of_the_text(tmp_path: pathlib.Path, chunk_bytes: int) -> None:
    text = zipf_text(3000) + " " + MIXED
    path = tmp_path / "text"
    path.write_text(text, encoding="utf-8")
    seen: list[tuple[int, int]] = []
    for workers in (1, 2):
        options: dict[str, Any] = {"ngrams": 2, "workers": workers, "chunk_bytes": chunk_bytes}
        found = rne.word_count_file(path, **options, progress=lambda *done: seen.append(done))
        assert list(found.items()) == grams([text], 2)
    assert seen[-1] == (len(text.encode()),) * 2
    top = rne.word_count_file(path, ngrams=3, top=5)
    assert list(top.items()) == Counter(dict(grams([text], 3))).most_common(5)


@pytest.mark.thorough
def test_ngrams_of_a_long_text_do_not_depend_on_the_threads() -> None:
    text = zipf_text(60_000, letters="ab")
    text = f"{text} {text}"
    assert len(text) > 1_000_000
    expected = grams([text], 3)
    for workers in (1, 3):
        assert counted(text, ngrams=3, workers=workers) == expected
    unicode = counted(text, ngrams=3, tokenizer="unicode")
    assert unicode == expected


@pytest.mark.parametrize("ngrams", [0, -1, 101, 10**30])
def test_ngrams_that_are_no_number_of_words_are_refused(ngrams: int, tmp_path: pathlib.Path) -> None:
    (tmp_path / "text").touch()
    for call in (
        lambda: rne.word_count("a", ngrams=ngrams),
        lambda: rne.word_count_file(tmp_path / "text", ngrams=ngrams),
    ):
        with pytest.raises((ValueError, OverflowError), match="ngrams"):
            call()


def test_ngrams_of_bytes_that_are_no_text_are_an_error() -> None:
    with pytest.raises(UnicodeDecodeError, match="position 4"):
        rne.word_count(b"a b \xff c", ngrams=2)


def test_how_long_a_word_of_many_texts_may_be() -> None:
    shorter, longer = "x" * (15 << 20), "x" * (21 << 20)
    assert rne.word_count([shorter]) == rne.word_count(["", shorter]) == {shorter: 1}
    for texts in ([longer], ["a", longer], iter([longer, "a"])):
        with pytest.raises(ValueError, match="no word ends within 16 MiB"):
            rne.word_count(texts)
    assert rne.word_count(longer) == {longer: 1}
