# SPDX-License-Identifier: MIT
"""TRL's own loss code, called without a model: the methods get a stand-in for `self` and finished log-probabilities."""

import importlib
import inspect
from types import SimpleNamespace

import torch
from peer import Peer, stub_accelerator
from trl_dpo import StubModel, add_new_dpo, add_old_dpo, batch_inputs, stub_trainer, token_rows


def find(class_name, *modules):
    """The class from the first module that has it: trainers moved between trl.trainer and trl.experimental."""
    for module in modules:
        try:
            return getattr(importlib.import_module(module), class_name)
        except (ImportError, AttributeError, RuntimeError):
            continue
    return None


# ---------------------------------------------------------------------------------------------- CPO, ORPO, TPO
def add_cpo(peer, trainer):
    def call(c, p, loss_type, averaged):
        self = stub_trainer(
            beta=p["beta"],
            loss_type=loss_type,
            label_smoothing=p.get("eps", 0.0),
            simpo_gamma=p.get("gamma", 0.0),
            alpha=p.get("alpha", 0.0),
            cpo_alpha=0.0,
        )
        scale_w, scale_l = (c["len_w"], c["len_l"]) if averaged else (1, 1)
        return trainer.cpo_loss(self, c["pol_w"] / scale_w, c["pol_l"] / scale_l)[0].sum()

    source = inspect.getsource(trainer.cpo_loss)
    for name, loss_type, averaged in (
        ("cpo", "sigmoid", False),
        ("cpo_hinge", "hinge", False),
        ("cpo_ipo", "ipo", True),
        ("simpo", "simpo", True),
        ("alphapo", "simpo", True),
    ):
        if f'"{loss_type}"' in source and (name != "alphapo" or "self.alpha" in source):
            what = f"CPOTrainer.cpo_loss, loss_type {loss_type}" + (", alpha" if name == "alphapo" else "")
            peer.row(name, lambda c, p, t=loss_type, a=averaged: call(c, p, t, a), what)


def add_orpo(peer, trainer):
    def call(c, p):
        self = stub_trainer(beta=p["beta"])
        return -trainer.odds_ratio_loss(self, c["pol_w"] / c["len_w"], c["pol_l"] / c["len_l"])[0].sum()

    peer.row("orpo_or", call, "ORPOTrainer.odds_ratio_loss")


# ---------------------------------------------------------------------------------------------- KTO, BCO, XPO
def add_new_kto(peer, trainer):
    def call(c, p, loss_type, kl=None):
        per_token, mask = token_rows(c["pol_u"], c["len_u"].tolist())
        kl_policy = c["klp"] if kl is None else torch.full_like(c["klp"], kl)
        self = stub_trainer(
            beta=p["beta"],
            loss_type=loss_type,
            desirable_weight=p["w_d"],
            undesirable_weight=p["w_u"],
            calculate_KL=loss_type == "kto",
            _compute_kl_logps=lambda model, batch: kl_policy,
        )
        inputs = {
            **batch_inputs(mask),
            "label": c["label"].bool(),
            "ref_logps": c["ref_u"],
            "ref_KL_logps": c["klr"] if kl is None else torch.zeros_like(c["klr"]),
        }
        return trainer._compute_loss(self, StubModel(per_token), inputs, False) * c["pol_u"].shape[0]

    peer.row("kto_given_kl", lambda c, p: call(c, p, "kto", p["kl"]), "KTOTrainer._compute_loss")
    peer.row(
        "apo_zero_unpaired", lambda c, p: call(c, p, "apo_zero_unpaired"), "KTOTrainer._compute_loss, apo_zero_unpaired"
    )
    peer.batch("kto", lambda c, p: call(c, p, "kto"), "KTOTrainer._compute_loss")


def add_old_kto(peer, trainer):
    def call(c, p, loss_type, kl=None):
        chosen = c["label"].bool()
        self = stub_trainer(
            beta=p["beta"],
            loss_type=loss_type,
            desirable_weight=p["w_d"],
            undesirable_weight=p["w_u"],
            calculate_KL=loss_type == "kto",
        )
        klp, klr = (c["klp"], c["klr"]) if kl is None else (torch.full_like(c["klp"], kl), torch.zeros_like(c["klr"]))
        pol, ref = c["pol_u"], c["ref_u"]
        return trainer.kto_loss(self, pol[chosen], pol[~chosen], klp, ref[chosen], ref[~chosen], klr)[0].sum()

    peer.row("kto_given_kl", lambda c, p: call(c, p, "kto", p["kl"]), "KTOTrainer.kto_loss")
    if "apo_zero_unpaired" in inspect.getsource(trainer.kto_loss):
        peer.row(
            "apo_zero_unpaired", lambda c, p: call(c, p, "apo_zero_unpaired"), "KTOTrainer.kto_loss, apo_zero_unpaired"
        )
    peer.batch("kto", lambda c, p: call(c, p, "kto"), "KTOTrainer.kto_loss")


def add_bco(peer, trainer):
    moments = find("RunningMoments", "trl.experimental.utils", "trl.experimental.bco.bco_trainer", "trl.trainer.utils")

    def call(c, p):
        chosen = c["label"].bool()
        self = stub_trainer(beta=p["beta"], running=moments(stub_accelerator()), match_underlying_distribution=False)
        more = (None, None) if "chosen_embeddings" in inspect.signature(trainer.bco_loss).parameters else ()
        pol, ref = c["pol_u"], c["ref_u"]
        return trainer.bco_loss(self, pol[chosen], pol[~chosen], ref[chosen], ref[~chosen], *more)[0].sum()

    if moments:
        peer.batch("bco_unpaired_first_batch", call, "BCOTrainer.bco_loss")


def add_xpo(peer, trainer):
    def call(c, p):
        self = SimpleNamespace(beta=p["beta"], alpha=p["alpha"], args=SimpleNamespace(loss_type="sigmoid"))
        two = lambda name: c[name].unsqueeze(1)  # noqa: E731
        won = torch.ones(c["pol_w"].shape[0], dtype=torch.bool)
        return trainer._compute_losses(self, two("pol_w"), two("pol_l"), two("ref_l"), two("ref_w"), won)[0]

    peer.row("xpo", call, "XPOTrainer._compute_losses")


def peers():
    import trl

    peer = Peer("TRL", trl.__version__)
    dpo = find("DPOTrainer", "trl.trainer.dpo_trainer")
    if hasattr(dpo, "dpo_loss"):
        add_old_dpo(peer, dpo)
    else:
        add_new_dpo(peer, dpo)
    for class_name, folder, add in (
        ("CPOTrainer", "cpo", add_cpo),
        ("ORPOTrainer", "orpo", add_orpo),
        ("KTOTrainer", "kto", None),
        ("BCOTrainer", "bco", add_bco),
        ("XPOTrainer", "xpo", add_xpo),
    ):
        trainer = find(class_name, f"trl.experimental.{folder}.{folder}_trainer", f"trl.trainer.{folder}_trainer")
        if trainer is None:
            continue
        if class_name == "KTOTrainer":
            add = add_old_kto if hasattr(trainer, "kto_loss") else add_new_kto
        add(peer, trainer)
    return [peer]
