"""The page of induced failures: every configuration of two sweeps, with its claim and its outcome.

    ganlab sweep; ganlab sweep guide
    python -m docs.make.failures INDUCED GUIDE     docs/sweeps/*, docs/images/failures/*.png, and then docs/failures.md
    python -m docs.make.failures                   docs/failures.md alone, from docs/sweeps/

INDUCED and GUIDE are the folders of the two sweeps; one alone replaces only its own results and pictures. The results
are written again first, as `ganlab report` does, and the true labels of runs that have none yet are made, as
`python -m truth.sweeps` does. All that the page says of outcomes comes from these results.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from PIL import Image

from ganlab.config.experiment import Experiment
from ganlab.config.load import difference, load_experiment
from ganlab.plots.strips import strips
from ganlab.report.sweep import make_report, strip_of
from ganlab.runs.files import atomic_write, read_json
from ganlab.runs.status import ENDED
from ganlab.sweeps.claims import UNDECIDED, ClaimRow
from ganlab.sweeps.folder import SweepFolder
from ganlab.sweeps.plan import make_plan
from ganlab.sweeps.records import NOT_NEEDED, RunRecord, by_config, read_records
from ganlab.sweeps.spec import SweepSpec, load_spec
from ganlab.verdicts import words
from truth.sweeps import TRUTH, Judged, judge_all, judged, markdown, read_runs, settings, share, span, tables

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "failures.md"
PICTURES = PAGE.parent / "images" / "failures"
RESULTS = PAGE.parent / "sweeps"
LOSSES, WIDEST = 700, 1100
"""Width of a loss plot, and maximum width of any other picture, in pixels."""
MOST_BYTES = 6_000_000
"""Maximum size of all pictures of the page together."""

GROUPS: dict[str, tuple[str, ...]] = {
    "The guide's stable run": ("stable",),
    "Mode collapse": ("latent_1",),
    "Convergence failure": ("mixed_batch_norm", "mixed_plain", "adam_1e-3_beta_09", "adam_1e-3", "adam_beta_09"),
    "Capacity": ("generator_one_filter", "discriminator_one_filter", "discriminator_oversized"),
    "Kernels": ("kernel_1", "kernel_2", "kernel_4", "kernel_13"),
    "Data": ("images_64", "class_imbalance"),
    "Losses": ("vanishing_gradient", "non_saturating_strong_d"),
    "Networks, on all ten digits": ("dcgan_digits", "batch_norm_none", "mlp_digits", "mlp_deep"),
    "Games in two dimensions": ("ring_1_1", "ring_15_1", "ring_1_15", "ring_wgan_unclipped", "ring_wgan_clipped"),
}
"""Headings of the reduced set, with the configurations below each. The other sweep comes last, below FULL_SIZE."""
OTHERS, FULL_SIZE = "Others", "Full size"

SEEDS = 6
"""Seeds of a configuration whose samples are shown at most."""

OVERVIEW = ("stable", "latent_1", "mixed_batch_norm", "generator_one_filter", "kernel_1", "images_64")
"""Configurations in the README's picture."""

FIGURES = {
    "failure_map": """The failure map: colour and name show the most frequent verdict of a cell, the number how many of
its runs have it.""",
    "sensitivity": """Quality against the learning rate, one line per loss: FID of the last snapshot; lower is
better.""",
    "loss_against_quality": """The generator's loss against quality: each dot is a snapshot; better images are further
right, higher losses further up. If a line rises to the right, the loss rises while images improve.""",
}
"""Captions of the pictures of a whole sweep, by the beginning of their file names."""


@dataclass(frozen=True)
class Swept:
    """A finished sweep, as its results describe it.

    Attributes:
        results: the folder with its runs.csv, summary.json and truth.json.
        size: `reduced` or `full`, as the table of claims says it.
    """

    results: Path
    size: str

    @cached_property
    def runs(self) -> list[dict[str, str]]:
        """A row for each planned run that was needed."""
        return [row for row in read_runs(self.results) if row["state"] != NOT_NEEDED]

    @cached_property
    def spared(self) -> Counter[str]:
        """How many runs of each configuration were not needed."""
        return Counter(row["config"] for row in read_runs(self.results) if row["state"] == NOT_NEEDED)

    @cached_property
    def judged(self) -> list[Judged]:
        """Runs that ended, with their true labels."""
        return judged(self.results)

    @cached_property
    def summary(self) -> dict[str, Any]:
        """summary.json."""
        return read_json(self.results / "summary.json")

    @cached_property
    def spec(self) -> SweepSpec:
        """The sweep's file as it is today."""
        return load_spec(ROOT / "configs" / "sweeps" / f"{self.name}.yaml")

    @cached_property
    def claims(self) -> list[ClaimRow]:
        """A row for each claim."""
        return [ClaimRow(**{**row, "runs": tuple(row["runs"])}) for row in self.summary["claims"]]

    @property
    def name(self) -> str:
        """The sweep's name."""
        return str(self.summary["name"])

    @property
    def command(self) -> str:
        """The command that runs it."""
        return "ganlab sweep" if self.name == "induced_failures" else f"ganlab sweep {self.name}"

    @property
    def configs(self) -> list[str]:
        """Names of the configurations that are not cells of a grid."""
        return list(dict.fromkeys(row["config"] for row in self.runs if not settings(row)))

    def of(self, config: str) -> list[dict[str, str]]:
        """The runs of a configuration, by seed."""
        return [row for row in self.runs if row["config"] == config]


# The head


def head(sweeps: Sequence[Swept]) -> str:
    """Return the title, the introduction, and how the page was made."""
    sentences = paragraph(
        f"""What breaks a GAN, induced on purpose: {sum(len(each.judged) for each in sweeps)} real runs of
        {sum(len(each.configs) for each in sweeps)} configurations and of a grid, {machine(sweeps)}. Each configuration
        is a file that states its claim, the source, and what is reduced; this page shows the outcome, seed by seed.
        Verdicts are those of `ganlab diagnose` at the end of a run ([verdicts.md](verdicts.md)), with their confidence;
        they are compared with true labels, which come from a rule that shares no code with the diagnosis
        ([below](#verdicts-against-expectation-and-truth)). A claim has replicated (*yes*) if the
        {confidence(sweeps)} interval of the share of runs in which it holds is above its rate, one half unless another
        one is given, and has not (*no*) if it is below; else it is undecided. Where a claim was decided before a
        configuration had all its seeds, no more were trained ([how](sweeps.md#as-many-seeds-as-it-takes))."""
    )
    commands = [
        *(f"{each.command:<52} # {cost(each)}" for each in sweeps),
        "python -m docs.make.failures INDUCED GUIDE           # their folders: true labels, pictures and this page",
    ]
    lines = textwrap.indent("\n".join(commands), "    ")
    return "\n\n".join(filter(None, ["# Induced failures", sentences, outdated(sweeps), lines]))


def outdated(sweeps: Sequence[Swept]) -> str:
    """Say how many runs are of configurations that were another experiment then; nothing if none is."""
    changed: list[str] = []
    for sweep in sweeps:
        today = {run.id for run in make_plan(sweep.spec).runs}
        changed += [row["config"] for row in sweep.runs if row["run"] not in today]
    if not changed:
        return ""
    names = ", ".join(f"`{name}`" for name in dict.fromkeys(changed))
    return paragraph(
        f"""**Of these runs {len(changed)} were trained before their configuration changed**, and show what it was
        then; the sweeps train them again. They are those of {names}."""
    )


def confidence(sweeps: Sequence[Swept]) -> str:
    """Return the confidence of the sweeps' intervals, in per cent."""
    return " or ".join(sorted({f"{100 * sweep.spec.decide:g} %" for sweep in sweeps}))


def machine(sweeps: Sequence[Swept]) -> str:
    """Return which devices the runs were trained on, from the summaries."""
    machines = [sweep.summary["machine"] for sweep in sweeps]
    cores = sorted({str(each["cores"]) for each in machines})
    devices, threads = (sorted({str(v) for each in machines for v in each[key]}) for key in ("devices", "threads"))
    return f"on {' and '.join(devices)} with {' or '.join(cores)} cores, threads per run: {' or '.join(threads)}"


def cost(sweep: Swept) -> str:
    """Return how many runs a sweep has, their total time and the time that early stops saved."""
    seconds = sweep.summary["seconds"]
    states = ", ".join(f"{count} {state}" for state, count in sweep.summary["states"].items())
    saved = f", {seconds['saved'] / 60:.1f} saved by early stops" if seconds["saved"] else ""
    return f"{states}; {seconds['trained'] / 60:.0f} minutes of runs{saved}"


def paragraph(text: str) -> str:
    """Return text in lines of at most 120 characters."""
    return textwrap.fill(" ".join(text.split()), 120, break_long_words=False, break_on_hyphens=False)


# Claims


def claims_table(sweeps: Sequence[Swept]) -> str:
    """Return the table of all claims of all sweeps."""
    heading = ["claim", "source", "size", "expected", "observed", "onset", "replicated"]
    lines = (
        [linked(row), row.source or "-", sweep.size, expected(row), observed(row), onset(row), f"**{answer(row)}**"]
        for sweep in sweeps
        for row in sweep.claims
    )
    return markdown(heading, lines)


def title(row: ClaimRow) -> str:
    """Return the claim without its source, which has its own column; if the claim has no text, its runs."""
    claim = re.sub(r"\s*\(([^()]*)\)[.\s]*$", lambda m: "" if m[1] == row.source else m[0], row.claim)
    return claim or ", ".join(row.runs)


def linked(row: ClaimRow) -> str:
    """Return the claim, with a link to the section of its configuration if it is about a single one."""
    alone = len(row.runs) == 1 and "(" not in row.runs[0]  # cells of a grid have no section
    return f"[{title(row)}](#{row.runs[0]})" if alone else title(row)


def expected(row: ClaimRow) -> str:
    return words(row.expected)


def observed(row: ClaimRow) -> str:
    return f"{row.k} of {row.n} [{row.low:.2f}, {row.high:.2f}]"


def answer(row: ClaimRow) -> str:
    """Return whether a claim replicated, with its count where that is undecided."""
    return f"{UNDECIDED} ({row.k} of {row.n})" if row.replicated == UNDECIDED else row.replicated


def onset(row: ClaimRow) -> str:
    return "-" if row.onset is None else f"{row.onset:,.0f}"


def claim_words(row: ClaimRow) -> str:
    """Return a row of the table as a list item."""
    source = f" ({row.source})" if row.source else ""
    since = "" if row.onset is None else f", from step {onset(row)}"
    seen = f"; {row.words}" if row.words else ""
    text = f"- **Replicated: {answer(row)}.** Claim: {title(row)}{source}. Expected: {expected(row)}."
    text += f" Observed: {observed(row)}{since}{seen}."
    return textwrap.fill(text, 120, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


# A configuration


def section(sweep: Swept, config: str) -> str:
    """Return the section of a configuration: how to train it, curves, samples, verdicts and claims."""
    runs = sweep.of(config)
    first = next((row for row in runs if row["state"] in ENDED), None)
    parts = [
        f"### {config}",
        setting_line(config),
        shown(f"{config}_losses", f"{config}, seed {first['seed']}: losses") if first else "",
        shown(f"{config}_samples", f"{config}: last samples of {seeds_shown(len(runs))}"),
        outcome(sweep, config),
        "\n".join(claim_words(row) for row in sweep.claims if row.runs == (config,)),
    ]
    return "\n\n".join(part for part in parts if part)


def seeds_shown(count: int) -> str:
    """Return in words which of so many seeds are in a picture."""
    return f"{count} seeds" if count <= SEEDS else f"the first {SEEDS} of {count} seeds"


def shown(name: str, alt: str) -> str:
    """Return Markdown that shows a picture of the page."""
    return f"![{alt}](images/failures/{name}.png)"


def setting_line(config: str) -> str:
    """Return how to train a configuration, and how it differs from the one that it extends, as overrides."""
    file = config_file(config)
    experiment = load_experiment(file)
    name = file.relative_to(ROOT / "configs").with_suffix("")
    parent = re.search(r"^extends: *(\S+)", file.read_text(), re.MULTILINE)
    base = load_experiment(file.parent / parent[1]) if parent else Experiment()
    than = f"`{base.name}`" if parent else "the defaults"
    return f"    ganlab train {name}\n\nChanges from {than}: {overrides(base, experiment)}"


def config_file(config: str) -> Path:
    """Return the shipped file of a configuration.

    Raises:
        SystemExit: there is none.
    """
    for file in (ROOT / "configs" / "failures" / f"{config}.yaml", ROOT / "configs" / f"{config}.yaml"):
        if file.is_file():
            return file
    raise SystemExit(f"configs/ has no file {config}.yaml: name the configuration after its file")


def overrides(base: Experiment, experiment: Experiment) -> str:
    """Return how `experiment` differs from `base`, as overrides; a change of both optimisers is written once."""
    quiet = ("name", "seed", "claim", "expect", "monitor.")
    found = [change for change in difference(base, experiment) if not change[0].startswith(quiet)]
    # If a component is replaced, the keys of the old one are gone, and those of the new one have its defaults.
    swapped = tuple(key.removesuffix("name") for key, _, _ in found if key.endswith(".name"))
    gone = {key for key, _, new in found if new is None and key.startswith(swapped)}
    changed = {
        key: new for key, old, new in found if key not in gone and not (old is None and is_default(experiment, key))
    }
    for key, new in list(changed.items()):
        other = key.replace("optimizer.generator.", "optimizer.discriminator.")
        if other != key and other in changed and changed[other] == new:
            changed[key.replace(".generator.", ".")] = changed.pop(key)
            del changed[other]
    words_of = (f"{key}={json.dumps(new, separators=(',', ':'))}" for key, new in sorted(changed.items()))
    return f"`{' '.join(words_of)}`"


def is_default(experiment: Experiment, path: str) -> bool:
    """Return whether a key of an experiment has its component's default value."""
    *above, key = path.split(".")
    part: Any = experiment
    for name in above:
        part = part[int(name)] if name.isdigit() else getattr(part, name)
    return bool(getattr(part, key) == type(part).model_fields[key].default) and key != "name"


def outcome(sweep: Swept, config: str) -> str:
    """Return the verdicts of a configuration's runs, with their confidence, and the true labels of their samples."""
    runs = [each for each in sweep.judged if each.config == config]
    text = f"Verdicts: {counted(runs)}. True labels: {labels(runs)}." if runs else ""
    states = Counter(row["state"] for row in sweep.of(config) if row["state"] not in ENDED)
    if states:
        text += f" Without a verdict: {', '.join(f'{count} {state}' for state, count in states.items())}."
    early = sum(row["stopped_early"] not in ("", "0") for row in sweep.of(config))
    if early:
        text += f" Stopped early: {early}."
    if spared := sweep.spared[config]:
        text += f" Decided after {len(sweep.of(config))} of {len(sweep.of(config)) + spared} seeds."
    return paragraph(text)


def counted(runs: Sequence[Judged]) -> str:
    """Return the count of each verdict, the most frequent first, with its confidence."""
    names = [name for name, _ in Counter(each.name for each in runs).most_common()]
    having = {name: [each for each in runs if each.name == name] for name in names}
    return "; ".join(
        f"*{words(name)}* {len(found)} of {len(runs)} (confidence {span(found)})" for name, found in having.items()
    )


def labels(runs: Sequence[Judged]) -> str:
    """Return the count of each label of final samples, and how many verdicts are right for them."""
    counts = ", ".join(f"{words(label)} {count}" for label, count in Counter(each.label for each in runs).most_common())
    return f"{counts}, {sum(each.right for each in runs)} of {len(runs)} verdicts right"


# Whole sweeps


def grid_section(sweep: Swept) -> Iterator[str]:
    """Yield the axes of the grid, the pictures of a whole sweep, and the table of the grid's cells."""
    if sweep.spec.base:
        varied = next(each["settings"] for each in sweep.summary["configs"] if each["settings"])
        axes = " by ".join(f"`{axis}`" for axis in varied)
        yield f"{axes}. Other changes from the defaults: {overrides(Experiment(), sweep.spec.base)}"
    for kind, caption in FIGURES.items():
        for file in sorted(PICTURES.glob(f"{sweep.name}_{kind}*.png")):
            name = file.stem.removeprefix(f"{sweep.name}_")
            yield shown(file.stem, f"{name.replace('_', ' ')} of {sweep.name}")
            yield paragraph(caption)
            if name == "failure_map":
                yield cells(sweep.summary["configs"])


def cells(configs: Sequence[dict[str, Any]]) -> str:
    """Return a row for each cell of the grid: its most frequent verdict with the interval, and the others."""
    found = [each for each in configs if each["settings"]]
    axes = list(found[0]["settings"])
    lines = []
    for each in found:
        others = [f"{words(name)} {count}" for name, count in each["verdicts"].items() if name != each["verdict"]]
        since = "-" if each["onset"] is None else f"{each['onset']:,.0f}"
        most = words(each["verdict"] or "-")
        lines.append([*each["settings"].values(), most, share(each["k"], each["n"]), since, ", ".join(others) or "-"])
    return markdown([*axes, "most frequent verdict", "rate", "onset", "others"], lines)


def groups(induced: Swept, guide: Swept) -> Iterator[tuple[str, Swept, list[str]]]:
    """Yield headings with their configurations; those without a heading come under OTHERS, so that none is missing."""
    named = {config for configs in GROUPS.values() for config in configs}
    for heading, configs in GROUPS.items():
        yield heading, induced, [config for config in configs if config in induced.configs]
    yield OTHERS, induced, [config for config in induced.configs if config not in named]
    yield FULL_SIZE, guide, guide.configs


def page(induced: Swept, guide: Swept) -> str:
    """Return the whole page."""
    both = (induced, guide)
    parts = [head(both), "## Claims", claims_table(both)]
    about_many = [claim_words(row) for sweep in both for row in sweep.claims if len(row.runs) > 1 or "(" in row.runs[0]]
    parts += ["Claims about several configurations, or cells of the grid:", "\n".join(about_many)]
    for heading, sweep, configs in groups(induced, guide):
        if configs:
            parts += [f"## {heading}", *(section(sweep, config) for config in configs)]
    parts += ["## Learning rate and loss", *grid_section(induced)]
    parts += ["## The full-size runs together", *grid_section(guide)]
    command = "    python -m truth.sweeps INDUCED GUIDE"
    parts += ["## Verdicts against expectation and truth", command, TRUTH, tables({s.name: s.judged for s in both})]
    return "\n\n".join(parts).rstrip() + "\n"


# Results and pictures from the sweeps' folders


def collect(folder: SweepFolder) -> None:
    """Judge the runs of a sweep, copy its results into docs/sweeps/, and draw the page's pictures of its runs.

    Raises:
        SystemExit: a run that ended has no stored samples to judge.
    """
    make_report(folder.path)
    judge_all(folder)
    summary = read_json(folder.summary)
    results = RESULTS / str(summary["name"])
    results.mkdir(parents=True, exist_ok=True)
    for name in ("runs.csv", "claims.csv", "summary.json", "truth.json"):
        shutil.copyfile(folder.path / name, results / name)
    records = [each for each in read_records(folder.plan(), folder) if each.begun]
    groups = by_config(records)
    for config, of in groups.items():
        if of[0].planned.settings:
            continue
        if first := next((each for each in of if each.ended), None):
            save(shrunk(Image.open(first.run.plots / "losses.png"), LOSSES), f"{config}_losses")
        label = f"expected: {' or '.join(map(words, of[0].planned.experiment.expect)) or 'nothing'}"
        save(strip("Last samples", {label: of[:SEEDS]}), f"{config}_samples")
    for file in folder.plots.glob("*.png"):
        if not file.stem.startswith("strips"):
            save(shrunk(Image.open(file), WIDEST), f"{summary['name']}_{file.stem}")
    shown = {name: groups.get(name, [])[:3] for name in OVERVIEW}
    if all(shown.values()):
        save(strip("Last samples of three seeds, and their verdicts", shown), "overview")


def strip(title: str, rows: Mapping[str, Sequence[RunRecord]]) -> Image.Image:
    """Return the last samples of runs, one row per name."""
    (pixels,) = strips(title, [(name, map(strip_of, records)) for name, records in rows.items()])
    return Image.fromarray(pixels)


def shrunk(image: Image.Image, width: int) -> Image.Image:
    """Return the image at a width, or smaller."""
    image = image.convert("RGB")
    image.thumbnail((width, image.height), Image.Resampling.LANCZOS)
    return image


def save(image: Image.Image, name: str) -> None:
    """Save a picture of the page in 256 colours."""
    image.quantize(256, dither=Image.Dither.NONE).save(PICTURES / f"{name}.png", optimize=True)


def main() -> None:
    """Read the command line and write the page."""
    parser = argparse.ArgumentParser(description="The page of induced failures.")
    parser.add_argument(
        "folders", nargs="*", type=Path, metavar="FOLDER", help="the folders of `ganlab sweep` and `ganlab sweep guide`"
    )
    folders = parser.parse_args().folders
    if folders:
        PICTURES.mkdir(parents=True, exist_ok=True)
        for folder in folders:
            collect(SweepFolder(folder))
    sweeps = stored()
    text = page(*sweeps)
    atomic_write(PAGE, text.encode())
    for old in PICTURES.glob("*.png"):
        if folders and old.stem != "overview" and f"/{old.name})" not in text:
            old.unlink()
    size = sum(file.stat().st_size for file in PICTURES.glob("*.png"))
    print(f"{PAGE}: {size / 1e6:.1f} MB of pictures" + (", too much" if size > MOST_BYTES else ""))
    for sweep in sweeps:
        if left := sum(row["state"] not in ENDED for row in sweep.runs):
            print(f"warning: {left} of {len(sweep.runs)} runs of {sweep.name} have not ended")


def stored() -> tuple[Swept, Swept]:
    """Return the two sweeps whose results are in the repository."""
    return Swept(RESULTS / "induced_failures", "reduced"), Swept(RESULTS / "guide", "full")


if __name__ == "__main__":
    main()
