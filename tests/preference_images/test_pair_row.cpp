// SPDX-License-Identifier: MIT
/// \file  Rows of the preference data sets in use, as pairs.

#include "llava/data/json_rows.hpp"
#include "llava/data/pair_row.hpp"
#include "support/catch.hpp"
#include "support/files.hpp"

namespace {

llava::pair_row row(char const* text)
{
  return llava::parse_pair_row(text, "here");
}

std::string row_error(char const* text)
{
  return error_of([&] { llava::parse_pair_row(text, "here"); });
}

bool is_cat_pair(llava::pair_row const& pair)
{
  return pair.question == "What?" && pair.chosen == "A cat." && pair.rejected == "A dog." &&
         pair.image == "a.jpg" && !pair.mask;
}

}  // namespace

TEST_CASE("rows of the data sets in use are read", "[preference_images]")
{
  REQUIRE(is_cat_pair(row(  // RLAIF-V
      R"({"question": "What?", "chosen": "A cat.", "rejected": "A dog.", "image_path": "a.jpg",
          "image": {"bytes": null, "path": "a.jpg"}, "idx": "3"})")));
  REQUIRE(is_cat_pair(row(  // RLHF-V
      R"({"text": "{\"question\": \"What?\", \"chosen\": \"A cat.\", \"rejected\": \"A dog.\"}",
          "image_path": "a.jpg", "image": {"bytes": "x"}})")));
  REQUIRE(is_cat_pair(row(  // the same, with a path that the pictures' names in it are cut from
      R"({"text": "{\"question\": \"What?\", \"chosen\": \"A cat.\", \"rejected\": \"A dog.\"}",
          "image_path": "a.jpg", "image": {"bytes": null, "path": "cut.jpg"}})")));
  REQUIRE(is_cat_pair(row(  // without image_path
      R"({"text": "{\"question\": \"What?\", \"chosen\": \"A cat.\", \"rejected\": \"A dog.\"}",
          "image": {"bytes": null, "path": "a.jpg"}})")));
  REQUIRE(is_cat_pair(row(  // the same, unpacked from Parquet
      R"({"text": "{\"question\": \"What?\", \"chosen\": \"A cat.\", \"rejected\": \"A dog.\"}",
          "image_path": "elsewhere/a.jpg", "image": "a.jpg"})")));
  REQUIRE(is_cat_pair(row(  // TRL, conversational
      R"({"images": ["a.jpg"],
          "prompt": [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What?"}]}],
          "chosen": [{"role": "assistant", "content": [{"type": "text", "text": "A cat."}]}],
          "rejected": [{"role": "assistant", "content": "A dog."}]})")));
  REQUIRE(is_cat_pair(row(  // TRL, the prompt within the answers
      R"({"images": [{"path": "a.jpg"}],
          "chosen": [{"role": "user", "content": "<image>\nWhat?"}, {"role": "assistant", "content": "A cat."}],
          "rejected": [{"role": "user", "content": "<image>\nWhat?"}, {"role": "assistant", "content": "A dog."}]})")));
  REQUIRE(is_cat_pair(row(  // TRL and mDPO, plain
      R"({"prompt": "What?", "chosen": "A cat.", "rejected": "A dog.", "img_path": "a.jpg"})")));
  REQUIRE(is_cat_pair(row(  // POVID
      R"({"id": "1", "image": "a.jpg",
          "conversations": [{"from": "human", "value": "What?\n<image>"}, {"from": "gpt", "value": "A cat."}],
          "rejected_conversations": [{"from": "human", "value": "What?"}, {"from": "gpt", "value": "A dog."}]})")));
  REQUIRE(is_cat_pair(row(  // LLaMA-Factory
      R"({"images": ["a.jpg"], "conversations": [{"from": "human", "value": "<image>What?"}],
          "chosen": {"from": "gpt", "value": "A cat."}, "rejected": {"from": "gpt", "value": "A dog."}})")));
  REQUIRE(is_cat_pair(row(  // VLFeedback
      R"({"prompt": "What?", "img_path": "a.jpg", "completions": [
          {"response": "A cow.", "annotations": {"Helpfulness": {"Rating": "3"}, "Ethical Considerations": {"Rating": "5"}}},
          {"response": "A dog.", "annotations": {"Helpfulness": {"Rating": "1"}, "Ethical Considerations": {"Rating": "N/A"}}},
          {"response": "A cat.", "annotations": {"Helpfulness": {"Rating": "5"}, "Ethical Considerations": {"Rating": "5"}}}]})")));
  REQUIRE(is_cat_pair(row(  // the same as an object of lists
      R"({"prompt": "What?", "image": "a.jpg", "completions": {"response": ["A dog.", "A cat."],
          "annotations": [{"Helpfulness": {"Rating": "2"}}, {"Helpfulness": {"Rating": "4"}}]}})")));
}

TEST_CASE("rows that leave something open are refused", "[preference_images]")
{
  REQUIRE(mentions(
      row_error(R"({"images": ["a", "b"], "prompt": "q", "chosen": "c", "rejected": "r"})"),
      {"here", "one image", "2"}));
  REQUIRE(mentions(row_error(R"({"image": "a", "conversations": [
      {"from": "human", "value": "q"}, {"from": "gpt", "value": "c"}, {"from": "human", "value": "q"}]})"),
                   {"one round"}));
  REQUIRE(mentions(
      row_error(R"({"image": "a", "conversations": [{"from": "human", "value": "<image>"}]})"),
      {"blank"}));
  REQUIRE(
      mentions(row_error(R"({"image": "a", "conversations": [{"from": "human", "value": "q"}]})"),
               {"message of the assistant"}));
  REQUIRE(mentions(row_error(R"({"image": "a", "prompt": [3], "chosen": "c", "rejected": "r"})"),
                   {"messages"}));
  REQUIRE(mentions(row_error(R"({"image": "a", "prompt": "q", "completions": [
      {"response": "x", "annotations": {"a": {"Rating": "2"}}}, {"response": "y", "annotations": {"a": {"Rating": "2"}}}]})"),
                   {"different ratings"}));
  REQUIRE(mentions(
      row_error(
          R"({"image": "a", "prompt": "q", "completions": [{"response": "x", "annotations": {}}]})"),
      {"ratings from 1 to 5"}));
  REQUIRE(
      mentions(row_error(R"({"image": "a", "prompt": "q", "completions": 3})"), {"completions"}));
}

TEST_CASE("rows of a JSON array are read one by one", "[preference_images]")
{
  temporary_folder const folder;
  auto const texts = [&](std::string const& file) {
    llava::json_rows rows(put_file(folder / "x.json", file));
    std::vector<std::string> found;
    while (auto next = rows.next()) { found.push_back(next->text); }
    return found;
  };
  using list = std::vector<std::string>;
  REQUIRE(texts(R"( [{"a": "],[\"}"},[1,[2]],3])") == list{R"({"a": "],[\"}"})", "[1,[2]]", "3"});
  REQUIRE(texts("[]").empty());
  REQUIRE(texts(" [ ] ").empty());
  REQUIRE(texts("{}\n\n{\"a\": [1]}") == list{"{}", "{\"a\": [1]}"});
  REQUIRE(texts("").empty());
  REQUIRE(mentions(error_of([&] { texts("[{}, {"); }), {"x.json[1]", "end of the array"}));
  llava::json_rows rows(put_file(folder / "x.json", "[1,\n2]"));
  rows.next();
  REQUIRE(mentions(rows.next()->where, {"x.json[1]"}));
}
