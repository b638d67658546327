"""From a folder of pictures to a data set: check, prepare, caption, split. The folder itself is never changed."""
