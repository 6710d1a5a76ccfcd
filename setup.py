"""What pyproject.toml cannot say: a wheel has inside the package what lies around it in a checkout (flow/tree.py)."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

FILES = ("flow.core", "LICENSE", "rtl", "firmware", "fpga", "templates")


class BuildWithFiles(build_py):
    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / "flow" / "files"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for name in FILES:
            (shutil.copytree if Path(name).is_dir() else shutil.copy)(name, target / name)


setup(cmdclass={"build_py": BuildWithFiles})
