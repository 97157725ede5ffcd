// A network is flattened into nodes that read and write numbered values. For training every value has its own
// activation and gradient; for inference values share memory as soon as nobody needs the old one any more.
#include "model/network/graph.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <exception>

#include "model/base/onednn.h"
#include "model/network/layers/conv_core.h"
#include "model/network/layers/fake_quantise.h"
#include "model/network/layers/options.h"

namespace aecomp {
namespace {

struct Node {
  std::unique_ptr<Layer> layer;  // null: a sum
  LayerSpec spec;
  std::vector<ParameterSpec> parameters;
  std::vector<int> inputs;
  int output = 0;
  bool relu = false;  // of a sum
};

void AddInto(const float* from, float* to, int64_t size) {
#pragma omp parallel for simd schedule(static)
  for (int64_t i = 0; i < size; ++i) to[i] += from[i];
}

void Copy(const float* from, float* to, int64_t size) {
#pragma omp parallel for simd schedule(static)
  for (int64_t i = 0; i < size; ++i) to[i] = from[i];
}

}  // namespace

struct Graph::Impl {
  Parameters* parameters = nullptr;
  Mode mode = Mode::kInference;
  Numerics numerics;
  std::function<void(Parameter&)> gradient_done;
  std::vector<Shape> shapes;  // of value v; value 0 is the input
  std::vector<Node> nodes;    // in order of execution
  int result = 0;
  std::vector<std::string> fused;  // relus that are part of another node

  std::vector<AlignedBuffer<float>> buffers;
  std::vector<int> slot;                        // buffer of value v; -1 for the input
  std::vector<AlignedBuffer<float>> gradients;  // training: of value v >= 1
  AlignedBuffer<float> spare;                   // a second contribution to a gradient, before it is added
  std::vector<char> has_gradient;
  const float* input = nullptr;  // of the last Forward

  // Compiling.
  Result<int> Add(const Network& network, int value);
  Result<int> AddLayer(const LayerSpec& spec, int input_value);
  Result<int> AddSum(const LayerSpec& spec, int input_value);
  int AddNode(Node node, int input_value, const Shape& output);
  bool FuseRelu(int value);
  void PlanTraining();
  void PlanInference();
  std::vector<int> LastUses() const;
  int TakeSlot(int64_t size, std::vector<char>& busy);

  // Running.
  const float* Value(int v) const {
    return v == 0 ? input : buffers[static_cast<size_t>(slot[static_cast<size_t>(v)])].data();
  }
  float* Output(const Node& node) {
    return buffers[static_cast<size_t>(slot[static_cast<size_t>(node.output)])].data();
  }
  void RunSum(const Node& node);
  void BackwardSum(const Node& node, float* dx);
  void BackwardLayer(const Node& node, float* dx);
  float* GradientOf(int v, float* dx) { return v == 0 ? dx : gradients[static_cast<size_t>(v)].data(); }
};

/// A relu directly after a layer or sum becomes part of it when nothing else reads the value in between.
bool Graph::Impl::FuseRelu(int value) {
  if (nodes.empty() || nodes.back().output != value) return false;
  Node& node = nodes.back();
  if (node.layer) return node.layer->FuseRelu(numerics.relu_leak);
  return node.relu = true;
}

Result<int> Graph::Impl::Add(const Network& network, int value) {
  const int entry = value;
  for (const LayerSpec& spec : network) {
    // The first layer of a branch may not change the value that other branches read too.
    if (spec.type == "relu" && value != entry && FuseRelu(value)) {
      fused.push_back(spec.name);
      continue;
    }
    auto next = spec.type == "sum" ? AddSum(spec, value) : AddLayer(spec, value);
    if (!next.ok()) return next;
    value = next.value();
  }
  return value;
}

Result<int> Graph::Impl::AddLayer(const LayerSpec& spec, int input_value) {
  const LayerType* type = FindLayerType(spec.type);
  if (type == nullptr) return UnknownLayerType(spec);
  if (const auto rounding = numerics.rounded.find(spec.name); rounding != numerics.rounded.end()) {
    const Shape shape = shapes[static_cast<size_t>(input_value)];
    Node node;
    node.layer = MakeFakeQuantise(shape, rounding->second);
    node.spec = {"fake_quantise", spec.name + ".input", nullptr};
    input_value = AddNode(std::move(node), input_value, shape);
  }
  const Shape in = shapes[static_cast<size_t>(input_value)];
  AECOMP_ASSIGN_OR_RETURN(const LayerInfo info, type->infer(spec, in));
  Node node;
  node.layer = type->create(spec, in, *parameters, mode == Mode::kTraining);
  if (numerics.bfloat16) node.layer->UseBfloat16();
  node.spec = spec, node.parameters = info.parameters;
  return AddNode(std::move(node), input_value, info.output);
}

int Graph::Impl::AddNode(Node node, int input_value, const Shape& output) {
  node.inputs = {input_value};
  node.output = static_cast<int>(shapes.size());
  shapes.push_back(output);
  nodes.push_back(std::move(node));
  return nodes.back().output;
}

Result<int> Graph::Impl::AddSum(const LayerSpec& spec, int input_value) {
  AECOMP_ASSIGN_OR_RETURN(const std::vector<Network> branches, SumBranches(spec));
  Node node;
  node.spec = spec;
  for (size_t i = 0; i < branches.size(); ++i) {
    AECOMP_ASSIGN_OR_RETURN(const int value, Add(branches[i], input_value));
    node.inputs.push_back(value);
    const Shape &first = shapes[static_cast<size_t>(node.inputs[0])], &other = shapes[static_cast<size_t>(value)];
    if (!(first == other)) return BranchesDisagree(spec, i, first, other);
  }
  node.output = static_cast<int>(shapes.size());
  const Shape shape = shapes[static_cast<size_t>(node.inputs[0])];
  shapes.push_back(shape);
  nodes.push_back(std::move(node));
  return nodes.back().output;
}

void Graph::Impl::PlanTraining() {
  int64_t largest = 0;
  gradients.resize(shapes.size());
  slot.assign(shapes.size(), -1);
  for (size_t v = 1; v < shapes.size(); ++v) {
    const int64_t size = shapes[v].size();
    slot[v] = static_cast<int>(buffers.size());
    buffers.emplace_back(static_cast<size_t>(size));
    gradients[v] = AlignedBuffer<float>(static_cast<size_t>(size));
    largest = std::max(largest, size);
  }
  spare = AlignedBuffer<float>(static_cast<size_t>(std::max(largest, shapes[0].size())));
  has_gradient.resize(shapes.size());
}

std::vector<int> Graph::Impl::LastUses() const {
  std::vector<int> last(shapes.size(), -1);
  for (size_t i = 0; i < nodes.size(); ++i) {
    for (int v : nodes[i].inputs) last[static_cast<size_t>(v)] = static_cast<int>(i);
  }
  last[static_cast<size_t>(result)] = static_cast<int>(nodes.size());
  return last;
}

/// The smallest free buffer that is large enough, else the largest free one enlarged, else a new one.
int Graph::Impl::TakeSlot(int64_t size, std::vector<char>& busy) {
  const size_t wanted = static_cast<size_t>(size);
  int best = -1;
  for (size_t s = 0; s < buffers.size(); ++s) {
    if (busy[s]) continue;
    const auto better = [&](size_t a, size_t b) { return a >= wanted ? (b < wanted || a < b) : (b < wanted && a > b); };
    if (best < 0 || better(buffers[s].size(), buffers[static_cast<size_t>(best)].size())) best = static_cast<int>(s);
  }
  if (best < 0) {
    best = static_cast<int>(buffers.size());
    buffers.emplace_back();
    busy.push_back(0);
  }
  if (buffers[static_cast<size_t>(best)].size() < wanted)
    buffers[static_cast<size_t>(best)] = AlignedBuffer<float>(wanted);
  busy[static_cast<size_t>(best)] = 1;
  return best;
}

void Graph::Impl::PlanInference() {
  const std::vector<int> last = LastUses();
  std::vector<char> busy;
  slot.assign(shapes.size(), -1);
  for (size_t i = 0; i < nodes.size(); ++i) {
    const Node& node = nodes[i];
    const auto dies = [&](int v) { return v != 0 && last[static_cast<size_t>(v)] == static_cast<int>(i); };
    // Elementwise nodes may write over an input that nobody reads afterwards.
    const bool elementwise = !node.layer || node.layer->CanRunInPlace();
    // (Of a sum only one of the first two: the others are read after the output has been written once.)
    const auto end = node.inputs.begin() + std::min<std::ptrdiff_t>(2, std::ssize(node.inputs));
    const auto reuse = std::find_if(node.inputs.begin(), end, dies);
    int taken = -1;
    if (elementwise && reuse != end) {
      taken = slot[static_cast<size_t>(*reuse)];
    } else {
      taken = TakeSlot(shapes[static_cast<size_t>(node.output)].size(), busy);
    }
    slot[static_cast<size_t>(node.output)] = taken;
    for (int v : node.inputs) {
      if (dies(v) && slot[static_cast<size_t>(v)] != taken) busy[static_cast<size_t>(slot[static_cast<size_t>(v)])] = 0;
    }
  }
}

void Graph::Impl::RunSum(const Node& node) {
  float* y = Output(node);
  const int64_t size = shapes[static_cast<size_t>(node.output)].size();
  const size_t count = node.inputs.size();
  for (size_t i = 1; i < count; ++i) {
    const float* a = i == 1 ? Value(node.inputs[0]) : y;
    const float* b = Value(node.inputs[i]);
    const float floor = node.relu && i + 1 == count ? 0.f : -3.4e38f;
#pragma omp parallel for simd schedule(static)
    for (int64_t k = 0; k < size; ++k) y[k] = std::max(a[k] + b[k], floor);
  }
}

void Graph::Impl::BackwardSum(const Node& node, float* dx) {
  const int64_t size = shapes[static_cast<size_t>(node.output)].size();
  float* dy = gradients[static_cast<size_t>(node.output)].data();
  const float* y = Output(node);
  if (node.relu) MaskByRelu(y, dy, size, numerics.relu_leak);
  for (int v : node.inputs) {
    float* gradient = GradientOf(v, dx);
    if (gradient == nullptr) continue;
    char& written = has_gradient[static_cast<size_t>(v)];
    written ? AddInto(dy, gradient, size) : Copy(dy, gradient, size);
    written = 1;
  }
}

void Graph::Impl::BackwardLayer(const Node& node, float* dx) {
  const int v = node.inputs[0];
  float* gradient = GradientOf(v, dx);
  float* dy = gradients[static_cast<size_t>(node.output)].data();
  char& written = has_gradient[static_cast<size_t>(v)];
  float* target = gradient != nullptr && written ? spare.data() : gradient;
  node.layer->Backward(Value(v), Output(node), dy, target);
  if (gradient != nullptr && written) AddInto(spare.data(), gradient, shapes[static_cast<size_t>(v)].size());
  written = 1;
}

Graph::Graph() : impl_(std::make_unique<Impl>()) {}
Graph::~Graph() = default;

Result<std::unique_ptr<Graph>> Graph::Create(const Network& network, const Shape& input, Parameters& parameters,
                                             Mode mode, const Numerics& numerics) {
  std::unique_ptr<Graph> graph(new Graph);
  Impl& impl = *graph->impl_;
  impl.parameters = &parameters;
  impl.mode = mode;
  impl.numerics = numerics;
  impl.shapes = {input};
  try {
    AECOMP_ASSIGN_OR_RETURN(impl.result, impl.Add(network, 0));
    if (impl.result == 0) return UsageError("a network needs at least one layer");
    mode == Mode::kTraining ? impl.PlanTraining() : impl.PlanInference();
  } catch (const std::exception& e) {  // oneDNN or out of memory
    onednn::PassOnOutOfMemory(e);
    return UsageError("a network for an input of " + input.ToString() + " cannot be built: " + e.what());
  }
  return graph;
}

void Graph::OnGradient(std::function<void(Parameter&)> done) { impl_->gradient_done = std::move(done); }

const Shape& Graph::input_shape() const { return impl_->shapes[0]; }
const Shape& Graph::output_shape() const { return impl_->shapes[static_cast<size_t>(impl_->result)]; }

const float* Graph::Forward(const float* x) {
  impl_->input = x;
  for (const Node& node : impl_->nodes) {
    if (node.layer) {
      node.layer->Forward(impl_->Value(node.inputs[0]), impl_->Output(node));
    } else {
      impl_->RunSum(node);
    }
  }
  return impl_->Value(impl_->result);
}

namespace {

std::string WithBatch(const Shape& s) { return std::to_string(s.n) + " x " + s.ToString(); }

}  // namespace

Status Graph::Backward(const Tensor& dy, Tensor* dx) {
  const Impl& m = *impl_;
  const Node& last = m.nodes.back();
  const std::string output = "backward at " + LayerLabel(last.spec),
                    input = "backward at " + LayerLabel(m.nodes[0].spec);
  if (m.mode != Mode::kTraining)
    return UsageError(output + ": this graph was made for inference; make one for training");
  if (m.input == nullptr) return UsageError(output + ": Forward must run before it");
  if (!(dy.shape() == output_shape())) {
    return UsageError(output + ": the gradient of its output must be " + WithBatch(output_shape()) + ", got " +
                      WithBatch(dy.shape()));
  }
  if (dx != nullptr && !(dx->shape() == input_shape())) {
    return UsageError(input + ": the gradient of its input must be " + WithBatch(input_shape()) + ", got " +
                      WithBatch(dx->shape()));
  }
  for (const Node& node : m.nodes) {
    for (const ParameterSpec& spec : node.parameters) {
      const Parameter* p = m.parameters->Find(spec.name);
      if (p->grad.size() == p->value.size()) continue;
      return UsageError("backward at " + LayerLabel(node.spec) + ": the gradient of \"" + spec.name + "\" must have " +
                        std::to_string(p->value.size()) + " elements, got " + std::to_string(p->grad.size()));
    }
  }
  Backward(dy.data(), dx == nullptr ? nullptr : dx->data());
  return {};
}

std::vector<std::string> Graph::InPlaceLayers() const {
  std::vector<std::string> names = impl_->fused;
  for (const Node& node : impl_->nodes) {
    const auto slot = [&](int v) { return impl_->slot[static_cast<size_t>(v)]; };
    const bool shares = std::any_of(node.inputs.begin(), node.inputs.end(),
                                    [&](int v) { return v != 0 && slot(v) == slot(node.output); });
    if (shares) names.push_back(node.spec.name);
  }
  return names;
}

namespace {

bool AllFinite(const float* values, int64_t size) {
  return std::all_of(values, values + size, [](float v) { return std::isfinite(v); });
}

}  // namespace

std::string Graph::FirstNonFinite() const {
  const Impl& m = *impl_;
  if (m.mode != Mode::kTraining || m.input == nullptr) return "";
  for (const Node& node : m.nodes) {
    if (!AllFinite(m.Value(node.output), m.shapes[static_cast<size_t>(node.output)].size()))
      return LayerLabel(node.spec);
  }
  return "";
}

std::string Graph::FirstNonFiniteGradient() const {
  const Impl& m = *impl_;
  if (m.mode != Mode::kTraining) return "";
  for (auto node = m.nodes.rbegin(); node != m.nodes.rend(); ++node) {
    const size_t v = static_cast<size_t>(node->output);
    if (m.has_gradient[v] && !AllFinite(m.gradients[v].data(), m.shapes[v].size())) return LayerLabel(node->spec);
  }
  return "";
}

int64_t Graph::buffer_bytes() const {
  size_t floats = 0;
  for (const auto& buffer : impl_->buffers) floats += buffer.size();
  for (const auto& gradient : impl_->gradients) floats += gradient.size();
  int64_t bytes = static_cast<int64_t>(floats * sizeof(float));
  for (const Node& node : impl_->nodes) bytes += node.layer ? node.layer->workspace_bytes() : 0;
  return bytes;
}

void Graph::Backward(const float* dy, float* dx) {
  Impl& m = *impl_;
  std::fill(m.has_gradient.begin(), m.has_gradient.end(), 0);
  const size_t result = static_cast<size_t>(m.result);
  Copy(dy, m.gradients[result].data(), m.shapes[result].size());
  m.has_gradient[result] = 1;
  for (auto node = m.nodes.rbegin(); node != m.nodes.rend(); ++node) {
    node->layer ? m.BackwardLayer(*node, dx) : m.BackwardSum(*node, dx);
    if (!m.gradient_done) continue;
    for (const ParameterSpec& spec : node->parameters) m.gradient_done(*m.parameters->Find(spec.name));
  }
}

}  // namespace aecomp
