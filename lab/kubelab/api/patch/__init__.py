"""The three kinds of PATCH bodies, each as a pure function from a document and a patch to a new document."""
