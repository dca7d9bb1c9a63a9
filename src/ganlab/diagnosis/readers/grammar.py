"""The grammar of text logs: what stands between the numbers of a line says what each number is.

A line is cut at its numbers. The texts between them are its template, and lines of one training loop share a few
templates, so each is understood once: which numbers are a place in the run (epoch, iteration, how many there are of
each), which are values with a name, and which are neither (times, dates, units). What a name means is decided
elsewhere (`vocabulary`); the grammar knows no trainer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ganlab.diagnosis.readers.log import Log, Name, Place

NUMBER = re.compile(
    r"(?<![\w.])(?<![\w)\]][+-])"
    r"([+-]?[0-9]*\.?#(?:INF|IND|QNAN|NAN|SNAN)[0-9]*"
    r"|[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?(?![0-9]|,[0-9])|[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
    r"|[+-]?(?:[nN][aA][nN]|[iI][nN][fF](?:inity|INITY)?)(?![\w.]))",
    re.ASCII,
)
"""A number as programs print it: thousands separators, NaN and infinities (also C's `1.#INF`) included."""

CONSTRUCTORS = re.compile(
    r"(?:\b(?:tensor|array|Tensor|Variable|(?:np\.|numpy\.|torch\.)\w+|float[0-9]*|DeviceArray|Array)\(\s*\[*"
    r"|<tf\.Tensor:.{0,80}?numpy=)\s*$"
)
"""What wraps a number: `tensor([`, `np.float32(`, `<tf.Tensor: shape=(), dtype=float32, numpy=`."""

ATTRIBUTE = re.compile(
    r"\b(?:device|dtype|grad_fn|shape|requires_grad)\s*=\s*(?:<[^>]*>|'[^']*'|\"[^\"]*\"|\([^)]*\)|['\"]?\w+:?$|[\w.]+)"
)
"""What a wrapped number says of itself after its value."""

FILLERS = re.compile(r"^(?:(?:and|the|with|current|now|its|avg|average|mean)\s+)+", re.IGNORECASE)
"""Words before a name that are no part of it."""

LOGGER = re.compile(r"^\W*(?:DEBUG|INFO|WARN(?:ING)?|ERROR|CRITICAL)(?::[\w.]+:|\W)")
"""What a logger writes in front: `INFO:root:`, `[INFO]`."""

EPOCH_WORDS = frozenset(("epoch", "epochs", "ep", "epoc", "epoche"))
ITERATION_WORDS = frozenset(
    (
        *("iter", "iters", "iteration", "iterations", "it", "step", "steps", "batch", "batches", "niter"),
        *("update", "updates", "minibatch", "nimg", "globalstep", "snapshot", "counter", "batchesdone"),
    )
)
KIMG_WORDS = frozenset(("kimg", "progresskimg"))
TOTAL_WORDS = frozenset(("of", "outof", "/"))

MAX_LABEL_WORDS = 6
MAX_LABEL = 60
"""Words and characters of a name; longer ones are prose."""

MAX_TEMPLATES = 20_000
"""Templates that are remembered; a log that never repeats one is none."""

MAX_LINE = 4000
"""Characters of a line that are looked at."""

MAX_NUMBERS = 200
"""Numbers of a line that are looked at."""

GLUED = re.compile(r"\b((?:network-)?snapshot|epoch|iter(?:ation)?|step|ep)[-_]?(?=[0-9])", re.IGNORECASE)
"""What is written in one word with its number: `network-snapshot-000200`, `epoch_12`."""

HARD = ",;|[]{}<>\t\"'"
"""Characters that end a name."""

TIME_WORDS = re.compile(r"(?:^|[^a-z])(?:eta|elapsed|time|data|seconds?|sec|duration|took|speed|maintenance)$")


@dataclass
class Template:
    """What the numbers of a line are, by their index in the line.

    Attributes:
        values: the numbers that have a name.
        epoch, epochs, iteration, iterations: the numbers that say where in the run the line is; None: none does.
        kimg: whether the iteration counts thousands of images.
        bare: whether the place was read from numbers without a word (`450/1000`, `12 [D loss: ..`).
        unnamed: numbers without any name, for tables whose names stand in a line of their own.
    """

    values: list[tuple[int, Name]] = field(default_factory=list)
    epoch: int | None = None
    epochs: int | None = None
    iteration: int | None = None
    iterations: int | None = None
    kimg: bool = False
    bare: bool = False
    unnamed: list[int] = field(default_factory=list)

    @property
    def has_place(self) -> bool:
        """Whether a line of this form says where in the run it is."""
        return self.epoch is not None or self.iteration is not None


def as_number(text: str) -> float:
    """Return the value of a text that NUMBER matched."""
    if "#" in text:
        sign = -1.0 if text.startswith("-") else 1.0
        return sign * float("inf") if "INF" in text else float("nan")
    value = float(text.replace(",", ""))
    # Digits that overflow come from a damaged exponent; they are no infinity that a program printed.
    return float("nan") if value in (float("inf"), float("-inf")) and text[-1].isdigit() else value


def parse_template(gaps: tuple[str, ...]) -> Template:
    """Understand the texts around the numbers of a line.

    Args:
        gaps: the text before the first number, between each two, and after the last one.
    """
    gaps = (LOGGER.sub("", gaps[0]), *gaps[1:])
    count = len(gaps) - 1
    found = Template()
    kinds = [_is_unit(gaps[index + 1]) for index in range(count)]  # True: a duration, a size; no value
    for index in range(count - 1):
        between = gaps[index + 1]
        if between in (":", "-") and not kinds[index]:
            kinds[index] = kinds[index + 1] = True  # 00:12, 2024-01-15
    _mark_dates(gaps, kinds)

    heading, inner, fresh, last = "", "", False, None
    pairs: list[tuple[int, int]] = []
    names: dict[int, tuple[str, str]] = {}  # index -> (label, heading)
    continued: dict[int, int] = {}  # index -> index of the number whose name it shares
    for index in range(count):
        gap = gaps[index]
        if index and kinds[index - 1]:
            gap = re.sub(r"^[A-Za-z/%µ]+", "", gap)
        opens, closes = max(gap.rfind(c) for c in "[{"), max(gap.rfind(c) for c in "]}|")
        if opens >= 0 or closes >= 0:
            heading, fresh = "", opens > closes
        label, own = label_of(gap)
        if ")" in gap:
            inner = ""
        if label and last is not None and gap.lstrip().startswith("("):
            inner = names[last][0] if last in names else ""  # `D loss = .5 (real .2, fake .3)`
        if index and not label and not own:
            joiner = gap.strip()
            if joiner == "/" and not kinds[index] and not kinds[index - 1]:
                pairs.append((index - 1, index))
                if index - 1 in names or index - 1 in continued:
                    continued[index] = continued.get(index - 1, index - 1)
                continue
            if last is not None and set(joiner) <= set(",; ") and not kinds[index] and opens < 0 and closes < 0:
                continued[index] = continued.get(last, last)
                last = index
                continue
        if index and squeeze(gap) in TOTAL_WORDS and not kinds[index]:
            pairs.append((index - 1, index))
            continue
        if kinds[index]:
            last, fresh = None, False
            continue
        if own:
            heading, fresh = own, False
        elif fresh and label:
            names[index] = (label, "")
            heading, fresh, last = "" if place_kind(label) else label, False, index
            continue
        if label:
            above = inner or heading
            names[index] = (label, above if above != label else "")
            last = index
        else:
            last = None
            found.unnamed.append(index)
    _take_places(found, gaps, names, continued, pairs, kinds)
    for index, (label, head) in sorted(names.items()):
        columns = [index, *[later for later, first in continued.items() if first == index]]
        parts = _split_label(label, len(columns))
        for number, each in enumerate(columns):
            if parts:
                found.values.append((each, Name(parts[number], head)))
            else:
                found.values.append((each, Name(label, head, number, len(columns))))
    found.values.sort(key=lambda pair: pair[0])
    return found


def _split_label(label: str, count: int) -> list[str]:
    """Return the names of `Loss_D/Loss_G: .1/.2`, one a number; empty where the label names one thing."""
    parts = [part.strip() for part in re.split(r"/|\s\+\s|,", label)]
    return parts if count > 1 and len(parts) == count and all(parts) else []


def _take_places(
    found: Template,
    gaps: tuple[str, ...],
    names: dict[int, tuple[str, str]],
    continued: dict[int, int],
    pairs: list[tuple[int, int]],
    units: list[bool],
) -> None:
    """Move the numbers that say where the line is from the names to the template's place."""
    totals = dict(pairs)
    for index, (label, _) in list(names.items()):
        kind = place_kind(label)
        if kind is None:
            continue
        del names[index]
        for later, first in list(continued.items()):
            if first == index:
                del continued[later]
        if kind == "epoch" and found.epoch is None:
            found.epoch, found.epochs = index, totals.get(index)
        elif kind in ("iteration", "kimg") and found.iteration is None:
            found.iteration, found.iterations, found.kimg = index, totals.get(index), kind == "kimg"
    # `[0/5][42/938]` and `450/1000`: pairs without a word.
    for first, second in pairs:
        if first in names or first in continued or first not in found.unnamed or units[first] or units[second]:
            continue
        found.unnamed.remove(first)
        another = any(a not in (first,) and a in found.unnamed for a, _ in pairs)
        if found.epoch is None and (another or found.iteration is not None):
            found.epoch, found.epochs, found.bare = first, second, found.iteration is None
        elif found.iteration is None:
            found.iteration, found.iterations, found.bare = first, second, found.epoch is None
    # `>1, 12/93, d1=...`: an epoch, and the batch in it.
    if found.epoch is None and found.bare and found.unnamed[:1] == [0] and found.iterations is not None:
        found.unnamed.remove(0)
        found.epoch = 0
    # `12 [D loss: ...`, `>12, d1=...`: a number that opens the line.
    opens_line = bool(found.unnamed) and found.unnamed[0] == 0 and re.fullmatch(r"[\s>#\[(]*", gaps[0]) is not None
    if found.iteration is None and opens_line and re.match(r"\s*[\[(:,|\-\])]|\s+[A-Za-z]", gaps[1]):
        found.unnamed.remove(0)
        found.iteration, found.bare = 0, found.epoch is None
    # `(epoch 3 1200) loss ..`: the number after the epoch's that has no name of its own.
    if found.iteration is None and found.epoch is not None:
        follower = (found.epochs if found.epochs is not None else found.epoch) + 1
        if follower in found.unnamed and re.fullmatch(r"[\s\])\[(,:]+", gaps[follower]):
            found.unnamed.remove(follower)
            found.iteration, found.iterations = follower, totals.get(follower)


def place_kind(label: str) -> str | None:
    """Return whether a label counts the `epoch`, the `iteration` or the `kimg`; None: it counts neither."""
    squeezed = squeeze(label)
    last = squeeze(re.split(r"[\s:/_.\-]+", label.strip())[-1])
    for words, kind in ((EPOCH_WORDS, "epoch"), (ITERATION_WORDS, "iteration"), (KIMG_WORDS, "kimg")):
        if squeezed in words or last in words:
            return kind
    return None


def squeeze(text: str) -> str:
    """Return the letters and digits of a text in lower case; a slash alone is kept."""
    return "".join(c for c in text.lower() if c.isascii() and c.isalnum()) or text.strip()


def label_of(gap: str) -> tuple[str, str]:
    """Return the name that ends a text before a number, and the heading that stands before the name, if any."""
    if "(" in gap or "numpy=" in gap:
        gap = CONSTRUCTORS.sub("", gap)
    gap = ATTRIBUTE.sub("", gap) if "=" in gap else gap
    text = gap.rstrip().rstrip("[({<\"' ").rstrip()
    text = re.sub(r"(?:\s*(?::|=>|->|=|~|\bis\b|\bwas\b)\s*)+$", "", text)
    text = text.rstrip("\"'` *").rstrip()
    if not text:
        return "", ""
    start = _start_of_name(text)
    name = text[start:].strip(" \t.*`#>~-=+")
    # `INFO - D loss`, `2s 20ms/step - d_loss`, columns that spaces hold apart.
    name = re.split(r"\s-+\s|\s{2,}|\s–\s|=>|->|\s\*+\s|\s>+\s", name)[-1].strip()
    heading = ""
    if (wrapped := re.match(r"^[(]([A-Za-z][\w ]{0,30})[)]\s*:?\s*(\S.*)$", name)) is not None:
        heading, name = wrapped[1].strip(), wrapped[2].strip()
    if ":" in name or "=" in name:
        before, _, name = name.replace("=", ":").rpartition(":")
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


def _is_unit(after: str) -> bool:
    """Tell whether a number is glued to letters: a duration, a size, a rate; `57%` is none."""
    return bool(after) and (after[0].isalpha() or after[0] in "_µ")


def _mark_dates(gaps: tuple[str, ...], units: list[bool]) -> None:
    """Mark `2024/01/15` and `01.02.2024` as no values."""
    for index in range(len(units) - 2):
        if gaps[index + 1] == gaps[index + 2] == "/" and not label_of(gaps[index])[0]:
            units[index] = units[index + 1] = units[index + 2] = True


class TextReader:
    """Turns the lines of a text log into the rows of a Log.

    A line with a place opens a row; lines without one that follow go on with it until a name comes again, so that a
    row may take several lines. Without any place each repeated name opens a row.

    Args:
        log: takes the rows.
    """

    def __init__(self, log: Log) -> None:
        self.log = log
        self.templates: dict[tuple[str, ...], Template] = {}
        self.place: Place | None = None
        self.numbers: dict[Name, float] = {}
        self.epoch: tuple[float, float | None] | None = None
        self.header: list[str] | None = None

    def take(self, line: str) -> None:
        """Look at a line."""
        if len(line) > MAX_LINE:
            line = line[:MAX_LINE]
        pieces = NUMBER.split(GLUED.sub(r"\1 ", line))
        if len(pieces) == 1:
            self._take_words(line)
            return
        if len(pieces) > 2 * MAX_NUMBERS:
            return
        gaps = tuple(pieces[::2])
        template = self.templates.get(gaps)
        if template is None:
            if len(self.templates) >= MAX_TEMPLATES:
                self.templates.clear()
            template = self.templates[gaps] = parse_template(gaps)
        numbers = pieces[1::2]
        if not template.values and self.header and len(numbers) == len(self.header):
            self._take_table_row(numbers, gaps)
            return
        place = self._place(template, numbers)
        values = {name: as_number(numbers[index]) for index, name in template.values}
        again = bool(values.keys() & self.numbers.keys())
        if (place is None or place == self.place) and not again:
            self.numbers.update(values)
            return
        self.close()
        self.place, self.numbers = place or Place(), values

    def close(self) -> None:
        """Take in the row that is still open: no more lines come, or another row begins."""
        if self.numbers:
            self.log.add(self.numbers, self.place or Place())
        self.place, self.numbers = None, {}

    def _place(self, template: Template, numbers: list[str]) -> Place | None:
        """Return where a line says that it is; an iteration without an epoch is in the last epoch that was named."""
        if not template.has_place:
            return None

        def count(index: int | None) -> float | None:
            if index is None:
                return None
            value = as_number(numbers[index])
            return value if value == value and abs(value) < 1e15 else None

        epoch, epochs = count(template.epoch), count(template.epochs)
        iteration, iterations = count(template.iteration), count(template.iterations)
        if template.kimg and iteration is not None:
            iteration *= 1000
        if epoch is not None:
            self.epoch = (epoch, epochs)
        elif self.epoch is not None and iterations is not None:
            epoch, epochs = self.epoch
        if epoch is None and iteration is None:
            return None
        return Place(epoch, epochs, iteration, iterations)

    def _take_words(self, line: str) -> None:
        """Remember a line of names without numbers: it may be the head of a table."""
        cells = [cell.strip() for cell in re.split(r"[|\t]+|\s{2,}", line.strip().strip("|")) if cell.strip()]
        if len(cells) < 2:
            cells = line.split()
        if len(cells) >= 2 and all(re.fullmatch(r"[A-Za-z][\w ./()\-]{0,40}", cell) for cell in cells):
            self.header = cells

    def _take_table_row(self, numbers: list[str], gaps: tuple[str, ...]) -> None:
        if self.header is None or len(numbers) != len(self.header) or any(c.isalpha() for gap in gaps for c in gap):
            return
        place: dict[str, float] = {}
        values: dict[Name, float] = {}
        for name, text in zip(self.header, numbers, strict=True):
            kind = place_kind(name)
            if kind is None:
                values[Name(name)] = as_number(text)
            else:
                place["epoch" if kind == "epoch" else "iteration"] = as_number(text) * (1000 if kind == "kimg" else 1)
        self.close()
        self.place, self.numbers = Place(place.get("epoch"), None, place.get("iteration"), None), values
