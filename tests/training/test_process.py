"""A run leaves the process as it found it, however it ends."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import ganlab
from ganlab.config.training import TrainingOptions
from ganlab.errors import DataError, Interrupted
from ganlab.monitor.view import View
from ganlab.training import session
from ganlab.training.process import CUBLAS_WORKSPACE, flushes_denormals, process_settings

CPU = torch.device("cpu")
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


class Ends(View):
    """Ends the run at its first rows."""

    def __init__(self, how: Callable[[], object]) -> None:
        self.how = how

    def progress(self, rows: Any) -> None:
        self.how()


def settings() -> dict[str, object]:
    """Everything that a run sets for its process or draws from, as numbers and texts that can be compared."""
    found: dict[str, object] = {
        "threads": torch.get_num_threads(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "warn_only": torch.is_deterministic_algorithms_warn_only_enabled(),
        "benchmark": torch.backends.cudnn.benchmark,
        "matmul_precision": torch.get_float32_matmul_precision(),
        "flushes_denormals": flushes_denormals(),
        "torch": torch.get_rng_state().tolist(),
        "python": random.getstate(),
        "numpy": str(np.random.get_state()),  # noqa: NPY002
        "environment": {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"},
        "handlers": [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)],
    }
    if torch.cuda.is_available():
        found["cuda"] = torch.cuda.get_rng_state().tolist()
    return found


@pytest.fixture(params=[True, False], ids=["unusual", "usual"])
def before(request: Any) -> Iterator[dict[str, object]]:
    """Settings that a user made, each of them another than PyTorch's and than a run's; or those of PyTorch."""
    first = settings()
    if request.param:
        torch.set_num_threads(2)
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.backends.cudnn.benchmark = True
        torch.set_flush_denormal(True)
    torch.manual_seed(2024)
    random.seed(2024)
    np.random.seed(2024)  # noqa: NPY002
    yield settings()
    torch.set_num_threads(first["threads"])  # type: ignore[arg-type]
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.benchmark = bool(first["benchmark"])
    torch.set_flush_denormal(False)


def test_after_a_run_and_one_that_goes_on(before: dict[str, object], points: Any, tmp_path: Path) -> None:
    run = ganlab.train(points("training.steps=5"), runs_dir=tmp_path)
    assert settings() == before
    session.resume(run.directory, ["training.steps=8"])
    assert settings() == before


def test_after_a_run_on_another_number_of_threads(before: dict[str, object], points: Any, tmp_path: Path) -> None:
    run = session.start(points("training.steps=5", "training.threads=3"), tmp_path)
    assert run.status().threads == 3
    assert settings() == before


def test_after_an_error_at_the_start(before: dict[str, object], images: Any, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere"):
        ganlab.train(images("data={name: folder, path: nowhere, image_size: 32}"), runs_dir=tmp_path)
    assert settings() == before


def test_after_an_error_in_the_loop(before: dict[str, object], points: Any, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        ganlab.train(points(), runs_dir=tmp_path, views=[Ends(lambda: 1 // 0)])
    assert settings() == before


def test_after_a_signal(before: dict[str, object], points: Any, tmp_path: Path) -> None:
    stop = Ends(lambda: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(Interrupted):
        ganlab.train(points(), runs_dir=tmp_path, views=[stop])
    assert settings() == before


def test_what_holds_inside() -> None:
    assert not flushes_denormals()
    with process_settings(CPU, TrainingOptions(deterministic=True), threads=3):
        assert torch.get_num_threads() == 3
        assert torch.are_deterministic_algorithms_enabled()
        assert flushes_denormals()
        assert CUBLAS_WORKSPACE not in os.environ, "the CPU needs none"
    assert not flushes_denormals()


@pytest.mark.parametrize("switch", [torch.no_grad, torch.inference_mode])
def test_a_run_trains_where_gradients_are_switched_off(switch: Callable[[], Any], points: Any, tmp_path: Path) -> None:
    expected = ganlab.train(points("training.steps=5"), runs_dir=tmp_path)
    with switch():
        found = ganlab.train(points("training.steps=5"), runs_dir=tmp_path)
        assert not torch.is_grad_enabled()
        assert torch.is_inference_mode_enabled() == (switch is torch.inference_mode)
        session.resume(found.directory, ["training.steps=8"])
    assert torch.is_grad_enabled()
    assert expected.history["g_loss"].tolist() == found.history["g_loss"][:5].tolist()
    assert len(found.history["g_loss"]) == 8


@needs_cuda
@pytest.mark.parametrize("deterministic", [True, False])
def test_after_a_run_on_cuda(deterministic: bool, before: dict[str, object], images: Any, tmp_path: Path) -> None:
    ganlab.train(images("training.device=cuda", f"training.deterministic={deterministic}".lower()), runs_dir=tmp_path)
    assert settings() == before


@needs_cuda
def test_what_holds_inside_on_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CUBLAS_WORKSPACE, raising=False)
    with process_settings(torch.device("cuda"), TrainingOptions(deterministic=True), None):
        assert os.environ[CUBLAS_WORKSPACE] == ":4096:8"
        assert not torch.backends.cudnn.benchmark
    assert CUBLAS_WORKSPACE not in os.environ
    monkeypatch.setenv(CUBLAS_WORKSPACE, ":16:8")
    with process_settings(torch.device("cuda"), TrainingOptions(deterministic=True), None):
        assert os.environ[CUBLAS_WORKSPACE] == ":16:8"
    assert os.environ[CUBLAS_WORKSPACE] == ":16:8"
