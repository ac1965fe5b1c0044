# SPDX-License-Identifier: MIT
"""LLaMA-Factory's additions to TRL's DPOTrainer: ORPO, SimPO, the BCO and SFT parts of MPO."""

from importlib.metadata import version
from types import SimpleNamespace

import torch
from peer import Peer, Refused, reraise, stub_accelerator


def peers():
    from llamafactory.train.dpo.trainer import CustomDPOTrainer as trainer
    from trl.trainer import RunningMoments

    peer = Peer("LLaMA-Factory", f"{version('llamafactory')} (TRL {version('trl')})")

    def stub(p, loss_type, bco=0.0):
        self = SimpleNamespace(
            beta=p["beta"],
            loss_type=loss_type,
            label_smoothing=p.get("eps", 0.0),
            simpo_gamma=p.get("gamma", 0.0),
            bco_gemma=bco,
            reference_free=False,
            f_divergence_type="reverse_kl",
            finetuning_args=SimpleNamespace(use_ref_model=loss_type not in ("orpo", "simpo")),
            accelerator=stub_accelerator(),
            running=RunningMoments(stub_accelerator()),
        )
        for method in ("dpo_loss", "odds_ratio_loss", "simpo_loss", "bco_loss"):
            setattr(self, method, getattr(trainer, method).__get__(self))
        return self

    def call(c, p, loss_type, bco=0.0):
        if p.get("eps") and loss_type != "sigmoid":
            raise Refused("no label smoothing")  # FinetuningArguments.__post_init__
        averaged = loss_type in ("ipo", "orpo", "simpo")  # as CustomDPOTrainer.concatenated_forward does
        w, l = (c["len_w"], c["len_l"]) if averaged else (1, 1)
        values = (c["pol_w"] / w, c["pol_l"] / l, c["ref_w"] / w, c["ref_l"] / l)
        return trainer.compute_preference_loss(stub(p, loss_type, bco), *values)[0].sum()

    for name, loss_type in dict(
        dpo="sigmoid", cdpo="sigmoid", hinge="hinge", ipo="ipo", orpo="orpo", simpo="simpo"
    ).items():
        what = f"CustomDPOTrainer.compute_preference_loss, pref_loss {loss_type}"
        peer.row(name, lambda c, p, t=loss_type: call(c, p, t), what)
    nll = lambda c: -(c["pol_w"] / c["len_w"]).sum()  # noqa: E731  get_batch_loss_metrics, pref_ftx
    peer.row(
        "rpo_seq",
        lambda c, p: call(c, p, "sigmoid") + p["alpha"] * nll(c),
        "CustomDPOTrainer.compute_preference_loss, pref_ftx",
    )
    peer.batch(
        "bco_pair_first_batch",
        lambda c, p: trainer.bco_loss(stub(p, "sigmoid"), c["pol_w"], c["pol_l"], c["ref_w"], c["ref_l"]).sum(),
        "CustomDPOTrainer.bco_loss",
    )
    peer.batch(
        "mpo_llamafactory",
        lambda c, p: call(c, p, "sigmoid", p["bco_w"]) + p["ftx"] * nll(c),
        "CustomDPOTrainer.compute_preference_loss, pref_bco_weight, pref_ftx",
    )
    one = {
        k: torch.tensor([v])
        for k, v in dict(pol_w=-3.0, pol_l=-5.0, ref_w=-3.0, ref_l=-4.0, len_w=2.0, len_l=2.0).items()
    }
    peer.situation(
        "kto_pair_trl08",
        "pref_loss kto_pair, offered by its configuration (DPO of the pair: 0.644397)",
        lambda: reraise(lambda: call(one, {"beta": 0.1}, "kto_pair")),
    )

    def length_desensitized():
        from llamafactory.train.trainer_utils import get_batch_logps

        logits, labels = torch.zeros(2, 5, 7), torch.full((2, 5), 3)
        labels[:, 0], labels[0, 3:] = -100, -100  # answers of 2 and 4 tokens, policy == reference
        policy, reference = (get_batch_logps(logits, labels, ld_alpha=a)[0] for a in (0.5, None))
        return call(
            {**one, "pol_w": policy[:1], "pol_l": policy[1:], "ref_w": reference[:1], "ref_l": reference[1:]},
            {"beta": 0.1},
            "sigmoid",
        )

    peer.situation(
        "ld_dpo", "ld_alpha .5, policy == reference (log 2 = 0.693147)", lambda: reraise(length_desensitized)
    )

    def empty_answer():
        from llamafactory.train.trainer_utils import get_batch_logps

        sums, lengths = get_batch_logps(torch.zeros(1, 3, 5), torch.full((1, 3), -100))
        return sums / lengths

    peer.situation(
        "simpo", "chosen answer without tokens (get_batch_logps, then the average)", lambda: reraise(empty_answer)
    )
    return [peer]
