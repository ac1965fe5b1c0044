// SPDX-License-Identifier: MIT
#include "llava/image/jpeg_decode.hpp"

#include <csetjmp>
#include <cstdio>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "llava/image/jpeg_check.hpp"
#include "llava/image/stb_decode.hpp"

#ifdef LLAVA_USE_LIBJPEG
#include <jpeglib.h>

#include <jerror.h>
#ifndef LIBJPEG_TURBO_VERSION
#error "LLAVA_USE_LIBJPEG needs libjpeg-turbo: other libjpegs give other pixels than Pillow's"
#endif
#endif

namespace llava {

bool is_jpeg(std::string_view bytes)
{
  return bytes.starts_with("\xff\xd8");
}

#ifdef LLAVA_USE_LIBJPEG

namespace {

/// libjpeg's errors jump: through its own frames, which are C, and those of `reader::run`'s steps,
/// which hold nothing that has a destructor.
struct error_state {
  jpeg_error_mgr manager{};  // first, so that libjpeg's pointer to it is one to all of this
  std::jmp_buf back{};
};

[[noreturn]] void jump_back(j_common_ptr common)
{
  std::longjmp(reinterpret_cast<error_state*>(common->err)->back, 1);
}

/// Of libjpeg's warnings, those after which pixels are made up; a progression is bogus where a scan
/// in its middle is missing.
void jump_back_if_data_are_missing(j_common_ptr common, int level)
{
  if (level >= 0) { return; }
  switch (common->err->msg_code) {
    case JWRN_ARITH_BAD_CODE:
    case JWRN_BOGUS_PROGRESSION:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_JPEG_EOF:
    case JWRN_MUST_RESYNC:
      jump_back(common);
    default:
      return;
  }
}

[[noreturn]] void refuse(std::string const& fault)
{
  throw std::runtime_error("expected a whole image, got a " + fault);
}

/// Pillow's: a product of levels, rounded.
void put_rgb(std::span<std::uint8_t const> inverted_cmyk, std::uint8_t* rgb)
{
  for (std::size_t i = 0; i < inverted_cmyk.size() / 4 * 3; ++i) {
    int const light = inverted_cmyk[i / 3 * 4 + 3];
    int const scaled = (255 - inverted_cmyk[i / 3 * 4 + i % 3]) * light + 128;
    rgb[i] = static_cast<std::uint8_t>(light - ((scaled >> 8) + scaled) / 256);
  }
}

/// One JPEG in memory. Its functions throw std::runtime_error with libjpeg's own words.
class reader {
 public:
  explicit reader(std::string_view bytes) : reader()
  {
    auto const* const data = reinterpret_cast<unsigned char const*>(bytes.data());
    auto const size = static_cast<unsigned long>(bytes.size());
    run("a sound image header", [&] {
      jpeg_mem_src(&state_, data, size);
      jpeg_read_header(&state_, TRUE);
    });
    refuse_many_coefficients();
  }
  reader(reader const&) = delete;
  reader& operator=(reader const&) = delete;
  ~reader() { jpeg_destroy_decompress(&state_); }

  byte_image header() const
  {
    return {static_cast<index_t>(state_.image_width),
            static_cast<index_t>(state_.image_height),
            state_.num_components,
            {}};
  }

  /// Rows of RGB.
  byte_image pixels()
  {
    bool const is_cmyk = state_.num_components == 4;
    state_.out_color_space = is_cmyk ? JCS_CMYK : JCS_RGB;
    run("a whole image", [&] { jpeg_start_decompress(&state_); });
    if (scans_are_missing()) { refuse("JPEG with missing scans"); }
    byte_image image = prefopt::make_byte_image(header().width, header().height, 3);
    auto const width = static_cast<std::size_t>(image.width);
    std::vector<std::uint8_t> cmyk(is_cmyk ? 4 * width : 0);  // of one row
    run("a whole image", [&] {
      while (state_.output_scanline < state_.output_height) {
        std::uint8_t* const rgb = &image.pixels[3 * width * state_.output_scanline];
        JSAMPROW row = is_cmyk ? cmyk.data() : rgb;
        jpeg_read_scanlines(&state_, &row, 1);
        put_rgb(cmyk, rgb);
      }
      jpeg_finish_decompress(&state_);
    });
    return image;
  }

 private:
  /// Apart, so that the destructor also runs when reading the header throws.
  reader()
  {
    state_.err = jpeg_std_error(&errors_.manager);
    errors_.manager.error_exit = jump_back;
    errors_.manager.emit_message = jump_back_if_data_are_missing;
    run("libjpeg", [&] { jpeg_create_decompress(&state_); });
  }

  /// libjpeg holds the coefficients of all scans where there are several, in two bytes each.
  void refuse_many_coefficients()
  {
    if (jpeg_has_multiple_scans(&state_) == FALSE) { return; }
    index_t bytes = 0;
    for (int c = 0; c < state_.num_components; ++c) {
      auto const& component = state_.comp_info[c];
      bytes += index_t{component.width_in_blocks} * component.height_in_blocks * DCTSIZE2 * 2;
    }
    if (bytes > most_jpeg_coefficient_bytes) {
      throw std::runtime_error("expected at most " +
                               std::to_string(most_jpeg_coefficient_bytes >> 20) +
                               " MiB of coefficients in a JPEG of several scans, got " +
                               std::to_string(bytes >> 20) + " MiB");
    }
  }

  /// Asked when all scans have been read. A component without any never got its quantization table;
  /// of a progressive one, every coefficient must have come down to its last bit.
  bool scans_are_missing() const
  {
    for (int c = 0; c < state_.num_components; ++c) {
      if (state_.comp_info[c].quant_table == nullptr) { return true; }
      for (int i = 0; state_.progressive_mode != FALSE && i < DCTSIZE2; ++i) {
        if (state_.coef_bits[c][i] != 0) { return true; }
      }
    }
    return false;
  }

  template <class Step>
  void run(char const* expected, Step step)
  {
    if (setjmp(errors_.back) == 0) {
      step();
      return;
    }
    bool const no_memory = errors_.manager.msg_code == JERR_OUT_OF_MEMORY;
    char words[JMSG_LENGTH_MAX];
    errors_.manager.format_message(reinterpret_cast<j_common_ptr>(&state_), words);
    if (no_memory) { throw std::bad_alloc(); }
    throw std::runtime_error(std::string("expected ") + expected + ", got one with: " + words);
  }

  error_state errors_;
  jpeg_decompress_struct state_{};
};

void refuse_faults(std::string_view bytes)
{
  std::string_view const fault = jpeg_fault(bytes);
  if (!fault.empty()) { refuse(std::string(fault)); }
}

}  // namespace

bool has_libjpeg()
{
  return true;
}

byte_image jpeg_header(std::string_view bytes)
{
  refuse_faults(bytes);
  return reader(bytes).header();
}

byte_image jpeg_pixels(std::string_view bytes)
{
  refuse_faults(bytes);
  return reader(bytes).pixels();
}

#else

bool has_libjpeg()
{
  return false;
}

byte_image jpeg_header(std::string_view bytes)
{
  return stb_header(bytes);
}

byte_image jpeg_pixels(std::string_view bytes)
{
  return stb_pixels(bytes, 3);
}

#endif

}  // namespace llava
