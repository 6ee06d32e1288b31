// OpenCV's headers want this when they are read as the build reads them; nothing in it is used.
