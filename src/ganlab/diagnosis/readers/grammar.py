"""The grammar of text logs: what stands between the numbers of a line says what each number is.

A line is cut at its numbers. The texts between them are its form, and the lines of one training loop share a few
forms, so each is understood once: which numbers are a place in the run (epoch, iteration, how many there are of each),
which are values with a name, and which are neither (times, dates, units). What a name means is decided elsewhere
(`vocabulary`); the grammar knows no trainer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from ganlab.diagnosis.readers.log import Name

MASK = "\x00"
"""Stands in a form for a text that SKIPPED matched."""

FILES = (
    "png|jpe?g|gif|bmp|webp|pth?|pkl|h5|hdf5|npz|npy|ckpt|json|ya?ml|txt|csv|log|onnx|tar|gz|zip|py|ipynb|wav|mp[34]"
)
MONTHS = (
    "Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:t(?:ember)?)?|Oct(?:ober)?"
    "|Nov(?:ember)?|Dec(?:ember)?"
)
CLOCK = r"[0-9]{1,3}(?::[0-5][0-9]){1,3}(?:[.,][0-9]+)?(?!\.?[0-9]|:[0-9])"

PREFIXES = (
    # Of absl, of MPI, of detectron.
    r"^[IWEFD][0-9]{4} [0-9:.]{8,20} +[0-9]+ [\w./<>-]{1,200}:[0-9]+\]",
    r"^\[[0-9]+,[0-9]+\]<std(?:out|err)>:?",
    r"^\[?[0-9]{1,2}[/-][0-9]{1,2}(?=[ T_][0-9]{2}:[0-9]{2}:[0-9]{2})",
)
DIGITS = (
    # Dates, times, versions and addresses, progress bars.
    *(
        rf"(?<![\w.])(?:19|20)[0-9]{{2}}{by}[0-9]{{1,2}}{by}[0-9]{{1,2}}(?:[T_][0-9][0-9:.,_]*Z?)?(?!\.?[0-9])"
        for by in ("-", "/", "[.]", "_")
    ),
    *(
        rf"(?<![\w./-])[0-9]{{1,2}}{by}[0-9]{{1,2}}{by}(?:(?:19|20)[0-9]{{2}}|[0-9]{{2}}(?=[ T,_-]{{1,2}}{CLOCK}))"
        rf"(?!\.?[0-9])"
        for by in ("/", "[.]", "-")
    ),
    r"(?<![\w.])(?:19|20)[0-9]{6}[-_ T][0-9]{6}(?![0-9])",
    rf"(?<![\w.:]){CLOCK}",
    r"(?<![\w.])[0-9]+(?:\.[0-9]+){2,20}",
    r"[0-9]{1,3}(?:\.[0-9]+)?%\|[^|]{0,300}\|",
)
WORDS = (
    rf"(?:{MONTHS})\.? +[0-9]{{1,2}}(?:,? +[0-9]{{4}}\b|,? +{CLOCK}(?: +[0-9]{{4}}\b)?)",
    # What a printed tensor says of itself; lines of code; processes.
    r"(?:device|dtype|grad_fn|requires_grad|shape)="
    r"(?:'[^']{0,80}'|\"[^\"]{0,80}\"|<[^>]{0,80}>|\([^()]{0,80}\)|[\w.]+)",
    r"line[: ]{1,2}[0-9]+",
    r"(?:pid|[Rr]ank|[Gg]pu|GPU|cuda|CUDA|worker|[Nn]ode|thread|device)[:= ]{0,2}[0-9]+\b",
)
OTHERS = (
    r"(?<=[:=])\s{0,4}(?:None|null|N/A|n/a|[Tt]rue|[Ff]alse|No|Yes)\b",
    r"\[[=>.\- ]{5,300}\]",
    r"[\u2500-\u259f]{3,300}",
    r"\+/?-(?=\s?[0-9])",
    r"\u00b1\s?[0-9.]*",
)
PATHS = r"(?<![\w.])(?:https?:/|[.~]{0,2})/[A-Za-z_][\w.-]{0,100}/[\w./%@=+-]{0,300}"
NAMES = rf"(?<![\w./\\:-])(?![\w./\\-]{{0,200}}snapshot-[0-9])[\w./\\:-]{{0,200}}?\.(?:{FILES})\b(?::[0-9]+)?"
"""Texts with digits that are no numbers of the run."""

PASSES = (
    (None, re.compile("|".join(PREFIXES), re.ASCII)),
    (re.compile(rf"\.(?:{FILES})\b"), re.compile(NAMES, re.ASCII)),
    (re.compile(r"/[A-Za-z_]"), re.compile(PATHS, re.ASCII)),
    (None, re.compile(rf"\b(?=[a-zA-Z])(?:{'|'.join(WORDS)})", re.ASCII)),
    (None, re.compile(rf"(?=[0-9])(?:{'|'.join(DIGITS)})", re.ASCII)),
    (
        re.compile("[\u2500-\u259f\u00b1]|[+]/?-|===|[.][.][.]|one|ull|rue|alse|/[aA]|No|Yes"),
        re.compile("|".join(OTHERS), re.ASCII),
    ),
)
"""What is masked, in this order, and what must be in a line for it."""

SKIPPED = "|".join((*PREFIXES, NAMES, PATHS, *WORDS, *DIGITS, *OTHERS))

COUNTED = "epochs|epoch|iterations|iteration|iters|iter|steps|step|snapshot|batch|ep"
GLUED = "|".join(rf"(?<=\b(?i:{word}))" for word in COUNTED.split("|"))
HYPHENED = "|".join(rf"(?<=\b(?i:{word})[-_])" for word in COUNTED.split("|"))
"""Where a number may begin in one word with what it counts: `epoch_12`, `Iter-0`, `network-snapshot-000200`."""

VALUE = (
    r"[+-]?(?:(?<![\[(])(?<![0-9],)[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?(?![0-9]|,[0-9])"
    r"|(?<![\[(])(?<![0-9],)[0-9]+,[0-9]+(?!,?[0-9]|\.[0-9])"
    r"|[0-9]*\.?\#(?:INF|IND|QNAN|NAN|SNAN)[0-9]*"
    r"|[0-9]+(?:\.(?![a-df-zA-DF-Z#])[0-9]*)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?"
    r"|(?:[nN][aA][nN]|[iI][nN][fF](?:[iI][nN][iI][tT][yY])?)(?:\((?:ind|s?nan)\))?(?!\w|\.\w))"
)
"""A number as programs print it: thousands separators, NaN and infinities (also C's `1.#INF`) included."""

NUMBER = re.compile(
    r"(?=[-+.#0-9nNiI])"
    r"(?:(?<![\w.])(?<![\w)\]][+-])"
    rf"|(?<=[a-zA-Z])(?=[0-9])(?:{GLUED})|(?<=[a-zA-Z][-_])(?=[0-9])(?:{HYPHENED}))({VALUE})",
    re.ASCII,
)

CONSTRUCTORS = re.compile(
    r"(?:\b(?:tensor|array|Tensor|Variable|(?:np\.|numpy\.|torch\.)\w+|float[0-9]*|DeviceArray|Array)\(\s*\[*"
    rf"|<tf\.Tensor:[{MASK},\s]{{0,20}}numpy=)\s*$"
)
"""What wraps a number: `tensor([`, `np.float32(`, `<tf.Tensor: shape=(), dtype=float32, numpy=`."""

LOGGER = re.compile(
    r"^.{0,200}?\b(?:DEBUG|INFO|WARN(?:ING)?|ERROR|CRITICAL)(?:(?::[\w.]+)?:|\]|\s)(?:\s*[->|]+\s|\s*:)?|^(?:>\s|\*\s)"
)
"""What a logger or a quotation writes in front: `INFO:root:`, `[INFO]`, `main - INFO -`."""

FILLERS = re.compile(r"^(?:(?:and|the|with|current|now|its)\s+)+(?=\w)", re.IGNORECASE)
"""Words before a name that are no part of it."""

FULL_WIDTH = str.maketrans("\uff1a\uff0c\uff1b\uff08\uff09\u3010\u3011\uff1d\u3001", ":,;()[]=,")
"""Punctuation of Chinese and Japanese texts."""

COUNTERS = {
    **dict.fromkeys(("epoch", "epochs", "ep", "epoc", "epoche"), "epoch"),
    **dict.fromkeys(("iter", "iters", "iteration", "iterations", "it", "itr", "itrs", "niter"), "iteration"),
    **dict.fromkeys(("step", "steps", "globalstep", "update", "updates", "counter", "snapshot"), "iteration"),
    **dict.fromkeys(("batch", "batches", "minibatch", "minibatches", "batchesdone"), "iteration"),
    **dict.fromkeys(("kimg", "kimgs"), "kimg"),
    **dict.fromkeys(("\u8f6e", "\u8f6e\u6b21", "\u56de\u5408", "\u8bad\u7ec3\u56de\u5408"), "epoch"),
    **dict.fromkeys(("\u6b65", "\u6b65\u6570", "\u8fed\u4ee3", "\u8fed\u4ee3\u6b21\u6570"), "iteration"),
    "nimg": "image",
}
"""What a word counts."""

NUMBERED = frozenset(("idx", "id", "index", "number", "num", "no", "nr", "done", "count"))
"""Words after a counter that leave it one: `batch_idx`."""

NOT_PLACES = frozenset(
    (
        *("each", "per", "size", "warm", "freq", "interval", "best", "target", "d", "disc", "critic", "accumulation"),
        *("sec", "s", "ms", "secs", "time", "loss", "losses", "acc", "err", "error", "lr", "rate", "grad"),
    )
)
"""Words that make of a counter a value: `sec/kimg`."""

SETTINGS = frozenset(("max", "min", "num", "n", "total", "save", "log", "every", "warmup", "decay", "print", "display"))
"""Words that make of a counter a setting: neither a place nor a value."""

RUNNING = frozenset(("progress", "cur", "current", "train", "training"))
"""Words that leave `kimg` the count of the images so far."""

HELD_OUT = frozenset(("test", "val", "valid", "validation", "eval", "sample"))
"""Words that make an iteration one of an evaluation, which says nothing of the training."""

PREPOSITIONS = frozenset(("at", "in", "on", "for", "after", "of", "during", "from", "until", "by", "@"))

UNIT = re.compile(
    r"(?:s|secs?|seconds?|ms|us|mins?|minutes?|hours?|hrs?|h|m|days?|[a-z]+/s(?:ec(?:ond)?)?|s(?:ec)?/[a-z]+|fps"
    r"|[kmg]i?b|bytes|px|images?|samples|imgs|files|examples|classes|parameters|params|gpus?)(?![\w/])",
    re.IGNORECASE,
)
"""A unit after a number and a space: no such number is a value."""

GLUED_UNIT = re.compile(r"[a-z_\u00b5][a-z/\u00b5]*", re.IGNORECASE)
"""What a number is glued to: `12ms`, `5.1GB`."""

EXTENSION = re.compile(r"\.[a-z]\w{0,10}", re.IGNORECASE)
"""What follows the number of a file: `network-snapshot-000200.pkl`."""

COUNT = re.compile(r"(iterations?|iters?|epochs?|steps?|batches|updates)(?![\w/])", re.IGNORECASE)
"""`300 iterations`: what a number counts."""

BRACKET = re.compile(r"[\[\](){}|]")

MAX_LABEL_WORDS = 6
MAX_LABEL = 60
"""Words and characters of a name; longer ones are prose."""

MAX_GAP = 300
"""Characters before a number that are looked at."""

HARD = f",;|[]{{}}<>\t\"'{MASK}"
"""Characters that end a name."""


@dataclass
class Form:
    """What the numbers of a line are, by their index in the line.

    Attributes:
        values: the numbers that have a name.
        epoch, epochs, iteration, iterations: the numbers that say where in the run the line is; None: none does.
        scale: images or iterations that one of the iteration's numbers stands for, as in `kimg 1.2` and `iter 1.2k`.
        images: whether the iteration counts images.
        runs_on: whether the iteration says that it runs on over the epochs.
        snapshot: whether the iteration is the number of a snapshot of StyleGAN, which counts as its log does.
        weak: whether the place is one only for want of a better one, and says nothing of the lines after it.
        average: whether the values are averages over the epoch so far, as a bar of Keras shows them.
        unfinished: whether such a bar goes on.
        cells: the numbers, if there is nothing but numbers in the line: it may be the row of a table.
        pattern: what matches every line of this form, its numbers in groups; made when the form comes again.
        then: the form that followed it last.
    """

    values: list[tuple[int, Name]] = field(default_factory=list)
    epoch: int | None = None
    epochs: int | None = None
    iteration: int | None = None
    iterations: int | None = None
    scale: float = 1
    images: bool = False
    runs_on: bool = False
    snapshot: bool = False
    weak: bool = False
    average: bool = False
    unfinished: bool = False
    cells: bool = False
    pattern: re.Pattern[str] | None = None
    then: Form | None = None

    @property
    def has_place(self) -> bool:
        """Whether a line of this form says where in the run it is."""
        return self.epoch is not None or self.iteration is not None


LONG_LIST = 6
"""Numbers that a list without any name must have to be read: shorter ones are shapes and sizes."""


class Member(NamedTuple):
    """A number that shares the name of a group.

    Attributes:
        number: its index in the line.
        joined: what joins it to the one before: empty for the first, `/`, `,`, `(`, `:`, or `]` for other brackets.
        plain: whether it is no percentage and has no unit.
    """

    number: int
    joined: str
    plain: bool


@dataclass
class Group:
    """Numbers under one name.

    Attributes:
        label: the name; empty if there is none.
        heading: of the brackets it is in.
        members: the numbers.
        counts: what its first number counts, as in `300 iterations`.
    """

    label: str
    heading: str
    members: list[Member]
    counts: str = ""


def cut(line: str) -> tuple[tuple[str, ...], list[str]]:
    """Return the texts around the numbers of a line, and the numbers."""
    if MASK in line:
        line = line.replace(MASK, " ")
    if not line.isascii():
        line = line.translate(FULL_WIDTH)
    for needed, texts in PASSES:
        if needed is None or needed.search(line):
            line = texts.sub(MASK, line)
    pieces = NUMBER.split(line)
    return tuple(pieces[::2]), pieces[1::2]


def pattern_of(gaps: tuple[str, ...]) -> re.Pattern[str]:
    """Return what matches every line with these texts around its numbers, the numbers in groups."""
    parts = [re.escape(gap).replace(re.escape(MASK), f"(?:{SKIPPED})") for gap in gaps]
    # What a lookahead matched is never given back, so that a number is taken as a whole, as NUMBER takes it.
    numbers = [rf"(?=({VALUE}))\{index + 1}" for index in range(len(gaps) - 1)]
    return re.compile(parts[0] + "".join(map("".join, zip(numbers, parts[1:], strict=True))), re.ASCII)


def as_number(text: str) -> float | None:
    """Return the value of a text that VALUE matched; None if its comma may be a decimal one."""
    if "#" in text:
        sign = -1.0 if text.startswith("-") else 1.0
        return sign * float("inf") if "INF" in text.upper() else float("nan")
    if "(" in text:
        return float("nan")
    if "," in text:
        if re.search(r",[0-9]{3}(?![0-9])", text) is None or text.lstrip("+-").startswith("0"):
            return None
        text = text.replace(",", "")
    value = float(text)
    # Digits that overflow come from a damaged exponent; they are no infinity that a program printed.
    return float("nan") if value in (float("inf"), float("-inf")) and text[-1].isdigit() else value


def understand(gaps: tuple[str, ...]) -> Form:
    """Understand the texts around the numbers of a line.

    Args:
        gaps: the text before the first number, between each two, and after the last one.
    """
    gaps = (LOGGER.sub("", gaps[0][-MAX_GAP:]), *gaps[1:])
    groups = _groups(gaps)
    form = Form()
    form.cells = not any(c.isalpha() or c == MASK for gap in gaps for c in gap)
    whole = "".join(gaps)
    form.unfinished = " - ETA:" in whole
    form.average = form.unfinished or "s/step" in whole
    rest = _take_places(form, groups, gaps)
    for group in rest:
        form.values += _values(group)
    form.values = _told_apart(sorted(form.values)) or _listed(groups, gaps)
    if form.values and not form.has_place:
        _take_weak_place(form, groups)
    return form


def _listed(groups: list[Group], gaps: tuple[str, ...]) -> list[tuple[int, Name]]:
    """Return the numbers of a line that is a list without a name, such as VITS prints, by their places in it."""
    members = groups[0].members if len(groups) == 1 and not groups[0].label else []
    whole = gaps[0].strip()[-1:] == "[" and gaps[-1].strip() == "]" and all(gap == ", " for gap in gaps[1:-1])
    if not whole or len(members) < LONG_LIST:
        return []
    return [(member.number, Name("list", "", place, len(members))) for place, member in enumerate(members)]


def _groups(gaps: tuple[str, ...]) -> list[Group]:
    """Gather the numbers of a line by what names them; those with a unit are left out."""
    groups: list[Group] = []
    headings = _Headings()
    unit, passed = False, 0
    for index in range(len(gaps) - 1):
        gap, after, last = gaps[index][passed:], gaps[index + 1], index == len(gaps) - 2
        label, own = label_of(gap)
        heading = headings.pass_over(gap, label, own, groups[-1] if groups and not unit else None)
        passed = _length_of(UNIT, after, last)
        unit, counts = passed > 0, ""
        if not unit and (passed := _length_of(COUNT, after, last)):
            counts = after[:passed].strip().lower()
        elif not unit and (extension := EXTENSION.match(after)):
            passed = extension.end()
        plain = not unit and not after.startswith("%")
        joined = "" if label or own else _joint(gap)
        if label.lower() in ("of", "out of"):
            label, joined = "", "/"
        if joined and groups and index - 1 == groups[-1].members[-1].number:
            if not unit:
                groups[-1].members.append(Member(index, joined, plain))
        elif not unit:
            groups.append(Group(label, heading, [Member(index, "", plain)], counts))
            headings.named(label)
        elif after[:1].lower() in ("k", "m") and not after[1:2].isalpha() and place_kind(label):  # `iter 1.2k`
            groups.append(Group(label, heading, [Member(index, "", True)], after[0].lower()))
    return groups


def _length_of(unit: re.Pattern[str], after: str, last: bool) -> int:
    """Return how long the unit is that a number is glued to or followed by; 0 if there is none. `57%` has none."""
    if unit is UNIT and (glued := GLUED_UNIT.match(after)) is not None:
        return glued.end()
    found = unit.match(after.lstrip()) if after[:1] == " " else None
    if found is None or (not last and not after.lstrip()[found.end() :].strip(" \t:=>-")):
        return 0  # the word is the name of the next number
    return len(after) - len(after.lstrip()) + found.end()


def _joint(gap: str) -> str:
    """Return what joins a number without a name to the one before it; empty if nothing does."""
    text = gap.strip()
    if text in ("/", "of", "out of"):
        return "/"
    if text in (":", "):", "]:", "=", ") =", "] ="):
        return ":"
    if text in ("(", "[", "(avg", "(avg:"):
        return "("
    if text in ("and", "&") or not text or set(text) <= set(",;"):
        return ","
    if MASK not in text and set(text) <= set("[](){}, |:;"):
        return "]"
    return ""


class _Headings:
    """The headings of the brackets that are open at a number."""

    def __init__(self) -> None:
        self.open: list[str | None] = []  # None: the first name in it will be its heading
        self.line = ""

    def pass_over(self, gap: str, label: str, own: str, before: Group | None) -> str:
        """Go on over a text, and return the heading of the number after it."""
        flat = gap if BRACKET.search(gap) else ""
        for _ in range(4 * ("(" in flat)):
            flat, count = re.subn(r"\([^()\[\]{}]*\)", " ", flat)
            if not count:
                break
        for bracket in BRACKET.finditer(flat):
            character, ahead = bracket[0], flat[: bracket.start()]
            if character == "|":
                self.open, self.line = [], ""
            elif character in ")]}":
                self.line = ""
                if self.open:
                    self.open.pop()
            elif not flat[bracket.end() :].strip(" \"'[({"):
                continue  # it wraps the number itself
            else:
                self.line = ""
                head = label_of(ahead)[0]
                if not head and character == "(" and not ahead.strip() and before is not None:
                    head = before.label  # `D loss = .5 (real .2, fake .3)`
                self.open.append("" if place_kind(head) else head or (None if character == "[" else ""))
        if own:
            self.line = own
        above = self.line or next((head for head in reversed(self.open) if head), "")
        return above if above and above != label and not _are_peers(above, label) else ""

    def named(self, label: str) -> None:
        """A number got a name: it heads the brackets whose first one it is."""
        if label and self.open and self.open[-1] is None:
            self.open[-1] = "" if place_kind(label) else label


def _are_peers(heading: str, label: str) -> bool:
    """Tell whether the first name in brackets heads none of those after it: `D_loss` and `G_loss`, `D` and `G`."""
    if len(heading) <= 1 and len(label) <= 1:
        return True
    first, second = _words(heading), _words(label)
    return len(first) == len(second) > 1 and bool(set(first) & set(second))


def _values(group: Group) -> list[tuple[int, Name]]:
    """Return the numbers of a group with their names."""
    label, heading, members = group.label, group.heading, group.members
    if not label or group.counts:
        return []
    # `loss 1: 0.5`: a number before a colon tells names apart, and is no value.
    if len(members) > 1 and members[1].joined == ":":
        members = members[1:]
    columns = [member.number for place, member in enumerate(members) if not place or member.joined in (",", "/")]
    found = []
    parts = _split_label(label, len(columns))
    for number, index in enumerate(columns):
        found.append((index, Name(parts[number], heading) if parts else Name(label, heading, number, len(columns))))
    # `Loss_D 0.51 (0.53)`: the second is the average so far.
    found += [(member.number, Name("average", label)) for member in members[1:2] if member.joined == "("]
    return found


def _split_label(label: str, count: int) -> list[str]:
    """Return the names of `Loss_D/Loss_G: .1/.2`, `Loss D/G: .1/.2`, `loss (D, G): .1, .2`, one a number, if any."""
    if count < 2:
        return []
    inside = re.fullmatch(r"(.*?)\s*\(([^()]*)\)", label)
    text, lead = (inside[2], [inside[1]]) if inside and inside[1] else (label, [])
    parts = [part.strip() for part in re.split(r"/|\s\+\s|,|\||\s&\s", text)]
    if len(parts) != count or not all(any(c.isalpha() for c in part) for part in parts):
        return []
    words = [part.split() for part in parts]
    if not lead and len(words[0]) > 1 and all(len(each) == 1 for each in words[1:]):
        words = [words[0], *([*words[0][:-1], *each] for each in words[1:])]
    elif not lead and len(words[-1]) > 1 and all(len(each) == 1 for each in words[:-1]):
        words = [*([*each, *words[-1][1:]] for each in words[:-1]), words[-1]]
    return [" ".join([*lead, *each]) for each in words]


def _told_apart(values: list[tuple[int, Name]]) -> list[tuple[int, Name]]:
    """Number the values that share a name in one line."""
    times: dict[Name, list[int]] = {}
    for place, (_, name) in enumerate(values):
        times.setdefault(name, []).append(place)
    if len(times) == len(values):
        return values
    found = list(values)
    for name, places in times.items():
        if len(places) > 1 and name.columns == 1:
            for number, place in enumerate(places):
                found[place] = (values[place][0], Name(name.label, name.heading, number, len(places)))
    return list({name: (index, name) for index, name in reversed(found)}.values())[::-1]


def _take_places(form: Form, groups: list[Group], gaps: tuple[str, ...]) -> list[Group]:
    """Take the numbers that say where the line is, and return the groups that are left."""
    rest, bare = [], None
    for group in groups:
        kind = place_kind(group.label)
        plural = group.label.lower().endswith("epochs") or (group.counts in ("k", "m") and kind == "epoch")
        if kind == "setting" or (kind is not None and group.heading == "Namespace"):
            continue
        if kind is not None and not (plural and len(group.members) == 1):
            rest += _take_counted(form, group, kind)
        elif not group.label and bare is None:
            bare = group
        else:
            rest.append(group)
    if bare is not None:
        _take_bare(form, bare, gaps)
    return rest


def _take_counted(form: Form, group: Group, kind: str) -> list[Group]:
    """Take `epoch 3/100`, `Epoch: [3][7/938]`, `iter 1.2k`; return `D loss` of `D loss at step 3: 0.5`."""
    members, name = list(group.members), _before_preposition(group.label) or group.heading
    first = members.pop(0)
    total = members.pop(0).number if members and members[0].joined == "/" and members[0].plain else None
    if kind == "epoch":
        if form.epoch is None:
            form.epoch, form.epochs = first.number, total
        if form.iteration is None and members and members[0].plain and members[0].joined != ":":
            form.iteration = members.pop(0).number
            form.iterations = members.pop(0).number if members and members[0].joined == "/" else None
    elif form.iteration is None or "global" in group.label.lower():
        form.iteration, form.iterations = first.number, total
        form.images = kind != "iteration"
        form.runs_on = "global" in group.label.lower()
        form.snapshot = "network-snapshot" in group.label
        form.scale = 1000 if kind == "kimg" else {"k": 1e3, "m": 1e6}.get(group.counts, 1)
    if name and members and members[0].joined == ":":
        return [Group(name, "", [Member(members[0].number, "", True), *members[1:]])]
    return []


def _take_bare(form: Form, group: Group, gaps: tuple[str, ...]) -> None:
    """Take a place without a word: `[0/5][42/938]`, `450/1000`, `>1, 12/93, d1=..`, `12 [D loss: ..`."""
    members = [member for member in group.members if member.plain]
    first = members[0].number if members else None
    if first is None or first != group.members[0].number:
        return
    opens_line = first == 0 and re.fullmatch(rf"[\s>#\[(:|*`{MASK}-]*", gaps[0]) is not None
    pairs: list[tuple[int, int | None]] = []
    for member in members:
        if member.joined == "/" and pairs and pairs[-1][1] is None:
            pairs[-1] = (pairs[-1][0], member.number)
        else:
            pairs.append((member.number, None))
    paired = [pair for pair in pairs if pair[1] is not None]
    if form.has_place or not opens_line:
        if not paired or pairs[0][1] is None:
            return
        pairs = paired
    if form.epoch is None and len(pairs) > 1 and paired and form.iteration is None:
        (form.epoch, form.epochs), (form.iteration, form.iterations) = pairs[:2]
    elif form.iteration is None:
        if len(pairs) > 2 or (pairs[0][1] is None and not re.match(r"\s*[\[(:,|\-\])]|\s+[A-Za-z]", gaps[first + 1])):
            return
        if pairs[0][1] is None and (group.counts or form.cells):
            return
        form.iteration, form.iterations = pairs[0]
    elif form.epoch is None and paired:
        form.epoch, form.epochs = pairs[0]


def _take_weak_place(form: Form, groups: list[Group]) -> None:
    """Take `After 300 iterations: D loss ..`, `Epochs-0 D loss ..`: places only if nothing better is there."""
    for group in groups:
        kind = COUNTERS.get(group.counts) or place_kind(group.label)
        if kind in (None, "setting") or not group.members[0].plain:
            continue
        index = group.members[0].number
        if index != 0:
            return
        others = [(each, name) for each, name in form.values if each != index]
        if not others:
            continue
        form.values, form.weak = others, True
        if kind == "epoch":
            form.epoch = index
        else:
            form.iteration = index
        return


@lru_cache(maxsize=4096)
def place_kind(label: str) -> str | None:
    """Return what a label counts: `epoch`, `iteration`, `kimg` or `image`; None: it counts nothing.

    `setting` is what counts something, but not where the training is: `max_steps`, `test iter`.
    """
    words = _words(label)
    while len(words) > 1 and words[-1] in NUMBERED:
        words.pop()
    if not words or words[-1] not in COUNTERS:
        return None
    before = words[:-1]
    for place in range(len(before) - 1, -1, -1):
        if before[place] in PREPOSITIONS:
            before = before[place + 1 :]
            break
    kind = COUNTERS[words[-1]]
    if any(word in NOT_PLACES for word in before):
        return None
    if kind == "kimg" and any(word not in RUNNING for word in before):
        return "setting"
    if any(word in SETTINGS or (kind != "epoch" and word in HELD_OUT) for word in before):
        return "setting"
    return kind


def _before_preposition(label: str) -> str:
    """Return `D loss` of `D loss at step`; empty if there is no preposition."""
    words = label.split()
    for place in range(len(words) - 1, 0, -1):
        if words[place].lower() in PREPOSITIONS:
            return " ".join(words[:place])
    return ""


def _words(label: str) -> list[str]:
    """Return the words of a name in lower case: `loss_D`, `batchIdx` and `Epoch #` have two, two and one."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", label)
    return [word for word in re.split(r"[\s:/_.\-#()\[\]]+", spaced.lower()) if word]


def label_of(gap: str) -> tuple[str, str]:
    """Return the name that ends a text before a number, and the heading that stands before the name, if any."""
    gap = gap[-MAX_GAP:]
    if "(" in gap or "numpy=" in gap:
        gap = CONSTRUCTORS.sub("", gap)
    text = gap.rstrip().rstrip("[({<\"' ").rstrip()
    text = re.sub(r"(?:\s*(?::|=>|->|=|~|\bis\b|\bare\b|\bwas\b))+\s*[\[({]*$", "", text)
    text = text.rstrip("\"'` *_").rstrip()
    if not text:
        return "", ""
    start = _start_of_name(text)
    name = text[start:].strip(" \t.*`#>~-=+_")
    # `INFO - D loss`, `2s 20ms/step - d_loss`, columns that spaces hold apart.
    name = re.split(r"\s-+\s|\s{2,}|\s\u2013\s|=>|->|\s\*+\s|\s>+\s|\s\u2022\s|\.{2,}\s", name)[-1].strip()
    heading = ""
    if (wrapped := re.match(r"^[(]([A-Za-z][\w ]{0,30})[)]\s*:?\s*(\S.*)$", name)) is not None:
        heading, name = wrapped[1].strip(), wrapped[2].strip()
    if "=" in name:
        # `mode=train loss=0.5`: the value of another key stands before the name.
        before, _, name = name.rpartition("=")
        words = name.split()
        heading, name = "", " ".join(words[1:] if len(words) > 1 else words)
    if ":" in name:
        before, _, name = name.rpartition(":")
        heading, name = before.rpartition(":")[2].strip(" -"), name.strip()
    name = FILLERS.sub("", name)
    words = name.split()
    if len(words) > MAX_LABEL_WORDS or len(name) > MAX_LABEL:
        name = " ".join(words[-3:])[-MAX_LABEL:]
    if not any(c.isalpha() for c in name):
        return "", ""
    return name, heading if any(c.isalpha() for c in heading) else ""


def _start_of_name(text: str) -> int:
    """Return where the name that ends a text starts: after the last separator that is not inside its parentheses."""
    depth = 0
    for place in range(len(text) - 1, -1, -1):
        character = text[place]
        if character == ")":
            depth += 1
        elif character == "(":
            if depth == 0:
                return place + 1
            depth -= 1
        elif depth == 0 and character in HARD:
            return place + 1
    if depth:
        # A parenthesis that opened before an earlier number: `.., data: 0.0) G_GAN`.
        opened = 0
        cut = 0
        for place, character in enumerate(text):
            if character == "(":
                opened += 1
            elif character == ")":
                if opened == 0:
                    cut = place + 1
                else:
                    opened -= 1
        return cut
    return 0
