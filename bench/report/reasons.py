# SPDX-License-Identifier: MIT
"""Why claims do not hold everywhere: (their sentences, without the peer, and the reason), shown where one does not."""

REASONS = [
    (["fp32 log-prob alone", "bf16 log-prob alone", "forward + backward of log-prob alone"],
     "Without entropy the fastest of the peer's ways goes through the logits few times, and those times are all the ratio "
     "there can be where our loop is as fast as memory. In bf16 and with one thread it is not: half the bytes are all of "
     "the exponentials."),
    (["bf16 gradient, elements per second and core", "forward + backward with entropy"],
     "Half the bytes are all of the exponentials: with bf16 and one thread arithmetic is the limit, not memory."),
    (["DPO, of the streaming copy", "DPO, forward + backward", "DPO", "MFPO, of the streaming copy",
      "MFPO, forward + backward", "MFPO"],
     "Between load and store each log-sigmoid, of which DPO has one and MFPO three, is an exponential, a logarithm and a "
     "division, exact to the last places: arithmetic again."),
    (["head, forward + backward with entropy, equal BLAS", "head, forward + backward of log-prob alone, equal BLAS"],
     "Both multiply three times, with the same library, and that is nine tenths of the peer's time: the last tenth is all "
     "there is to win."),
    (["rows: an element's cost to that of the next shape"],
     "Where one shape's rows or results stay in a cache and its neighbour's do not, or where a call is too small for the "
     "threads that it wakes, the step between the two is larger."),
]
