#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws the key-region masks in masks/ from the coordinates below.

Only needed to change or add a mask: the drawn files are part of the data set. Needs Pillow.
A mask is an 8-bit grey PNG of the photograph's size: 255 in the key region, 0 elsewhere.
Shapes are painted in order, in the photograph's pixels (x to the right, y down).
"""

from pathlib import Path

from PIL import Image, ImageDraw


def polygon(*xy):
    """A filled polygon x0, y0, x1, y1, ..."""
    return ("polygon", 255, xy)


def ellipse(left, top, right, bottom):
    """A filled ellipse in its bounding box."""
    return ("ellipse", 255, (left, top, right, bottom))


def around(x, y, rx, ry=None):
    """A filled ellipse around its centre; a circle when ry is left out."""
    ry = rx if ry is None else ry
    return ellipse(x - rx, y - ry, x + rx, y + ry)


def cut(shape):
    """The same shape, taken out of what was painted before it."""
    kind, _, xy = shape
    return (kind, 0, xy)


SIZES = {
    "astronaut": (512, 512), "brick": (512, 512), "camera": (512, 512), "cell": (550, 660),
    "chelsea": (451, 300), "clock_motion": (400, 300), "coffee": (600, 400), "coins": (384, 303),
    "grass": (512, 512), "gravel": (512, 512), "hubble_deep_field": (1000, 872), "ihc": (512, 512), "moon": (512, 512),
    "motorcycle_left": (741, 500), "page": (384, 191), "retina": (1411, 1411), "rocket": (640, 427),
}

MAN = polygon(0, 250, 30, 195, 70, 140, 130, 112, 158, 105, 165, 85, 195, 65, 235, 70, 262, 95, 272, 125, 252, 150, 252, 165,
              250, 190, 240, 200, 265, 195, 310, 175, 325, 168, 333, 185, 330, 210, 310, 225, 305, 240, 302, 275, 285, 300,
              250, 312, 215, 300, 170, 350, 142, 382, 150, 420, 148, 512, 0, 512)
FILM_CAMERA = polygon(258, 140, 300, 137, 326, 140, 326, 165, 318, 180, 300, 190, 275, 192, 262, 178)
TRIPOD = [
    polygon(285, 200, 301, 200, 301, 486, 286, 486),
    polygon(277, 316, 294, 325, 250, 500, 248, 512, 228, 512, 232, 485, 242, 470),
    polygon(298, 330, 312, 326, 411, 512, 396, 512),
    polygon(240, 490, 262, 476, 295, 480, 385, 476, 396, 488, 295, 492, 245, 500),
    polygon(276, 313, 315, 313, 335, 299, 340, 306, 316, 326, 310, 343, 279, 343),
]

CAT_EYES = [ellipse(133, 83, 209, 149), ellipse(293, 107, 345, 166)]

SAUCER = ellipse(75, 52, 481, 391)
CUP = [
    ellipse(172, 17, 408, 208),
    polygon(173, 115, 407, 115, 392, 185, 375, 230, 340, 260, 300, 285, 270, 285, 225, 265, 185, 200),
    polygon(215, 232, 255, 228, 262, 260, 242, 300, 215, 310, 195, 300, 198, 265),
]
SPOON = [
    ellipse(326, 244, 408, 327),
    polygon(402, 67, 424, 68, 421, 90, 391, 200, 388, 235, 396, 258, 345, 258, 318, 252, 340, 240, 366, 228, 384, 195, 402, 120),
]

BIGGEST_COIN = around(347, 187, 33, 32)
CORNER_COIN = around(335, 43, 30, 29)
COINS = [
    around(44, 54, 23, 21), around(100, 56, 20, 18), around(155, 51, 24, 23), around(216, 51, 24, 22), around(276, 52, 21, 19),
    CORNER_COIN,
    around(45, 124, 21, 21), around(103, 126, 20, 19), around(153, 127, 20, 18), around(206, 125, 21, 20),
    around(271, 120, 26, 25), around(337, 125, 20, 20),
    around(44, 197, 19, 20), around(102, 195, 22, 21), around(154, 198, 20, 19), around(212, 193, 24, 24),
    around(274, 194, 23, 23), BIGGEST_COIN,
    around(46, 260, 28, 28), around(114, 266, 22, 22), around(172, 261, 29, 26), around(244, 264, 25, 25),
    around(301, 263, 26, 25), around(358, 268, 23, 21),
]

SPIRAL_GALAXY = around(123, 400, 54)
GALAXIES = [
    around(123, 400, 30), around(290, 108, 25), around(335, 77, 14), around(405, 74, 22), around(486, 65, 20),
    around(447, 150, 22), around(147, 217, 16), around(310, 333, 18), around(338, 312, 16), around(420, 403, 18),
    around(515, 438, 26, 18), around(728, 473, 32), around(978, 490, 22, 24), around(485, 357, 14), around(820, 167, 16),
    around(984, 172, 14), around(482, 553, 14), around(499, 597, 14), around(790, 560, 14), around(425, 715, 28),
    around(540, 722, 18), around(774, 738, 24), around(314, 744, 14), around(280, 605, 14), around(87, 488, 16),
    around(586, 848, 18), around(54, 779, 14), around(655, 592, 14), around(712, 787, 14), around(812, 610, 14),
    around(160, 308, 12, 16), around(733, 135, 16, 10),
]

DARKEST_PATCH = polygon(222, 400, 250, 392, 275, 412, 298, 440, 296, 462, 262, 475, 226, 452)

MOTORCYCLE = polygon(
    92, 195, 120, 200, 150, 212, 140, 165, 145, 150, 165, 150, 195, 165, 235, 170, 270, 195, 350, 190, 400, 165, 385, 165,
    358, 170, 360, 160, 400, 135, 330, 138, 330, 130, 365, 110, 375, 128, 430, 125, 470, 125, 500, 80, 505, 115, 540, 118,
    582, 118, 582, 142, 560, 145, 562, 175, 550, 195, 580, 262, 620, 275, 645, 300, 640, 312, 665, 345, 683, 395, 683, 430,
    665, 450, 620, 442, 570, 410, 530, 370, 508, 330, 508, 300, 485, 250, 478, 270, 480, 310, 450, 365, 400, 382, 345, 372,
    340, 400, 350, 405, 340, 437, 320, 435, 330, 400, 320, 370, 275, 358, 250, 390, 210, 404, 170, 392, 135, 358, 120, 310,
    125, 275, 145, 245, 155, 240, 110, 250, 100, 225)

BENCH = [
    polygon(50, 110, 284, 105, 286, 190, 262, 184, 235, 170, 195, 163, 165, 150, 145, 150, 140, 170, 150, 208, 118, 200, 95, 197,
            92, 215, 66, 225, 62, 307, 46, 309, 50, 200),
]
SHELVES = [
    polygon(342, 0, 714, 0, 714, 290, 640, 275, 580, 262, 552, 195, 562, 172, 565, 145, 582, 142, 582, 118, 545, 115, 505, 110,
            470, 125, 372, 126, 342, 112),
]

ROCKET = polygon(308, 150, 313, 132, 321, 125, 329, 132, 335, 150, 336, 180, 338, 345, 357, 365, 358, 406, 377, 406, 377, 427,
                 266, 427, 266, 406, 287, 406, 287, 364, 308, 345)
TOWERS = [
    polygon(46, 0, 90, 0, 86, 150, 78, 427, 0, 427, 0, 330, 30, 140),
    polygon(189, 192, 196, 123, 205, 123, 205, 192, 203, 300, 203, 380, 167, 380, 184, 230),
    polygon(442, 123, 450, 123, 454, 192, 460, 192, 466, 280, 479, 427, 440, 427, 440, 192),
    polygon(559, 0, 602, 0, 617, 100, 640, 205, 640, 427, 580, 427, 568, 200),
]

OVAL_GLAND = polygon(262, 325, 285, 303, 315, 308, 350, 325, 378, 350, 386, 400, 382, 450, 370, 490, 340, 504, 305, 502, 278, 470,
                     255, 410, 250, 365)

MASKS = {
    "astronaut_person": [
        polygon(153, 95, 160, 60, 185, 30, 220, 13, 262, 20, 292, 45, 302, 90, 290, 125, 275, 150, 262, 175, 290, 200, 303, 240,
                345, 265, 358, 310, 362, 350, 330, 370, 300, 400, 285, 430, 278, 512, 48, 512, 25, 440, 20, 390, 35, 320,
                40, 285, 52, 258, 80, 228, 110, 204, 114, 185, 125, 157, 150, 149, 182, 152, 180, 128, 158, 118)],
    "astronaut_suit": [
        polygon(112, 190, 125, 158, 150, 148, 180, 152, 192, 185, 250, 188, 262, 172, 290, 200, 303, 245, 345, 265, 358, 310,
                362, 350, 325, 372, 298, 405, 282, 440, 278, 512, 45, 512, 22, 440, 20, 390, 32, 330, 40, 285, 52, 258, 80, 228, 112, 204)],
    "astronaut_shuttle": [
        polygon(398, 0, 456, 0, 456, 165, 463, 215, 460, 255, 472, 285, 365, 287, 368, 258, 354, 225, 365, 185, 378, 155, 378, 85,
                392, 65)],
    "astronaut_flag": [polygon(0, 0, 50, 0, 62, 60, 75, 110, 92, 180, 112, 212, 60, 255, 40, 300, 28, 340, 18, 400, 30, 512, 0, 512)],
    "astronaut_helmet": [
        polygon(278, 450, 288, 412, 318, 373, 358, 351, 400, 343, 440, 349, 470, 366, 492, 398, 502, 445, 512, 458, 512, 512,
                281, 512)],
    "astronaut_badges": [
        ellipse(131, 347, 213, 425),
        polygon(277, 336, 323, 343, 331, 372, 312, 379, 283, 372),
        polygon(234, 297, 258, 297, 277, 350, 275, 512, 228, 512, 240, 400, 236, 340)],
    "camera_filming": [MAN, FILM_CAMERA, *TRIPOD],
    "camera_man": [MAN],
    "camera_face": [polygon(160, 108, 165, 85, 195, 64, 235, 69, 264, 95, 272, 125, 252, 150, 252, 165, 250, 192, 230, 197, 192, 194,
                            175, 160)],
    "camera_tripod": TRIPOD,
    "camera_skyline": [
        polygon(330, 188, 342, 166, 370, 164, 392, 188, 411, 186, 411, 122, 420, 116, 431, 118, 435, 186, 449, 184, 451, 164,
                472, 160, 476, 176, 494, 176, 496, 190, 512, 190, 512, 240, 318, 240)],
    "camera_weather": [
        polygon(0, 0, 512, 0, 512, 160, 440, 160, 435, 115, 410, 115, 410, 170, 340, 165, 326, 138, 272, 130, 262, 93, 235, 67,
                195, 62, 165, 82, 158, 102, 70, 137, 0, 160),
        polygon(306, 242, 512, 242, 512, 512, 152, 512, 145, 385, 215, 303, 250, 315, 286, 302, 303, 275)],
    "chelsea_cat": [
        polygon(30, 60, 42, 0, 400, 0, 386, 25, 372, 55, 358, 72, 365, 110, 360, 150, 345, 185, 320, 215, 312, 250, 290, 290,
                280, 300, 0, 300, 0, 130, 20, 110)],
    "chelsea_eyes": CAT_EYES,
    "chelsea_nose": [polygon(225, 218, 292, 222, 320, 232, 400, 240, 400, 265, 330, 285, 300, 300, 0, 300, 0, 208, 60, 208, 150, 213)],
    "coffee_set": [SAUCER, *CUP, *SPOON],
    "coffee_cup": CUP,
    "coffee_drink": [ellipse(202, 97, 374, 197)],
    "coffee_spoon": SPOON,
    "coffee_table": [polygon(0, 108, 60, 62, 150, 0, 600, 0, 600, 400, 0, 400), *[cut(part) for part in [SAUCER, *CUP, *SPOON]]],
    "coins_all": COINS,
    "coins_biggest": [BIGGEST_COIN],
    "coins_corner": [CORNER_COIN],
    "hubble_galaxies": GALAXIES,
    "hubble_spiral": [SPIRAL_GALAXY],
    "hubble_stars": [around(253, 166, 38), around(754, 577, 48)],
    "moon_crater": [ellipse(88, 55, 152, 118)],
    "moon_dark": [DARKEST_PATCH],
    "moon_ground": [
        DARKEST_PATCH,
        ellipse(335, 88, 380, 172),
        polygon(294, 76, 312, 100, 332, 138, 348, 188, 325, 182, 300, 140),
        polygon(208, 230, 240, 232, 260, 262, 260, 300, 245, 375, 275, 412, 250, 400, 222, 400, 205, 310),
        polygon(270, 145, 300, 150, 298, 188, 272, 180)],
    "motorcycle_whole": [MOTORCYCLE],
    "motorcycle_wheels": [
        ellipse(119, 235, 286, 404),
        polygon(508, 315, 528, 290, 580, 298, 640, 312, 668, 350, 684, 395, 684, 432, 665, 450, 635, 447, 598, 432, 558, 400,
                528, 365, 511, 335)],
    "motorcycle_bench": BENCH,
    "motorcycle_shelves": SHELVES,
    "motorcycle_tank": [
        polygon(325, 232, 340, 215, 370, 190, 400, 168, 440, 156, 470, 163, 482, 185, 480, 215, 460, 240, 400, 247, 345, 244)],
    "motorcycle_garage": [*BENCH, *SHELVES, polygon(0, 150, 30, 135, 50, 150, 55, 205, 40, 232, 0, 236)],
    "page_text": [polygon(3, 48, 379, 48, 379, 120, 175, 138, 3, 132)],
    "page_title": [polygon(3, 10, 297, 10, 297, 36, 3, 36)],
    "page_code": [polygon(0, 164, 130, 164, 250, 174, 250, 191, 0, 191)],
    "page_shadow": [polygon(0, 0, 110, 0, 150, 60, 130, 140, 180, 191, 0, 191)],
    "rocket_pad": [ROCKET],
    "rocket_towers": TOWERS,
    "rocket_lamps": [
        around(83, 350, 16), around(111, 414, 26), around(151, 377, 28), around(193, 396, 28), around(364, 397, 30),
        around(434, 393, 28), around(450, 418, 24)],
    "rocket_sky": [polygon(90, 0, 558, 0, 567, 200, 579, 427, 79, 427, 87, 150), cut(ROCKET), cut(TOWERS[1]), cut(TOWERS[2])],
    "retina_eye": [ellipse(9, 6, 1399, 1399)],
    "retina_disc": [ellipse(113, 543, 320, 764)],
    "retina_macula": [ellipse(605, 590, 825, 810)],
    "ihc_brown": [
        polygon(0, 0, 268, 0, 277, 60, 275, 145, 262, 210, 240, 240, 200, 260, 160, 248, 120, 222, 60, 205, 0, 160),
        polygon(0, 165, 60, 208, 100, 250, 140, 310, 157, 370, 158, 512, 45, 512, 48, 420, 50, 350, 20, 310, 0, 285),
        polygon(280, 0, 430, 0, 447, 50, 457, 120, 462, 170, 450, 230, 425, 295, 400, 299, 360, 280, 322, 235, 302, 200, 286, 150,
                275, 80),
        OVAL_GLAND],
    "ihc_oval": [OVAL_GLAND],
    "brick_wall": [polygon(20, 20, 491, 20, 491, 491, 20, 491)],
    "gravel_stones": [polygon(20, 20, 491, 20, 491, 491, 20, 491)],
    "grass_leaves": [
        ellipse(98, -4, 150, 32), ellipse(90, 36, 122, 82), ellipse(275, 90, 320, 140), ellipse(312, 106, 356, 138),
        ellipse(250, 324, 302, 356), ellipse(278, 338, 332, 378), ellipse(345, 325, 394, 376), ellipse(274, 382, 312, 428),
        ellipse(460, 58, 502, 92), ellipse(298, 454, 332, 484), ellipse(112, 194, 144, 222), ellipse(134, 356, 164, 382),
        ellipse(94, 108, 122, 136), ellipse(376, 154, 400, 180)],
    "clock_blur": [ellipse(139, 90, 286, 218)],
    "cell_round": [ellipse(362, 309, 495, 440)],
}
MASKS["astronaut_scene"] = [shape for part in ("person", "flag", "shuttle", "helmet") for shape in MASKS[f"astronaut_{part}"]]


def photo_of(name):
    """The photograph that a mask belongs to: the first one whose name starts as the mask's does."""
    return next(photo for photo in SIZES if photo.split("_")[0] == name.split("_")[0])


def draw(name, shapes):
    """One mask as a Pillow image."""
    mask = Image.new("L", SIZES[photo_of(name)], 0)
    pen = ImageDraw.Draw(mask)
    for kind, ink, xy in shapes:
        getattr(pen, kind)(xy, fill=ink)
    return mask


def main():
    folder = Path(__file__).resolve().parent / "masks"
    folder.mkdir(exist_ok=True)
    for name, shapes in MASKS.items():
        draw(name, shapes).save(folder / f"{name}.png", optimize=True)
    print(f"{len(MASKS)} masks written to {folder}")


if __name__ == "__main__":
    main()
