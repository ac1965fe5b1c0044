// SPDX-License-Identifier: MIT
#pragma once
/// \file  The result of a run in the layouts that other programs load: a PEFT adapter, or a
/// checkpoint as Hugging Face keeps it.

#include <filesystem>
#include <string>

#include "llava/checkpoint/config.hpp"
#include "llava/checkpoint/run_state.hpp"
#include "llava/checkpoint/safetensors.hpp"
#include "llava/model/llava.hpp"
#include "llava/options.hpp"
#include "llava/support/file.hpp"

namespace llava {

/// Writes adapter_model.safetensors and adapter_config.json. The module paths are those from before
/// transformers 4.52, which newer versions map on loading.
template <class Real>
void export_adapter(std::filesystem::path const& folder, llava_model<Real>& model,
                    run_options const& options)
{
  tensor_list<Real> list;
  for (parameter<Real> const* p : model.adapter_parameters()) {
    list.add("base_model.model." + p->name, p->shape, p->values);
  }
  nlohmann::json whole_modules = nullptr;
  for (parameter<Real> const* p : model.trained()) {
    if (p->name.starts_with("multi_modal_projector.")) {
      list.add("base_model.model." + p->name, p->shape, p->values);
      whole_modules = {"multi_modal_projector"};
    }
  }
  std::filesystem::create_directories(folder);
  write_safetensors(folder / "adapter_model.safetensors", list.tensors());
  nlohmann::json const config = {
      {"peft_type", "LORA"},
      {"task_type", "CAUSAL_LM"},
      {"base_model_name_or_path", std::filesystem::absolute(options.model).string()},
      {"r", options.lora_rank},
      {"lora_alpha", options.lora_alpha},
      {"lora_dropout", 0.0},
      {"bias", "none"},
      {"target_modules", R"(.*language_model.*\.(q|k|v|o|gate|up|down)_proj)"},
      {"fan_in_fan_out", false},
      {"inference_mode", true},
      {"init_lora_weights", true},
      {"modules_to_save", whole_modules}};
  write_file(folder / "adapter_config.json", config.dump(2) + "\n");
}

/// Writes the weights (adapters, if any, left out) as model.safetensors.
template <class Real>
void export_weights(std::filesystem::path const& folder, llava_model<Real> const& model)
{
  tensor_list<Real> list;
  for (parameter<Real> const& p : model.parameters()) {
    bool const adapter = p.name.find(".lora_") != std::string::npos;
    if (!adapter) { list.add(p.name, p.shape, p.values); }
  }
  write_safetensors(folder / "model.safetensors", list.tensors());
}

/// Writes a whole checkpoint: what `base` holds beside its weights (configurations, tokenizer, chat
/// template), and the weights last, so that a folder with weights is complete.
template <class Real>
void export_model(std::filesystem::path const& folder, llava_model<Real> const& model,
                  std::filesystem::path const& base)
{
  std::filesystem::create_directories(folder);
  for (auto const& entry : std::filesystem::directory_iterator(base)) {
    auto const& path = entry.path();
    bool const described = path.extension() == ".json" || path.extension() == ".jinja" ||
                           path.extension() == ".model" || path.extension() == ".txt";
    bool const index = path.filename().string().ends_with(".index.json");
    if (described && !index) { write_file(folder / path.filename(), read_file(path)); }
  }
  export_weights(folder, model);
}

}  // namespace llava
