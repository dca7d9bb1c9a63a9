"""The page of induced failures: every configuration of two sweeps, with its claim and what became of it.

    ganlab sweep; ganlab sweep guide
    python -m truth.sweeps INDUCED GUIDE
    python -m docs.make.failures INDUCED GUIDE     writes docs/failures.md and docs/images/failures/*.png

INDUCED and GUIDE are the folders of the two sweeps; their results and pictures are made again first, as `ganlab report`
does. Configurations whose claim did not replicate and which REMARKS does not explain are listed at the end.
"""

from __future__ import annotations

import argparse
import json
import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from PIL import Image

from ganlab.config.experiment import Experiment
from ganlab.config.load import difference, load_experiment
from ganlab.plots.strips import strips
from ganlab.report.sweep import KINDS, make_report, strip_of
from ganlab.runs.files import atomic_write, read_json
from ganlab.sweeps.claims import ClaimRow, judge_claims
from ganlab.sweeps.folder import SweepFolder
from ganlab.sweeps.records import RunRecord, read_records
from ganlab.sweeps.summary import steps_saved
from ganlab.verdicts import words
from truth.sweeps import TRUTH, Judged, judged, markdown, share, span, tables

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "failures.md"
PICTURES = PAGE.parent / "images" / "failures"
LOSSES, WIDEST = 700, 1100
"""Pixels of a loss plot's width, and of any other picture's at most."""
MOST_BYTES = 6_000_000
"""All pictures of the page together."""

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
"""Headings of the reduced set, with the configurations below each. The other sweep's come last, below FULL_SIZE."""
OTHERS, FULL_SIZE = "Others", "Full size"

OVERVIEW = ("stable", "latent_1", "mixed_batch_norm", "generator_one_filter", "kernel_1", "images_64")
"""Configurations in the README's picture."""

FIGURES = {
    "failure_map": """The failure map: colour and name are the most frequent verdict of a cell, the number how many of
its runs have it.""",
    "sensitivity": """Quality against the learning rate, a line a loss: FID of the last snapshot, the lower the
better.""",
    "loss_against_quality": """The generator's loss against quality: each dot is a snapshot, better images lie to the
right, higher cost above. Where a line climbs to the right, the cost rises while images improve.""",
}
"""What the pictures of a whole sweep show, by how their names begin."""

REMARKS: dict[str, str] = {
    "stable": """Crooked but varied eights in all three seeds. The figures of the guide's own networks stand at the
end of this page: there the same recipe is less sure.""",
    "latent_1": """Each row holds two or three different eights, again and again: with a single number to start from,
the generator draws one curve through the space of eights. The period of 25 updates in the generator's loss that the
guide reports is not there.""",
    "mixed_batch_norm": """Grey, and both players' losses at 0 from step 50 on: the statistics of a mixed batch tell
what is real, so neither learns anything about the images.""",
    "mixed_plain": """The network that the guide prints, with its mixed batches: nothing leaks, and eights come. So
its printed losses need batch norm in the discriminator.""",
    "adam_1e-3_beta_09": """Does not hold on the reduced networks: the samples are poor and alike, with the grid of
the transposed convolutions in them, but the discriminator does not win. It does hold at full size, in every seed
and within 40 steps (end of the page). Here the rate is only twice that of the stable run, not five times, and the
networks have an eighth of the filters.""",
    "adam_1e-3": """The rate alone does no harm: twice the stable run's, and as good.""",
    "adam_beta_09": """The momentum does most of the harm of the pair: strokes with the grid of the transposed
convolutions and hardly any variety; in one seed of three the discriminator wins outright.""",
    "generator_one_filter": """Every seed fails, each in another way: black, one blurred stroke, black.""",
    "discriminator_one_filter": """What passes for real to one filter is a texture. The losses look like a healthy
run's; only samples tell.""",
    "discriminator_oversized": """The samples are clean strokes, few kinds of them, and still improve when the run
ends: with the non-saturating loss a discriminator that wins most of the time still teaches.""",
    "kernel_1": """A kernel of one pixel sees no neighbours: dots, in every seed.""",
    "kernel_2": """Works, a little worse than 4 x 4.""",
    "kernel_13": """Smooth shapes with next to no variety, still improving after 300 steps. Its control fares no
better and has a worse FID in every pair, so that nothing is said here about large kernels, but that a step costs
more: about twice the control's time.""",
    "kernel_4": """The control of the run above misses its own claim: at width 8 and 300 steps nothing has been learnt
yet that could be called healthy.""",
    "images_64": """64 images last for 600 steps: the samples vary as much as those of the stable run. Longer training
repeats them (see memorisation in [verdicts.md](verdicts.md)), which is not the collapse that is claimed.""",
    "class_imbalance": """The rare digits are drawn less often, as in the data, and the run still improves when it
ends. Held-out images are imbalanced too, and the rarest five digits hold a ninth of them: losing them weighs
little.""",
    "vanishing_gradient": """Flat grey: log(1 - D(G(z))) is 0 where D is sure, and has no slope.""",
    "non_saturating_strong_d": """The control gets further than the saturating loss (something moves in each seed),
but in 200 steps not to digits.""",
    "dcgan_digits": """All ten digits, in 500 steps.""",
    "batch_norm_none": """Textures in each seed, two of them all alike. The other two had digits for a while and lost
them: they are called degraded, which counts as not collapsed.""",
    "mlp_digits": """Digits under noise: 1,200 steps are too few for this network, and most seeds never pass for data.
`configs/mlp_mnist.yaml` takes 6,000.""",
    "mlp_deep": """The opposite of the claim: eight layers, with batch norm in the generator, draw cleaner digits than
two in as many steps.""",
    "ring_1_1": """All eight modes.""",
    "ring_15_1": """The points spread over the whole plane rather than collapse. The study trains 10,000 iterations on
modes ten times as narrow, this 300.""",
    "ring_1_15": """No two seeds alike: points far outside (vanishing gradient, never learned), one spot (total
collapse), and twice the ring. A generator that moves fifteen times for each answer runs away more often than not,
but not always into the same failure.""",
    "ring_wgan_unclipped": """Half of the runs end on a wandering blob or bar (cycling, oscillation); where the points
do lie on the ring, the losses grow without bound, which is called diverged.""",
    "ring_wgan_clipped": """The control: no collapse in ten seeds, and no quick progress either.""",
    "guide_stable": """One seed as the guide says, one that needs more steps, and one that fails outright: black
images, and from step 93 on a discriminator that is always right. The guide shows a single run.""",
    "guide_latent_1": """As on the reduced networks: few kinds of eight.""",
    "guide_mixed_batch_norm": """As the guide reports: both losses at 0 and 100 % accuracy, from step 24 and 33 on.""",
    "guide_adam_1e-3_beta_09": """As the guide reports: the discriminator's losses at 0, the generator's above 10 and
still rising. Black images.""",
    "partial mode collapse is common, total collapse rare": """Collapse there is, but of another kind: in these runs
it is within the mode or cycling, and hardly ever classes that are missing, as most have one digit only.""",
    "partial mode collapse is common, total collapse rare (full size)": """Neither was
seen: with one digit to learn, what collapses is the variety within it.""",
    "ring_learning_rate (loss=non_saturating, optimizer.lr=0.01)": """The other way round: in 600
steps only the largest rate gets the non-saturating loss around the ring.""",
    "ring_learning_rate (loss=least_squares, optimizer.lr=0.01)": """The other way round here
too. The saturating loss is the one whose best rate lies in the middle.""",
    "batch norm reduces mode collapse": """Four seeds are too few for it: none of four against two of four.""",
}
"""What is seen in a configuration's pictures, and why its claim does not hold where it does not: by configuration, or
by the words of a claim that is about several."""


@dataclass(frozen=True)
class Swept:
    """A sweep that was carried out.

    Attributes:
        folder: where.
        size: `reduced` or `full`, as the table of claims says it.
    """

    folder: SweepFolder
    size: str

    @cached_property
    def records(self) -> list[RunRecord]:
        """A record a planned run."""
        return read_records(self.folder.plan(), self.folder)

    @cached_property
    def claims(self) -> list[ClaimRow]:
        """A row a claim."""
        return judge_claims(self.folder.plan(), self.records)

    @cached_property
    def judged(self) -> list[Judged]:
        """Runs that ended, with the truth."""
        return judged(self.folder)

    @cached_property
    def summary(self) -> dict[str, Any]:
        """summary.json."""
        return read_json(self.folder.summary)

    @property
    def name(self) -> str:
        """The sweep's name."""
        return str(self.summary["name"])

    @property
    def command(self) -> str:
        """What carries it out."""
        return "ganlab sweep" if self.name == "induced_failures" else f"ganlab sweep {self.name}"

    @property
    def configs(self) -> list[str]:
        """Names of the configurations that are no cells of a grid."""
        return list(dict.fromkeys(each.planned.config for each in self.records if not each.planned.settings))

    def of(self, config: str) -> list[RunRecord]:
        """The runs of a configuration, by seed."""
        return [each for each in self.records if each.planned.config == config]


# The head


def head(sweeps: Sequence[Swept]) -> str:
    """Title, what this is, how it was made and on what."""
    sentences = paragraph(
        f"""What breaks a GAN, induced on purpose: {sum(len(each.records) for each in sweeps)} real runs of
        {sum(len(each.configs) for each in sweeps)} configurations and of a grid, {machine(sweeps)}. Each configuration
        is a file that says what it claims, after whom, and what is reduced; here is what became of it, seed by seed.
        A verdict is `ganlab diagnose`'s at the run's end ([verdicts.md](verdicts.md)), with its confidence; beside it
        stands the label of a truth that shares no code with it ([below](#verdicts-against-expectation-and-truth)).
        Where a claim does not hold, the section says what was seen instead."""
    )
    commands = [
        *(f"{each.command:<52} # {cost(each)}" for each in sweeps),
        "python -m truth.sweeps INDUCED GUIDE       # their folders: the truth of every run",
        "python -m docs.make.failures INDUCED GUIDE   # this page",
    ]
    lines = textwrap.indent("\n".join(commands), "    ")
    return f"# Induced failures\n\n{sentences}\n\n{lines}"


def machine(sweeps: Sequence[Swept]) -> str:
    """Say on what the runs were made, as they and the summaries tell."""
    ended = [each.status for sweep in sweeps for each in sweep.records if each.ended and each.status]
    cores = sorted({str(sweep.summary["machine"]["cores"]) for sweep in sweeps})
    devices, threads = (sorted({str(getattr(status, key)) for status in ended}) for key in ("device", "threads"))
    return f"on {' and '.join(devices)} with {' or '.join(cores)} cores, threads a run: {' or '.join(threads)}"


def cost(sweep: Swept) -> str:
    """Say how many runs a sweep has, what they took together and what early stops saved."""
    seconds = sweep.summary["seconds"]
    states = ", ".join(f"{count} {state}" for state, count in sweep.summary["states"].items())
    saved = f", {seconds['saved'] / 60:.1f} saved by early stops" if seconds["saved"] else ""
    return f"{states}; {seconds['trained'] / 60:.0f} minutes of runs{saved}"


def paragraph(text: str) -> str:
    """Text in lines of at most 120 characters."""
    return textwrap.fill(" ".join(text.split()), 120, break_long_words=False, break_on_hyphens=False)


# Claims


def claims_table(sweeps: Sequence[Swept]) -> str:
    """All claims of all sweeps."""
    heading = ["claim", "source", "size", "expected", "observed", "onset", "replicated"]
    lines = (
        [linked(row), row.source or "-", sweep.size, expected(row), observed(row), onset(row), f"**{row.replicated}**"]
        for sweep in sweeps
        for row in sweep.claims
    )
    return markdown(heading, lines)


def title(row: ClaimRow) -> str:
    """The claim without its source, which has a column of its own; where it has no words, its runs."""
    claim = re.sub(r"\s*\(([^()]*)\)[.\s]*$", lambda m: "" if m[1] == row.source else m[0], row.claim)
    return claim or ", ".join(row.runs)


def linked(row: ClaimRow) -> str:
    """The claim, with a link to the section of its configuration where it is about one."""
    alone = len(row.runs) == 1 and "(" not in row.runs[0]  # cells of a grid have no section each
    return f"[{title(row)}](#{row.runs[0]})" if alone else title(row)


def expected(row: ClaimRow) -> str:
    return words(row.expected)


def observed(row: ClaimRow) -> str:
    return share(row.k, row.n)


def onset(row: ClaimRow) -> str:
    return "-" if row.onset is None else f"{row.onset:,.0f}"


def claim_words(row: ClaimRow) -> str:
    """A row of the table as an item of a list."""
    source = f" ({row.source})" if row.source else ""
    since = "" if row.onset is None else f", from step {onset(row)}"
    seen = f"; {row.words}" if row.words else ""
    text = f"- **Replicated: {row.replicated}.** Claim: {title(row)}{source}. Expected: {expected(row)}."
    text += f" Observed: {observed(row)}{since}{seen}."
    return textwrap.fill(text, 120, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


# A configuration


def section(sweep: Swept, config: str) -> str:
    """One configuration: how to train it, curves, samples, verdicts, claims and a remark."""
    records = sweep.of(config)
    first = next((each for each in records if each.ended), None)
    parts = [
        f"### {config}",
        setting_line(config, records[0].planned.experiment),
        picture(losses(first), f"{config}_losses", f"{config}, seed {first.planned.seed}: losses") if first else "",
        picture(samples(records), f"{config}_samples", f"{config}: last samples of {len(records)} seeds"),
        outcome(sweep, config),
        "\n".join(claim_words(row) for row in sweep.claims if row.runs == (config,)),
        REMARKS.get(config, ""),
    ]
    return "\n\n".join(part for part in parts if part)


def setting_line(config: str, experiment: Experiment) -> str:
    """Say how a configuration is trained, and how it differs from the one that it extends, as overrides."""
    file = config_file(config)
    name = file.relative_to(ROOT / "configs").with_suffix("")
    parent = re.search(r"^extends: *(\S+)", file.read_text(), re.MULTILINE)
    base = load_experiment(file.parent / parent[1]) if parent else Experiment()
    than = f"`{base.name}`" if parent else "the defaults"
    return f"    ganlab train {name}\n\nBeside {than}: {overrides(base, experiment)}"


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
    """Return what makes `experiment` of `base`, as overrides in code; what both optimisers share is said once."""
    quiet = ("name", "seed", "claim", "expect", "monitor.")
    found = [change for change in difference(base, experiment) if not change[0].startswith(quiet)]
    # Where a component is another one, the keys of the old one are gone, and those of the new one have its defaults.
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
    """Whether a key of an experiment has the value that its component gives it unasked."""
    *above, key = path.split(".")
    part: Any = experiment
    for name in above:
        part = part[int(name)] if name.isdigit() else getattr(part, name)
    return bool(getattr(part, key) == type(part).model_fields[key].default) and key != "name"


def losses(record: RunRecord) -> Image.Image:
    """The loss plot that a run drew."""
    return shrunk(Image.open(record.run.plots / "losses.png"), LOSSES)


def samples(records: Sequence[RunRecord]) -> Image.Image:
    """The last samples of a configuration's seeds."""
    label = f"expected: {' or '.join(map(words, records[0].planned.experiment.expect)) or 'nothing'}"
    (page,) = strips("Last samples", [(label, map(strip_of, records))])
    return Image.fromarray(page)


def overview(sweep: Swept) -> Image.Image:
    """The last samples of a few configurations, for the README."""
    rows = ((name, map(strip_of, sweep.of(name))) for name in OVERVIEW)
    (page,) = strips("Last samples of three seeds, and their verdicts", rows)
    return Image.fromarray(page)


def shrunk(image: Image.Image, width: int) -> Image.Image:
    """The image at a width, or smaller."""
    image = image.convert("RGB")
    image.thumbnail((width, image.height), Image.Resampling.LANCZOS)
    return image


def picture(image: Image.Image, name: str, alt: str) -> str:
    """Save a picture in 256 colours and return the Markdown that shows it."""
    target = PICTURES / f"{name}.png"
    image.quantize(256, dither=Image.Dither.NONE).save(target, optimize=True)
    return f"![{alt}](images/failures/{target.name})"


def outcome(sweep: Swept, config: str) -> str:
    """Say which verdicts the runs of a configuration got, how sure, and what is true of their samples."""
    runs = [each for each in sweep.judged if each.record.planned.config == config]
    text = f"Verdicts: {counted(runs)}. By the truth: {labels(runs)}." if runs else ""
    states = Counter(each.state for each in sweep.of(config) if not each.ended)
    if states:
        text += f" Without a verdict: {', '.join(f'{count} {state}' for state, count in states.items())}."
    early = [each for each in runs if steps_saved(each.record)]
    if early:
        text += f" Stopped early: {len(early)}."
    return paragraph(text)


def counted(runs: Sequence[Judged]) -> str:
    """Count verdicts, the most frequent first, each with its confidence."""
    names = [name for name, _ in Counter(each.record.failure_name for each in runs).most_common()]
    having = {name: [each for each in runs if each.record.failure_name == name] for name in names}
    return "; ".join(
        f"*{words(name)}* {len(found)} of {len(runs)} (confidence {span(found)})" for name, found in having.items()
    )


def labels(runs: Sequence[Judged]) -> str:
    """Count the labels of final samples, and how many verdicts are right for them."""
    counts = ", ".join(f"{words(label)} {count}" for label, count in Counter(each.label for each in runs).most_common())
    return f"{counts}, {sum(each.right for each in runs)} of {len(runs)} verdicts right"


# Whole sweeps


def grid_section(sweep: Swept) -> Iterator[str]:
    """Yield what the grid varies, the pictures of a whole sweep, and the table of the grid's cells."""
    plan = sweep.folder.plan()
    if plan.spec.base:
        axes = " by ".join(f"`{axis}`" for axis in plan.axes)
        yield f"{axes}. The rest beside the defaults: {overrides(Experiment(), plan.spec.base)}"
    for file in sorted(sweep.folder.plots.glob("*.png"), key=lambda file: order(file.stem)):
        if not file.stem.startswith("strips"):
            caption = next(text for start, text in FIGURES.items() if file.stem.startswith(start))
            shown = shrunk(Image.open(file), WIDEST)
            yield picture(shown, f"{sweep.name}_{file.stem}", f"{file.stem.replace('_', ' ')} of {sweep.name}")
            yield paragraph(caption)
            if file.stem == "failure_map":
                yield cells(sweep.summary["configs"])


def order(stem: str) -> tuple[int, str]:
    """Order pictures as reports do."""
    return next(index for index, kind in enumerate(KINDS) if stem.startswith(kind)), stem


def cells(configs: Sequence[dict[str, Any]]) -> str:
    """A row for each cell of the grid: its most frequent verdict with the interval, and the others."""
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
    """Yield headings with their configurations; what no heading names stands under OTHERS, so that nothing is lost."""
    named = {config for configs in GROUPS.values() for config in configs}
    for heading, configs in GROUPS.items():
        yield heading, induced, [config for config in configs if config in induced.configs]
    yield OTHERS, induced, [config for config in induced.configs if config not in named]
    yield FULL_SIZE, guide, guide.configs


def page(induced: Swept, guide: Swept) -> str:
    """The whole page."""
    both = (induced, guide)
    several = [row for sweep in both for row in sweep.claims if len(row.runs) > 1 and row.claim in REMARKS]
    parts = [head(both), "## Claims", claims_table(both), *(REMARKS[row.claim] for row in several)]
    for heading, sweep, configs in groups(induced, guide):
        if configs:
            parts += [f"## {heading}", *(section(sweep, config) for config in configs)]
    parts += ["## Learning rate and loss", *grid_section(induced)]
    parts += ["## The full-size runs together", *grid_section(guide)]
    command = "    python -m truth.sweeps INDUCED GUIDE"
    parts += ["## Verdicts against expectation and truth", command, TRUTH, tables({s.name: s.judged for s in both})]
    return "\n\n".join(parts).rstrip() + "\n"


def unexplained(sweeps: Sequence[Swept]) -> list[str]:
    """Return what needs a remark and has none: configurations, or claims about several."""
    rows = [row for sweep in sweeps for row in sweep.claims if row.replicated != "yes"]
    names = dict.fromkeys(row.runs[0] if len(row.runs) == 1 else row.claim for row in rows)
    return [name for name in names if name not in REMARKS]


def main() -> None:
    """Read the command line and write the page."""
    parser = argparse.ArgumentParser(description="The page of induced failures.")
    parser.add_argument("induced", type=Path, metavar="INDUCED", help="folder of `ganlab sweep`")
    parser.add_argument("guide", type=Path, metavar="GUIDE", help="folder of `ganlab sweep guide`")
    arguments = parser.parse_args()
    for folder in (arguments.induced, arguments.guide):
        make_report(folder)
    PICTURES.mkdir(parents=True, exist_ok=True)
    for old in PICTURES.glob("*.png"):
        old.unlink()
    sweeps = Swept(SweepFolder(arguments.induced), "reduced"), Swept(SweepFolder(arguments.guide), "full")
    atomic_write(PAGE, page(*sweeps).encode())
    picture(overview(sweeps[0]), "overview", "")
    size = sum(file.stat().st_size for file in PICTURES.glob("*.png"))
    print(f"{PAGE}: {size / 1e6:.1f} MB of pictures" + (", too much" if size > MOST_BYTES else ""))
    for sweep in sweeps:
        if left := sum(not each.ended for each in sweep.records):
            print(f"warning: {left} of {len(sweep.records)} runs of {sweep.folder.path} have not ended")
    if missing := unexplained(sweeps):
        print("warning: not replicated, and REMARKS says nothing of: " + "; ".join(missing))


if __name__ == "__main__":
    main()
