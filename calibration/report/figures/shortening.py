"""An SVG without what no reader of it needs, drawn alike to a tenth of a point.

A page holds dozens of figures: comments, metadata, line ends, groups that group nothing, digits
beyond hundredths of a point, corners stated from the origin instead of from the corner before, and
a look that is stated twice are most of them.
"""

import re
from typing import Final

UNREAD: Final = re.compile(
    rb"<!--.*?-->|<metadata>.*?</metadata>|<!DOCTYPE.*?>|(?<=>)\s+(?=<)", re.DOTALL
)
TAG: Final = re.compile(rb"<[^>]*>")  # text has no such signs, they are escaped in it
GROUP: Final = re.compile(rb"</?g\b[^>]*>")
SHORTER: Final = tuple(
    (re.compile(long), short)
    for long, short in (
        (rb'^<g id="[\w.]+"', b"<g"),
        (rb' xmlns:xlink="[^"]*"', b""),
        (rb"xlink:href", b"href"),
        (rb"(?<=[:;]) ", b""),
        (rb"'DejaVu Sans'[^;\"]*", b"DejaVu Sans,Verdana,sans-serif"),
        (rb"rotate\(-0 [^)]*\)", b""),
        (rb' transform="\s*"', b""),
        (rb'"', b"'"),  # which an address inside a page may hold as it is
    )
)
PLACED: Final = re.compile(rb" (?:x|y|width|height)='[^']*|(?:translate|rotate)\([^)]*")
PATH: Final = re.compile(rb" d='([^']*)'")
CORNER: Final = re.compile(rb"([ML]) ([-.\d]+) ([-.\d]+)\s*")
STRAIGHT: Final = re.compile(rb"(?:M [-.\d]+ [-.\d]+\s*(?:L [-.\d]+ [-.\d]+\s*)*(?:z\s*)?)+")
MANY_CORNERS: Final = 16  # a curve, or the edge of a band
MINUS: Final = ord("-")
BEYOND_HUNDREDTHS: Final = re.compile(rb"(?<=\.\d\d)\d+| ?\n")
NAMED: Final = re.compile(rb"(?<= id=')\w+|(?<= href='#)\w+|(?<=url\(#)\w+")
MARK: Final = re.compile(rb"<path id='(\w+)'[^>]* class='(\w+)'")
USE: Final = re.compile(rb"(<use href='#(\w+)'[^>]*) class='(\w+)'")
STYLED: Final = re.compile(rb" style='([^']*)'")


def shortened(svg: bytes) -> bytes:
    """The same drawing in fewer bytes."""
    tags = TAG.sub(_shorter_tag, UNREAD.sub(b"", svg))
    return _named_shortly(_styled_once(_without_bare_groups(tags)))


def _shorter_tag(found: re.Match[bytes]) -> bytes:
    tag = found.group()
    for long, short in SHORTER:
        tag = long.sub(short, tag)
    tag = PLACED.sub(lambda place: BEYOND_HUNDREDTHS.sub(b"", place.group()), tag)
    return PATH.sub(lambda path: b" d='%s'" % shorter_path(path.group(1)), tag)


def shorter_path(path: bytes) -> bytes:
    """A path whose straight lines say how far they go.

    In hundredths of a point; in tenths where there are many corners, which lie beside no tick. What
    is rounded is where a corner lies and not how far it is from the last one, so that no error
    grows along a line. A path with curves only loses digits.
    """
    if STRAIGHT.fullmatch(path) is None:
        return BEYOND_HUNDREDTHS.sub(b"", path)
    parts = 100 if path.count(b"L") < MANY_CORNERS else 10
    x = y = 0
    before = b""

    def corner(found: re.Match[bytes]) -> bytes:
        nonlocal x, y, before
        command, *place = found.groups()
        left, down = (round(parts * float(number)) for number in place)
        line = command == b"L"
        from_x, from_y = (x, y) if line else (0, 0)
        go = _pair((left - from_x) / parts, (down - from_y) / parts)
        # Lines after a line need no letter, and a minus sign is separation enough.
        letter = b"" if line and before == b"L" else b"l" if line else b"M"
        x, y, before = left, down, command
        return letter + (go if letter or go[0] == MINUS else b" " + go)

    return CORNER.sub(corner, path).replace(b"\n", b"")


def _pair(x: float, y: float) -> bytes:
    across, down = _number(x), _number(y)
    return across + (b"" if down[0] == MINUS else b" ") + down


def _number(points: float) -> bytes:
    """As few signs as there are: `-.5`, `3`, `12.34`."""
    text = f"{points:.2f}".rstrip("0").rstrip(".")
    return re.sub(r"^(-?)0\.", r"\1.", text).encode()


def _without_bare_groups(svg: bytes) -> bytes:
    """Without groups that have nothing to say of what is in them."""
    bare: list[bool] = []

    def kept(found: re.Match[bytes]) -> bytes:
        tag = found.group()
        if tag == b"</g>":
            return b"" if bare.pop() else tag
        if not tag.endswith(b"/>"):
            bare.append(tag == b"<g>")
        return b"" if tag in (b"<g>", b"<g/>") else tag

    return GROUP.sub(kept, svg)


def _styled_once(svg: bytes) -> bytes:
    """Every look as a class, stated once at the top."""
    classes: dict[bytes, bytes] = {}

    def named(found: re.Match[bytes]) -> bytes:
        return b" class='%s'" % classes.setdefault(found.group(1), b"c%d" % len(classes))

    body = TAG.sub(lambda tag: STYLED.sub(named, tag.group()), svg)
    sheet = b"".join(b".%s{%s}" % (name, look) for look, name in classes.items())
    return body.replace(b"</style>", sheet + b"</style>", 1)


def _named_shortly(svg: bytes) -> bytes:
    """Names of a few signs; and a mark is not told again, by who uses it, the look that it has."""
    looks = dict(MARK.findall(svg))
    names: dict[bytes, bytes] = {}

    def bare(use: re.Match[bytes]) -> bytes:
        start, mark, look = use.groups()
        return start if looks.get(mark) == look else use.group()

    def short(tag: re.Match[bytes]) -> bytes:
        return NAMED.sub(
            lambda name: names.setdefault(name.group(), b"m%d" % len(names)), tag.group()
        )

    return TAG.sub(short, USE.sub(bare, svg))
