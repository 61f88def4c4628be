"""The core's directory: one core at a time."""

from pathlib import Path

import pytest
from hotseat_core.data_dir import DataDir, DataDirError, DataDirInUseError


def test_a_directory_is_made_for_the_core_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "data"
    with DataDir(path):
        assert path.is_dir()
        assert path.stat().st_mode & 0o777 == 0o700
        assert (path / "core.lock").stat().st_mode & 0o777 == 0o600


def test_a_second_core_is_refused_and_told_what_to_do(tmp_path: Path) -> None:
    with (
        DataDir(tmp_path),
        pytest.raises(DataDirInUseError, match=r"another hotseat core uses .*HOTSEAT_DATA_DIR"),
        DataDir(tmp_path),
    ):
        pass


def test_when_the_first_core_is_gone_the_directory_is_free(tmp_path: Path) -> None:
    for _ in range(2):
        with DataDir(tmp_path):
            pass


def test_where_no_directory_can_be_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(DataDirError, match="set HOTSEAT_DATA_DIR"), DataDir(path):
            pass
