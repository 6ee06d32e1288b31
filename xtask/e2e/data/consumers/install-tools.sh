# Installs the compiler and libclang beside the SDK. $OPENCV is the folder of the SDK.
set -e
python3 -m pip install --target "$OPENCV/tools" --requirement "$OPENCV/requirements.txt"
