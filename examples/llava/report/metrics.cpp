// SPDX-License-Identifier: MIT
#include "llava/report/metrics.hpp"

#include <fstream>
#include <stdexcept>
#include <string>

#include "llava/support/file.hpp"

namespace llava {

void metrics_log::rewind(index_t step) const
{
  std::string kept;
  std::ifstream in(file_);
  for (std::string line; std::getline(in, line);) {
    auto const json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (json.is_discarded() || json.value("step", index_t{0}) > step) { break; }
    kept += line + "\n";
  }
  in.close();
  write_file(file_, kept);
}

void metrics_log::append(nlohmann::json const& line) const
{
  std::ofstream out(file_, std::ios::app);
  out << line.dump() << '\n' << std::flush;
  if (!out) { throw std::runtime_error(file_.string() + ": writing failed; is the disk full?"); }
}

}  // namespace llava
