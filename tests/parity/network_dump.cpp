// One forward and backward pass of every network of an architecture (encoder and decoder as one, each network of the
// prior by itself), as a safetensors file for train/torch/parity.py: "NETWORK/x", "/y", "/dx", "/dy" as [N, H, W, C],
// then "value/NAME" and "grad/NAME" of every parameter in PyTorch's order.
//
// usage: network_dump ARCH.json SEED OUT.safetensors
#include <cstdio>
#include <cstdlib>
#include <random>

#include "io/file.h"
#include "model/base/safetensors.h"
#include "model/network/architecture_check.h"
#include "model/network/graph.h"
#include "model/network/reference/gradient_check.h"

namespace aecomp {
namespace {

constexpr int kBatch = 2, kPixels = 32;
// Standard deviation. Latents stay within a few units then: companding is so steep about 0 that f32 (PyTorch's too)
// errs by 2e-4 in the gradients before it when they reach tens.
constexpr float kInput = 0.05f;

Tensor RandomTensor(const Shape& shape, float deviation, std::mt19937& random) {
  Tensor t(shape);
  std::normal_distribution<float> normal(0, deviation);
  for (int64_t i = 0; i < t.size(); ++i) t.data()[i] = normal(random);
  return t;
}

void Add(const std::string& name, const Shape& s, const float* values, SafetensorsWriter& writer) {
  writer.AddFloats(name, {s.n, s.h, s.w, s.c}, {values, static_cast<size_t>(s.size())}, DType::kF32);
}

Status DumpNetwork(const std::string& role, const Network& network, Shape input, unsigned seed,
                   SafetensorsWriter& writer) {
  input.n = kBatch;
  Parameters parameters;
  AECOMP_RETURN_IF_ERROR(reference::FillParameters(network, input, seed, parameters));
  AECOMP_ASSIGN_OR_RETURN(const auto graph, Graph::Create(network, input, parameters, Graph::Mode::kTraining));
  std::mt19937 random(seed + 1);
  const Tensor x = RandomTensor(input, kInput, random), dy = RandomTensor(graph->output_shape(), 1, random);
  Tensor dx(input);
  for (Parameter& p : parameters.list()) p.grad.assign(p.value.size(), 0.f);
  Add(role + "/y", graph->output_shape(), graph->Forward(x.data()), writer);
  AECOMP_RETURN_IF_ERROR(graph->Backward(dy, &dx));
  Add(role + "/x", input, x.data(), writer);
  Add(role + "/dy", dy.shape(), dy.data(), writer);
  Add(role + "/dx", input, dx.data(), writer);
  for (const Parameter& p : parameters.list()) {
    writer.AddFloats("value/" + p.name, p.dims, p.value, DType::kF32);
    writer.AddFloats("grad/" + p.name, p.dims, p.grad, DType::kF32);
  }
  return {};
}

Status Dump(const std::string& path, unsigned seed, const std::string& output) {
  AECOMP_ASSIGN_OR_RETURN(const auto bytes, ReadFile(path));
  AECOMP_ASSIGN_OR_RETURN(Architecture a, ReadArchitecture(std::string(bytes.begin(), bytes.end()), path));
  AECOMP_RETURN_IF_ERROR(CheckArchitecture(a, std::nullopt));
  const Shape image = NetworkImage(a, {1, a.image_channels, kPixels, kPixels});
  AECOMP_ASSIGN_OR_RETURN(const std::vector<NetworkReport> networks, InferNetworks(a, image));
  SafetensorsWriter writer;
  writer.SetMetadata("aecomp.architecture", a.json);
  Network coder = a.encoder;
  coder.insert(coder.end(), a.decoder.begin(), a.decoder.end());
  AECOMP_RETURN_IF_ERROR(DumpNetwork("coder", coder, image, seed, writer));
  for (size_t i = 2; i < networks.size(); ++i) {
    AECOMP_RETURN_IF_ERROR(DumpNetwork(networks[i].role, *networks[i].network, networks[i].input, seed, writer));
  }
  return WriteFileAtomically(output, writer.Serialize(), /*overwrite=*/true);
}

}  // namespace
}  // namespace aecomp

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: network_dump ARCH.json SEED OUT.safetensors\n");
    return 2;
  }
  const aecomp::Status status =
      aecomp::Dump(argv[1], static_cast<unsigned>(std::strtoul(argv[2], nullptr, 10)), argv[3]);
  if (!status.ok()) std::fprintf(stderr, "network_dump: %s\n", status.message().c_str());
  return status.exit_code();
}
