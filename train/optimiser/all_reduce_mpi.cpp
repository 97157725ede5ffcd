// All gradients share one flat buffer, in the order in which backward finishes them: the same one in every rank.
// Whenever a chunk of it is complete its all-reduce starts. MPI moves data only while it is called, so every finished
// gradient also polls what is under way.
#include "train/optimiser/all_reduce_mpi.h"

#include <mpi.h>

#include <algorithm>
#include <string>
#include <unordered_set>
#include <vector>

namespace aecomp {
namespace {

constexpr size_t kChunk = 1 << 18;  // floats of an all-reduce, at least: latency is small beside 1 MiB

class MpiAllReduce : public AllReduce {
 public:
  MpiAllReduce() {
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks_);
  }
  int rank() const override { return rank_; }
  int ranks() const override { return ranks_; }
  void Start(Parameters& parameters) override;
  void Ready(Parameter& parameter) override;
  Status Finish(std::span<double> values) override;
  void Max(std::span<double> values) override {
    MPI_Allreduce(MPI_IN_PLACE, values.data(), static_cast<int>(values.size()), MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
  }
  void Broadcast(std::span<double> values) override {
    MPI_Bcast(values.data(), static_cast<int>(values.size()), MPI_DOUBLE, 0, MPI_COMM_WORLD);
  }
  void Leave() override { MPI_Finalize(); }

 private:
  void Send();
  void Poll();
  void TakeMeans();

  int rank_ = 0, ranks_ = 1;
  Parameters* parameters_ = nullptr;
  std::vector<float> flat_;                 // all gradients, in the order of order_
  std::vector<Parameter*> order_;           // of this step
  std::unordered_set<Parameter*> present_;  // what order_ holds
  size_t filled_ = 0, sent_ = 0;            // floats of flat_
  std::vector<MPI_Request> requests_;
  std::string repeated_;  // name of a parameter that came twice in this step
};

void MpiAllReduce::Start(Parameters& parameters) {
  parameters_ = &parameters;
  size_t size = 0;
  for (Parameter& p : parameters.list()) {
    MPI_Bcast(p.value.data(), static_cast<int>(p.value.size()), MPI_FLOAT, 0, MPI_COMM_WORLD);
    size += p.value.size();
  }
  flat_.resize(size);
  parameters.MarkChanged();
}

void MpiAllReduce::Ready(Parameter& p) {
  if (!present_.insert(&p).second) {
    repeated_ = p.name;
    return;
  }
  order_.push_back(&p);
  std::copy(p.grad.begin(), p.grad.end(), flat_.begin() + static_cast<std::ptrdiff_t>(filled_));
  filled_ += p.grad.size();
  if (filled_ - sent_ >= kChunk) Send();
  Poll();
}

void MpiAllReduce::Send() {
  requests_.emplace_back();
  MPI_Iallreduce(MPI_IN_PLACE, flat_.data() + sent_, static_cast<int>(filled_ - sent_), MPI_FLOAT, MPI_SUM,
                 MPI_COMM_WORLD, &requests_.back());
  sent_ = filled_;
}

void MpiAllReduce::Poll() {
  int done = 0;
  if (!requests_.empty()) MPI_Testall(static_cast<int>(requests_.size()), requests_.data(), &done, MPI_STATUSES_IGNORE);
}

void MpiAllReduce::TakeMeans() {
  const float scale = 1.f / static_cast<float>(ranks_);
  const float* from = flat_.data();
  for (Parameter* p : order_) {
    for (float& g : p->grad) g = *from++ * scale;
  }
}

Status MpiAllReduce::Finish(std::span<double> values) {
  for (Parameter& p : parameters_->list()) {  // what no layer owns, as the tables of the prior
    if (!present_.contains(&p)) Ready(p);
  }
  if (filled_ > sent_) Send();
  MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE);
  TakeMeans();
  MPI_Allreduce(MPI_IN_PLACE, values.data(), static_cast<int>(values.size()), MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
  for (double& v : values) v /= ranks_;
  requests_.clear(), order_.clear(), present_.clear();
  filled_ = sent_ = 0;
  if (repeated_.empty()) return {};
  return ModelError("parameter \"" + repeated_ + "\" belongs to two layers; train this architecture in one process");
}

}  // namespace

Result<std::unique_ptr<AllReduce>> JoinMpi() {
  int started = 0, given = 0;
  MPI_Initialized(&started);
  if (started) return UsageError("only one training a process can run under mpirun");
  // The calling thread alone talks to MPI; OpenMP's and the loader's threads do not.
  if (MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &given) != MPI_SUCCESS || given < MPI_THREAD_FUNNELED) {
    return UsageError("this MPI cannot run beside threads; install one with MPI_THREAD_FUNNELED");
  }
  auto group = std::make_unique<MpiAllReduce>();
  if (group->ranks() == 1) {
    return UsageError("this program was built with another MPI than that of the launcher, which it cannot join");
  }
  return std::unique_ptr<AllReduce>(std::move(group));
}

}  // namespace aecomp
