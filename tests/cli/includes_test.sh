# Dependencies point one way: io <- model <- train <- app.
SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
cd "$SOURCE" || exit 1
failures=0

# check FOLDER MAY...: FOLDER includes project headers of these folders only.
check() {
  local folder=$1 file include top
  shift
  while IFS=: read -r file include; do
    top=${include%%/*}
    case " $* " in
      *" $top "*) ;;
      *) echo "FAILED: $file includes $include; $folder may include $* only" && failures=$((failures + 1)) ;;
    esac
  done < <(grep -roE --include='*.h' --include='*.cpp' '^#include "[a-z_/0-9]+' "$folder" | sed 's/#include "//')
}

check io io
check model io model
check train io model train
check app io model train app

# Within a library the rooms stand in an order too: each may include itself and the rooms named before it. Files beside
# the rooms belong to the room called ".".
rooms() {
  local library=$1 order=" $2 " file include own top
  while IFS=: read -r file include; do
    own=$(room_of "$library" "$file") top=$(room_of "$library" "$include")
    [ "$own" = "$top" ] && continue
    case "$order" in *" $own "*) ;; *) echo "FAILED: $file: $library/$own is not in the order of rooms" && failures=$((failures + 1)) ;; esac
    case "$order" in
      *" $top "*"$own "*) ;;
      *) echo "FAILED: $file includes $include; in $library the order is$order" && failures=$((failures + 1)) ;;
    esac
  done < <(grep -roE --include='*.h' --include='*.cpp' "^#include \"$library/[a-z_/0-9]+" "$library" | sed 's/#include "//')
}
room_of() {
  local rest=${2#"$1"/}
  case $rest in */*) echo "${rest%%/*}" ;; *) echo . ;; esac
}
rooms io ". formats"
rooms model "base network integer entropy residual filter codec api portable"
# The portable decoder is for whoever has nothing else: it uses itself and the standard library.
if grep -rnE '#include ("|<[a-z_/0-9]+\.hp*>)' model/portable | grep -vE '#include ("model/portable/|<(stddef|stdint|emmintrin|wasm_simd128)\.h>)'; then
  echo "FAILED: model/portable includes more than itself and the standard library" && failures=$((failures + 1))
fi
if grep -rlE '#include "model/portable/' io model train app --include='*.h' --include='*.cpp' | grep -vE '^(model/portable|app/web)/'; then
  echo "FAILED: model/portable is for other programs; here only tests and app/web use it" && failures=$((failures + 1))
fi
rooms train ". data optimiser loss export run refine"
# main.cpp alone calls the commands and writes what is generated from them, so app/generate sees nothing but itself.
rooms app "generate . models batch eval report commands web desktop"

# The references are for tests and for the gradient check, which is one: no other code may lean on them.
if grep -rlE '#include "model/network/reference/' io train app model --include='*.h' --include='*.cpp' | grep -vE '^(model/network/reference/|app/models/model_gradients)'; then
  echo "FAILED: model/network/reference is for tests and app/models/model_gradients.cpp" && failures=$((failures + 1))
fi
# OpenCV stays behind its module, OpenMP and oneDNN out of io.
if grep -rlE '#include <opencv2/' io model train app | grep -v '^io/formats/opencv_'; then
  echo "FAILED: OpenCV is included outside its module, io/formats/opencv_*" && failures=$((failures + 1))
fi
[ "$failures" -eq 0 ] && echo "all checks passed"
exit $((failures > 0))
