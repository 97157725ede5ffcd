#include "io/temporary.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <iterator>
#include <memory>
#include <mutex>
#include <set>
#include <utility>

namespace aecomp {
namespace {

constexpr char kPrefix[] = ".aecomp-", kSuffix[] = ".tmp";
constexpr size_t kDigits = 16;
constexpr time_t kLeftAfter = 60;    // seconds: much longer than it takes to lock a file that was just made
constexpr int kMostEntries = 65536;  // of a folder that is searched for leftovers: about 20 ms

// Names of temporary files that exist, for UnlinkTemporaries. A slot is free, being filled, or names a file that is
// about to exist or does.
enum SlotState : int { kFree, kBusy, kOpening, kExists };
struct Slot {
  std::atomic<int> state{kFree};
  char path[PATH_MAX];
};
Slot slots[64];
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler reads it");
std::atomic<int> ending{0};  // the process ends: nothing is created any more

std::string Folder(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

std::string FolderToOpen(const std::string& path) {
  const std::string folder = Folder(path);
  return folder.empty() ? "." : folder;
}

/// Short whatever the output's name is, and not to be guessed.
std::string TemporaryName(const std::string& target) {
  uint64_t number = 0;
  if (getrandom(&number, sizeof number, 0) != sizeof number) number = static_cast<uint64_t>(getpid());
  char name[40];
  std::snprintf(name, sizeof name, "%s%016llx%s", kPrefix, static_cast<unsigned long long>(number), kSuffix);
  return Folder(target) + name;
}

bool IsTemporaryName(const std::string& name) {
  constexpr size_t kPrefixLength = sizeof kPrefix - 1, kSuffixLength = sizeof kSuffix - 1;
  if (name.size() != kPrefixLength + kDigits + kSuffixLength) return false;
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return false;
  return name.find_first_not_of("0123456789abcdef", kPrefixLength) == kPrefixLength + kDigits;
}

/// 0 or errno; EEXIST when `to` exists. Not every file system knows RENAME_NOREPLACE, nor every one links.
int RenameNew(const char* from, const char* to) {
  if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  if (link(from, to) == 0) return unlink(from) == 0 ? 0 : errno;
  if (errno != EPERM && errno != EOPNOTSUPP) return errno;
  struct stat info;
  if (lstat(to, &info) == 0) return EEXIST;
  return rename(from, to) == 0 ? 0 : errno;
}

bool MayBeLeftover(const struct stat& info) {
  return S_ISREG(info.st_mode) && info.st_uid == geteuid() && std::time(nullptr) - info.st_mtime > kLeftAfter;
}

void RemoveIfLeftover(const std::string& path) {
  struct stat info, locked;
  if (lstat(path.c_str(), &info) != 0 || !MayBeLeftover(info)) return;
  Descriptor file = OpenFile(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK);  // NFS locks what may be written
  if (!file.ok()) file = OpenFile(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!file.ok() || flock(file.get(), LOCK_EX | LOCK_NB) != 0) return;
  // Between the look at it and the lock it may have been finished and renamed.
  if (fstat(file.get(), &locked) != 0 || lstat(path.c_str(), &info) != 0) return;
  if (locked.st_dev != info.st_dev || locked.st_ino != info.st_ino || !MayBeLeftover(locked)) return;
  (void)unlink(path.c_str());
}

}  // namespace

Temporary::Temporary(std::string target) : target_(std::move(target)) {}

Temporary::~Temporary() {
  if (exists_) unlink(path_.c_str());
  if (slot_ >= 0) slots[slot_].state.store(kFree);
}

/// Keeps the name in the registry from before the file exists.
void Temporary::Register() {
  if (path_.size() < PATH_MAX) {
    for (int i = 0; i < static_cast<int>(std::size(slots)); ++i) {
      int expected = kFree;
      if (!slots[i].state.compare_exchange_strong(expected, kBusy)) continue;
      std::memcpy(slots[i].path, path_.c_str(), path_.size() + 1);
      slots[i].state.store(kOpening);
      slot_ = i;
      break;
    }
  }
  if (ending == 0) return;
  if (slot_ >= 0) slots[slot_].state.store(kFree);
  while (true) pause();
}

int Temporary::Create(bool named) {
  if (named) return CreateNamed();
  file_ = OpenFile(FolderToOpen(target_), O_TMPFILE | O_RDWR, 0666);
  const std::string link = "/proc/self/fd/" + std::to_string(file_.get());
  if (file_.ok() && access(link.c_str(), F_OK) == 0) {  // without /proc it could not get a name
    (void)flock(file_.get(), LOCK_EX | LOCK_NB);
    return 0;
  }
  return CreateNamed();
}

int Temporary::CreateNamed() {
  path_ = TemporaryName(target_);
  Register();
  file_ = OpenFile(path_, O_RDWR | O_CREAT | O_EXCL, 0666);
  if (!file_.ok()) return errno;
  exists_ = true;
  if (slot_ >= 0) slots[slot_].state.store(kExists);
  (void)flock(file_.get(), LOCK_EX | LOCK_NB);
  return 0;
}

int Temporary::LinkTo(const std::string& name) const {
  const std::string file = "/proc/self/fd/" + std::to_string(file_.get());
  return linkat(AT_FDCWD, file.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
}

int Temporary::Publish(bool overwrite) {
  if (path_.empty()) {
    const int error = LinkTo(target_);
    if (error != EEXIST || !overwrite) return error;
    path_ = TemporaryName(target_);
    Register();
    if (const int link_error = LinkTo(path_)) return link_error;
    exists_ = true;
    if (slot_ >= 0) slots[slot_].state.store(kExists);
  }
  const int error =
      overwrite ? (rename(path_.c_str(), target_.c_str()) == 0 ? 0 : errno) : RenameNew(path_.c_str(), target_.c_str());
  if (error == 0) exists_ = false;
  return error;
}

void RemoveLeftovers(const std::string& target) {
  static std::mutex mutex;
  static std::set<std::string>* const searched = new std::set<std::string>;  // threads may outlive static objects
  const std::string folder = FolderToOpen(target);
  const std::lock_guard lock(mutex);
  if (!searched->insert(folder).second) return;
  Descriptor opened = OpenFile(folder, O_RDONLY | O_DIRECTORY);
  if (!opened.ok()) return;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(fdopendir(opened.get()), &closedir);
  if (entries == nullptr) return;
  opened.Release();
  for (int i = 0; i < kMostEntries; ++i) {
    const dirent* const entry = readdir(entries.get());
    if (entry == nullptr) break;
    if (IsTemporaryName(entry->d_name)) RemoveIfLeftover(Folder(target) + entry->d_name);
  }
}

void UnlinkTemporaries() {
  const int saved = errno;
  ending = 1;
  for (Slot& slot : slots) {
    // Another thread may be in the middle of open(); or this one, then there is nothing to wait for.
    for (int i = 0; i < 20 && slot.state == kOpening; ++i) poll(nullptr, 0, 1);
    const int state = slot.state;
    if (state == kOpening || state == kExists) unlink(slot.path);
  }
  errno = saved;
}

}  // namespace aecomp
