// SPDX-License-Identifier: MIT
#include "llava/support/file.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace llava {
namespace {

[[noreturn]] void fail(std::filesystem::path const& path, std::string const& what, int error_number)
{
  throw std::runtime_error(path.string() + ": " + what + ": " + std::strerror(error_number));
}

constexpr char temporary_mark[] = ".tmp";  // then the number of the process

/// A file that does not exist under its final name before commit().
class temporary_file {
 public:
  explicit temporary_file(std::filesystem::path const& target)
      : target_(target), name_(target.string() + temporary_mark + std::to_string(::getpid()))
  {
    handle_ = ::open(name_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (handle_ < 0) { fail(name_, "expected a writable file", errno); }
  }
  temporary_file(temporary_file const&) = delete;
  temporary_file& operator=(temporary_file const&) = delete;
  ~temporary_file()
  {
    if (handle_ >= 0) { ::close(handle_); }
    if (!committed_) { ::unlink(name_.c_str()); }
  }

  void write(std::span<std::byte const> bytes)
  {
    while (!bytes.empty()) {
      ::ssize_t const written = ::write(handle_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) { continue; }
      if (written < 0) { fail(name_, "writing failed", errno); }
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
  }

  void commit()
  {
    if (::fsync(handle_) != 0) { fail(name_, "syncing to the disk failed", errno); }
    int const handle = handle_;
    handle_ = -1;
    if (::close(handle) != 0) { fail(name_, "closing failed", errno); }
    if (::rename(name_.c_str(), target_.c_str()) != 0) { fail(target_, "renaming failed", errno); }
    committed_ = true;
    sync_folder();
  }

 private:
  // The rename itself must reach the disk too; file systems that cannot sync a folder are let pass.
  void sync_folder() const
  {
    std::filesystem::path const folder = target_.has_parent_path() ? target_.parent_path() : ".";
    int const handle = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (handle >= 0) {
      ::fsync(handle);
      ::close(handle);
    }
  }

  std::filesystem::path target_;
  std::string name_;
  int handle_ = -1;
  bool committed_ = false;
};

}  // namespace

index_t file_bytes(std::filesystem::path const& path)
{
  std::error_code error;
  bool const is_file = std::filesystem::is_regular_file(path, error);
  if (!is_file) {
    throw std::runtime_error(path.string() + ": expected a file, got " +
                             (std::filesystem::exists(path, error) ? "something else" : "nothing"));
  }
  auto const bytes = std::filesystem::file_size(path, error);
  if (error) { throw std::runtime_error(path.string() + ": " + error.message()); }
  return static_cast<index_t>(bytes);
}

std::string read_file(std::filesystem::path const& path, index_t max_bytes)
{
  index_t const bytes = file_bytes(path);
  if (bytes > max_bytes) {
    throw std::runtime_error(path.string() + ": expected at most " + std::to_string(max_bytes) +
                             " bytes, got " + std::to_string(bytes));
  }
  std::string text(static_cast<std::size_t>(bytes), '\0');
  std::ifstream in(path, std::ios::binary);
  if (!in.read(text.data(), static_cast<std::streamsize>(bytes))) {
    throw std::runtime_error(path.string() + ": expected " + std::to_string(bytes) +
                             " readable bytes, got " + std::to_string(in.gcount()));
  }
  return text;
}

void write_file(std::filesystem::path const& path,
                std::function<void(byte_sink const&)> const& write)
{
  temporary_file file(path);
  write([&file](std::span<std::byte const> bytes) { file.write(bytes); });
  file.commit();
}

void write_file(std::filesystem::path const& path, std::string_view text)
{
  write_file(path, [text](byte_sink const& sink) {
    sink(std::as_bytes(std::span<char const>(text.data(), text.size())));
  });
}

bool is_temporary_file(std::filesystem::path const& path)
{
  std::string const extension = path.extension().string();
  std::string_view const mark = temporary_mark;
  return extension.starts_with(mark) && extension.size() > mark.size() &&
         extension.find_first_not_of("0123456789", mark.size()) == std::string::npos;
}

void remove_temporary_files(std::filesystem::path const& folder)
{
  std::vector<std::filesystem::path> found;
  for (auto const& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && is_temporary_file(entry.path())) {
      found.push_back(entry.path());
    }
  }
  for (auto const& path : found) { std::filesystem::remove(path); }
}

}  // namespace llava
