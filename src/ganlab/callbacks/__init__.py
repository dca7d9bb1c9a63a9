"""`ganlab.Monitor` as a callback of libraries that own the training loop; each module needs its library."""
