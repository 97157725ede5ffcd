// Own code: help2man makes a page of what one --help prints, and this page holds every command with its options.
// The commands of the page come from the definitions; the rest, which no definition holds, stands here.
#include "app/generate/generate.h"

namespace aecomp {
namespace {

constexpr const char* kDescription = R"(.SH DESCRIPTION
.B aecomp
is a learned image codec.
It compresses images to
.I .aec
files with a convolutional autoencoder that runs on plain CPUs, restores them, and trains models for kinds of images of
your own.
A model is linked into the program, so that no other file is needed.
.PP
Standard output carries what was asked for and nothing else; all talk is on standard error.
The name
.B \-
is standard input or standard output.
An existing output is refused unless
.B \-f
is given, and outputs are written whole or not at all.
One bad file does not stop the others of a batch.
)";

constexpr const char* kRest = R"(.SH EXIT STATUS
The codes from 3 on are for runs with a single input.
.TP
.B 0
All done.
.TP
.B 1
Some file of a batch failed.
.TP
.B 2
Wrong usage or plan; nothing was written.
.TP
.B 3
An input cannot be read or is not an image.
.TP
.B 4
A corrupt or truncated
.I .aec
file.
.TP
.B 5
A model is missing, broken or not the one that the file names.
.TP
.B 6
An output cannot be written.
.TP
.B 7
Training diverged, with halved learning rates too: a loss or gradient was not finite, or the loss rose by half.
.TP
.B 8
Memory does not suffice.
.TP
.B 130
Interrupted by Ctrl-C or by one of the signals
.BR SIGTERM ", " SIGQUIT ", " SIGHUP " and " SIGXCPU .
.SH ENVIRONMENT
.TP
.B AECOMP_MODEL_PATH
Folders and files, with colons between, in which models are looked for.
.TP
.B XDG_DATA_HOME
Where models lie that
.B aecomp model install
has put in place: in
.I aecomp/models
there;
.I ~/.local/share
when it is not set.
.SH FILES
.TP
.I *.aec
Compressed images.
Each names the model that it was made with and cannot be restored with another.
.TP
.I *.aecm
Models: safetensors files with architecture, weights and integer tables.
.SH EXAMPLES
.TP
.B aecomp compress photo.png
Makes
.IR photo.aec .
.TP
.B aecomp compress \-q 30 *.jpg \-O small/
Compresses many images, smaller than usual.
.TP
.B aecomp compress \-\-size 50000 photo.png
The best file of at most 50000 bytes.
.TP
.B aecomp decompress photo.aec \-o back.png
Restores the image.
.TP
.B aecomp decompress \- \-\-format ppm <photo.aec | pnmtojpeg >photo.jpg
Restores within a pipe.
.TP
.B aecomp train my_images/ \-\-time 8h \-o mine.aecm
Trains a model overnight; then
.B aecomp compress scan.png \-m mine.aecm
uses it.
.SH SEE ALSO
.BR cwebp (1),
.BR avifenc (1),
.BR cjxl (1)
)";

/// Text that means itself: no macros at the start of a line, hyphens that can be copied, no escapes.
std::string Plain(const std::string& text) {
  std::string plain;
  for (const char c : text) {
    if (c == '\\') {
      plain += "\\e";
    } else if (c == '-') {
      plain += "\\-";
    } else if (c == '\n') {
      plain += ' ';
    } else {
      if (plain.empty() && (c == '.' || c == '\'')) plain += "\\&";
      plain += c;
    }
  }
  return plain;
}

std::string Bold(const std::string& text) { return "\\fB" + Plain(text) + "\\fR"; }
std::string Italic(const std::string& text) { return "\\fI" + Plain(text) + "\\fR"; }

template <class Format>
std::string List(const std::vector<std::string>& items, Format format) {
  std::string list;
  for (size_t i = 0; i < items.size(); ++i) list += (i > 0 ? ", " : "") + format(items[i]);
  return list;
}

std::string Sentence(const std::string& text) {
  const std::string plain = Plain(text);
  return plain.empty() || plain.back() == '.' ? plain : plain + ".";
}

std::string OptionText(const OptionDoc& option) {
  std::string text = ".TP\n" + List(option.names, Bold);
  if (!option.argument.empty()) text += (option.names.empty() ? "" : " ") + Italic(option.argument);
  if (option.repeats) text += " ...";
  text += "\n" + Sentence(option.help) + "\n";
  if (!option.choices.empty()) text += "One of " + List(option.choices, Bold) + ".\n";
  if (!option.range.empty() && option.help.find(option.range) == std::string::npos)
    text += "From " + Plain(option.range) + ".\n";
  if (!option.default_value.empty()) text += "Default: " + Plain(option.default_value) + ".\n";
  if (!option.conflicts.empty()) text += "Not together with " + List(option.conflicts, Bold) + ".\n";
  if (option.required && !option.names.empty()) text += "Must be given.\n";
  return text;
}

/// `path`: "aecomp model"; a section for the command, if it does something itself, then those below it.
std::string CommandText(const CommandDoc& command, const std::string& path) {
  const std::string name = path + " " + command.name;
  std::string synopsis = Bold(name) + (command.commands.empty() ? " [" + Italic("options") + "]" : "");
  for (const OptionDoc& option : command.options) {
    if (option.names.empty()) synopsis += " " + Italic(option.argument) + (option.repeats ? " ..." : "");
  }
  if (!command.commands.empty()) synopsis += " " + Italic("command");
  std::string text = ".SS " + Plain(name) + "\n" + synopsis + "\n.PP\n" + Sentence(command.help) + "\n";
  for (const OptionDoc& option : command.options) text += OptionText(option);
  for (const CommandDoc& below : command.commands) text += CommandText(below, name);
  return text;
}

}  // namespace

std::string ManPage(const CommandDoc& program) {
  std::string text = ".\\\" Written by aecomp --generate man.\n";
  text += ".TH AECOMP 1 \"\" \"aecomp " AECOMP_VERSION "\" \"User Commands\"\n";
  text += ".SH NAME\naecomp \\- learned image compression\n.SH SYNOPSIS\n";
  for (const CommandDoc& command : program.commands) {
    const bool deep = !command.commands.empty();
    text += Bold(program.name + " " + command.name) + " " + (deep ? Italic("command") + " " : "") + "[" +
            Italic("options") + "] [" + Italic("arguments") + "]\n.br\n";
  }
  text += Bold(program.name) + " " + Bold("--help") + " | " + Bold("--version") + "\n";
  text += kDescription;
  text += ".SH OPTIONS\n";
  for (const OptionDoc& option : program.options) text += OptionText(option);
  text += ".SH COMMANDS\n";
  for (const CommandDoc& command : program.commands) text += CommandText(command, program.name);
  return text + kRest;
}

}  // namespace aecomp
