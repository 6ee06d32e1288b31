# Builds the program with the list of libraries in sdk.json. $OPENCV is the folder of the SDK.
set -e
eval "$("$OPENCV/bin/opencv-env")"
python3 with-sdk-json.py
