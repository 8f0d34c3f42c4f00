"""Runs all tests of this folder."""

import sys
import unittest

if __name__ == "__main__":
    # On the standard output, where whoever counts reads it.
    runner = unittest.TextTestRunner(stream=sys.stdout, verbosity=2)
    sys.exit(not runner.run(unittest.defaultTestLoader.discover(".")).wasSuccessful())
