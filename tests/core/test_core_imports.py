import subprocess
import sys

import pytest

SCRIPT = """
import importlib, pkgutil, sys, numpy.random
before = {name.split(".")[0] for name in sys.modules}  # NumPy's own, and the environment's site hooks
package = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    importlib.import_module(module.name)
own = {name.split(".")[1] for name in sys.modules if name.startswith("harness.")}
foreign = {name.split(".")[0] for name in sys.modules} - before - {"harness"} - set(sys.stdlib_module_names)
print(sorted(own), sorted(foreign))
"""


@pytest.mark.parametrize(
    ("package", "own"),
    [("harness.core", "['core', 'errors']"), ("harness.methods", "['core', 'errors', 'methods']")],
)
def test_a_fresh_interpreter_loads_numpy_and_the_standard_library_only(package, own):
    command = [sys.executable, "-c", SCRIPT, package]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"{own} []"
