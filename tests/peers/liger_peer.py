# SPDX-License-Identifier: MIT
"""Liger-Kernel's chunked losses. preference_loss_fn is plain PyTorch and runs on a CPU in any precision; the fused
path around it takes log_softmax in float32. The Triton kernels (cross entropy, GRPO, ...) need a GPU and are not run.
"""

from importlib.metadata import version

import torch
from peer import Peer, Refused, reraise


def pair_target(columns):
    """Liger divides by half the rows of the target: two rows, one pair."""
    return torch.zeros(2 * columns["pol_w"].shape[0], 1, dtype=torch.long)


def peers():
    from liger_kernel.chunked_loss.cpo_loss import LigerFusedLinearCPOFunction as cpo
    from liger_kernel.chunked_loss.dpo_loss import LigerFusedLinearDPOFunction as dpo
    from liger_kernel.chunked_loss.kto_loss import LigerFusedLinearKTOFunction as kto
    from liger_kernel.chunked_loss.orpo_loss import LigerFusedLinearORPOFunction as orpo
    from liger_kernel.chunked_loss.simpo_loss import LigerFusedLinearSimPOFunction as simpo

    peer = Peer("Liger", version("liger-kernel"))

    def call_dpo(c, p, loss_type):
        more = {"discopop_tau": p["tau"]} if "tau" in p else {}
        return dpo.preference_loss_fn(
            c["pol_w"],
            c["pol_l"],
            pair_target(c),
            ref_chosen_logps=c["ref_w"],
            ref_rejected_logps=c["ref_l"],
            beta=p["beta"],
            loss_type=loss_type,
            label_smoothing=p.get("eps", 0.0),
            **more,
        )[0]

    kinds = dict(dpo="sigmoid", cdpo="sigmoid", ipo="ipo", bco_pair_nodelta="bco_pair")
    for name in ("robust", "hinge", "exo_pair", "nca_pair", "sppo_hard", "apo_zero", "apo_down", "discopop"):
        kinds[name] = name
    for name, loss_type in kinds.items():
        what = f"LigerFusedLinearDPOFunction.preference_loss_fn, loss_type {loss_type}"
        peer.row(name, lambda c, p, t=loss_type: call_dpo(c, p, t), what)

    means = lambda c: (c["pol_w"] / c["len_w"], c["pol_l"] / c["len_l"])  # noqa: E731  average_log_prob=True
    peer.row(
        "cpo",
        lambda c, p: cpo.preference_loss_fn(c["pol_w"], c["pol_l"], pair_target(c), p["beta"], p["eps"])[0],
        "LigerFusedLinearCPOFunction.preference_loss_fn",
    )
    peer.row(
        "simpo",
        lambda c, p: simpo.preference_loss_fn(*means(c), pair_target(c), p["beta"], p["gamma"], p["eps"])[0],
        "LigerFusedLinearSimPOFunction.preference_loss_fn",
    )
    peer.row(
        "orpo_or",
        lambda c, p: orpo.preference_loss_fn(*means(c), pair_target(c), p["beta"])[0],
        "LigerFusedLinearORPOFunction.preference_loss_fn",
    )

    def call_kto(c, p):
        if (p["w_d"], p["w_u"]) != (1.0, 1.0):
            raise Refused("no class weights")
        kl = torch.full_like(c["pol_u"], p["kl"])
        return kto.preference_loss_fn(c["pol_u"], c["label"].bool(), torch.zeros(1, 1), c["ref_u"], p["beta"], kl)[0]

    peer.row("kto_given_kl", call_kto, "LigerFusedLinearKTOFunction.preference_loss_fn")

    def empty_answer():
        from liger_kernel.chunked_loss import LigerFusedLinearSimPOLoss

        torch.manual_seed(0)
        target = torch.tensor([[-100, -100], [1, 2]])
        weight = torch.randn(5, 4, requires_grad=True)
        loss = LigerFusedLinearSimPOLoss(compiled=False, compute_nll_loss=False)(weight, torch.randn(2, 2, 4), target)[
            0
        ]
        return loss

    peer.situation("simpo", "chosen answer without tokens, whole fused path", lambda: reraise(empty_answer))
    one = lambda: {
        k: torch.tensor([v]) for k, v in dict(pol_w=-3.0, pol_l=-5.0, ref_w=-3.0, ref_l=-4.0).items()
    }  # noqa: E731
    peer.situation(
        "robust", "label_smoothing .5", lambda: reraise(lambda: call_dpo(one(), {"beta": 0.1, "eps": 0.5}, "robust"))
    )
    peer.situation("exo_pair", "label_smoothing 0", lambda: reraise(lambda: call_dpo(one(), {"beta": 0.1}, "exo_pair")))
    return [peer]
