// SPDX-License-Identifier: MIT
#include "llava/run_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#include "llava/support/file.hpp"
#include "llava/support/json.hpp"

namespace llava {

void check_run_folder(std::filesystem::path const& folder, nlohmann::json const& options)
{
  auto const file = folder / "run.json";
  if (!std::filesystem::exists(file)) {
    if (!std::filesystem::exists(folder)) { return; }
    for (auto const& entry : std::filesystem::directory_iterator(folder)) {
      if (is_temporary_file(entry.path())) { continue; }
      throw std::runtime_error(folder.string() +
                               ": expected an empty folder or one that holds a run, got " +
                               entry.path().filename().string());
    }
    return;
  }
  nlohmann::json const kept = parse_json(read_file(file), file.string());
  for (auto const& [name, value] : options.items()) {
    if (!kept.contains(name) || kept[name] != value) {
      throw std::runtime_error(file.string() + ": this folder holds a run with " + name + " " +
                               (kept.contains(name) ? kept[name].dump() : "unset") + ", got " +
                               value.dump() + "; resume with its options or choose another folder");
    }
  }
}

run_folder::run_folder(std::filesystem::path folder, nlohmann::json const& options)
    : path_(std::move(folder))
{
  check_run_folder(path_, options);
  std::filesystem::create_directories(path_);
  handle_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle_ < 0 || ::flock(handle_, LOCK_EX | LOCK_NB) != 0) {
    std::string const reason = errno == EWOULDBLOCK ? "another process is working in it"
                                                    : std::string(std::strerror(errno));
    if (handle_ >= 0) { ::close(handle_); }
    throw std::runtime_error(path_.string() + ": cannot lock the folder: " + reason);
  }
  try {
    remove_temporary_files(path_);
    auto const file = path_ / "run.json";
    if (!std::filesystem::exists(file)) { write_file(file, options.dump(2) + "\n"); }
  } catch (...) {
    ::close(handle_);
    throw;
  }
}

run_folder::~run_folder()
{
  ::close(handle_);
}

}  // namespace llava
