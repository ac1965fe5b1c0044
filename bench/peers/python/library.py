# SPDX-License-Identifier: MIT
"""prefopt behind ctypes: bench/peers/ours as compare.sh builds it."""

import ctypes
import os
import sys


class Rows(ctypes.Structure):
    _fields_ = [
        ("logits", ctypes.c_void_p),
        ("rows", ctypes.c_int64),
        ("vocabulary", ctypes.c_int64),
        ("targets", ctypes.c_void_p),
        ("bf16", ctypes.c_int32),
        ("threads", ctypes.c_int32),
    ]


class Head(ctypes.Structure):
    _fields_ = [
        ("hidden", ctypes.c_void_p),
        ("weight", ctypes.c_void_p),
        ("targets", ctypes.c_void_p),
        ("rows", ctypes.c_int64),
        ("width", ctypes.c_int64),
        ("vocabulary", ctypes.c_int64),
        ("sgemm", ctypes.c_void_p),
        ("product", ctypes.c_void_p),
        ("bf16", ctypes.c_int32),
        ("threads", ctypes.c_int32),
    ]


class Pairs(ctypes.Structure):
    _fields_ = [
        ("inputs", ctypes.c_void_p * 6),
        ("outputs", ctypes.c_void_p * 4),
        ("count", ctypes.c_int64),
        ("threads", ctypes.c_int32),
    ]


def load(path):
    # After torch, so that both use the one OpenMP runtime that is loaded by then.
    library = ctypes.CDLL(os.path.abspath(path))
    library.prefopt_build.restype = ctypes.c_char_p
    if library.prefopt_build() is None:
        sys.exit(f"{path} must be built with NDEBUG and -O2")
    library.prefopt_roofline_read.argtypes = [ctypes.c_void_p, ctypes.c_int64, ctypes.c_int32]
    library.prefopt_roofline_copy.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int32]
    library.prefopt_log_probs.argtypes = [ctypes.POINTER(Rows)] + [ctypes.c_void_p] * 3
    library.prefopt_log_probs_and_gradients.argtypes = [ctypes.POINTER(Rows)] + [ctypes.c_void_p] * 6
    library.prefopt_dpo_step.argtypes = [ctypes.POINTER(Rows), ctypes.c_int64] + [ctypes.c_void_p] * 4
    library.prefopt_head_workspace.argtypes = [ctypes.POINTER(Head)]
    library.prefopt_head_workspace.restype = ctypes.c_int64
    library.prefopt_head_log_probs.argtypes = [ctypes.POINTER(Head)] + [ctypes.c_void_p] * 4
    library.prefopt_head_log_probs_and_gradients.argtypes = [ctypes.POINTER(Head)] + [ctypes.c_void_p] * 8
    library.prefopt_head_product.argtypes = [ctypes.POINTER(Head), ctypes.c_void_p]
    for name in ("prefopt_dpo", "prefopt_mfpo"):
        getattr(library, name).argtypes = [ctypes.POINTER(Pairs)]
    return library
