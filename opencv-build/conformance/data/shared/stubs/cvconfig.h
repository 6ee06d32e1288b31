// OpenCV's headers include this file when __OPENCV_BUILD is defined; nothing in it is used.
