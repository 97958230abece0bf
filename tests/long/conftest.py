"""Long tests that boot a box do it as the short ones do."""

from tests.systemd.conftest import able, adapted, box, program, pytest_generate_tests, tree

__all__ = ["able", "adapted", "box", "program", "pytest_generate_tests", "tree"]
