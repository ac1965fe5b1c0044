# SPDX-License-Identifier: MIT
"""TRL's DPO trainer without a model. Up to 0.28 dpo_loss takes log-probabilities. From 0.29 on the losses are written
inside _compute_loss; there the model is a stub whose output puts the summed log-probability on the first token.
"""

import inspect
from collections import defaultdict
from types import SimpleNamespace

import torch
from peer import reraise, stub_accelerator


def token_rows(sums, lengths):
    """Per-token log-probabilities [rows, T + 1 prompt position] whose completion sums are `sums`."""
    count = int(max(int(n) for n in lengths))
    zeros = torch.zeros(sums.shape[0], max(count - 1, 0), dtype=sums.dtype)
    per_token = torch.cat([sums.unsqueeze(1), zeros], dim=1)[:, :count] if count else sums.unsqueeze(1)[:, :0]
    mask = torch.zeros(sums.shape[0], count + 1, dtype=torch.long)
    for i, n in enumerate(lengths):
        mask[i, 1 : 1 + int(n)] = 1
    return per_token, mask


class StubModel(torch.nn.Module):
    """Answers like TRL's fused LM head: log-probabilities of the tokens and the columns that only metrics read."""

    is_gradient_checkpointing = False

    def __init__(self, per_token, log_sum_sq=None):
        super().__init__()
        zeros = torch.zeros_like(per_token).detach()
        self.output = SimpleNamespace(
            log_probs=per_token,
            log_sum_sq_probs=zeros if log_sum_sq is None else log_sum_sq,
            entropy=zeros,
            mean_logits=zeros,
            is_top1=zeros.bool(),
        )

    def forward(self, **_):
        return self.output


def batch_inputs(mask):
    return {"input_ids": torch.ones_like(mask), "attention_mask": torch.ones_like(mask), "completion_mask": mask}


def stub_trainer(**fields):
    base = dict(
        model=SimpleNamespace(training=True),
        accelerator=stub_accelerator(),
        aux_loss_enabled=False,
        precompute_ref_logps=True,
        _metrics={"train": defaultdict(list)},
        _total_train_tokens=0,
        _tp_size=1,
    )
    return SimpleNamespace(**{**base, **fields})


# ---------------------------------------------------------------------------------------------- DPO, from 0.29 on
def dpo_new(trainer, columns, params, loss_types, weights=None, use_weighting=False, f="reverse_kl"):
    sums = torch.cat([columns["pol_w"], columns["pol_l"]])
    lengths = torch.cat([columns["len_w"], columns["len_l"]]).tolist()
    per_token, mask = token_rows(sums, lengths)
    log_sum_sq = None
    if use_weighting:  # sum_v p_v^2 per token such that TRL's mean adjustment is the golden adj
        adjust = torch.cat([columns["adj_w"], columns["adj_l"]]).unsqueeze(1)
        log_sum_sq = (per_token - adjust).detach()
    self = stub_trainer(
        beta=params.get("beta", 0.1),
        loss_types=loss_types,
        loss_weights=weights or [1.0] * len(loss_types),
        label_smoothing=params.get("eps", 0.0),
        f_divergence_type=f,
        f_alpha_divergence_coef=params.get("alpha", 0.5),
        use_weighting=use_weighting,
        ld_alpha=None,
        args=SimpleNamespace(discopop_tau=params.get("tau", 0.05)),
    )
    inputs = {**batch_inputs(mask), "ref_chosen_logps": columns["ref_w"], "ref_rejected_logps": columns["ref_l"]}
    return trainer._compute_loss(self, StubModel(per_token, log_sum_sq), inputs, False)


def add_new_dpo(peer, trainer):
    def one(name, loss_type, **more):
        what = f"DPOTrainer._compute_loss, loss_type {loss_type}" + (f", f {more['f']}" if "f" in more else "")
        peer.row(name, lambda c, p: dpo_new(trainer, c, p, [loss_type], **more), what)

    one("dpo", "sigmoid")
    one("cdpo", "sigmoid")  # label_smoothing is set; the method does not read it
    for name in ("robust", "hinge", "ipo", "exo_pair", "nca_pair", "sppo_hard", "apo_zero", "apo_down", "discopop"):
        one(name, name)
    one("sigmoid_norm", "sigmoid_norm")
    one("bco_pair_nodelta", "bco_pair")
    one("fdpo_forward_kl", "sigmoid", f="forward_kl")
    one("fdpo_js", "sigmoid", f="js_divergence")
    one("fdpo_alpha", "sigmoid", f="alpha_divergence")
    one("wpo_unclamped", "sigmoid", use_weighting=True)
    one("wpo", "sigmoid", use_weighting=True)
    for name in ("aot", "aot_unpaired"):  # a mean over the vector; golden sums it
        peer.batch(
            name,
            lambda c, p, name=name: dpo_new(trainer, c, p, [name]) * c["pol_w"].shape[0],
            f"DPOTrainer._compute_loss, loss_type {name}",
        )
    peer.batch(
        "sft_token_mean", lambda c, p: dpo_new(trainer, c, p, ["sft"]), "DPOTrainer._compute_loss, loss_type sft"
    )
    peer.batch(
        "rpo_trl",
        lambda c, p: dpo_new(trainer, c, p, ["sigmoid", "sft"], [1.0, p["alpha"]]),
        "DPOTrainer._compute_loss, loss_type [sigmoid, sft]",
    )
    peer.batch(
        "mpo_trl",
        lambda c, p: dpo_new(trainer, c, p, ["sigmoid", "bco_pair", "sft"], [p["w_p"], p["w_q"], p["w_g"]]),
        "DPOTrainer._compute_loss, loss_type [sigmoid, bco_pair, sft]",
    )
    empty = lambda: {  # noqa: E731
        k: torch.tensor([v], dtype=torch.float64)
        for k, v in dict(pol_w=0.0, pol_l=-5.0, ref_w=0.0, ref_l=-4.0, len_w=0, len_l=3).items()
    }
    for name in ("ipo", "sigmoid_norm", "sft"):
        peer.situation(
            name,
            "chosen answer without tokens",
            lambda name=name: reraise(lambda: dpo_new(trainer, empty(), {}, [name])),
        )

    def length_desensitized():
        mask = torch.tensor([[0, 1, 1, 0, 0], [0, 1, 1, 1, 1]])
        model = StubModel(-torch.ones(2, 4) * mask[:, 1:])
        self = stub_trainer(
            model=model,
            ref_model=model,
            precompute_ref_logps=False,
            beta=0.1,
            loss_types=["sigmoid"],
            loss_weights=[1.0],
            f_divergence_type="reverse_kl",
            use_weighting=False,
            ld_alpha=0.5,
            args=SimpleNamespace(gradient_checkpointing_kwargs=None),
        )
        return trainer._compute_loss(self, model, batch_inputs(mask), False)

    peer.situation(
        "ld_dpo", "ld_alpha .5, policy == reference (log 2 = 0.693147)", lambda: reraise(length_desensitized)
    )
    half = lambda: {**empty(), "len_w": torch.tensor([2.0])}  # noqa: E731
    peer.situation(
        "robust", "label_smoothing .5", lambda: reraise(lambda: dpo_new(trainer, half(), {"eps": 0.5}, ["robust"]))
    )
    peer.situation(
        "exo_pair",
        "label_smoothing 0 past the constructor",
        lambda: reraise(lambda: dpo_new(trainer, half(), {}, ["exo_pair"])),
    )


# ---------------------------------------------------------------------------------------------- DPO, up to 0.28
def dpo_old(trainer, columns, params, loss_type, f="reverse_kl", averaged=False):
    module = inspect.getmodule(trainer)
    kinds = getattr(module, "FDivergenceType", None)
    kind = kinds(f) if kinds else f
    constants = getattr(module, "FDivergenceConstants", None)
    # TRL <= 0.28 writes u^-a; golden alpha is the exponent of the newer convention, a = 1 - alpha
    f_params = {constants.ALPHA_DIVERGENCE_COEF_KEY: 1 - params.get("alpha", 0.5)} if constants else {}
    running = getattr(module, "RunningMoments", None)
    self = stub_trainer(
        beta=params.get("beta", 0.1),
        loss_type=loss_type,
        label_smoothing=params.get("eps", 0.0),
        reference_free=False,
        f_divergence_type=kind if ".value" not in inspect.getsource(trainer.dpo_loss) else f,
        f_divergence_params=f_params,
        args=SimpleNamespace(discopop_tau=params.get("tau", 0.05)),
        running=running(stub_accelerator()) if running else None,
    )
    scale = {k: columns["len" + k[3:]] if averaged else 1 for k in ("pol_w", "pol_l", "ref_w", "ref_l")}
    values = [columns[k] / scale[k] for k in ("pol_w", "pol_l", "ref_w", "ref_l")]
    more = {"loss_type": loss_type} if "loss_type" in inspect.signature(trainer.dpo_loss).parameters else {}
    return trainer.dpo_loss(self, *values, **more)[0].sum()


def add_old_dpo(peer, trainer):
    source = inspect.getsource(trainer.dpo_loss)

    def one(name, loss_type, **more):
        if f'"{loss_type}"' in source:
            what = f"DPOTrainer.dpo_loss, loss_type {loss_type}" + (f", f {more['f']}" if "f" in more else "")
            peer.row(name, lambda c, p: dpo_old(trainer, c, p, loss_type, **more), what)

    one("dpo", "sigmoid")
    one("cdpo", "sigmoid")
    for name in ("robust", "hinge", "exo_pair", "nca_pair", "sppo_hard", "apo_zero", "apo_down", "discopop"):
        one(name, name)
    one("ipo", "ipo", averaged=True)
    one("ipo_sum", "ipo")
    if "FDivergenceType" in source:
        one("fdpo_js", "sigmoid", f="js_divergence")
        one("fdpo_alpha", "sigmoid", f="alpha_divergence")
    batch_names = {"aot": "aot", "aot_unpaired": "aot_unpaired" if '"aot_unpaired"' in source else "aot_pair"}
    batch_names |= {"bco_pair_first_batch": "bco_pair", "kto_pair_trl08": "kto_pair"}
    for name, loss_type in batch_names.items():
        if f'"{loss_type}"' in source:
            peer.batch(
                name,
                lambda c, p, loss_type=loss_type: dpo_old(trainer, c, p, loss_type),
                f"DPOTrainer.dpo_loss, loss_type {loss_type}",
            )
