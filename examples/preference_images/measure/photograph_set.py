#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Pairs and regions over real photographs: photograph_set.py FOLDER PAIRS PHOTOS...

Writes FOLDER/photos (copies), FOLDER/pairs.jsonl with that many pairs, each photograph again and again
with other answers, and FOLDER/regions.jsonl with a polygon, COCO run lengths, a box and a box of
Grounding DINO for each photograph, at places that a seed draws. The regions are labelled at random: what
they hold does not matter for speed, memory and bytes. Needs Python alone.
"""
import json
import os
import random
import shutil
import struct
import sys

LABELS = ["dog", "bench", "car", "woman", "tree", "cup", "window", "bicycle", "boat", "horse"]
PLACES = ["beside a wall", "in front of a house", "near the road", "on the grass", "under a tall sky"]


def picture_size(path):
    """Width and height of a PNG or JPEG by its header, or None."""
    with open(path, "rb") as file:
        head = file.read(26)
        if head[:8] == b"\x89PNG\r\n\x1a\n":
            return struct.unpack(">II", head[16:24])
        if head[:2] != b"\xff\xd8":
            return None
        file.seek(2)
        while True:
            mark = file.read(4)
            if len(mark) < 4 or mark[0] != 0xFF:
                return None
            length = struct.unpack(">H", mark[2:])[0]
            if 0xC0 <= mark[1] <= 0xCF and mark[1] not in (0xC4, 0xC8, 0xCC):
                height, width = struct.unpack(">HH", file.read(5)[1:])
                return width, height
            file.seek(length - 2, 1)


def ellipse_runs(width, height, cx, cy, rx, ry):
    """COCO's run lengths of an ellipse, by columns: each has one run at most."""
    counts, outside = [], 0
    for x in range(width):
        reach = 1 - ((x + 0.5 - cx) / rx) ** 2
        half = ry * reach**0.5 if reach > 0 else 0
        top, foot = max(0, round(cy - half)), min(height, round(cy + half))
        if foot <= top:
            outside += height
            continue
        counts += [outside + top, foot - top]
        outside = height - foot
    return counts + [outside]


def regions_of(width, height, draw):
    def place():
        w, h = draw.uniform(0.1, 0.5) * width, draw.uniform(0.1, 0.5) * height
        return draw.uniform(0, width - w), draw.uniform(0, height - h), w, h

    x, y, w, h = place()
    polygon = [x, y + h / 2, x + w / 3, y, x + w, y + h / 3, x + 2 * w / 3, y + h]
    ex, ey, ew, eh = place()
    runs = ellipse_runs(width, height, ex + ew / 2, ey + eh / 2, ew / 2, eh / 2)
    bx, by, bw, bh = place()
    dx, dy, dw, dh = place()
    names = draw.sample(LABELS, 4)
    return names, {
        "regions": [
            {"label": names[0], "score": 0.9, "segmentation": [[round(v, 2) for v in polygon]]},
            {"label": names[1], "score": 0.8, "segmentation": {"size": [height, width], "counts": runs}},
            {"label": names[2], "score": 0.7, "box": [bx, by, bx + bw, by + bh]},
        ],
        "boxes": [[(dx + dw / 2) / width, (dy + dh / 2) / height, dw / width, dh / height]],
        "phrases": [names[3]],
        "logits": [0.6],
    }


def main():
    folder, count, sources = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    os.makedirs(os.path.join(folder, "photos"), exist_ok=True)
    draw = random.Random(2410)
    photos = []
    for source in sources:
        for name in sorted(os.listdir(source)):
            path = os.path.join(source, name)
            size = picture_size(path) if name.lower().endswith((".png", ".jpg")) else None
            if size and min(size) >= 200 and max(size) <= 4000:
                shutil.copy(path, os.path.join(folder, "photos", name))
                photos.append((name, size))
    if not photos:
        sys.exit("photograph_set: no PNG or JPEG of 200 to 4000 pixels a side in " + ", ".join(sources))
    labels = {}
    with open(os.path.join(folder, "regions.jsonl"), "w", encoding="utf-8") as file:
        for name, (width, height) in photos:
            labels[name], regions = regions_of(width, height, draw)
            file.write(json.dumps({"image": name, **regions}) + "\n")
    with open(os.path.join(folder, "pairs.jsonl"), "w", encoding="utf-8") as file:
        for i in range(count):
            name, _ = photos[i % len(photos)]
            named = draw.sample(labels[name], draw.randint(1, 3))
            others = [label for label in LABELS if label not in labels[name]]
            answer = " ".join(f"A {thing} can be seen {draw.choice(PLACES)}." for thing in named)
            row = {
                "question": "What is in the picture?",
                "chosen": f"{answer} It is photograph number {i}.",
                "rejected": f"A {draw.choice(others)} can be seen {draw.choice(PLACES)}.",
                "image": name,
            }
            file.write(json.dumps(row) + "\n")
    print(f"{count} pairs over {len(photos)} photographs")


if __name__ == "__main__":
    main()
