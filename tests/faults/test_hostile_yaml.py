"""Fault 11: a hostile or broken experiment file is refused, with its name, quickly, and never by another error."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ganlab.config.experiment import Experiment
from ganlab.config.load import load_experiment
from ganlab.errors import ConfigError

SECONDS = 2.0
"""Processor time one file may take."""

VALID = """\
# A comment.
name: valid
seed: 3
data: {name: mnist, classes: [3, 8], fraction: 0.5, held_out: test}
latent: {dim: 64, distribution: uniform}
generator:
  name: dcgan
  width: 32
  kernel_size: 5
discriminator:
  name: dcgan
  norm: none  # for r1
weight_init: {name: normal, std: 2.0e-2}
loss: non_saturating
penalties:
- {name: r1, weight: 5}
stabilizers: [{name: label_smoothing, real: .9}, {name: instance_noise, std: 1e-1, until: 100}]
optimizer:
  generator: {name: adam, lr: 2.0e-4, betas: [0.5, 0.999]}
  discriminator: {name: sgd, momentum: 0.9}
training: {steps: 100, batch_size: 16, compile: false}
expect: [healthy, mode_collapse/partial]
claim: >
  Two lines
  of text.
"""

Random = random.Random


def tag(rng: Random) -> str:
    tags = ("!!python/object/apply:os.system", "!!python/name:os.system", "!!str", "!x", "!", "!<tag:x>", "!!binary")
    return VALID.replace(rng.choice(("32", "mnist", "uniform", "[0.5, 0.999]", "100")), f"{rng.choice(tags)} [id]", 1)


def alias_bomb(rng: Random) -> str:
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * rng.randint(2, 9))}]" for n in range(1, rng.randint(2, 30))]
    return VALID + "a0: &a0 lol\n" + "\n".join(levels)


def alias_circle(rng: Random) -> str:
    return VALID.replace("data: {", "data: &x {again: *x, ", 1) if rng.random() < 0.5 else "&x [*x]"


def merge_key(rng: Random) -> str:
    return VALID + f"latent{rng.randint(0, 9)}:\n  <<: {{dim: 3}}\n"


def duplicate_key(rng: Random) -> str:
    return VALID + rng.choice([line for line in VALID.splitlines() if line[:1].isalpha() and not line.endswith(":")])


def unknown_key(rng: Random) -> str:
    keys = ("widht: 3", "__class__: x", "'': 1", "constructor: {}", "name.x: 3", '"\\u202e": 1', "x" * 1000 + ": 1")
    return VALID + rng.choice(keys)


def key_that_is_no_text(rng: Random) -> str:
    return VALID + rng.choice(("1: x", "true: x", "null: x", "? [a, b]\n: x", "? {a: b}\n: x", "1.5: x", ": x"))


def wrong_type(rng: Random) -> str:
    place = rng.choice(
        ("dim: 64", "width: 32", "fraction: 0.5", "steps: 100", "compile: false", "std: 2.0e-2", "seed: 3")
    )
    wrong = rng.choice(("abc", "'1'", "[1]", "{a: 1}", "null", "2024-01-01", "0x", "no", "[[[]]]", "1_000", "- "))
    return VALID.replace(place, f"{place.partition(':')[0]}: {wrong}", 1)


def not_finite(rng: Random) -> str:
    place = rng.choice(("fraction: 0.5", "std: 2.0e-2", "weight: 5", "lr: 2.0e-4", "momentum: 0.9", "dim: 64"))
    return VALID.replace(
        place, f"{place.partition(':')[0]}: {rng.choice(('.nan', '.inf', '-.inf', '1e999', '-1e400'))}", 1
    )


def huge_number(rng: Random) -> str:
    place = rng.choice(("seed: 3", "dim: 64", "steps: 100", "width: 32", "fraction: 0.5", "classes: [3, 8]"))
    digits = rng.choice((25, 99, 101, 4299, 4301, 90_000))
    number = rng.choice(("", "-", "0x", "0o")) + "7" * digits + rng.choice(("", ".0", "e99"))
    return VALID.replace(place, f"{place.partition(':')[0]}: {number}", 1)


def out_of_range(rng: Random) -> str:
    place, value = rng.choice(
        (
            ("fraction: 0.5", "0"),
            ("dim: 64", "-1"),
            ("steps: 100", "0"),
            ("batch_size: 16", "99999999"),
            ("seed: 3", "-3"),
        )
    )
    return VALID.replace(place, f"{place.partition(':')[0]}: {value}", 1)


def nesting(rng: Random) -> str:
    opening = rng.choice(("[", "{a: ", "- ", "? ", "[{a: ", "!x [", "&x [", "[["))
    return rng.choice(("", VALID + "x: ")) + opening * rng.choice((30, 1000, 20_000, 100_000))


def indented_nesting(rng: Random) -> str:
    return "".join(" " * depth + "a:\n" for depth in range(rng.choice((25, 100, 400))))


def too_much(rng: Random) -> str | bytes:
    unit = rng.choice(("#", "a\n", "\n", "x ", "- 1\n", "a: 1\n", "'", '"\\x41', "|\n ", "%", "&", "!", ":", "- - "))
    return unit * (rng.choice((90_000, 2_000_000)) // len(unit))


def documents(rng: Random) -> str:
    return VALID + "---\n" + rng.choice((VALID, "", "a: 1\n")) * rng.randint(1, 3) + "---\n"


def control_character(rng: Random) -> str:
    at = rng.randrange(len(VALID))
    return VALID[:at] + rng.choice("\x00\x01\x08\x0b\x0c\x1b\x7f\x85\u2028\ufffe") + VALID[at:]


def escaped_control_character(rng: Random) -> str:
    escape = rng.choice(
        ("\\0", "\\e[31m", "\\x07", "\\ud800", "\\udfff", "\\UFFFFFFFF", "\\U00110000", "\\xZZ", "\\q", "\\L")
    )
    return f'{VALID}"{escape}": 1\n' if rng.random() < 0.5 else VALID.replace("non_saturating", f'"{escape}"')


def no_utf8(rng: Random) -> bytes:
    at = rng.randrange(len(VALID))
    broken = VALID.encode()[:at] + rng.choice((b"\xff", b"\xc3(", b"\xed\xa0\x80", b"\x80")) + VALID.encode()[at:]
    return rng.choice((broken, VALID.encode("utf-16"), VALID.encode("utf-32")))


def garbage(rng: Random) -> bytes:
    return rng.randbytes(rng.choice((1, 10, 1000, 90_000)))


def syntax(rng: Random) -> str:
    broken = (
        "a: b: c",
        "\tx: 1",
        "'",
        '"',
        "[",
        "{",
        "}",
        "]",
        "@",
        "`",
        "%x",
        "*",
        "&",
        "!",
        "|x",
        ">9x",
        "a\n b",
        "- 1",
    )
    return VALID + rng.choice(broken)


def directive(rng: Random) -> str:
    return (
        rng.choice(("%YAML 1." + "9" * 5000, "%YAML 2.0", "%TAG ! tag:x", "%YAML x", "%TAG", "%YAML 1.2\n%YAML 1.2"))
        + "\n--- \n"
    )


def no_mapping(rng: Random) -> str:
    return rng.choice(
        ("", "\n", "# x", "null", "- a", "[]", "text", "3", "--- |\n x", "...", "---", "'a: 1'", "{}: {}")
    )


def extends(rng: Random) -> str:
    names = (
        ".",
        "..",
        "/dev/zero",
        "/dev/null",
        "hostile.yaml",
        "/",
        "missing",
        "''",
        "[a]",
        "null.yaml",
        "3",
        "'\\0'",
        "x" * 5000,
    )
    return f"extends: {rng.choice(names)}\n{VALID}"


ATTACKS: tuple[Callable[[Random], str | bytes], ...] = (
    *(
        tag,
        alias_bomb,
        alias_circle,
        merge_key,
        duplicate_key,
        unknown_key,
        key_that_is_no_text,
        wrong_type,
        not_finite,
    ),
    *(huge_number, out_of_range, nesting, indented_nesting, too_much, documents, control_character),
    *(escaped_control_character, no_utf8, garbage, syntax, directive, no_mapping, extends),
)


def load_timed(file: Path, content: str | bytes) -> Experiment | ConfigError:
    """Load a file of that content; what is neither an experiment nor refused in time fails the test."""
    file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    start = time.process_time()
    result: Experiment | ConfigError
    try:
        result = load_experiment(file)
    except ConfigError as error:
        result = error
    assert time.process_time() - start < SECONDS
    return result


def test_the_file_that_attacks_start_from_is_valid(tmp_path: Path) -> None:
    assert isinstance(load_timed(tmp_path / "valid.yaml", VALID), Experiment)


@pytest.mark.parametrize("count", [230, pytest.param(2300, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])])
def test_hostile_files_are_refused(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: Callable[[int, str, int, int], None]
) -> None:
    monkeypatch.chdir(tmp_path)
    file = Path("hostile.yaml")
    rng = random.Random(11)
    accepted, unnamed = [], []
    for number in range(count):
        attack = ATTACKS[number % len(ATTACKS)]
        content = attack(rng)
        result = load_timed(file, content)
        if isinstance(result, Experiment):
            accepted.append((attack.__name__, content[:2000]))
        else:
            assert result.exit_code == 2
            lines = result.message.splitlines()
            assert all(line.isprintable() and len(line) < 1000 for line in lines)
            unnamed += [
                line for line in lines if "hostile.yaml" not in line and "/dev/" not in line and "and more" not in line
            ]
    figure(11, "hostile or broken YAML; refused with file and line", count - len(accepted), count)
    assert not accepted
    assert not unnamed


def mutated(rng: Random) -> bytes:
    """The valid file after one to three random edits of its bytes."""
    data = bytearray(VALID.encode())
    for _ in range(rng.randint(1, 3)):
        at, length = rng.randrange(1, len(data)), rng.randint(1, 12)
        kind = rng.randrange(6)
        if kind == 0:
            data[at] = rng.randrange(256)
        elif kind == 1:
            del data[at : at + length]
        elif kind == 2:
            data[at:at] = bytes(rng.choices(b"{}[]:,-?&*!|>'\"%@`#\t\n 0123456789.eExX~<=", k=length))
        elif kind == 3:
            source = rng.randrange(len(data))
            data[at:at] = data[source : source + length]
        elif kind == 4:
            data[at : at + length] = data[at : at + length][::-1]
        else:
            return bytes(data[:at])
    return bytes(data)


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])])
def test_damaged_files_are_refused_or_still_valid(count: int, tmp_path: Path) -> None:
    rng = random.Random(12)
    results = [load_timed(tmp_path / "damaged.yaml", mutated(rng)) for _ in range(count)]
    refused = sum(isinstance(result, ConfigError) for result in results)
    print(f"\ndamaged YAML: refused {refused} of {count}, still valid {count - refused}, any other error 0")
    assert 0 < refused < count
