import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from agents.policy_file import Manifest, PolicyFileError, load, save
from agents.policy_manifest import GREATEST_DEPTH
from tests.agents.policy_specimen import manifest, network


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save(tmp_path / "behind-frog", manifest(), network())
    return tmp_path / "behind-frog"


def edited(path: Path, **changes: Any) -> Path:
    """The manifest beside a network, with changes as JSON has them."""
    told = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    path.with_suffix(".json").write_text(json.dumps(told | changes), encoding="utf-8")
    return path


def refusal(path: Path) -> str:
    with pytest.raises(PolicyFileError) as told:
        load(path)
    assert "\n" not in str(told.value)
    assert str(path.parent) in str(told.value)
    return str(told.value)


def test_what_was_saved_is_loaded(saved: Path) -> None:
    policy = load(saved)
    assert policy.manifest == save(saved.with_name("again"), manifest(), network()).manifest
    assert policy.manifest.onnx_sha256
    frames = np.arange(8.0).reshape(2, 4)
    assert np.array_equal(policy.run({"frames": frames})["log_weight"], 2 * frames)


@pytest.mark.parametrize("suffix", ["", ".onnx", ".json"])
def test_either_file_names_the_policy(saved: Path, suffix: str) -> None:
    assert load(f"{saved}{suffix}").manifest.name == "specimen"


def test_a_dot_in_a_name_is_no_suffix(tmp_path: Path) -> None:
    save(tmp_path / "v1.2", manifest(), network())
    assert load(tmp_path / "v1.2").path == tmp_path / "v1.2.onnx"


def test_nothing_is_left_beside_the_two_files(saved: Path) -> None:
    assert sorted(path.name for path in saved.parent.iterdir()) == ["behind-frog.json", "behind-frog.onnx"]


def test_a_missing_file_is_named(tmp_path: Path, saved: Path) -> None:
    assert "none.json: does not exist" in refusal(tmp_path / "none.onnx")
    saved.with_suffix(".onnx").unlink()
    assert "behind-frog.onnx: does not exist" in refusal(saved)
    saved.with_suffix(".onnx").mkdir()
    assert "is no file" in refusal(saved)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no JSON"),
        ("format: 1", "is no JSON"),
        ("[]", "no object"),
        ("{}", "format None"),
        ('{"format": 2}', "format 2; this program reads format 1"),
        ('{"format": 1}', "name: Field required"),
        ('{"format": NaN}', "NaN is no number"),
        ('{"format": 1, "training": {"loss": 1e999}}', "1e999 is out of range"),
        ("[" * 100_000, "nested too deeply"),
        (f'{{"format": 1, "training": {{"a": {"[" * GREATEST_DEPTH}{"]" * GREATEST_DEPTH}}}}}', "nested too deeply"),
    ],
)
def test_a_manifest_that_is_none(saved: Path, text: str, said: str) -> None:
    saved.with_suffix(".json").write_text(text, encoding="utf-8")
    assert said in refusal(saved)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "pickle"}, "kind"),
        ({"observe": 3}, "observe"),
        ({"colour": "red"}, "colour"),
        ({"spectrum": [1.0] * 63}, "63 numbers; 64"),
        ({"spectrum": [0.0] * 64}, "dark"),
        ({"spectrum": ["1"] * 64}, "spectrum.0"),
        ({"knobs": []}, "no knob"),
        ({"b_range_rad": [3.5, 1.0]}, "b_range_rad"),
        ({"spectrum_thz": [1.0, -1.0]}, "spectrum_thz"),
        ({"axes": {"n_delay": 0, "n_frequency": 32, "bin_thz": 0.025}}, "axes"),
        ({"inputs": {"frames": [None, 5]}}, "inputs of its network are frames float (?, 4), those"),
        ({"outputs": {"actions": [None, 4]}}, "outputs of its network are log_weight"),
        ({"onnx_sha256": "00"}, "is not the file that behind-frog.json describes"),
    ],
)
def test_a_manifest_that_says_what_cannot_be(saved: Path, change: dict[str, Any], said: str) -> None:
    assert said in refusal(edited(saved, **change))


def test_too_large_a_file_is_not_read(saved: Path) -> None:
    os.truncate(saved.with_suffix(".onnx"), 64 * 2**20 + 1)
    assert "larger than 64 MB" in refusal(saved)


def external() -> bytes:
    """A network whose weights lie in a further file, which exists."""
    weights = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4], data_location=TensorProto.EXTERNAL)
    place = weights.external_data.add()
    place.key, place.value = "location", "weights.bin"
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 4]) for name in ("frames", "log_weight")]
    add = helper.make_node("Add", ["frames", "w"], ["log_weight"])
    graph = helper.make_graph([add], "policy", ends[:1], ends[1:], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


NOT_RUN = {
    "custom operator": network([helper.make_node("Fetch", ["frames"], ["log_weight"], domain="com.x")], domain="com.x"),
    "weights elsewhere": external(),
    "not a number": network([helper.make_node("Div", ["frames", "zero"], ["log_weight"])]),
    "no network": b"%PDF-1.7",
    "empty": b"",
    "infinite": network(
        [helper.make_node("Sub", ["frames", "frames"], ["z"]), helper.make_node("Log", ["z"], ["log_weight"])]
    ),
}


@pytest.mark.parametrize("kind", NOT_RUN)
def test_a_network_that_cannot_be_run_is_not_written_either(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    np.ones(4, dtype=np.float32).tofile(tmp_path / "weights.bin")
    with pytest.raises(PolicyFileError, match=r"policy\.onnx: (is no network|its network gave numbers)"):
        save(tmp_path / "policy", manifest(), NOT_RUN[kind])
    assert [path.name for path in tmp_path.iterdir()] == ["weights.bin"]
    assert capfd.readouterr() == ("", "")


def test_a_wrong_input_is_an_error_of_the_policy(saved: Path, capfd: pytest.CaptureFixture[str]) -> None:
    policy = load(saved)
    for wrong in ({"frames": np.ones((1, 5))}, {"traces": np.ones((1, 4))}, {}):
        with pytest.raises(PolicyFileError, match="cannot be run"):
            policy.run(wrong)
    with pytest.raises(PolicyFileError, match="not finite: log_weight"):
        policy.run({"frames": np.full((1, 4), np.nan)})
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("suffix", [".onnx", ".json"])
@pytest.mark.parametrize("part", range(16))
def test_a_file_cut_short_is_refused(saved: Path, suffix: str, part: int) -> None:
    path = saved.with_suffix(suffix)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * part // 16])
    refusal(saved)


ANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@ANY
@given(st.binary(max_size=300), st.sampled_from([".onnx", ".json"]))
def test_any_bytes_are_refused(saved: Path, content: bytes, suffix: str) -> None:
    whole = saved.with_suffix(suffix).read_bytes()
    saved.with_suffix(suffix).write_bytes(content)
    refusal(saved)
    saved.with_suffix(suffix).write_bytes(whole)


@ANY
@given(st.binary(max_size=300))
def test_any_network_whose_hash_is_right_is_refused_too(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(PolicyFileError):
        save(tmp_path / "policy", manifest(), content)


@ANY
@given(st.data())
def test_a_flipped_bit_is_never_another_error(tmp_path: Path, data: st.DataObject) -> None:
    """Of a network whose hash follows, which may still be one; of a manifest, which may still be read."""
    for content, attempt in (
        (network(), lambda changed: save(tmp_path / "policy", manifest(), changed)),
        (manifest().as_json().encode(), Manifest.from_json),
    ):
        at = data.draw(st.integers(0, 8 * len(content) - 1))
        changed = bytearray(content)
        changed[at // 8] ^= 1 << at % 8
        with suppress(PolicyFileError):
            attempt(bytes(changed))


def test_what_json_has_no_word_for_is_not_saved(tmp_path: Path) -> None:
    for training in ({"loss": float("nan")}, {"when": object()}):
        with pytest.raises(PolicyFileError, match="JSON"):
            save(tmp_path / "policy", manifest(training=training), network())
    assert not list(tmp_path.iterdir())
