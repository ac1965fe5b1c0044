// SPDX-License-Identifier: MIT
/// \file  What a log says of a long run: how far it is, and how long it will take.

#include <chrono>
#include <sstream>
#include <string>
#include <thread>

#include "llava/report/progress.hpp"
#include "support/catch.hpp"
#include "support/errors.hpp"

TEST_CASE("durations are read at a glance", "[preference_images]")
{
  REQUIRE(llava::format_duration(-1) == "0 s");
  REQUIRE(llava::format_duration(59.4) == "59 s");
  REQUIRE(llava::format_duration(59.6) == "1 min 00 s");
  REQUIRE(llava::format_duration(185) == "3 min 05 s");
  REQUIRE(llava::format_duration(7620) == "2 h 07 min");
}

TEST_CASE("a resumed run estimates the time left from what it did itself", "[preference_images]")
{
  std::ostringstream log;
  llava::progress progress(log, "pairs", 1000, 900);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  progress.update(901);  // one in 0.1 s and 99 to go; at the rate of all 901 it would be 0.01 s
  std::string const first = log.str();
  REQUIRE(mentions(first, {"pairs  901/1000  ", " left\n"}));
  REQUIRE((mentions(first, {" min "}) || std::stoi(first.substr(first.find("1000") + 4)) >= 10));

  progress.update(902);  // a log gets a line every few seconds
  REQUIRE(log.str() == first);
  progress.finish("all");
  REQUIRE(mentions(log.str().substr(first.size()), {"pairs  1000/1000  all  in "}));
}

TEST_CASE("before the first row is done nothing is estimated", "[preference_images]")
{
  std::ostringstream log;
  llava::progress progress(log, "pairs", 10, 4);
  progress.update(4);
  REQUIRE(log.str() == "pairs  4/10\n");
}
