// SPDX-License-Identifier: MIT
/// \file  Parquet files of pairs become rows and pictures that `build` reads.

#include "llava/data/pair_row.hpp"
#include "llava/image/decode.hpp"
#include "preference_images/parquet_rows.hpp"
#include "preference_images/sample_set.hpp"
#include "support/catch.hpp"
#include "support/fixtures.hpp"

namespace {

std::filesystem::path fixture(char const* name)
{
  return image_fixture_dir() + "/" + name;
}

int level(std::filesystem::path const& file, int channel)
{
  return llava::decode_image(file).at(7, 5, channel);
}

}  // namespace

TEST_CASE("Parquet is unpacked with Arrow, and named where that is missing", "[preference_images]")
{
  temporary_folder const folder;
  auto const pairs = fixture("pairs.parquet");
  if (!preference_images::has_parquet()) {
    WARN("built without Arrow and Parquet: only the error is tested");
    REQUIRE(mentions(error_of([&] { preference_images::unpack_parquet(pairs, folder.path()); }),
                     {"pairs.parquet", "without Arrow", "pyarrow"}));
    return;
  }
  REQUIRE(preference_images::unpack_parquet(pairs, folder.path()) == 3);
  auto const rows = lines_of(folder / "pairs.jsonl");
  REQUIRE(rows.size() == 3);
  REQUIRE(rows[0]["question"] == "What is \u00fcber there?");
  REQUIRE(rows[0]["ds_name"] == "r");
  REQUIRE(rows[0]["idx"] == 0);
  REQUIRE(rows[0]["score"] == 0.5);
  REQUIRE(!rows[0].contains("text"));
  REQUIRE(rows[2]["image"] == "elsewhere.png");
  auto const nested = llava::parse_pair_row(rows[1].dump(), "here");
  REQUIRE(nested.chosen == "A green wall.");
  REQUIRE(nested.image == "000001");
  REQUIRE(level(folder / "photos/000000", 0) == 200);
  REQUIRE(level(folder / "photos/000001", 1) == 200);
  REQUIRE(!std::filesystem::exists(folder / "photos/000002"));
  REQUIRE(!std::filesystem::exists(folder / "pairs.jsonl.part"));
}

TEST_CASE("messages and lists of images come out of Parquet as TRL has them", "[preference_images]")
{
  if (!preference_images::has_parquet()) {
    WARN("built without Arrow and Parquet: what pyarrow wrote for TRL is not tested");
    return;
  }
  temporary_folder const folder;
  REQUIRE(preference_images::unpack_parquet(fixture("messages.parquet"), folder.path()) == 1);
  auto const pair = llava::parse_pair_row(lines_of(folder / "pairs.jsonl").at(0).dump(), "here");
  REQUIRE(pair.question == "What?");
  REQUIRE(pair.rejected == "A cow.");
  REQUIRE(pair.image == "000000");
  REQUIRE(level(folder / ("photos/" + pair.image), 2) == 200);
}

TEST_CASE("a Parquet file that is damaged is refused by name", "[preference_images]")
{
  if (!preference_images::has_parquet()) {
    WARN("built without Arrow and Parquet: what is damaged is not tested");
    return;
  }
  temporary_folder const folder;
  std::string const whole = llava::read_file(fixture("pairs.parquet"));
  auto const refused = [&](std::string const& bytes) {
    auto const file = put_file(folder / "x.parquet", bytes);
    return error_of([&] { preference_images::unpack_parquet(file, folder.path()); });
  };
  for (std::size_t const kept : {whole.size() / 2, whole.size() - 1, std::size_t{4}}) {
    REQUIRE(mentions(refused(whole.substr(0, kept)), {"x.parquet", "whole Parquet file"}));
  }
  REQUIRE(mentions(refused("hello"), {"x.parquet", "whole Parquet file"}));
  REQUIRE(!std::filesystem::exists(folder / "pairs.jsonl"));
}

TEST_CASE("a Parquet column of a type that has no place in a row is refused by name",
          "[preference_images]")
{
  if (!preference_images::has_parquet()) {
    WARN("built without Arrow and Parquet: columns of other types are not tested");
    return;
  }
  temporary_folder const folder;
  auto const error =
      error_of([&] { preference_images::unpack_parquet(fixture("map.parquet"), folder.path()); });
  REQUIRE(mentions(error, {"map.parquet", "'tags'", "map<string, int64"}));
  REQUIRE(!std::filesystem::exists(folder / "pairs.jsonl"));
}
