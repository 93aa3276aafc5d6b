"""Which policy is taken, what a file that is named must be, and what stands behind a policy."""

from pathlib import Path

import numpy as np
import pytest

from agents.frame_policy import FramePolicy
from agents.ladder import Ladder
from agents.policy_file import load, save
from agents.protocol import Shot, Travel
from lasercontrol import policies
from lasercontrol.config import Config
from lasercontrol.errors import CallerError
from lasercontrol.policies import chosen, packaged
from lasercontrol.simulated import build
from tests.agents.policy_specimen import network
from tests.lasercontrol.policy_stand_in import Doubter, doubting, fitting, shipped, site

TRAVEL = Travel(np.zeros(3), np.full(3, 0.25))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    doubting(monkeypatch)
    save(tmp_path / "mine", fitting(), network())
    return tmp_path


def test_a_file_that_is_named_is_taken_where_it_fits(folder: Path) -> None:
    choice = chosen(folder / "mine.onnx", site())
    assert choice.name == "specimen"
    assert choice.facts.startswith("specimen (mine.onnx, SHA-256 ")
    agent = choice.agent(TRAVEL, None)
    assert isinstance(agent, Ladder)
    assert isinstance(agent._agent, Doubter)
    assert agent.handed_over is None


def test_a_file_that_does_not_fit_is_refused_with_every_mismatch(folder: Path) -> None:
    with pytest.raises(
        CallerError, match=r"does not fit this bench: it reads frog.*; B is 4 to 5.*; nothing was moved"
    ):
        chosen(folder / "mine", site(channels=("shg",), b_range_rad=(4.0, 5.0)))


def test_a_file_that_is_none_is_refused(folder: Path) -> None:
    with pytest.raises(CallerError, match=r"none\.json: does not exist; nothing was moved\.$"):
        chosen(folder / "none", site())
    (folder / "mine.onnx").write_bytes(b"")
    with pytest.raises(CallerError, match="is not the file that"):
        chosen(folder / "mine", site())


def test_a_file_that_lacks_what_its_agent_needs_is_refused_before_anything_begins(tmp_path: Path) -> None:
    save(tmp_path / "mine", fitting(numbers={}), network())
    with pytest.raises(CallerError, match="0 numbers of root_native"):
        chosen(tmp_path / "mine", site())
    save(tmp_path / "mine", fitting(numbers={"root_native": (1.0,) * 9}), network())
    with pytest.raises(CallerError, match=r"mine\.onnx: its numbers make no agent: Singular matrix; nothing was moved"):
        chosen(tmp_path / "mine", site())


def test_of_the_shipped_ones_the_first_that_fits_is_taken(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped(monkeypatch, folder, a=fitting(observe="shg", axes=None), b=fitting(), c=fitting())
    assert chosen(None, site()).name == "b"


def test_a_shipped_one_is_found_by_its_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped(monkeypatch, folder, a=fitting(), b=fitting())
    assert chosen(Path("b"), site()).name == "b"


def test_where_none_fits_the_estimator_decides_and_every_reason_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped(monkeypatch, folder, a=fitting(observe="shg", axes=None), b=fitting(b_range_rad=(7.0, 8.0)), c=fitting())
    (folder / "policy-c.onnx").write_bytes(b"damaged")
    choice = chosen(None, site())
    assert choice.name is None
    assert choice.why.startswith("the shipped policies do not fit (a: it reads shg, and the bench shows frog; b: B is ")
    assert "; c: " in choice.why
    assert choice.facts == choice.why
    agent = choice.agent(TRAVEL, lambda: Doubter(TRAVEL))
    assert agent.handed_over == f"{choice.why}: the estimator takes over"


def test_without_any_the_estimator_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policies, "packaged", dict)
    assert chosen(None, site()).why == "no policy is shipped"


def test_every_shipped_policy_loads() -> None:
    for name, path in packaged().items():
        assert load(path).manifest.name == name


def test_frames_are_run_by_the_frame_policy(tmp_path: Path) -> None:
    file = save(tmp_path / "mine", fitting(numbers={"root_native": tuple(np.eye(3).ravel())}), network())
    assert isinstance(policies.agent_of(file, site(), TRAVEL), FramePolicy)


def test_a_simulated_laser_has_the_ladder_with_its_own_estimator(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped(monkeypatch, folder, b=fitting())
    laser = build(Config(), 1)
    maker = laser.agent("policy")
    assert maker.choice is not None
    assert maker.choice.name == "b"
    agent = maker(np.zeros(3))
    reading = laser.bench.measure()
    from lasercontrol.shot import features_of, signal_of

    for _ in range(2):
        agent.tell(Shot(np.zeros(3), float(signal_of(reading)), features_of(reading)))
    assert getattr(agent, "handed_over", None) == "measured 0.5, expected 1: the estimator takes over"
