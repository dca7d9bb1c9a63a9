"""The callback in `fit` of Keras 3 on its torch backend; docs/monitor.md has a whole program."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras

from ganlab.callbacks.keras import MonitorCallback
from ganlab.runs.history import read_history
from ganlab.runs.snapshots import read_snapshots

SIZE = (12, 12, 3)


class Pictures(keras.Model):  # type: ignore[misc]
    """A generator alone, which learns one picture; what it reports is invented."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = keras.Sequential(
            [keras.Input((2,)), keras.layers.Dense(432, activation="tanh"), keras.layers.Reshape(SIZE)]
        )

    def call(self, latents: Any) -> Any:
        return self.generator(latents)

    def train_step(self, data: Any) -> dict[str, Any]:
        inputs, wanted, _ = keras.utils.unpack_x_y_sample_weight(data)
        self.zero_grad()
        loss = keras.ops.mean(keras.ops.square(self(inputs, training=True) - wanted))
        loss.backward()
        self.optimizer.apply([weight.value.grad for weight in self.trainable_weights], self.trainable_weights)
        return {"d_loss": loss * 2, "g_loss": loss, "steps so far": self.optimizer.iterations}


def fitted(callback: MonitorCallback, **options: Any) -> None:
    model, source = Pictures(), np.random.default_rng(0)
    model.compile(keras.optimizers.SGD(0.1))
    inputs, pictures = source.normal(size=(40, 2)), source.uniform(-1, 1, (40, *SIZE))
    model.fit(inputs.astype("float32"), pictures.astype("float32"), 10, callbacks=[callback], verbose=0, **options)


def callback(tmp_path: Path, **options: Any) -> MonitorCallback:
    source = np.random.default_rng(1)
    latents = source.normal(size=(30, 2)).astype("float32")
    return MonitorCallback(
        "pictures", lambda model: model.generator(latents), every=4, runs_dir=tmp_path, loss="hinge", **options
    )


def test_a_model_is_watched(tmp_path: Path) -> None:
    watching = callback(tmp_path, real=np.random.default_rng(2).integers(0, 256, (60, *SIZE), np.uint8))
    fitted(watching, epochs=3)
    assert watching.monitor is not None
    run = watching.monitor.run
    assert (run.status().status, run.status().steps, run.status().step) == ("finished", 12, 12)
    history = read_history(run.history)
    assert list(history) == ["step", "time", "d_loss", "g_loss", "steps_so_far"]
    assert history["step"].tolist() == history["steps_so_far"].tolist() == list(range(1, 13))
    rows = read_snapshots(run.snapshots)
    assert [(row.step, row["n"], row["protocol"]["space"]) for row in rows] == [
        (step, 30, rows[0]["protocol"]["space"]) for step in (0, 4, 8, 12)
    ]


def test_epochs_may_go_on_from_an_earlier_one(tmp_path: Path) -> None:
    watching = callback(tmp_path)
    fitted(watching, epochs=3, initial_epoch=2)
    assert watching.monitor is not None
    assert read_history(watching.monitor.run.history)["step"].tolist() == [9, 10, 11, 12]
    assert watching.monitor.run.status().steps == 12


def test_an_epoch_without_known_length_is_counted(tmp_path: Path) -> None:
    def batches() -> Any:
        for _ in range(6):
            yield np.zeros((10, 2), "float32"), np.zeros((10, *SIZE), "float32")

    watching, model = callback(tmp_path), Pictures()
    model.compile(keras.optimizers.SGD(0.1))
    model.fit(batches(), epochs=1, callbacks=[watching], verbose=0)
    assert watching.monitor is not None
    assert read_history(watching.monitor.run.history)["step"].tolist() == [1, 2, 3, 4, 5, 6]
    assert watching.monitor.run.status().steps is None
