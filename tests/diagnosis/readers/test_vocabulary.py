"""Names and what they mean: every trainer's own example, and the words of names that no trainer is known by."""

from __future__ import annotations

import pytest

from ganlab.diagnosis.evidence import SIGNALS, Evidence
from ganlab.diagnosis.readers.interpret import interpret
from ganlab.diagnosis.readers.log import Log, Name
from ganlab.diagnosis.readers.text import TextReader
from ganlab.diagnosis.readers.vocabulary import (
    OTHERS,
    QUALITY,
    QUANTITIES,
    Trainer,
    meaning,
    proposal,
    recognise,
    trainers,
    understand,
)


def log_of(trainer: Trainer) -> Log:
    log = Log("log", "a log")
    if isinstance(trainer.example, str):
        reader = TextReader(log)
        for line in trainer.example.splitlines():
            reader.take(line)
        reader.close()
    else:
        log.add({Name(name): value for name, value in trainer.example.items()})
    return log


def last_values(evidence: Evidence) -> dict[str, float]:
    groups = [("", evidence.curves), ("", evidence.quality), ("", evidence.controls), *evidence.players.items()]
    return {
        f"{player}/{name}" if player else name: float(curve.values[-1])
        for player, curves in groups
        for name, curve in curves.items()
    }


@pytest.mark.parametrize("trainer", trainers(), ids=lambda trainer: trainer.name)
def test_a_trainer_is_known_by_what_it_prints(trainer: Trainer) -> None:
    evidence = interpret(log_of(trainer), {})
    assert evidence.read is not None
    assert evidence.read.trainer == trainer.name
    found = last_values(evidence)
    assert {name: found.get(name) for name in trainer.reads} == pytest.approx(dict(trainer.reads))
    # What is read beyond that: the sum of two halves, a learning rate.
    read = {name.rpartition("/")[2] for name in (*found, *trainer.reads)}
    assert read <= {*(name.rpartition("/")[2] for name in trainer.reads), "d_loss", "lr_g", "lr_d"}
    assert (evidence.family, evidence.weighted) == (trainer.family, trainer.weighted)
    assert all(column.quantity is not None for column in evidence.read.columns if column.guess)


@pytest.mark.parametrize("trainer", trainers(), ids=lambda trainer: trainer.name)
def test_an_entry_names_quantities_that_exist(trainer: Trainer) -> None:
    assert set(trainer.columns) <= {*QUANTITIES, *OTHERS}
    assert {name.rpartition("/")[2] for name in trainer.reads} <= set(QUANTITIES)
    assert trainer.source
    assert trainer.judged


def test_names_of_trainers_are_different() -> None:
    names = [trainer.name for trainer in trainers()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", [*SIGNALS, *QUALITY])
def test_our_own_names_mean_themselves(name: str) -> None:
    assert meaning(name)[:3] == (name, "", 0)


@pytest.mark.parametrize(
    ("quantity", "names"),
    [
        ("d_loss", "D_loss lossD loss_D errD dis_loss disc_loss discriminator_loss train/d_loss Loss/D Loss/D/loss"),
        ("d_loss", "critic_loss DLoss Discriminator-Loss loss.discriminator D_cost train_loss_d d_loss_step loss_dis"),
        ("d_loss", "loss_D_GAN netD_loss l_d loss_discr d_total_loss D_real+fake"),
        ("d_loss", "D_loss_wo_gp d_hinge_loss d_total dl LD L_D loss_of_discriminator DiscLoss train_loss_D"),
        ("g_loss", "gl LG GenLoss g_hinge_loss loss_of_the_generator"),
        ("d_loss_real", "d_loss_real D_real_loss errD_real loss_D_real real_loss lossD/real l_d_real d_loss_r"),
        ("d_loss_fake", "d_loss_fake D_fake_loss errD_fake loss_D_fake fake_loss d_loss_f"),
        ("g_loss", "g_loss gen_loss generator_loss errG Loss_G lossG Loss/G/loss loss_G_GAN G_adv_loss adv_loss"),
        ("d_acc_real", "d_acc_real acc_real real_accuracy D_real_acc"),
        ("d_acc_fake", "acc_fake D_fake_accuracy"),
        ("d_acc", "d_acc D_accuracy acc accuracy"),
        ("d_real", "D(x)_mean D(x) D_x real_score D_real scores/real out_d_real logits_real"),
        ("d_fake", "D(G(z)) D_G_z1 fake_score D_fake"),
        ("grad_d", "D_grad_norm grad_norm_d"),
        ("grad_g", "G/gradient_norm"),
        ("fid", "FID fid_score fid50k_full metrics/fid val_fid fid64 fid2k_full"),
        ("kid", "KID kid_score metrics/kid50k_full"),
        ("inception_score", "IS inception_score is_mean"),
        ("f8", "F_8"),
        ("f1_8", "F_1/8"),
        ("lr_g", "lr_g lr_G lrG gen_lr G/lr lr_generator"),
        ("lr_d", "lr_d lr_D learning_rate_d"),
        ("lr", "lr learning_rate"),
        ("augment", "augment ada_p_augment"),
        ("generator total", "g_total total_g_loss gen_total_loss G_loss_total"),
        ("other term", "loss_L1 cycle_loss id_loss G_L1 vgg_loss perceptual kl_loss loss_idt_A l_g_pix commit_loss"),
        ("penalty", "gp gradient_penalty r1 loss_gp d_reg R1_penalty"),
        ("class accuracy", "cls_acc aux_acc class_accuracy"),
        ("other score", "D_G_z2 wasserstein_distance"),
        ("time", "time eta elapsed"),
    ],
)  # fmt: skip
def test_usual_names_are_known(quantity: str, names: str) -> None:
    assert {name: meaning(name).quantity for name in names.split()} == dict.fromkeys(names.split(), quantity)


@pytest.mark.parametrize(
    "name", ["loss", "D", "G", "DF", "best_fid", "Loss/other/fake", "", "Ж", "d" * 5000, "temperature", "foo_loss", "p"]
)
def test_other_names_mean_nothing(name: str) -> None:
    assert meaning(name).quantity is None


@pytest.mark.parametrize(
    ("heading", "label", "quantity"),
    [
        ("G loss", "adv", "g_loss"),
        ("G loss", "pixel", "other term"),
        ("D loss", "acc", "d_acc"),
        ("D loss", "real", "d_loss_real"),
        ("D loss", "G loss", "g_loss"),
        ("loss", "D", "d_loss"),
        ("loss", "G", "g_loss"),
        ("D", "real", "d_loss_real"),
        ("D", "real score", "d_real"),
        ("GAN", "loss d", "d_loss"),
    ],
)
def test_a_heading_says_whose_number_it_is(heading: str, label: str, quantity: str) -> None:
    assert meaning(Name(label, heading)).quantity == quantity


def meanings(*names: str) -> dict[str, str | None]:
    found = understand([Name(name) for name in names])
    return {str(name): each.quantity for name, each in found.items()}


def test_the_adversarial_part_is_taken_and_the_total_is_not() -> None:
    found = meanings("D loss", "G total loss", "G GAN Loss")
    assert found == {"D loss": "d_loss", "G total loss": "generator total", "G GAN Loss": "g_loss"}
    found = meanings("d_loss", "g_loss", "g_adv_loss")
    assert found == {"d_loss": "d_loss", "g_loss": "generator total", "g_adv_loss": "g_loss"}


def test_a_sum_with_other_terms_of_g_is_its_total() -> None:
    assert meanings("d_loss", "g_loss", "g_l1_loss")["g_loss"] == "generator total"
    assert meanings("d_loss", "g_loss", "recon_loss")["g_loss"] == "g_loss"


def test_bare_letters_are_losses_if_nothing_else_is() -> None:
    assert meanings("D", "G") == {"D": "d_loss", "G": "g_loss"}
    assert meanings("D", "G", "d_loss")["D"] is None
    assert meanings("D") == {"D": None}
    assert meanings("D", "G_GAN") == {"D": "d_loss", "G_GAN": "g_loss"}
    assert meanings("D", "real loss", "G") == {"D": "d_loss", "real loss": "d_loss_real", "G": "g_loss"}
    assert meanings("C loss", "G loss") == {"C loss": "d_loss", "G loss": "g_loss"}
    assert meanings("C loss", "D loss", "G loss")["C loss"] is None


def test_a_half_or_a_score_without_any_loss_is_left_open() -> None:
    assert meanings("D_real", "D_fake") == {"D_real": None, "D_fake": None}
    assert meanings("D_real", "D_fake", "D_loss")["D_real"] == "d_real"
    assert meanings("D(x)", "D(G(z))") == {"D(x)": "d_real", "D(G(z))": "d_fake"}


def test_several_players_need_two_of_them() -> None:
    found = understand([Name(name) for name in ("loss_D_A", "loss_D_B", "loss_G_A", "loss_G_B")])
    assert [(each.quantity, each.player) for each in found.values()] == [
        ("d_loss", "a"),
        ("d_loss", "b"),
        ("g_loss", "a"),
        ("g_loss", "b"),
    ]
    alone = understand([Name("loss_D_A"), Name("loss_G")])
    assert [(each.quantity, each.player) for each in alone.values()] == [("d_loss", ""), ("g_loss", "")]
    directions = understand([Name(name) for name in ("loss_D_A2B", "loss_D_B2A", "loss_G_A2B")])
    assert [each.player for each in directions.values()] == ["a2b", "b2a", "a2b"]
    runs_together = understand([Name(name) for name in ("Loss_DA", "Loss_DB")])
    assert [(each.quantity, each.player) for each in runs_together.values()] == [("d_loss", "a"), ("d_loss", "b")]
    scales = understand([Name(f"errD{scale}") for scale in range(3)])
    assert [each.player for each in scales.values()] == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("name", "quantity"),
    [
        ("DF", "d_loss"),
        ("GF", "g_loss"),
        ("critic_real_out", None),
        ("dloss2x", "d_loss"),
        ("zzz", None),
        ("fiid", "fid"),
    ],
)
def test_an_unknown_name_gets_the_nearest_quantity_as_a_proposal(name: str, quantity: str | None) -> None:
    if quantity is None:
        assert proposal(Name(name)) in (None, "d_loss_real", "d_real")
    else:
        assert proposal(Name(name)) == quantity


def test_half_a_signature_is_no_trainer() -> None:
    names = [Name(name) for name in ("G_GAN", "D_real", "d_loss")]
    assert recognise(names, ()) is None
    assert recognise([*names, Name("G_L1"), Name("D_fake")], ()) is not None


@pytest.mark.parametrize("suffix", ["", "_step", "_epoch"])
def test_a_trainer_is_known_under_the_suffixes_of_lightning(suffix: str) -> None:
    names = [Name(f"train/{each}{suffix}") for each in ("disc_loss", "g_loss", "nll_loss", "total_loss")]
    trainer = recognise(names, ())
    assert trainer is not None
    assert trainer.name == "VQGAN"
    quantities = [each.quantity for each in understand(names, trainer).values()]
    assert quantities == ["d_loss", "g_loss", "other term", "generator total"]


def test_a_layer_is_proposed_for_nothing() -> None:
    assert proposal(Name("ConvTranspose2d")) is None


def test_small_letters_alone_are_no_losses() -> None:
    assert meanings("step", "d", "g") == meanings("step") | {"d": None, "g": None}
    assert (proposal(Name("d")), proposal(Name("g"))) == ("d_loss", "g_loss")
    assert meanings("d", "g_loss") == {"d": "d_loss", "g_loss": "g_loss"}


@pytest.mark.parametrize("other", ["actor_loss", "policy_loss", "reward", "train/actor_loss", "rollout/ep_rew_mean"])
def test_the_critic_of_an_actor_is_no_discriminator(other: str) -> None:
    assert meanings("critic_loss", other)["critic_loss"] is None
    assert meanings("critic_loss", other, "generator_loss")["critic_loss"] == "d_loss"
    assert meanings("critic_loss", "loss")["critic_loss"] == "d_loss"
