// SPDX-License-Identifier: MIT
#include "preference_images/part_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <span>
#include <stdexcept>

#include "llava/support/file.hpp"

namespace preference_images {

namespace fs = std::filesystem;

std::string numbered(index_t number, std::string const& extension)
{
  char text[32];
  std::snprintf(text, sizeof text, "%06lld", static_cast<long long>(number));
  return text + extension;
}

void put(fs::path const& path, std::string const& bytes)
{
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) { throw std::runtime_error(path.string() + ": writing failed"); }
}

void sync_to_disk(fs::path const& folder)
{
#ifdef __linux__
  int const handle = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle >= 0) {
    ::syncfs(handle);
    ::close(handle);
  }
#else
  static_cast<void>(folder);
  ::sync();
#endif
}

void merge_parts(fs::path const& folder, index_t parts, char mark, fs::path const& target)
{
  llava::write_file(target, [&](llava::byte_sink const& sink) {
    for (index_t part = 0; part < parts; ++part) {
      std::ifstream in(folder / numbered(part, ".jsonl"), std::ios::binary);
      for (std::string line; std::getline(in, line);) {
        if (line.empty() || line[0] != mark) { continue; }
        line += '\n';
        sink(std::as_bytes(std::span(line).subspan(1)));
      }
    }
  });
}

}  // namespace preference_images
