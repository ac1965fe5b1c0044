// SPDX-License-Identifier: MIT
/// \file  From pairs and regions to a preference set: what is in it, and that nothing but the input
/// decides its bytes.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <prefopt/image/mask.hpp>
#include <prefopt/image/noise.hpp>
#include <prefopt/image/preprocess.hpp>

#include "llava/data/pair_noise.hpp"
#include "llava/data/preference_pairs.hpp"
#include "llava/image/decode.hpp"
#include "preference_images/contact_sheet.hpp"
#include "preference_images/sample_set.hpp"
#include "support/catch.hpp"

using prefopt::index_t;

TEST_CASE("keywords find regions, and the negative differs from the picture there alone",
          "[preference_images]")
{
  sample_set const set;
  auto options = set.options();
  options.size = 0;
  auto const report = set.build(options, "out");
  REQUIRE(report.complete);
  REQUIRE(report.accepted == 5);
  REQUIRE(report.rejected == 0);
  REQUIRE(report.whole == 3);  // no region file line, no region of a house, none for the dot
  auto const lines = lines_of(set.folder / "out/pairs.jsonl");
  REQUIRE(lines[0]["keywords"] == nlohmann::json{"brown dog", "wooden bench"});
  REQUIRE(lines[0]["regions"].size() == 2);
  REQUIRE(lines[0]["regions"][0]["label"] == "dogs");
  REQUIRE(lines[3]["whole_image"] == true);
  REQUIRE(!lines[3].contains("mask"));

  auto const mask = llava::decode_mask(set.folder / "out/masks/000000.png", 40, 30);
  REQUIRE(prefopt::mask_area(mask) == 10 * 20 + 15 * 10);
  auto const picture = llava::decode_image(set.photos() / "a.png");
  auto const negative = llava::decode_image(set.folder / "out/negatives/000000.png");
  index_t changed = 0, outside = 0;
  for (std::size_t i = 0; i < mask.pixels.size(); ++i) {
    bool same = true;
    for (std::size_t c = 0; c < 3; ++c) {
      same = same && picture.pixels[3 * i + c] == negative.pixels[3 * i + c];
    }
    changed += same ? 0 : 1;
    outside += !same && mask.pixels[i] == 0 ? 1 : 0;
  }
  REQUIRE(outside == 0);
  REQUIRE(changed > 340);  // of 350; noise may leave a pixel as it is
}

TEST_CASE("a mask of the pair's own comes before regions", "[preference_images]")
{
  sample_set const set;
  std::vector<std::uint8_t> mask(40 * 30, 0);
  mask[7] = 255;
  put_png(set.folder / "own.png", 40, 30, 1, mask);
  set.pairs(
      R"({"question": "q", "chosen": "A dog.", "rejected": "r", "image": "a.png", "mask": "own.png"})");
  set.build(set.options(), "out");
  auto const line = lines_of(set.folder / "out/pairs.jsonl").at(0);
  REQUIRE(line["regions"].empty());
  auto const kept = llava::decode_mask(set.folder / "out/masks/000000.png", 40, 30);
  REQUIRE(prefopt::mask_area(kept) == 1);
}

TEST_CASE("the tensor form is what the trainer makes of the pair, bit for bit",
          "[preference_images]")
{
  sample_set const set;
  auto options = set.options();
  options.form = "npy";
  options.seed = 77;
  set.build(options, "out");
  llava::preference_pair_reader pairs(set.folder / "out/pairs.jsonl", set.photos());
  auto const pair = pairs.next();
  REQUIRE(pair);
  prefopt::preprocess_options const preprocess{.size = 28};
  auto const picture = llava::decode_image(pair->image);
  auto const clean = prefopt::preprocess(picture, preprocess);
  auto const mask = prefopt::preprocess_mask(
      llava::decode_mask(*pair->mask, picture.width, picture.height), preprocess);
  std::vector<float> noised(clean.values.size());
  prefopt::noise_regions(clean.values, mask.pixels, noised, 28 * 28,
                         llava::noise_level_named("sigmoid", 500), llava::noise_stream(77, 0));
  std::string const file = llava::read_file(set.folder / "out/negatives/000000.npy");
  REQUIRE(file.size() == 128 + noised.size() * sizeof(float));
  REQUIRE(file.substr(128) ==
          std::string(reinterpret_cast<char const*>(noised.data()), noised.size() * sizeof(float)));
  REQUIRE(mentions(file.substr(0, 128), {"NUMPY", "'<f4'", "(3, 28, 28)"}));
}

TEST_CASE("a set is the same bytes with any number of threads", "[preference_images]")
{
  sample_set const set;
  for (char const* const form : {"png", "npy"}) {
    auto options = set.options();
    options.form = form;
    std::string const name = form;
    set.build(options, name + "1", 1);
    auto const one = files_below(set.folder / (name + "1"));
    REQUIRE(one.size() == 2 + 5 + 2);
    for (int const threads : {2, 3, 8}) {
      std::string const output = name + std::to_string(threads);
      set.build(options, output, threads);
      REQUIRE(files_below(set.folder / output) == one);
    }
  }
}

TEST_CASE("negatives are rebuilt from the records", "[preference_images]")
{
  sample_set const set;
  for (char const* const mode : {"key", "random", "global", "crop"}) {
    for (char const* const corruption : {"diffusion", "blur", "mask_out", "patch_shuffle"}) {
      for (char const* const form : {"png", "npy"}) {
        auto options = set.options();
        options.mode = mode;
        options.corruption = corruption;
        options.form = form;
        options.noise_schedule = "cosine";
        options.image_mode = "crop";
        options.seed = 1234567890123456789u;
        std::string const name = std::string(mode) + corruption + form;
        set.build(options, name);
        REQUIRE(preference_images::rebuild(set.folder / name, set.photos(),
                                           set.folder / (name + "-again")) == 5);
        REQUIRE(files_below(set.folder / name / "negatives") ==
                files_below(set.folder / (name + "-again") / "negatives"));
      }
    }
  }
}

TEST_CASE("a stopped run goes on, and refuses other settings or input", "[preference_images]")
{
  sample_set const set;
  auto options = set.options();
  set.build(options, "whole");
  REQUIRE(!set.build(options, "stopped", 1, 1).complete);
  REQUIRE(!std::filesystem::exists(set.folder / "stopped/pairs.jsonl"));
  put_file(set.folder / "stopped/negatives/000002.png", "half a pict");

  auto other = options;
  other.noise_step = 400;
  REQUIRE(mentions(error_of([&] { set.build(other, "stopped"); }), {"noise_step", "500", "400"}));
  auto const kept = llava::read_file(set.folder / "pairs.jsonl");
  set.pairs(kept + pair_line("a.png", "One more dog."));
  REQUIRE(mentions(error_of([&] { set.build(options, "stopped"); }), {"pairs_bytes"}));
  set.pairs(kept);

  REQUIRE(set.build(options, "stopped", 2).complete);
  REQUIRE(files_below(set.folder / "stopped") == files_below(set.folder / "whole"));
  REQUIRE(set.build(options, "stopped").accepted == 5);  // done already
}

TEST_CASE("a run that is killed again and again ends with the same bytes", "[preference_images]")
{
  sample_set const set;
  std::string lines;
  for (int i = 0; i < 40; ++i) {
    lines += pair_line(i % 3 == 0 ? "a.png" : "alpha.png", "Dog number " + std::to_string(i));
  }
  set.pairs(lines + "no JSON\n");
  auto options = set.options();
  options.size = 112;
  set.build(options, "whole");
  int kills = 0;
  for (useconds_t delay = 500; kills < 200; delay += 500) {
    ::pid_t const child = ::fork();
    if (child == 0) {
      try {
        set.build(options, "killed", 2);
      } catch (...) {
        ::_exit(1);
      }
      ::_exit(0);
    }
    ::usleep(delay);
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFEXITED(status)) {
      REQUIRE(WEXITSTATUS(status) == 0);
      break;
    }
    ++kills;
  }
  REQUIRE(kills > 2);
  REQUIRE(set.build(options, "killed").complete);
  REQUIRE(files_below(set.folder / "killed") == files_below(set.folder / "whole"));
}

TEST_CASE("the modes choose what is corrupted", "[preference_images]")
{
  sample_set const set;
  auto options = set.options();
  options.mode = "random";
  options.random_share = 0.25;
  set.build(options, "random");
  auto const random = lines_of(set.folder / "random/pairs.jsonl").at(0);
  auto const mask = llava::decode_mask(set.folder / "random/masks/000000.png", 40, 30);
  REQUIRE(prefopt::mask_area(mask) == Approx(300).margin(20));
  REQUIRE(random["regions"].empty());
  REQUIRE(random["keywords"].size() == 2);

  options.mode = "global";
  REQUIRE(set.build(options, "global").whole == 5);
  REQUIRE(lines_of(set.folder / "global/pairs.jsonl").at(0)["share"] == 1);

  options.mode = "crop";
  set.build(options, "crop");
  auto const crop = lines_of(set.folder / "crop/pairs.jsonl").at(0);
  REQUIRE(crop["negative"]["corruption"] == "crop");
  REQUIRE(crop["negative"]["box"].size() == 4);
}

TEST_CASE("the contact sheet holds its pictures and shows texts as texts", "[preference_images]")
{
  sample_set const set;
  set.pairs(pair_line("a.png", "A <b>dog</b> & a \"bench\".") + pair_line("alpha.png", "A car."));
  set.build(set.options(), "out");
  preference_images::write_contact_sheet(set.folder / "out", set.photos(), 5);
  std::string const page = llava::read_file(set.folder / "out/preview.html");
  REQUIRE(mentions(page, {"A &lt;b&gt;dog&lt;/b&gt; &amp; a &quot;bench&quot;.", "2 of 2 pairs",
                          "whole picture", "keywords: ", "&rarr; dogs"}));
  REQUIRE(page.find("<b>dog") == page.npos);
  std::size_t pictures = 0;
  for (auto at = page.find("data:image/png;base64,iVBORw0KGgo"); at != page.npos;
       at = page.find("data:image/png;base64,iVBORw0KGgo", at + 1)) {
    ++pictures;
  }
  REQUIRE(pictures == 6);
  REQUIRE(page.find("src=\"http") == page.npos);
}
