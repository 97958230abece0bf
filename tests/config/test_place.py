"""The scanner finds what the parser found, on the right lines."""

from __future__ import annotations

import json
import tomllib

from hypothesis import given
from hypothesis import strategies as st

from pymta.config.place import find_places

FILE = """\
# a comment = 1
first = "a # no comment"

second = [  # opened
    "one",
    'two', "three]",
    [1, 2],
]
'quoted key' = 1
date = 1979-05-27 07:32:00  # with a blank
text = \"\"\"
third = 3
"quotes" and \\\"\"\" inside \"\"\"\"
fourth = '''
fifth = 5'''
inline = { a = 1, b = ["x", "y"] }

[table]
inner = true
[ table . "sub" ]
deep.er = [
]
[[many]]
name = 1
last = -1_000
[[many]]
name = 2
[many.inside]
deep = ["x"]
[[many.more]]
one = 1
[[many.more]]
two = 2
[[many]]
[[many.more]]
three = 3"""


def test_every_key_and_item_has_its_line() -> None:
    tomllib.loads(FILE)

    assert find_places(FILE) == {
        ("first",): 2,
        ("second",): 4,
        ("second", 0): 5,
        ("second", 1): 6,
        ("second", 2): 6,
        ("second", 3): 7,
        ("second", 3, 0): 7,
        ("second", 3, 1): 7,
        ("quoted key",): 9,
        ("date",): 10,
        ("text",): 11,
        ("fourth",): 14,
        ("inline",): 16,
        ("inline", "a"): 16,
        ("inline", "b"): 16,
        ("inline", "b", 0): 16,
        ("inline", "b", 1): 16,
        ("table",): 18,
        ("table", "inner"): 19,
        ("table", "sub"): 20,
        ("table", "sub", "deep", "er"): 21,
        ("many",): 23,
        ("many", 0): 23,
        ("many", 0, "name"): 24,
        ("many", 0, "last"): 25,
        ("many", 1): 26,
        ("many", 1, "name"): 27,
        ("many", 1, "inside"): 28,
        ("many", 1, "inside", "deep"): 29,
        ("many", 1, "inside", "deep", 0): 29,
        ("many", 1, "more"): 30,
        ("many", 1, "more", 0): 30,
        ("many", 1, "more", 0, "one"): 31,
        ("many", 1, "more", 1): 32,
        ("many", 1, "more", 1, "two"): 33,
        ("many", 2): 34,
        ("many", 2, "more"): 35,
        ("many", 2, "more", 0): 35,
        ("many", 2, "more", 0, "three"): 36,
    }


def test_an_empty_file_has_no_places() -> None:
    assert find_places("") == find_places("\n# nothing\n") == {}


KEYS = st.lists(st.text("abcdefgh_-", min_size=1, max_size=6), unique=True, max_size=8)
SCALARS = st.text(st.characters(exclude_categories=["Cs", "Cc"])) | st.integers() | st.booleans()
VALUES = SCALARS | st.lists(SCALARS, max_size=4)


@given(KEYS, st.data())
def test_any_file_with_one_key_per_line_is_read_as_it_was_written(
    keys: list[str], data: st.DataObject
) -> None:
    lines = [f"{key} = {json.dumps(data.draw(VALUES), ensure_ascii=False)}" for key in keys]
    text = "\n".join(lines)

    places = find_places(text)

    assert list(tomllib.loads(text)) == keys
    assert {path[0]: line for path, line in places.items() if len(path) == 1} == {
        key: number for number, key in enumerate(keys, 1)
    }
