// SPDX-License-Identifier: MIT
/// \file  The keyword graph: topics, weights, ranks, and the whole way from tagged words.

#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <set>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <prefopt/keyword/keywords.hpp>
#include <prefopt/keyword/word_vectors.hpp>

#include "support/catch.hpp"
#include "support/errors.hpp"
#include "support/fixtures.hpp"

namespace {

using namespace prefopt;
using tag = part_of_speech;

nlohmann::json fixture(std::string const& name)
{
  std::ifstream in(keyword_fixture_dir() + "/" + name);
  REQUIRE(in);
  return nlohmann::json::parse(in);
}

/// Words "red/ADJ bench/NOUN ./PUNCT": a sentence ends behind a full stop.
std::vector<tagged_word> tagged(std::string const& text)
{
  std::vector<tagged_word> words;
  index_t sentence = 0;
  std::istringstream in(text);
  for (std::string token; in >> token;) {
    std::size_t const slash = token.rfind('/');
    words.push_back(
        {token.substr(0, slash), part_of_speech_named(token.substr(slash + 1)), sentence});
    sentence += words.back().text == "." ? 1 : 0;
  }
  return words;
}

/// The phrases of the golden file at its positions; the words between them are ours.
std::vector<tagged_word> golden_text()
{
  return tagged(
      "The/DET image/NOUN shows/VERB a/DET brown/ADJ dog/NOUN on/ADP a/DET wooden/ADJ bench/NOUN "
      "./PUNCT The/DET brown/ADJ dog/NOUN looks/VERB at/ADP a/DET red/ADJ fire/NOUN hydrant/NOUN "
      "./PUNCT The/DET bench/NOUN and/CCONJ the/DET fire/NOUN hydrant/NOUN are/AUX in/ADP the/DET "
      "park/NOUN ./PUNCT");
}

keyword_candidate candidate(std::string const& text, std::vector<index_t> positions)
{
  keyword_candidate c{text, {}, std::move(positions)};
  std::istringstream in(text);
  for (std::string word; in >> word;) { c.stems.push_back(porter_stem(word)); }
  return c;
}

std::string joined(std::vector<std::string> const& stems)
{
  std::string key;
  for (auto const& s : stems) { key += (key.empty() ? "" : " ") + s; }
  return key;
}

}  // namespace

TEST_CASE("MultipartiteRank gives pke's candidates, topics, edges and weights", "[keyword]")
{
  auto const golden = fixture("pke_multipartite_golden.json");
  auto const options = multipartite_rank_options();
  auto const words = golden_text();
  auto const candidates = keyword_candidates(words, options.candidates);
  REQUIRE(candidates.size() == golden["candidates"].size());
  for (auto const& c : candidates) {
    auto const& want = golden["candidates"].at(joined(c.stems));
    CHECK(want[0].get<std::vector<std::string>>() == c.stems);
    CHECK(want[1].get<std::vector<index_t>>() == c.positions);
  }

  auto const topics = keyword_topics(candidates, options.topic_threshold);
  std::map<index_t, std::set<std::string>> members;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    members[topics[i]].insert(joined(candidates[i].stems));
  }
  std::set<std::set<std::string>> got, want;
  for (auto const& [topic, names] : members) { got.insert(names); }
  for (auto const& names : golden["topics"]) { want.insert(names.get<std::set<std::string>>()); }
  CHECK(got == want);

  auto const weights = keyword_graph(candidates, topics, options.graph);
  std::size_t edges = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    for (std::size_t j = 0; j < candidates.size(); ++j) {
      double const w = weights[i * candidates.size() + j];
      if (w == 0) { continue; }
      ++edges;
      double const expected =
          golden["edges"].at(joined(candidates[i].stems) + "->" + joined(candidates[j].stems));
      CHECK(w == Approx(expected).epsilon(1e-12));
    }
  }
  CHECK(edges == golden["edges"].size());

  auto const ranking = rank_keywords(words, options);
  REQUIRE(ranking.converged);
  REQUIRE(ranking.keywords.size() == golden["nbest"].size());
  for (std::size_t k = 0; k < ranking.keywords.size(); ++k) {
    CHECK(ranking.keywords[k].text == golden["nbest"][k][0].get<std::string>());
    CHECK(std::abs(ranking.keywords[k].weight - golden["nbest"][k][1].get<double>()) < 1e-6);
  }
}

TEST_CASE("average linkage merges the nearest and compares means with the threshold", "[keyword]")
{
  std::vector<double> const d{0, .5, .7, .5, 0, .9, .7, .9, 0};  // mean of {0, 1} to 2: 0.8
  CHECK(average_linkage(d, 3, 0.4) == std::vector<index_t>{0, 1, 2});
  CHECK(average_linkage(d, 3, 0.5) == std::vector<index_t>{0, 0, 1});
  CHECK(average_linkage(d, 3, 0.79) == std::vector<index_t>{0, 0, 1});
  CHECK(average_linkage(d, 3, 0.81) == std::vector<index_t>{0, 0, 0});
  // Three at equal distance: the first two go first, and the third is as far from them as before.
  std::vector<double> const equal{0, .6, .6, .6, 0, .6, .6, .6, 0};
  CHECK(average_linkage(equal, 3, 0.6) == std::vector<index_t>{0, 0, 0});
  // 1 and 2 are nearest; 0 joins neither: (0.7 + 0.9) / 2.
  std::vector<double> const later{0, .7, .9, .7, 0, .1, .9, .1, 0};
  CHECK(average_linkage(later, 3, 0.75) == std::vector<index_t>{0, 1, 1});
  CHECK(average_linkage({}, 0, 0.74).empty());
  CHECK(average_linkage(std::vector<double>{0}, 1, 0.74) == std::vector<index_t>{0});
  CHECK_THROWS_AS(average_linkage(d, 2, 0.5), std::invalid_argument);
}

TEST_CASE("average linkage agrees with a search over all pairs", "[keyword]")
{
  // Distances from a counter hash; the check recomputes every mean from the members.
  for (index_t n : {2, 3, 7, 13, 24}) {
    auto const count = static_cast<std::size_t>(n);
    std::vector<double> d(count * count, 0.0);
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        auto const h = (i * 2654435761u + j * 40503u + count) % 1009u;
        d[i * count + j] = d[j * count + i] = 0.1 + 0.9 * static_cast<double>(h) / 1009;
      }
    }
    for (double threshold : {0.2, 0.5, 0.55, 0.7}) {
      std::vector<std::vector<std::size_t>> clusters;
      for (std::size_t i = 0; i < count; ++i) { clusters.push_back({i}); }
      while (clusters.size() > 1) {
        std::size_t a = 0, b = 0;
        double best = std::numeric_limits<double>::infinity();
        for (std::size_t x = 0; x < clusters.size(); ++x) {
          for (std::size_t y = x + 1; y < clusters.size(); ++y) {
            double sum = 0;
            for (auto const i : clusters[x]) {
              for (auto const j : clusters[y]) { sum += d[i * count + j]; }
            }
            double const mean = sum / static_cast<double>(clusters[x].size() * clusters[y].size());
            if (mean < best) { best = mean, a = x, b = y; }
          }
        }
        if (best > threshold) { break; }
        clusters[a].insert(clusters[a].end(), clusters[b].begin(), clusters[b].end());
        clusters.erase(clusters.begin() + static_cast<std::ptrdiff_t>(b));
      }
      auto const labels = average_linkage(d, n, threshold);
      std::set<index_t> distinct(labels.begin(), labels.end());
      CHECK(distinct.size() == clusters.size());
      for (auto const& members : clusters) {
        for (auto const i : members) { CHECK(labels[i] == labels[members[0]]); }
      }
    }
  }
}

TEST_CASE("the distance of phrases counts stems that differ", "[keyword]")
{
  CHECK(stem_distance(candidate("wooden bench", {0}), candidate("benches", {2})) == 0.5);
  CHECK(stem_distance(candidate("red fire hydrant", {0}), candidate("fire hydrants", {4})) ==
        Approx(1.0 / 3));
  CHECK(stem_distance(candidate("dog", {0}), candidate("dogs", {1})) == 0);
  CHECK(stem_distance(candidate("dog", {0}), candidate("cat", {1})) == 1);
  CHECK(stem_distance(candidate("cup cup", {0}), candidate("cup", {3})) == 1);  // counts differ
}

TEST_CASE("the weights of MFPO's graph are those worked by hand", "[keyword]")
{
  std::vector<keyword_candidate> const pair{candidate("dog", {0, 4}), candidate("bench", {2})};
  std::vector<index_t> const topics{0, 1};
  keyword_graph_options plain{.phi = 2, .gamma = 0, .lambda = 0, .boost = 0};
  auto w = keyword_graph(pair, topics, plain);
  CHECK(w == std::vector<double>{0, 0.4, 0.4, 0});  // twice 1 / (1 + 2^2)

  plain.phi = 1;
  plain.gamma = 0.5;
  auto const half = [](std::string_view, std::string_view) { return 0.5; };
  w = keyword_graph(pair, topics, plain, half);
  CHECK(w[1] == Approx(2.0 / 3 + 0.25));

  auto const opposite = [](std::string_view, std::string_view) { return -5.0; };
  CHECK(keyword_graph(pair, topics, plain, opposite)[1] == 0);  // negative weights count as 0

  plain.gamma = 0;
  plain.lambda = 0.1;
  w = keyword_graph(pair, topics, plain);
  CHECK(w[1] == Approx(2.0 / 3));                   // first at 0
  CHECK(w[2] == Approx(2.0 / 3 * std::exp(-0.2)));  // at 2
  plain.kappa = decay_position::last;
  CHECK(keyword_graph(pair, topics, plain)[1] == Approx(2.0 / 3 * std::exp(-0.4)));
  plain.kappa = decay_position::mean;
  CHECK(keyword_graph(pair, topics, plain)[1] == Approx(2.0 / 3 * std::exp(-0.2)));

  std::vector<index_t> const same{0, 0};
  CHECK(keyword_graph(pair, same, plain) == std::vector<double>(4, 0.0));
  plain.edges_inside_topics = true;
  CHECK(keyword_graph(pair, same, plain)[1] > 0);
}

TEST_CASE("the gap of two phrases starts where the earlier one ends", "[keyword]")
{
  std::vector<keyword_candidate> const pair{candidate("fire hydrant", {0}), candidate("dog", {5})};
  std::vector<index_t> const topics{0, 1};
  keyword_graph_options const gap{
      .position = position_weight::gap, .gamma = 0, .lambda = 0, .boost = 0};
  CHECK(keyword_graph(pair, topics, gap)[1] == 0.25);
  std::vector<keyword_candidate> const touching{candidate("fire hydrant", {0}),
                                                candidate("dog", {1})};
  CHECK(keyword_graph(touching, topics, gap)[1] == 1);
}

TEST_CASE("related words pull to the first of their topic", "[keyword]")
{
  // Topic 0: 'wooden bench' at 0 and 'bench' at 6; 'dog' at 3.
  std::vector<keyword_candidate> const three{candidate("wooden bench", {0}), candidate("dog", {3}),
                                             candidate("bench", {6})};
  std::vector<index_t> const topics{0, 1, 0};
  keyword_graph_options const o{.gamma = 0, .lambda = 0, .boost = 2};
  auto const w = keyword_graph(three, topics, o);
  CHECK(w[0 * 3 + 1] == 0.25);
  CHECK(w[1 * 3 + 0] == Approx(0.25 + 2 * std::exp(1.0) * 0.25));
  CHECK(w[1 * 3 + 2] == 0.25);
  CHECK(w[2 * 3 + 1] == 0.25);
}

TEST_CASE("ranks of small graphs are those worked by hand", "[keyword]")
{
  double const a = 0.85, e = std::exp(0.3);
  // w_01 = 1, w_10 = exp(-0.3): in the printed orientation the decay of the row stays.
  std::vector<double> const pair{0, 1, 1 / e, 0};
  page_rank_options exact{.update = rank_update::printed, .tolerance = 1e-14};
  auto r = page_rank(pair, 2, exact);
  REQUIRE(r.converged);
  CHECK(r.rank[0] == Approx((1 - a) * (1 + a * e) / (1 - a * a)).epsilon(1e-12));
  CHECK(r.rank[1] == Approx((1 - a) * (1 + a / e) / (1 - a * a)).epsilon(1e-12));
  // In TextRank's it cancels.
  exact.update = rank_update::text_rank;
  r = page_rank(pair, 2, exact);
  CHECK(r.rank[0] == Approx(1).epsilon(1e-12));
  CHECK(r.rank[1] == Approx(1).epsilon(1e-12));
  // 0 -> 1 and nothing from 1: half of what 1 has comes back.
  std::vector<double> const dangling{0, 3, 0, 0};
  exact.update = rank_update::page_rank;
  r = page_rank(dangling, 2, exact);
  CHECK(r.rank[0] == Approx(0.5 / 1.425).epsilon(1e-12));
  CHECK(r.rank[0] + r.rank[1] == Approx(1).epsilon(1e-12));
  // The other two pass nothing on.
  exact.update = rank_update::text_rank;
  r = page_rank(dangling, 2, exact);
  CHECK(r.rank[0] == Approx(0.15));
  CHECK(r.rank[1] == Approx(0.15 + 0.85 * 0.15));
  exact.update = rank_update::printed;
  r = page_rank(dangling, 2, exact);
  CHECK(r.rank[0] == Approx(0.15));  // 1 has no weight to share by
  CHECK(r.rank[1] == Approx(0.15));
}

TEST_CASE("the printed update solves its equation where rows span many decades", "[keyword]")
{
  index_t const n = 40;
  std::vector<double> w(static_cast<std::size_t>(n * n));
  std::vector<double> sum(static_cast<std::size_t>(n));
  for (index_t i = 0; i < n; ++i) {
    for (index_t j = 0; j < n; ++j) {
      double const tau = i == j ? 0 : 1.0 / (1.0 + static_cast<double>((i * 7 + j * 3) % 11));
      w[static_cast<std::size_t>(i * n + j)] = tau * std::exp(-0.5 * static_cast<double>(i));
      sum[static_cast<std::size_t>(i)] += w[static_cast<std::size_t>(i * n + j)];
    }
  }
  page_rank_options const o{.update = rank_update::printed};
  auto const r = page_rank(w, n, o);
  REQUIRE(r.converged);
  CHECK(r.iterations <= 100);
  double largest = 0;
  for (index_t i = 0; i < n; ++i) {
    largest =
        std::max(largest, r.rank[static_cast<std::size_t>(i)] / sum[static_cast<std::size_t>(i)]);
  }
  for (index_t i = 0; i < n; ++i) {
    auto const at = static_cast<std::size_t>(i);
    double right = 0.15;
    for (index_t j = 0; j < n; ++j) {
      auto const k = static_cast<std::size_t>(j);
      right += 0.85 * w[static_cast<std::size_t>(i * n + j)] / sum[k] * r.rank[k];
    }
    // One more step changes each node by no more than the tolerance says, in its own scale.
    CHECK(std::abs(right - r.rank[at]) <= o.tolerance * largest * sum[at]);
  }
}

TEST_CASE("iteration stops at its bound and says so", "[keyword]")
{
  std::vector<double> const w{0, 1, 0, 0, 0, 2, 5, 1, 0};
  for (auto const update : {rank_update::printed, rank_update::text_rank, rank_update::page_rank}) {
    page_rank_options o{.update = update, .max_iterations = 1};
    auto const r = page_rank(w, 3, o);
    CHECK(r.iterations == 1);
    CHECK_FALSE(r.converged);
    o.max_iterations = 200;
    CHECK(page_rank(w, 3, o).converged);
  }
  CHECK(page_rank({}, 0).rank.empty());
  CHECK(page_rank({}, 0).converged);
}

TEST_CASE("ranking refuses what has no meaning and names it", "[keyword]")
{
  double const nan = std::numeric_limits<double>::quiet_NaN();
  auto const rank = [](std::vector<double> const& w, page_rank_options const& o) {
    return error_of<std::invalid_argument>([&] { page_rank(w, 2, o); });
  };
  CHECK(mentions(rank({0, -1, 1, 0}, {}), {"edge 0 -> 1", "not negative"}));
  CHECK(mentions(rank({0, 1, nan, 0}, {}), {"edge 1 -> 0", "nan"}));
  CHECK(mentions(rank({0, 1}, {}), {"weights", "4 elements", "2"}));
  CHECK(mentions(rank({0, 1, 1, 0}, {.damping = 1}), {"damping"}));
  CHECK(mentions(rank({0, 1, 1, 0}, {.damping = nan}), {"damping"}));
  CHECK(mentions(rank({0, 1, 1, 0}, {.tolerance = 0}), {"tolerance"}));
  CHECK(
      mentions(rank({0, 1e308, 1e-308, 0}, {.update = rank_update::printed}), {"node 1", "1e300"}));
  CHECK(mentions(rank({1e308, 1e308, 1, 0}, {}), {"node 0", "finite"}));

  std::vector<keyword_candidate> const pair{candidate("dog", {0}), candidate("bench", {2})};
  std::vector<index_t> const topics{0, 1};
  auto const graph = [&](keyword_graph_options const& o) {
    return error_of<std::invalid_argument>([&] { keyword_graph(pair, topics, o); });
  };
  CHECK(mentions(graph({.phi = 0}), {"phi", "positive"}));
  CHECK(mentions(graph({.gamma = -1}), {"gamma"}));
  CHECK(mentions(graph({.lambda = nan}), {"lambda"}));
  CHECK(mentions(graph({.lambda = 201}), {"lambda", "600"}));
  CHECK(mentions(graph({.boost = -1}), {"boost"}));
  auto const no_number = [&](std::string_view, std::string_view) { return nan; };
  CHECK(mentions(error_of<std::invalid_argument>(
                     [&] { keyword_graph(pair, topics, keyword_graph_options{}, no_number); }),
                 {"'dog'", "'bench'", "nan"}));
  CHECK_THROWS_AS(keyword_graph(pair, std::span(topics).first(1)), std::invalid_argument);
}

TEST_CASE("captions with no, one or equal keywords have a clear ranking", "[keyword]")
{
  english_tagger const tagger;
  for (char const* empty : {"", "   \n\t", "...!?", "Yes.", "It is.", "\xff\xfe"}) {
    auto const r = rank_keywords(empty, tagger);
    CHECK(r.keywords.empty());
    CHECK(r.converged);
    CHECK(r.top(5).empty());
  }
  auto const one = rank_keywords("Dog", tagger);
  REQUIRE(one.keywords.size() == 1);
  CHECK(one.keywords[0].text == "dog");
  CHECK(one.keywords[0].weight == Approx(0.15));
  CHECK(rank_keywords("Dog", tagger, multipartite_rank_options()).keywords[0].weight == Approx(1));
  CHECK(one.top(-1).empty());
  CHECK(one.top(3).size() == 1);

  // With neither decay nor similarity two words rank the same; the earlier one comes first.
  keyword_options even;
  even.graph.lambda = 0;
  auto const tie = rank_keywords(tagged("zebra/NOUN and/CCONJ apple/NOUN"), even);
  REQUIRE(tie.keywords.size() == 2);
  CHECK(tie.keywords[0].weight == tie.keywords[1].weight);
  CHECK(tie.keywords[0].text == "zebra");
}

TEST_CASE("of one topic only the best keyword is left, unless all are asked for", "[keyword]")
{
  auto const words = golden_text();
  keyword_options o;
  std::set<index_t> topics;
  for (auto const& k : rank_keywords(words, o).keywords) { CHECK(topics.insert(k.topic).second); }
  CHECK(topics.size() == 3);  // bench, hydrant, dog; 'image' and 'park' are not things
  o.one_per_topic = false;
  o.candidates.not_keywords = {};
  CHECK(rank_keywords(words, o).keywords.size() == 7);
}

TEST_CASE("single words can be the nodes", "[keyword]")
{
  candidate_options o{.shape = candidate_shape::noun};
  auto const c = keyword_candidates(golden_text(), o);
  REQUIRE(c.size() == 4);
  CHECK(c[0].text == "dog");
  CHECK(c[0].positions == std::vector<index_t>{5, 13});
  CHECK(c[2].text == "fire");
}

TEST_CASE("a run ends with its sentence and its last noun", "[keyword]")
{
  auto const c =
      keyword_candidates(tagged("red/ADJ bus/NOUN empty/ADJ ./PUNCT Bench/NOUN ./PUNCT blue/ADJ"));
  REQUIRE(c.size() == 2);
  CHECK(c[0].text == "red bus");
  CHECK(c[1].text == "bench");
  candidate_options const run{.shape = candidate_shape::adjacent_run, .not_keywords = {}};
  auto const all = keyword_candidates(tagged("red/ADJ bus/NOUN empty/ADJ ./PUNCT blue/ADJ"), run);
  REQUIRE(all.size() == 2);
  CHECK(all[0].text == "red bus empty");
  CHECK(all[1].text == "blue");
}

TEST_CASE("candidates with marks, single letters, too many words or function words are dropped",
          "[keyword]")
{
  CHECK(keyword_candidates(tagged("b/NOUN x_y/NOUN ./PUNCT 'tis/NOUN ./PUNCT ox/NOUN")).empty());
  CHECK(keyword_candidates(tagged("a/ADJ b/ADJ bus/NOUN")).empty());
  CHECK(keyword_candidates(tagged("big/ADJ old/ADJ red/ADJ long/ADJ city/ADJ bus/NOUN")).empty());
  CHECK(keyword_candidates(tagged("both/ADJ dogs/NOUN")).empty());
  CHECK(keyword_candidates(tagged("t-shirt/NOUN")).size() == 1);
}

TEST_CASE("word vectors make words of one meaning hold together", "[keyword]")
{
  std::map<std::string, std::vector<float>, std::less<>> const table{
      {"dog", {1, 0}}, {"puppy", {0.8F, 0.6F}}, {"car", {0, 1}}, {"zero", {0, 0}}};
  auto const lookup = [&](std::string_view word) {
    auto const at = table.find(word);
    return at == table.end() ? std::span<float const>() : std::span<float const>(at->second);
  };
  word_vector_similarity<decltype(lookup)> const similarity{lookup};
  CHECK(similarity("dog", "puppy") == Approx(0.8));
  CHECK(similarity("dog", "car") == 0);
  CHECK(similarity("dog", "unicorn") == 0);
  CHECK(similarity("dog", "zero") == 0);
  CHECK(similarity("dog car", "dog unicorn") == Approx(std::sqrt(0.5)));
  std::vector<float> const x{1, 2}, y{1, 2, 3};
  CHECK_THROWS_AS(cosine_similarity(x, y), std::invalid_argument);

  auto const words = tagged("dog/NOUN ./PUNCT car/NOUN ./PUNCT puppy/NOUN");
  keyword_options o;
  o.graph.lambda = 0;
  double const without = rank_keywords(words, o).keywords[0].weight;
  CHECK(rank_keywords(words, o).keywords[0].text == "car");  // in the middle
  auto const with = rank_keywords(words, o, similarity);
  CHECK(with.keywords[0].text == "puppy");
  CHECK(with.keywords[0].weight > without);
}

TEST_CASE("a long text is ranked in bounded memory or refused by name", "[keyword]")
{
  english_tagger const tagger;
  std::string repeated;
  for (int k = 0; k < 4000; ++k) { repeated += "A brown dog chases the red ball near a tree. "; }
  keyword_options o;
  CHECK(mentions(error_of<std::invalid_argument>([&] { rank_keywords(repeated, tagger, o); }),
                 {"lambda", "600"}));
  o.graph.lambda = 0.001;
  auto const r = rank_keywords(repeated, tagger, o);
  CHECK(r.keywords.size() == 3);
  CHECK(r.converged);

  std::string distinct;
  for (int k = 0; k < 300; ++k) {
    distinct += std::string(1, static_cast<char>('a' + k % 26)) + "zq" +
                static_cast<char>('b' + k / 26) + "k and ";
  }
  o.max_candidates = 299;
  CHECK(mentions(error_of<std::invalid_argument>([&] { rank_keywords(distinct, tagger, o); }),
                 {"candidates", "at most 299", "300"}));
  o.max_candidates = 300;
  CHECK(rank_keywords(distinct, tagger, o).keywords.size() == 300);
}

TEST_CASE("any bytes are ranked without a fault, the same each time", "[keyword]")
{
  english_tagger const tagger;
  std::uint64_t state = 12345;
  for (int round = 0; round < 500; ++round) {
    std::string text;
    for (int k = 0; k < round % 97; ++k) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      auto const draw = static_cast<unsigned>(state >> 40);
      // Half of the bytes from what texts are made of, for longer words and more sentences.
      text += (draw & 1u) != 0 ? static_cast<char>(draw >> 1)
                               : "aets d.-'\xE2\x80\x99\n"[(draw >> 1) % 13];
    }
    auto const a = rank_keywords(text, tagger), b = rank_keywords(text, tagger);
    REQUIRE(a.keywords.size() == b.keywords.size());
    for (std::size_t k = 0; k < a.keywords.size(); ++k) {
      REQUIRE(std::isfinite(a.keywords[k].weight));
      REQUIRE(a.keywords[k].weight == b.keywords[k].weight);
      REQUIRE(a.keywords[k].text == b.keywords[k].text);
    }
  }
}
