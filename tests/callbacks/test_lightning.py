"""The callback under Lightning's own trainer, by both of its names; docs/monitor.md has a whole program."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.functional import softplus
from torch.utils.data import DataLoader, TensorDataset

from ganlab.callbacks.lightning import MonitorCallback
from ganlab.diagnosis.readers import ReadOptions, read
from ganlab.runs.history import read_history
from ganlab.runs.snapshots import read_snapshots

PACKAGES = ("lightning.pytorch", "pytorch_lightning")


def gan(package: str, breaks: BaseException | None = None) -> Any:
    """A GAN on points with two optimisers, as most are in Lightning; it breaks in its sixth step."""

    class Gan(import_module(package).LightningModule):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.automatic_optimization = False
            self.generator = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))
            self.discriminator = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
            self.register_buffer("latents", torch.randn(50, 2))

        def configure_optimizers(self) -> Any:
            return [torch.optim.SGD(part.parameters(), 0.01) for part in (self.generator, self.discriminator)]

        def training_step(self, batch: Any, index: int) -> None:
            if breaks is not None and self.trainer.fit_loop.total_batch_idx == 5:
                raise breaks
            (real,) = batch
            for_g, for_d = self.optimizers()
            fake = self.generator(torch.randn(len(real), 2))
            d_loss = softplus(-self.discriminator(real)).mean() + softplus(self.discriminator(fake.detach())).mean()
            for_d.zero_grad()
            self.manual_backward(d_loss)
            for_d.step()
            g_loss = softplus(-self.discriminator(fake)).mean()
            for_g.zero_grad()
            self.manual_backward(g_loss)
            for_g.step()
            self.log("train/d_loss", d_loss)
            self.log("of the other", g_loss)

        def validation_step(self, batch: Any, index: int) -> None:
            self.log("val/score", 3.0)

    return Gan()


def fit(module: Any, package: str, callback: MonitorCallback, epochs: int = 3, checkpoint: Any = None) -> Any:
    torch.manual_seed(0)
    loader = DataLoader(TensorDataset(torch.randn(32, 2)), 8)
    trainer = import_module(package).Trainer(
        accelerator="cpu", max_epochs=epochs, callbacks=[callback], logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(module, loader, loader, ckpt_path=checkpoint)
    return trainer


def callback(tmp_path: Path, kind: Any = MonitorCallback, **options: Any) -> Any:
    return kind(
        "gan", lambda module: module.generator(module.latents), every=5, columns={"of the other": "g_loss"},
        runs_dir=tmp_path, loss="non_saturating", **options,
    )  # fmt: skip


@pytest.mark.parametrize("package", PACKAGES)
def test_a_gan_is_watched(package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    callbacks = import_module(package).Callback
    if package == "pytorch_lightning":  # a program that knows the library by this name alone
        monkeypatch.delitem(sys.modules, "lightning.pytorch")
    spec = find_spec("ganlab.callbacks.lightning")
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(fresh := module_from_spec(spec))
    monkeypatch.undo()
    assert issubclass(fresh.MonitorCallback, callbacks)
    watching, module = callback(tmp_path, fresh.MonitorCallback, real="ring"), gan(package)
    trainer = fit(module, package, watching)
    assert watching.monitor is not None
    run = watching.monitor.run
    assert (run.status().status, run.status().steps, run.status().step) == ("finished", 12, 12)
    history = read_history(run.history)
    assert history["step"].tolist() == list(range(1, 13))
    assert history["g_loss"][-1] == pytest.approx(trainer.callback_metrics["of the other"].item())
    # Measured once an epoch, and not repeated at each of its steps.
    assert [int(each) for each in history["step"][history["val/score"] == 3]] == [5, 9]
    assert [row["step"] for row in read_snapshots(run.snapshots)] == [0, 5, 10, 12]
    assert read(run.path, ReadOptions()).curves.keys() == {"d_loss", "g_loss"}
    assert all(part.training for part in module.modules())


@pytest.mark.parametrize(
    ("breaks", "leaves", "status", "reason"),
    [
        (ValueError("mine"), ValueError, "failed", "ValueError: mine"),
        (KeyboardInterrupt(), SystemExit, "interrupted", "SIGINT"),
    ],
)
def test_an_exception_leaves_a_judged_run(
    breaks: BaseException, leaves: type[BaseException], status: str, reason: str, tmp_path: Path
) -> None:
    watching = callback(tmp_path)
    with pytest.raises(leaves):
        fit(gan(PACKAGES[0], breaks), PACKAGES[0], watching)
    assert watching.monitor is not None
    run = watching.monitor.run
    assert (run.status().status, run.status().reason, run.status().step) == (status, reason, 5)
    assert run.verdict.is_file()


def test_training_that_goes_on_from_a_checkpoint_goes_on_with_its_steps(tmp_path: Path) -> None:
    first, second = callback(tmp_path), callback(tmp_path)
    checkpoint = tmp_path / "last.ckpt"
    fit(gan(PACKAGES[0]), PACKAGES[0], first, epochs=2).save_checkpoint(checkpoint)
    fit(gan(PACKAGES[0]), PACKAGES[0], second, checkpoint=checkpoint)
    assert first.monitor is not None
    assert second.monitor is not None
    assert read_history(first.monitor.run.history)["step"].tolist() == list(range(1, 9))
    assert read_history(second.monitor.run.history)["step"].tolist() == list(range(9, 13))
    assert [row["step"] for row in read_snapshots(second.monitor.run.snapshots)] == [8, 10, 12]
