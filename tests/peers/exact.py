# SPDX-License-Identifier: MIT
"""Losses in arbitrary precision, and what a correct program may deviate from them.

The golden values are exact for float64 inputs. A float32 program sees rounded inputs and a rounded beta, for which
golden.json has no values; they are computed here. Every formula is checked against golden.json before it is used
(compare_peers.py stops if one disagrees), so the two sources vouch for each other.
"""

from mpmath import exp, expm1, inf, isfinite, log, log1p, mp, mpf

mp.dps = 420  # margins of 1e4 nats: derivatives of e^-1000 beside terms of 1 must survive a difference quotient
STEP = mpf(10) ** -130


def log_sigmoid(x):
    return -log1p(exp(-x)) if x >= 0 else x - log1p(exp(x))


def sigmoid(x):
    return exp(log_sigmoid(x))


def log1m_exp(x):
    return log(-expm1(x))


def smoothed(z, eps):
    return -(1 - eps) * log_sigmoid(z) - eps * log_sigmoid(-z)


class row:
    """One example: columns and parameters by name, with the log-ratios that most formulas start from."""

    def __init__(self, values):
        self.__dict__.update(values)
        if "pol_w" in values:
            self.rw, self.rl = self.pol_w - self.ref_w, self.pol_l - self.ref_l
            self.D = self.rw - self.rl
        if "pol_u" in values:
            self.r = self.pol_u - self.ref_u
        self.z = self.beta * self.D if "pol_w" in values and "beta" in values else None

    def mean_w(self):
        return self.pol_w / self.len_w

    def mean_l(self):
        return self.pol_l / self.len_l


def alpha_reward(x, alpha):
    return -expm1(-alpha * x) / alpha


def orpo_term(x):
    odds = (x.mean_w() - x.mean_l()) - (log1m_exp(x.mean_w()) - log1m_exp(x.mean_l()))
    return -x.beta * log_sigmoid(odds)


FORMULAS = {
    "dpo": lambda x: -log_sigmoid(x.z),
    "cdpo": lambda x: smoothed(x.z, x.eps),
    "robust": lambda x: (-(1 - x.eps) * log_sigmoid(x.z) + x.eps * log_sigmoid(-x.z)) / (1 - 2 * x.eps),
    "hinge": lambda x: max(mpf(0), 1 - x.z),
    "ipo": lambda x: (x.rw / x.len_w - x.rl / x.len_l - 1 / (2 * x.beta)) ** 2,
    "ipo_sum": lambda x: (x.D - 1 / (2 * x.beta)) ** 2,
    "exo_pair": lambda x: sigmoid(x.z) * (log_sigmoid(x.z) - log1p(-x.eps))
    + sigmoid(-x.z) * (log_sigmoid(-x.z) - log(x.eps)),
    "nca_pair": lambda x: -log_sigmoid(x.beta * x.rw)
    - log_sigmoid(-x.beta * x.rw) / 2
    - log_sigmoid(-x.beta * x.rl) / 2,
    "bco_pair_nodelta": lambda x: -log_sigmoid(x.beta * x.rw) - log_sigmoid(-x.beta * x.rl),
    "sppo_hard": lambda x: (x.rw - 1 / (2 * x.beta)) ** 2 + (x.rl + 1 / (2 * x.beta)) ** 2,
    "apo_zero": lambda x: sigmoid(-x.beta * x.rw) + sigmoid(x.beta * x.rl),
    "apo_down": lambda x: sigmoid(x.beta * x.rw) + sigmoid(-x.z),
    "discopop": lambda x: -sigmoid(-x.z / x.tau) * log_sigmoid(x.z) + exp(log_sigmoid(x.z / x.tau) - x.z),
    "sigmoid_norm": lambda x: -log_sigmoid(x.beta * (x.rw / x.len_w - x.rl / x.len_l)),
    "fdpo_forward_kl": lambda x: -log_sigmoid(x.beta * (exp(-x.rl) - exp(-x.rw))),
    "fdpo_js": lambda x: -log_sigmoid(x.beta * (log_sigmoid(x.rw) - log_sigmoid(x.rl))),
    "fdpo_alpha": lambda x: -log_sigmoid(
        x.beta * (exp((x.alpha - 1) * x.rw) - exp((x.alpha - 1) * x.rl)) / (x.alpha - 1)
    ),
    "rpo_seq": lambda x: -log_sigmoid(x.z) - x.alpha * x.mean_w(),
    "wpo": lambda x: min(mpf(1), exp(x.adj_w + x.adj_l)) * -log_sigmoid(x.z),
    "wpo_unclamped": lambda x: exp(x.adj_w + x.adj_l) * -log_sigmoid(x.z),
    "cpo": lambda x: smoothed(x.beta * (x.pol_w - x.pol_l), x.eps),
    "cpo_hinge": lambda x: max(mpf(0), 1 - x.beta * (x.pol_w - x.pol_l)),
    "cpo_ipo": lambda x: (x.mean_w() - x.mean_l() - 1 / (2 * x.beta)) ** 2,
    "simpo": lambda x: smoothed(x.beta * (x.mean_w() - x.mean_l()) - x.gamma, x.eps),
    "alphapo": lambda x: -log_sigmoid(
        x.beta * (alpha_reward(x.mean_w(), x.alpha) - alpha_reward(x.mean_l(), x.alpha)) - x.gamma
    ),
    "orpo_or": orpo_term,
    "orpo": lambda x: -x.mean_w() + orpo_term(x),
    "xpo": lambda x: -log_sigmoid(x.z) + x.alpha * x.pol_l,
    "kto_given_kl": lambda x: (
        x.w_d * sigmoid(-x.beta * (x.r - x.kl)) if x.label else x.w_u * sigmoid(x.beta * (x.r - x.kl))
    ),
    "apo_zero_unpaired": lambda x: x.w_d * sigmoid(-x.beta * x.r) if x.label else x.w_u * sigmoid(x.beta * x.r),
}


def value(name, columns):
    """The loss of one example. nan where it is undefined (ORPO at log-probability 0)."""
    try:
        return FORMULAS[name](row(columns))
    except (ZeroDivisionError, ValueError, TypeError):  # TypeError: mpmath went complex
        return mpf("nan")


def partial(name, columns, column):
    """d loss / d column: a central difference with a step far below every scale in the data."""
    here = columns[column]
    step = min(STEP, abs(here) * mpf(10) ** -20) if here != 0 else STEP
    up, down = dict(columns), dict(columns)
    up[column], down[column] = here + step, here - step
    result = (value(name, up) - value(name, down)) / (2 * step)
    return result if isfinite(result) else mpf("nan")


def sensitivity(function, columns, epsilon):
    """How far the result moves when each input is off by one rounding: no program can be held to less."""
    here, moved = function(columns), mpf(0)
    if not isfinite(here):
        return inf
    for name, x in columns.items():
        if x == 0 or name in ("label",):
            continue
        other = dict(columns)
        other[name] = x * (1 + epsilon)
        difference = abs(function(other) - here)
        moved += difference if isfinite(difference) else 0
    return moved
