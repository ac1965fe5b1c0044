// SPDX-License-Identifier: MIT
#pragma once
/// \file  Checkpoints of a training run: weights, optimizer and position in one file.
///
/// A checkpoint is one safetensors file, written to a temporary file and renamed, so a run that is
/// killed at any moment finds a whole one. It holds every trained tensor under its name, AdamW's
/// moments under "adamw.first.<name>" and "adamw.second.<name>", and the position as JSON in
/// `__metadata__`.

#include <deque>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "llava/checkpoint/checkpoint_files.hpp"
#include "llava/checkpoint/safetensors.hpp"
#include "llava/model/parameter.hpp"
#include "llava/optimizer/adamw.hpp"
#include "llava/support/json.hpp"

namespace llava {

/// Host copies of parameters as tensors of a file. `names` prefixes each name.
template <class Real>
class tensor_list {
 public:
  void add(std::string name, std::vector<index_t> shape, buffer<Real> const& values)
  {
    values_.push_back(download(values));
    tensors_.push_back(make_tensor<Real>(std::move(name), std::move(shape), values_.back()));
  }
  std::vector<named_tensor> const& tensors() const { return tensors_; }

 private:
  std::deque<std::vector<Real>> values_;  // a deque: the tensors borrow from it as it grows
  std::vector<named_tensor> tensors_;
};

/// Writes the state after adam.steps steps; `position` comes back from load_checkpoint.
template <class Real>
void save_checkpoint(std::filesystem::path const& folder,
                     std::vector<parameter<Real>*> const& trained, adamw<Real> const& adam,
                     nlohmann::json const& position)
{
  tensor_list<Real> list;
  for (std::size_t i = 0; i < trained.size(); ++i) {
    parameter<Real> const& p = *trained[i];
    list.add(p.name, p.shape, p.values);
    list.add("adamw.first." + p.name, p.shape, adam.moments[i].first);
    list.add("adamw.second." + p.name, p.shape, adam.moments[i].second);
  }
  std::filesystem::create_directories(folder);
  write_safetensors(checkpoint_path(folder, adam.steps), list.tensors(),
                    {{"steps", std::to_string(adam.steps)}, {"position", position.dump()}});
}

/// Restores trained tensors and optimizer, and returns the position. Throws std::runtime_error for
/// a file that does not belong to this model.
template <class Real>
nlohmann::json load_checkpoint(std::filesystem::path const& file,
                               std::vector<parameter<Real>*> const& trained, adamw<Real>& adam)
{
  tensor_file const state = tensor_file::open(file);
  if (state.names().size() != 3 * trained.size()) {
    throw std::runtime_error(file.string() + ": expected " + std::to_string(3 * trained.size()) +
                             " tensors, got " + std::to_string(state.names().size()));
  }
  adam.reset(trained);
  for (std::size_t i = 0; i < trained.size(); ++i) {
    parameter<Real>& p = *trained[i];
    upload(state.load<Real>(p.name, p.shape), p.values);
    upload(state.load<Real>("adamw.first." + p.name, p.shape), adam.moments[i].first);
    upload(state.load<Real>("adamw.second." + p.name, p.shape), adam.moments[i].second);
  }
  auto const& metadata = state.metadata();
  for (char const* key : {"steps", "position"}) {
    if (!metadata.contains(key)) {
      throw std::runtime_error(file.string() + ": expected '" + key +
                               "' in its metadata, got none");
    }
  }
  nlohmann::json const position = parse_json(metadata.at("position"), file.string() + ": position");
  adam.steps = parse_json(metadata.at("steps"), file.string() + ": steps").get<index_t>();
  return position;
}

}  // namespace llava
