// SPDX-License-Identifier: MIT
#include "llava/data/preference_pairs.hpp"

#include <stdexcept>
#include <utility>

#include "llava/data/pair_row.hpp"

namespace llava {
namespace {

std::filesystem::path existing(std::string const& name, std::string const& field,
                               std::filesystem::path const& folder, std::string const& where)
{
  auto const path = folder / name;
  if (!std::filesystem::is_regular_file(path)) {
    throw std::runtime_error(where + ": field '" + field + "': expected a file, got nothing at " +
                             path.string());
  }
  return path;
}

}  // namespace

preference_pair_reader::preference_pair_reader(std::filesystem::path const& file,
                                               std::filesystem::path image_folder)
    : rows_(file),
      image_folder_(image_folder.empty() ? file.parent_path() : std::move(image_folder)),
      mask_folder_(file.parent_path())
{
}

std::optional<preference_pair> preference_pair_reader::next()
{
  auto const row = rows_.next();
  if (!row) { return std::nullopt; }
  pair_row texts = parse_pair_row(row->text, row->where);
  preference_pair pair{std::move(texts.question),
                       std::move(texts.chosen),
                       std::move(texts.rejected),
                       existing(texts.image, "image", image_folder_, row->where),
                       std::nullopt,
                       row->where};
  if (texts.mask) { pair.mask = existing(*texts.mask, "mask", mask_folder_, row->where); }
  return pair;
}

}  // namespace llava
