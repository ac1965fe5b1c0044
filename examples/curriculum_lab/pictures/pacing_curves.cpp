// SPDX-License-Identifier: MIT
#include <cmath>

#include "curriculum_lab/pictures/pictures.hpp"
#include "curriculum_lab/plan/pacings.hpp"

namespace curriculum_lab {

std::string pacing_curves_picture(std::vector<std::string> const& names,
                                  std::vector<std::string> const& parameter_list)
{
  std::vector<entry<pacing_maker>> chosen(pacings().begin(), pacings().end());
  if (!names.empty()) {
    chosen.clear();
    for (auto const& name : names) { chosen.push_back(find(pacings(), name, "--pacing")); }
  }
  canvas to(720, 330, "pacing functions: the open share over the run");
  to.text(14, 22, "pacing functions", "e");
  plot const on{68,
                40,
                440,
                240,
                {"progress of the run", 0, 1, false, true},
                {"share of the ranking that is open", 0, 1, false, true}};
  draw_grid(to, on);

  keeper values;
  parameters given(parameter_list);
  constexpr int points = 110;
  std::size_t index = 0;
  for (auto const& pacing : chosen) {
    parameters own(parameter_list);  // so that its parameters are its own
    auto const share = pacing.make(values, own, std::nullopt);
    pacing.make(values, given, std::nullopt);
    std::string const look = "c" + std::to_string(index % 7 + 1);
    polyline curve;
    for (int i = 0; i <= points; ++i) {
      double const t = static_cast<double>(i) / points;
      double const y = share(t);
      if (!(y >= 0 && y <= 1)) {
        fail(pacing.name, "a share in [0, 1] at " + std::to_string(t), std::to_string(y));
      }
      bool const jumps = pacing.name == std::string("step_pacing");
      jumps ? curve.step_to(on.px(t), on.py(y)) : curve.to(on.px(t), on.py(y));
    }
    curve.to(on.right(), on.py(share(1)));
    to.path(curve.data(), look);

    double const y = on.top + 12 + 34 * static_cast<double>(index);
    legend(to, 526, y).line(look, pacing.name);
    std::string text;
    for (auto const& p : own.known()) {
      text += (text.empty() ? "" : ", ") + p.name + " " + p.value;
    }
    to.text(553, y + 14, text, "n");
    ++index;
  }
  given.require_all_known("these pacing functions");
  draw_axes(to, on);
  return to.svg();
}

}  // namespace curriculum_lab
