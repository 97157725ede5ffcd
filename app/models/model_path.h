// Finds models that are neither built in nor named with -m.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/container.h"

namespace aecomp {

/// $XDG_DATA_HOME/aecomp/models or ~/.local/share/aecomp/models; empty when neither variable is set.
std::string InstalledModelsFolder();

/// Files and folders of $AECOMP_MODEL_PATH (separated by colons), then InstalledModelsFolder.
std::vector<std::string> ModelPlaces();

/// Model files (*.aecm in folders) in these places, in their order. Places that do not exist have none.
std::vector<std::string> ModelFiles(const std::vector<std::string>& places);

/// The file of the model with this identity.
std::optional<std::string> FindModelFile(const ModelId& id);

}  // namespace aecomp
