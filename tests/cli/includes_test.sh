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

# The references are for tests and for the gradient check, which is one: no other code may lean on them.
if grep -rlE '#include "model/reference/' io train app model --include='*.h' --include='*.cpp' | grep -vE '^(model/reference/|app/model_gradients)'; then
  echo "FAILED: model/reference is for tests and app/model_gradients.cpp" && failures=$((failures + 1))
fi
# OpenCV stays behind its module, OpenMP and oneDNN out of io.
if grep -rlE '#include <opencv2/' io model train app | grep -v '^io/opencv_'; then
  echo "FAILED: OpenCV is included outside its module, io/opencv_*" && failures=$((failures + 1))
fi
[ "$failures" -eq 0 ] && echo "all checks passed"
exit $((failures > 0))
