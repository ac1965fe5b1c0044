// SPDX-License-Identifier: MIT
#include "llava/image/jpeg_decode.hpp"

#include <csetjmp>
#include <cstdio>
#include <new>
#include <stdexcept>
#include <string>

#include "llava/image/jpeg_check.hpp"
#include "llava/image/stb_decode.hpp"

#ifdef LLAVA_USE_LIBJPEG
#include <jpeglib.h>

#include <jerror.h>
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

/// Of libjpeg's warnings, those after which pixels are made up.
void jump_back_if_data_are_missing(j_common_ptr common, int level)
{
  if (level >= 0) { return; }
  switch (common->err->msg_code) {
    case JWRN_ARITH_BAD_CODE:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_JPEG_EOF:
    case JWRN_MUST_RESYNC:
      jump_back(common);
    default:
      return;
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

  /// Rows of RGB, or of CMYK.
  byte_image pixels()
  {
    int const channels = state_.num_components == 4 ? 4 : 3;
    state_.out_color_space = channels == 4 ? JCS_CMYK : JCS_RGB;
    byte_image image = prefopt::make_byte_image(header().width, header().height, channels);
    auto const row_bytes = static_cast<std::size_t>(image.width * channels);
    run("a whole image", [&] {
      jpeg_start_decompress(&state_);
      while (state_.output_scanline < state_.output_height) {
        JSAMPROW row = &image.pixels[state_.output_scanline * row_bytes];
        jpeg_read_scanlines(&state_, &row, 1);
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
  if (!fault.empty()) {
    throw std::runtime_error("expected a whole image, got a " + std::string(fault));
  }
}

/// Pillow's: a product of levels, rounded.
byte_image rgb_of_inverted_cmyk(byte_image const& cmyk)
{
  byte_image rgb = prefopt::make_byte_image(cmyk.width, cmyk.height, 3);
  for (std::size_t i = 0; i < rgb.pixels.size(); ++i) {
    int const light = cmyk.pixels[i / 3 * 4 + 3];
    int const scaled = (255 - cmyk.pixels[i / 3 * 4 + i % 3]) * light + 128;
    rgb.pixels[i] = static_cast<std::uint8_t>(light - ((scaled >> 8) + scaled) / 256);
  }
  return rgb;
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
  byte_image image = reader(bytes).pixels();
  return image.channels == 4 ? rgb_of_inverted_cmyk(image) : image;
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
