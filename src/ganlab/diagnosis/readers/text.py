"""Text logs: what training loops print, read line by line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ganlab.diagnosis.readers.grammar import Form, as_number, cut, pattern_of, place_kind, understand
from ganlab.diagnosis.readers.growing import read_by
from ganlab.diagnosis.readers.log import NOWHERE, Log, Name, Place
from ganlab.text import excerpt

MAX_LINE = 20_000
"""Characters of a line that are looked at."""

MAX_NUMBERS = 500
"""Numbers of a line that are looked at."""

MAX_FORMS = 20_000
"""Forms of lines that are remembered; a log that never repeats one is none."""

MAX_PATTERNS = 300
"""Forms that get a pattern, which takes a while to make."""

MAX_COUNT = 2.0**53
"""Counts from here on are no exact numbers."""

TOO_LONG = f"lines of more than {MAX_LINE:,} characters or {MAX_NUMBERS} numbers"
COMMAS = "numbers with a comma that may be a decimal point"
UNFINISHED = "lines of progress bars before the last of their epoch"
REDRAWN = "lines that show a step again, of which the last was taken"
CUT_OFF = "number at the end of the file, which may be cut off"
UNPLACED = "rows that do not say which step they are"
SETTINGS = "rows of settings before the training"
CELLS = "rows of a table with more or fewer numbers than its head has names"


def open_text(path: Path) -> TextReader:
    """Return a reader of the lines of a text log."""
    return TextReader(Log(excerpt(str(path)), "a text log"))


def read_text(path: Path) -> Log | None:
    """Read the lines of a text log; None if no line holds a number with a name.

    Raises:
        RunError: the file cannot be read.
    """
    return read_by(open_text, path)


class TextReader:
    """Turns the lines of a text log into the rows of a Log.

    A line with a place opens a row; lines without one that follow go on with it until a name comes again, so that a
    row may take several lines. Without any place each repeated name opens a row.

    Args:
        log: takes the rows.
    """

    def __init__(self, log: Log) -> None:
        self.log = log
        self.forms: dict[tuple[str, ...], Form] = {}
        self.patterns = 0
        self.form = Form()  # of the line before
        self.texts: Sequence[str] = ()  # of the last line with values
        self.place = NOWHERE
        self.numbers: dict[Name, float] = {}
        self.redrawn = False
        self.unfinished = False
        self.epoch: tuple[float, float | None] | None = None
        self.section = ""
        self.head: list[str] = []
        self.decimal_commas = False

    def take(self, line: str, redrawn: bool = False) -> None:
        """Look at a line.

        Args:
            line: without its end.
            redrawn: whether the next line was written over it, as those of a progress bar are.
        """
        form, texts = self._read(line)
        if form is None:
            return
        place = self._place(form, texts) if form.has_place else None
        values: dict[Name, float] = {}
        for index, name in form.values:
            value = self._number(texts[index])
            if value is not None:
                values[name] = value
        if self.section and form.values:
            values = {self._under_section(name): value for name, value in values.items()}
        if values:
            self.texts = texts
            self._take_values(values, place, form)
        elif place is not None and place != self.place:
            self._open(place, {})
        self.redrawn, self.unfinished = redrawn, form.unfinished if values else self.unfinished

    def take_cut(self, line: str) -> None:
        """Look at a last line that lacks its end; a number that may be cut off is left out."""
        gaps, texts = cut(line)
        if texts and not gaps[-1] and self.forms:
            whole = gaps in self.forms and bool(self.texts) and len(texts[-1]) >= len(self.texts[-1])
            if not whole:
                self._count(CUT_OFF)
                line = line[: len(line) - len(texts[-1])]
        self.take(line)

    def close(self, rest: str = "") -> Log | None:
        """Take in the row that is still open, and leave out what is no row of the training.

        Args:
            rest: a last line that lacks its end; a number that may be cut off is left out.

        Returns:
            The log, or None if no line holds a number with a name.
        """
        if rest:
            self.numbers = dict(self.numbers)  # those of the reader that this one is a copy of stay as they are
            self.take_cut(rest)
        self._open(NOWHERE, {})
        _leave_out_settings(self.log)
        _merge_twins(self.log)
        return self.log if self.log.count else None

    def _read(self, line: str) -> tuple[Form | None, Sequence[str]]:
        """Return the form of a line and its numbers; None if there is nothing to read in it."""
        for likely in (self.form.then, self.form):
            if likely is not None and likely.pattern is not None and (match := likely.pattern.fullmatch(line)):
                self.form.then = self.form = likely
                self.head = []
                return likely, match.groups()
        whole = len(line) <= MAX_LINE
        gaps, texts = cut(line if whole else line[:MAX_LINE])
        if not texts:
            self._take_words(line)
            return None, texts
        if not whole or len(texts) > MAX_NUMBERS:
            self._count(TOO_LONG, bool(self.texts and understand(gaps[:MAX_NUMBERS]).values))
            return None, texts
        form = self.forms.get(gaps)
        if form is None:
            if len(self.forms) >= MAX_FORMS:
                self.forms.clear()
            form = self.forms[gaps] = understand(gaps)
        elif form.pattern is None and not form.cells and self.patterns < MAX_PATTERNS:
            self.patterns += 1
            form.pattern = pattern_of(gaps)
        self.form.then = self.form = form
        if form.cells and self.head:
            self._take_cells(texts)
            return None, texts
        if any(c.isalpha() for gap in gaps for c in gap):
            self.head = []
        return form, texts

    def _take_values(self, values: dict[Name, float], place: Place | None, form: Form) -> None:
        again = not values.keys().isdisjoint(self.numbers)
        if place is None:
            if again:
                # The epoch goes on, whose rows need not all say it.
                self._open(Place(self.place.epoch, self.place.epochs), values)
            else:
                self.numbers.update(values)
        elif place == self.place:
            if not again:
                self.numbers.update(values)
            elif self._goes_on(form, place):
                self._count(UNFINISHED)
                self.numbers.update(values)
            elif self.redrawn or (
                place.iteration is not None and (place.epoch is not None or _same(values, self.numbers))
            ):
                self._count(REDRAWN)
                self.numbers.update(values)
            else:
                self._open(place, values)
        elif again and self._goes_on(form, place):
            # A bar that shows averages over the epoch so far: its last one stands for the epoch.
            self._count(UNFINISHED)
            self.place = place
            self.numbers.update(values)
        else:
            self._open(place, values)

    def _goes_on(self, form: Form, place: Place) -> bool:
        """Tell whether a bar shows more of the epoch whose row is open; a bar that has no epoch says when it ends."""
        if not form.average:
            return False
        if place.epoch is not None:
            return place.epoch == self.place.epoch
        return self.unfinished and (place.iteration or 0) >= (self.place.iteration or 0)

    def _open(self, place: Place, values: dict[Name, float]) -> None:
        """Take in the row that is open, and begin another."""
        if self.numbers:
            self.log.add(self.numbers, self.place)
        self.place, self.numbers = place, values

    def _place(self, form: Form, texts: Sequence[str]) -> Place | None:
        """Return where a line says that it is; an iteration without an epoch is in the last epoch that was named."""
        epoch, epochs = _counted(form.epoch, texts), _counted(form.epochs, texts)
        iteration, iterations = _counted(form.iteration, texts), _counted(form.iterations, texts)
        if form.scale != 1 and iteration is not None:
            iteration = float(round(iteration * form.scale))
        if form.images:
            self.log.facts.unit = "image"
        if form.snapshot and iteration is not None and self.log.facts.unit == "image":
            iteration *= 1000
        if form.runs_on or form.weak:
            return Place(epoch, epochs, iteration, iterations)
        if epoch is not None:
            if epochs is None and self.epoch is not None:
                epochs = self.epoch[1]
            self.epoch = (epoch, epochs)
        elif self.epoch is not None:
            epoch, epochs = self.epoch
        if epoch is None and iteration is None:
            return None
        return Place(epoch, epochs, iteration, iterations)

    def _number(self, text: str) -> float | None:
        """Return a value; None, counted as left out, if its comma may be a decimal point."""
        if "," in text:
            value = as_number(text)
            self.decimal_commas |= value is None
            if value is None or self.decimal_commas:
                self._count(COMMAS)
                return None
            return value
        return as_number(text)

    def _count(self, reason: str, seen: bool = True) -> None:
        if seen:
            self.log.facts.dropped[reason] = self.log.facts.dropped.get(reason, 0) + 1

    def _under_section(self, name: Name) -> Name:
        return name if name.heading else name._replace(heading=self.section)

    def _take_words(self, line: str) -> None:
        """Remember a line of names without numbers: it may be the head of a table, or stand above a few numbers."""
        text = line.strip()
        if not text.strip("-=+|:_ "):
            if not text:
                self.section = ""
            return
        self.section = ""
        if len(text) > MAX_LINE:
            return
        if (above := re.fullmatch(r"\[([A-Za-z][\w ]{0,40})\]|([A-Za-z][\w ]{0,40}):", text)) is not None:
            self.section = above[1] or above[2]
        cells = [cell.strip() for cell in re.split(r"[|\t,;]+|\s{2,}", text.strip("|")) if cell.strip()]
        if len(cells) < 2:
            cells = text.split()
        named = all(re.fullmatch(r"[A-Za-z][\w ./()\-]{0,40}", cell) for cell in cells)
        self.head = cells if len(cells) >= 2 and named else []

    def _take_cells(self, texts: list[str]) -> None:
        """Take a row of the table whose head was read."""
        if len(texts) != len(self.head):
            self._count(CELLS)
            return
        place: dict[str, float] = {}
        values: dict[Name, float] = {}
        for name, text in zip(self.head, texts, strict=True):
            kind, value = place_kind(name), self._number(text)
            if value is None:
                continue
            if kind is None:
                values[Name(name)] = value
            elif kind == "epoch":
                place["epoch"] = value
            else:
                place["iteration"] = float(round(1000 * value)) if kind == "kimg" and value == value else value
                if kind != "iteration":
                    self.log.facts.unit = "image"
        self._open(Place(**place), values)


def _counted(index: int | None, texts: Sequence[str]) -> float | None:
    """Return a count, None if there is none or it cannot be one."""
    if index is None:
        return None
    value = as_number(texts[index])
    return value if value is not None and 0 <= value < MAX_COUNT else None


def _same(values: dict[Name, float], others: dict[Name, float]) -> bool:
    return all(repr(others.get(name)) == repr(value) for name, value in values.items())


def _leave_out_settings(log: Log) -> None:
    """Leave out the rows that are no part of the training: settings printed before it, and rows without a place.

    The training begins where all the names are there that occur most. Earlier rows whose names mostly do not occur
    again are settings. Where the rows of the training say where they are, the others do not count.
    """
    columns = {name: log.column(name)[0] for name in log.names}
    most = max(map(len, columns.values()), default=0)
    if most < 2:
        return
    main = [rows for rows in columns.values() if len(rows) > 1 and 2 * len(rows) >= most]
    last = max(int(rows[-1]) for rows in main)
    begin = max(int(rows[0]) for rows in main if 2 * rows[-1] >= last)
    places = log.places()
    placed = np.isfinite(places["epoch"]) | np.isfinite(places["iteration"])
    total, later, shared = np.zeros((3, log.count))
    for rows in columns.values():
        total[rows] += 1
        later[rows] += rows[-1] >= begin
        shared[rows] += placed[rows].any()
    settings = (2 * later < total) & (np.arange(log.count) < begin)
    unplaced = ~settings & ~placed & bool(2 * placed[begin:].sum() >= log.count - begin)
    for reason, left_out in ((SETTINGS, settings & (later > 0)), (UNPLACED, unplaced & (shared > 0))):
        if left_out.any():
            log.facts.dropped[reason] = int(left_out.sum())
    log.keep(~(settings | unplaced))


def _merge_twins(log: Log) -> None:
    """Keep one of each two rows, if every row was printed twice and they do not count iterations.

    A log of epochs whose lines all come in pairs was written by two loggers, or by two processes.
    """
    places = log.places()
    if log.count < 6 or log.count % 2 or np.isfinite(places["iteration"]).any():
        return
    columns = [log.spread(name) for name in log.names]
    for values in (*places.values(), *columns):
        if not np.array_equal(values[::2], values[1::2], equal_nan=True):
            return
    if all(len(np.unique(values[::2])) < 3 for values in columns):
        return  # frozen numbers look the same in any two rows
    log.facts.dropped["rows that were printed twice"] = log.count // 2
    log.keep(np.arange(log.count) % 2 == 0)
