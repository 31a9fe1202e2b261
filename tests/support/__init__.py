"""What more than one test module needs, each once; a module is named by what it holds."""
