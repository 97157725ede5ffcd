// Files that are being written: they bear no name, or a temporary one, until they are whole.
#pragma once

#include <string>

#include "io/descriptor.h"

namespace aecomp {

/// A new file beside its target. Where the file system can (O_TMPFILE), it has no name while it is written, so that it
/// is gone whenever the process ends, also by kill -9. Elsewhere it has the name .aecomp-, 16 hexadecimal digits, .tmp;
/// this scope, or UnlinkTemporaries, removes it. As long as the file is written it is locked (flock): a file of such a
/// name that nobody holds is left over from a process that was killed.
class Temporary {
 public:
  explicit Temporary(std::string target);
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary();

  /// Makes the file, readable and writable; 0 or errno. `named`: gives it a name at once wherever it is.
  int Create(bool named = false);
  int fd() const { return file_.get(); }
  /// Gives the file its target's name; 0 or errno, EEXIST when there is a file of this name that may not be replaced.
  int Publish(bool overwrite);

 private:
  int CreateNamed();
  int LinkTo(const std::string& name) const;
  void Register();

  std::string target_;
  std::string path_;  ///< empty while the file has no name
  Descriptor file_{-1};
  int slot_ = -1;
  bool exists_ = false;
};

/// Removes what killed processes left in the folder of `target`: regular files of this user that bear the name of a
/// temporary file, were last written more than a minute ago and are locked by nobody. Each folder is searched once a
/// process, and of a very large one only a part.
void RemoveLeftovers(const std::string& target);

/// Removes the temporary files of writes in progress. Later attempts to create one block for ever. For a signal handler
/// that ends the process, and safe there.
void UnlinkTemporaries();

}  // namespace aecomp
